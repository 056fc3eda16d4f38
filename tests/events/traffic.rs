//! Everything that happens to an account, so that every type of event occurs.

use crate::{
    harness::{ANNA, BORIS, CHLOE, Door, OWN, Session, TestApp, until},
    imports, webhooks,
};
use reqwest::Method;
use serde_json::{Value, json};

/// Known from a backup.
const DAVID: &str = "628990000004";
/// Nobody has ever written to them.
const EVE: &str = "628990000005";
/// Has a gateway of their own.
const FRANK: &str = "628990000006";

/// People on the network, and the session.
pub struct Traffic<'a> {
    pub app: &'a TestApp,
    pub session: &'a Session,
}

impl Traffic<'_> {
    /// A person does something.
    async fn does(&self, phone: &str, body: Value) -> String {
        let path = format!("/accounts/{phone}/send");
        let done = self.app.phones.post(&path, body).await.well();
        done["waMessageId"].as_str().unwrap_or_default().to_owned()
    }

    /// A person writes to somebody or a group.
    pub async fn says(&self, phone: &str, to: &str, text: &str) -> String {
        self.does(phone, json!({ "to": to, "type": "text", "text": text }))
            .await
    }

    /// The API sends.
    pub async fn sends(&self, body: Value) -> String {
        let sent = self
            .app
            .api
            .post(&self.session.path("/messages"), body)
            .await
            .well();
        sent["waMessageId"].as_str().unwrap().to_owned()
    }

    /// Waits for an event in the log.
    pub async fn told(&self, kind: &str, is: impl Fn(&Value) -> bool) -> Value {
        until(kind, || async {
            let log = self.app.pull().await;
            log.into_iter()
                .find(|event| event["event"] == kind && is(&event["payload"]))
        })
        .await
    }

    /// Both ways, and what is done to messages.
    pub async fn messages(&self) {
        let (app, session) = (self.app, self.session);
        let hers = self.says(ANNA, OWN, "ahoy").await;
        let pixel = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
        self.does(ANNA, json!({ "to": OWN, "type": "image", "media": { "data": pixel, "caption": "the pier" } })).await;
        self.does(ANNA, json!({ "to": OWN, "type": "location", "latitude": 53.5, "longitude": 9.9, "name": "Port" })).await;
        self.does(
            ANNA,
            json!({ "to": OWN, "type": "contact", "contact": { "name": "Chloe", "phone": CHLOE } }),
        )
        .await;
        let ours = self
            .sends(json!({ "type": "text", "to": ANNA, "text": "hello", "reference": "r-1" }))
            .await;
        let poll = json!({ "type": "poll", "to": ANNA, "name": "Tea?", "options": ["yes", "no"], "selectableCount": 1 });
        let poll = self.sends(poll).await;
        self.told("message.status", |of| {
            of["waMessageId"] == poll && of["status"] == "delivered"
        })
        .await;
        self.does(
            ANNA,
            json!({ "to": OWN, "type": "reaction", "waMessageId": ours, "emoji": "👍" }),
        )
        .await;
        self.does(
            ANNA,
            json!({ "to": OWN, "type": "vote", "waMessageId": poll, "options": ["yes"] }),
        )
        .await;
        self.does(
            ANNA,
            json!({ "to": OWN, "type": "edit", "waMessageId": hers, "text": "ahoy there" }),
        )
        .await;
        self.does(
            ANNA,
            json!({ "to": OWN, "type": "receipt", "waMessageIds": [ours], "kind": "read" }),
        )
        .await;
        self.told("message.status", |of| {
            of["waMessageId"] == ours && of["status"] == "read"
        })
        .await;
        self.told("message.edited", |of| of["waMessageId"] == hers)
            .await;
        self.does(
            ANNA,
            json!({ "to": OWN, "type": "revoke", "waMessageId": hers }),
        )
        .await;
        self.told("message.deleted", |of| of["waMessageId"] == hers)
            .await;
        self.told("message.reaction", |of| of["emoji"] == "👍")
            .await;
        self.told("poll.vote", |of| of["options"] == json!(["yes"]))
            .await;
        let path = session.path(&format!("/messages/{hers}/reaction"));
        let back = json!({ "chat": ANNA, "emoji": "👋" });
        let answer = app.api.post(&path, back).await;
        assert!(
            answer.status.is_success() || answer.status == 400,
            "{}",
            answer.body
        );
    }

    /// A group comes, changes and is written to.
    pub async fn groups(&self) {
        let made = json!({ "subject": "Harbour", "owner": ANNA, "members": [OWN, BORIS] });
        let made = self.app.phones.post("/groups", made).await.well();
        let gid = made["groupJid"].as_str().unwrap();
        self.told("group.updated", |of| of["groupJid"] == gid).await;
        let path = format!("/groups/{gid}/members");
        self.app
            .phones
            .post(&path, json!({ "by": ANNA, "phones": [CHLOE] }))
            .await
            .well();
        self.told("group.members", |of| {
            of["groupJid"] == gid && of["action"] == "joined"
        })
        .await;
        self.says(BORIS, gid, "all hands").await;
        self.sends(json!({ "type": "text", "to": gid, "text": "aye" }))
            .await;
        let gone = format!("/groups/{gid}/members/{CHLOE}?by={ANNA}");
        self.app.phones.delete(&gone).await;
        self.told("group.members", |of| of["action"] == "left")
            .await;
    }

    /// Somebody known by number from a backup, and somebody who writes without one, are the same: after [`Self::jobs`].
    pub async fn merged(&self) {
        let path = format!("/accounts/{OWN}/addressbook");
        let saved = json!({ "phone": ANNA, "name": "Saved" });
        self.app.phones.post(&path, saved).await.well();
        self.told("contact.updated", |of| of["name"] == "Saved")
            .await;
        self.app.account(DAVID, "David").await;
        let hidden = json!({ "to": OWN, "type": "text", "text": "guess who", "hideNumber": true });
        self.does(DAVID, hidden).await;
        self.told("message", |of| of["body"] == "guess who").await;
        self.says(DAVID, OWN, "it is me").await;
        self.told("contact.merged", |_| true).await;
    }

    /// Calls, typing, a chat that is deleted.
    pub async fn passing(&self) {
        self.does(ANNA, json!({ "to": OWN, "type": "call", "kind": "missed" }))
            .await;
        self.told("call", |_| true).await;
        let there = self
            .app
            .api
            .request(Method::PUT, &self.session.path("/presence"));
        let there = Door::send(there.json(&json!({ "state": "available" }))).await;
        assert_eq!(there.status, 204, "{}", there.body);
        // Acknowledged after the word that the account is there: from now on typing is shown to it.
        self.sends(json!({ "type": "text", "to": ANNA, "text": "here I am" }))
            .await;
        self.does(
            ANNA,
            json!({ "to": OWN, "type": "typing", "state": "composing" }),
        )
        .await;
        self.says(CHLOE, OWN, "bye").await;
        self.app.chat_with(self.session, CHLOE).await;
        let gone = self
            .app
            .api
            .delete(&self.session.path(&format!("/chats/{CHLOE}")))
            .await;
        assert_eq!(gone.status, 204, "{}", gone.body);
        self.told("chat.deleted", |_| true).await;
    }

    /// Jobs: everything pulled anew, a backup read.
    pub async fn jobs(&self) {
        let tokens = self
            .app
            .root
            .post("/api/v1/auth/login", self.app.login.clone())
            .await
            .well();
        let url = format!("{}/api/v1", self.app.root_url());
        let person = Door::new(&url, tokens["accessToken"].as_str());
        let backfill = format!("/admin/sessions/{}:backfill", self.session.id);
        assert_eq!(person.poke(&backfill).await.status, 202);
        self.told("backfill.updated", |of| of["status"] == "done")
            .await;
        let file = imports::backup(|backup| {
            let chat = backup.chat(backup.jid(&format!("{DAVID}@s.whatsapp.net")), None);
            backup.message(chat, None, "OLD", 1_700_000_000_000, 0, "long ago");
        });
        let job = imports::post(self.app, self.session, file, imports::builder::KEY).await;
        assert_eq!(job.status, 202, "{}", job.body);
        self.told("import.updated", |of| of["status"] == "done")
            .await;
    }

    /// A receiver that is gone for good.
    pub async fn a_webhook_is_disabled(&self) {
        let sink = webhooks::sink::Sink::new().await;
        sink.mood(webhooks::sink::Mood::Answers(410));
        let wish = json!({ "url": sink.url, "events": ["message"] });
        self.app.api.post("/webhooks", wish).await.well();
        self.says(ANNA, OWN, "anybody there?").await;
        self.told("webhook.disabled", |_| true).await;
    }

    /// Another number begins to link: by QR, by a code, by passkey.
    pub async fn codes(&self) {
        let frank = json!({ "phone": FRANK, "name": "Frank", "passkey": true });
        self.app.phones.post("/accounts", frank).await.well();
        let made = async || {
            let made = self
                .app
                .api
                .post("/sessions", json!({ "start": true }))
                .await;
            let id = made.well()["id"].as_str().unwrap().to_owned();
            Session {
                id,
                phone: FRANK.to_owned(),
            }
        };
        let by_code = made().await;
        until("a code to enter", || async {
            let wish = json!({ "phone": FRANK });
            let path = by_code.path("/pairing-code");
            let answer = self.app.api.post(&path, wish).await;
            answer.status.is_success().then_some(())
        })
        .await;
        let by_qr = made().await;
        self.app.scan(&by_qr).await;
        let demanded = async |stage: &str| {
            until(stage, || async {
                let now = self.app.api.get(&by_qr.path("/passkey")).await.body;
                (now["stage"] == stage).then_some(now)
            })
            .await
        };
        let request = demanded("request").await;
        let path = format!("/accounts/{FRANK}/passkey/assert");
        let wish = json!({ "publicKey": request["publicKey"] });
        let assertion = self.app.phones.post(&path, wish).await.well();
        let answer = json!({ "assertion": assertion });
        self.app
            .api
            .post(&by_qr.path("/passkey"), answer)
            .await
            .well();
        demanded("confirm").await;
    }

    /// What a webhook is told when it is tested.
    pub async fn a_webhook_is_tested(&self) -> Value {
        let sink = webhooks::sink::Sink::new().await;
        let wish = json!({ "url": sink.url, "events": [] });
        let made = self.app.api.post("/webhooks", wish).await.well();
        let path = format!("/webhooks/{}:test", made["id"].as_str().unwrap());
        self.app.api.poke(&path).await.well();
        sink.came().pop().unwrap().event()
    }

    /// WhatsApp lets the account write to nobody new for a moment.
    pub async fn restricted(&self) {
        self.app.account(EVE, "Eve").await;
        let lock = json!({ "kind": "timelock", "phone": OWN, "ms": 2_000 });
        self.app.phones.post("/faults", lock).await.well();
        let body = json!({ "type": "text", "to": EVE, "text": "we do not know each other" });
        let refused = self
            .app
            .api
            .post(&self.session.path("/messages"), body)
            .await;
        assert_eq!(refused.refused(502), "upstream_error");
        self.told("account.restricted", |_| true).await;
    }
}
