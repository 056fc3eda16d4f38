//! Who changed what at WhatsApp, as the audit log tells it.

use super::admin;
use crate::harness::{ANNA, BORIS, Door, OWN, TestApp, until};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn what_is_changed_at_whatsapp_is_noted_without_anybodys_number() {
    let app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    app.account(BORIS, "Boris").await;
    let session = app.session(OWN).await;
    let ask = async |method: Method, path: &str, body: Option<Value>| {
        let request = app.api.request(method, &session.path(path));
        let answer = Door::send(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await;
        assert!(answer.status.is_success(), "{path}: {}", answer.body);
        answer.body
    };
    let group = json!({ "name": "Pier", "participants": [ANNA] });
    let group = ask(Method::POST, "/groups", Some(group)).await;
    let at = format!("/groups/{}", group["groupJid"].as_str().unwrap());
    let patch = json!({ "subject": "Quay", "locked": true });
    ask(Method::PATCH, &at, Some(patch)).await;
    let people = json!({ "participants": [BORIS] });
    ask(Method::POST, &format!("{at}/members"), Some(people)).await;
    let boris = format!("{at}/members/{BORIS}");
    ask(Method::POST, &format!("{boris}/promote"), None).await;
    ask(Method::POST, &format!("{boris}/demote"), None).await;
    ask(Method::DELETE, &boris, None).await;
    ask(Method::DELETE, &format!("{at}/invite"), None).await;
    ask(Method::POST, &format!("{at}:leave"), None).await;
    let channel = ask(Method::POST, "/channels", Some(json!({ "name": "News" }))).await;
    let mute = format!("/channels/{}:mute", channel["jid"].as_str().unwrap());
    ask(Method::POST, &mute, Some(json!({}))).await;
    ask(Method::POST, &format!("/contacts/{ANNA}/block"), None).await;
    ask(Method::POST, &format!("/contacts/{ANNA}/unblock"), None).await;
    // What is refused changes nothing.
    let sea = json!({ "subject": "Sea" });
    let refused = app.api.patch(&session.path(&at), sea).await;
    assert_eq!(refused.refused(403), "forbidden");

    let person = admin(&app).await;
    let entries = until("all entries", || async {
        let mut page = person.get("/admin/audit?limit=200").await.well();
        let all = page["data"].take();
        let entries: Vec<Value> = all
            .as_array()
            .unwrap()
            .iter()
            .rev()
            .filter(|entry| entry["target"] == session.id.as_str())
            .filter(|entry| !entry["action"].as_str().unwrap().starts_with("session."))
            .cloned()
            .collect();
        (entries.len() >= 12).then_some(entries)
    })
    .await;
    let actions: Vec<&str> = entries
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        actions,
        [
            "group.create",
            "group.update",
            "group_member.add",
            "group_member.promote",
            "group_member.demote",
            "group_member.remove",
            "group.invite_revoke",
            "group.leave",
            "channel.create",
            "channel.mute",
            "contact.block",
            "contact.unblock",
        ]
    );
    assert_eq!(
        entries[1]["details"],
        json!({ "group": group["id"], "what": ["subject", "locked"] })
    );
    for entry in &entries {
        assert!(entry["actor"].as_str().unwrap().starts_with("key_"));
        assert_eq!(entry["address"], "127.0.0.1");
        let text = entry.to_string();
        for number in [ANNA, BORIS, OWN] {
            assert!(!text.contains(number), "{text}");
        }
    }
}
