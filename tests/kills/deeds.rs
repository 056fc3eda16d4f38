//! SIGKILL at every step between accepting what is done to a message and WhatsApp's acknowledgement.
//!
//! Each round edits, takes back, reacts, votes and passes on, aims a kill at one step, and asks again for what was not
//! answered. In the end everything stands on the other phones once, and the network has an id for each deed that was
//! accepted, once, and no other. `CHAOS_ROUNDS` sets the number of rounds; `just soak` runs a hundred.

use super::{
    moment, rounds,
    steps::{STEPS, Step, struck},
};
use crate::{
    harness::{ANNA, Answer, BORIS, Door, OWN, Session, TestApp, until},
    messages::support::{says, send, shown, stored},
};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The messages of a round, sent before anything is done to them.
struct Base {
    edited: String,
    revoked: String,
    liked: String,
    poll: String,
}

struct Deed {
    name: &'static str,
    method: Method,
    path: String,
    body: Value,
}

impl Base {
    async fn new(app: &TestApp, session: &Session, round: u64) -> Self {
        let own = async |words: &str| {
            let text = format!("round {round:03} {words}");
            let sent = send(
                app,
                session,
                json!({ "type": "text", "to": ANNA, "text": text }),
            )
            .await;
            let id = sent["waMessageId"].as_str().unwrap().to_owned();
            shown(app, ANNA, &id, |_| true).await;
            id
        };
        let theirs = async |body: Value| {
            let id = says(app, ANNA, body).await;
            stored(app, session, ANNA, &id, |_| true).await;
            id
        };
        let text = format!("round {round:03} like it");
        let poll = json!({ "to": OWN, "type": "poll", "name": "Tea?", "options": ["yes", "no"] });
        Self {
            edited: own("edit me").await,
            revoked: own("take me back").await,
            liked: theirs(json!({ "to": OWN, "type": "text", "text": text })).await,
            poll: theirs(poll).await,
        }
    }

    fn deeds(&self, round: u64) -> [Deed; 5] {
        let deed = |name, method, path: String, body| Deed {
            name,
            method,
            path,
            body,
        };
        let (edited, revoked, liked, poll) = (&self.edited, &self.revoked, &self.liked, &self.poll);
        let words = format!("round {round:03} edited");
        [
            deed(
                "edit",
                Method::PATCH,
                edited.clone(),
                json!({ "chat": ANNA, "text": words }),
            ),
            deed(
                "revoke",
                Method::DELETE,
                revoked.clone(),
                json!({ "chat": ANNA }),
            ),
            deed(
                "react",
                Method::POST,
                format!("{liked}/reaction"),
                json!({ "chat": ANNA, "emoji": "👍" }),
            ),
            deed(
                "vote",
                Method::POST,
                format!("{poll}/vote"),
                json!({ "chat": ANNA, "sender": ANNA, "options": ["no"] }),
            ),
            deed(
                "forward",
                Method::POST,
                format!("{liked}/forward"),
                json!({ "chat": ANNA, "to": BORIS }),
            ),
        ]
    }

    /// The other phones show each deed, once.
    async fn stands(&self, app: &TestApp, session: &Session, round: u64) {
        let words = format!("round {round:03} edited");
        shown(app, ANNA, &self.edited, |e| {
            e["body"] == words && e["edited"] == true
        })
        .await;
        shown(app, ANNA, &self.revoked, |e| e["deleted"] == true).await;
        let liked = shown(app, ANNA, &self.liked, |e| e["reactions"] != json!([])).await;
        assert_eq!(liked["reactions"].as_array().unwrap().len(), 1, "{liked}");
        let own = format!("{OWN}@s.whatsapp.net");
        let chosen = |m: &Value| m["poll"]["options"][1]["voters"] == json!([own]);
        shown(app, ANNA, &self.poll, chosen).await;
        // And so does this side, once WhatsApp has it.
        stored(app, session, ANNA, &self.edited, |m| m["body"] == words).await;
        stored(app, session, ANNA, &self.revoked, |m| m["deleted"] == true).await;
        stored(app, session, ANNA, &self.liked, |m| {
            m["reactions"][0]["emoji"] == "👍"
        })
        .await;
        stored(app, session, ANNA, &self.poll, chosen).await;
    }
}

/// `None` when the gateway died before it answered.
async fn ask(app: &TestApp, session: &Session, round: u64, deed: &Deed) -> Option<Answer> {
    let path = session.path(&format!("/messages/{}?async=true", deed.path));
    let mut request = app.api.request(deed.method.clone(), &path).json(&deed.body);
    if deed.name == "forward" {
        request = request.header("Idempotency-Key", format!("deeds {round}"));
    }
    Door::try_send(request).await
}

/// Until it is answered; the id it went under, if this was the answer that accepted it.
async fn settled(app: &TestApp, session: &Session, round: u64, deed: &Deed) -> Option<String> {
    until("an answer", || async {
        let answer = ask(app, session, round, deed).await?;
        match (deed.name, answer.status.as_u16()) {
            (_, 202) => Some(Some(
                answer.body["waMessageId"].as_str().unwrap().to_owned(),
            )),
            // The first request got through, and WhatsApp has it by now.
            ("revoke", 400) => Some(None),
            (_, other) => panic!("{other} {}", answer.body),
        }
    })
    .await
}

async fn strike(
    app: &mut TestApp,
    session: &Session,
    step: Step,
    round: u64,
    deeds: &[Deed],
) -> BTreeMap<&'static str, String> {
    step.aim(app, session).await;
    let all = deeds.iter().map(|deed| async {
        let answer = ask(app, session, round, deed).await?;
        assert_eq!(answer.status.as_u16(), 202, "{}", answer.body);
        Some((
            deed.name,
            answer.body["waMessageId"].as_str().unwrap().to_owned(),
        ))
    });
    let answered = if matches!(step, Step::Accepting) {
        // Whoever was answered by then was answered; the others are cut off with the process.
        let each = all.map(|one| tokio::time::timeout(moment(round, 40), one));
        join_all(each)
            .await
            .into_iter()
            .flatten()
            .flatten()
            .collect()
    } else {
        let answered: BTreeMap<_, _> = join_all(all).await.into_iter().flatten().collect();
        assert_eq!(answered.len(), deeds.len());
        if matches!(step, Step::Connecting) {
            app.api.poke(&session.path(":start")).await.well();
        }
        tokio::time::sleep(moment(round, 300)).await;
        answered
    };
    struck(app).await;
    answered
}

#[tokio::test]
async fn what_is_done_to_messages_survives_a_kill_at_every_step() {
    let mut app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    app.account(BORIS, "Boris").await;
    let session = app.session(OWN).await;
    let mut accepted = BTreeSet::new();
    let mut forwards = BTreeSet::new();
    for round in 0..rounds() {
        let step = STEPS[usize::try_from(round).unwrap() % STEPS.len()];
        app.status(&session, "working").await;
        let base = Base::new(&app, &session, round).await;
        let deeds = base.deeds(round);
        let answered = strike(&mut app, &session, step, round, &deeds).await;
        app.status(&session, "working").await;
        for deed in &deeds {
            let first = answered.get(deed.name).cloned();
            // A key gives the first answer again; what has none is asked for again only where nobody answered.
            let id = match (deed.name, first) {
                ("forward", first) => {
                    let id = settled(&app, &session, round, deed).await;
                    assert!(
                        first.is_none() || first == id,
                        "{step:?}: another id under the same key"
                    );
                    forwards.extend(id.clone());
                    id
                }
                (_, Some(first)) => Some(first),
                (_, None) => settled(&app, &session, round, deed).await,
            };
            accepted.extend(id);
        }
        base.stands(&app, &session, round).await;
    }
    let copies = app.inbox(BORIS, |seen| seen.len() >= forwards.len()).await;
    let copied: Vec<&str> = copies
        .iter()
        .map(|e| e["waMessageId"].as_str().unwrap())
        .collect();
    assert_eq!(copied.len(), forwards.len(), "{copied:?}");
    assert_eq!(
        copied
            .iter()
            .map(|id| (*id).to_owned())
            .collect::<BTreeSet<_>>(),
        forwards
    );

    // Whatever was accepted went, and nothing failed; an answer may have been lost, but no deed without an outbox row.
    let sent = until("nothing queued", || async {
        let all = app.all(&session.path("/outbox")).await;
        all.iter()
            .all(|item| item["status"] != "queued")
            .then_some(all)
    })
    .await;
    assert!(
        sent.iter().all(|item| item["status"] != "failed"),
        "{sent:?}"
    );
    let sent: BTreeSet<String> = sent
        .iter()
        .map(|item| item["waMessageId"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        accepted.is_subset(&sent),
        "an accepted deed is not in the outbox"
    );
    let ledger = app.clean_ledger().await;
    let mut on_the_wire = Vec::new();
    for message in ledger["messages"].as_array().unwrap() {
        let ours = message["from"]
            .as_str()
            .is_some_and(|from| from.starts_with(OWN))
            && message["peer"] == false;
        if !ours {
            continue;
        }
        assert_eq!(message["acked"], true, "{message}");
        for delivery in message["deliveries"].as_array().unwrap() {
            assert!(
                delivery["count"] == 1 || message["resent"] == true,
                "{message}"
            );
        }
        on_the_wire.push(message["waMessageId"].as_str().unwrap().to_owned());
    }
    assert_eq!(on_the_wire.len(), sent.len(), "an id of nobody, or twice");
    assert_eq!(on_the_wire.into_iter().collect::<BTreeSet<_>>(), sent);
}
