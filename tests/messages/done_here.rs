//! What the account does to messages: edit, take back, react. As the other phones show it, and as it is stored.

use super::support::{app_with_group, group, outbox, says, send, shown, stored};
use crate::harness::{ANNA, BORIS, Door, OWN, Session, TestApp};
use reqwest::Method;
use serde_json::{Value, json};

/// A request about one message; the SendResult.
pub async fn act(
    app: &TestApp,
    session: &Session,
    method: Method,
    path: &str,
    body: Value,
) -> Value {
    let answer = ask(app, session, method, path, body).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
    assert_eq!(answer.body["status"], "sent");
    answer.body
}

/// A request about one message.
pub async fn ask(
    app: &TestApp,
    session: &Session,
    method: Method,
    path: &str,
    body: Value,
) -> crate::harness::Answer {
    let request = app
        .api
        .request(method, &session.path(&format!("/messages/{path}")));
    Door::send(request.json(&body)).await
}

#[tokio::test]
async fn an_own_text_gets_new_words_and_is_taken_back_everywhere() {
    let (app, session, gid) = app_with_group().await;
    for (to, reader) in [(ANNA, ANNA), (gid.as_str(), BORIS)] {
        let sent = send(
            &app,
            &session,
            json!({ "type": "text", "to": to, "text": "helo" }),
        )
        .await;
        let id = sent["waMessageId"].as_str().unwrap();
        shown(&app, reader, id, |_| true).await;
        let edit = json!({ "chat": to, "text": "hello" });
        let done = act(&app, &session, Method::PATCH, id, edit).await;
        assert_ne!(done["waMessageId"], id, "an edit has an id of its own");
        shown(&app, reader, id, |e| {
            e["edited"] == true && e["body"] == "hello"
        })
        .await;
        stored(&app, &session, to, id, |m| {
            m["edited"] == true && m["body"] == "hello"
        })
        .await;
        act(&app, &session, Method::DELETE, id, json!({ "chat": to })).await;
        shown(&app, reader, id, |e| e["deleted"] == true).await;
        let gone = stored(&app, &session, to, id, |m| m["deleted"] == true).await;
        assert_eq!(gone["body"], "");
        // Neither a second time.
        let again = ask(&app, &session, Method::DELETE, id, json!({ "chat": to })).await;
        assert_eq!(again.refused(400), "validation_error");
        let edit = json!({ "chat": to, "text": "risen" });
        let again = ask(&app, &session, Method::PATCH, id, edit).await;
        assert!(
            again.body["error"]["details"]["mid"].is_string(),
            "{}",
            again.body
        );
    }
    app.clean_ledger().await;
}

#[tokio::test]
async fn a_reaction_replaces_the_former_and_is_taken_back() {
    let (app, session, gid) = app_with_group().await;
    for (to, chat) in [(OWN, ANNA), (gid.as_str(), gid.as_str())] {
        let id = says(
            &app,
            ANNA,
            json!({ "to": to, "type": "text", "text": "well?" }),
        )
        .await;
        stored(&app, &session, chat, &id, |_| true).await;
        let reaction = format!("{id}/reaction");
        let none = ask(
            &app,
            &session,
            Method::DELETE,
            &reaction,
            json!({ "chat": chat }),
        )
        .await;
        assert_eq!(none.status.as_u16(), 204);
        for emoji in ["👍", "❤️"] {
            let body = json!({ "chat": chat, "emoji": emoji });
            act(&app, &session, Method::POST, &reaction, body).await;
            let seen = shown(&app, ANNA, &id, |e| e["reactions"][0]["emoji"] == emoji).await;
            assert_eq!(seen["reactions"].as_array().unwrap().len(), 1, "{seen}");
            let kept = stored(&app, &session, chat, &id, |m| {
                m["reactions"][0]["emoji"] == emoji
            })
            .await;
            assert_eq!(
                kept["reactions"][0]["senderJid"],
                format!("{OWN}@s.whatsapp.net")
            );
            assert_eq!(kept["reactions"].as_array().unwrap().len(), 1, "{kept}");
        }
        act(
            &app,
            &session,
            Method::DELETE,
            &reaction,
            json!({ "chat": chat }),
        )
        .await;
        shown(&app, ANNA, &id, |e| e["reactions"] == json!([])).await;
        stored(&app, &session, chat, &id, |m| m["reactions"] == json!([])).await;
    }
    app.clean_ledger().await;
}

#[tokio::test]
async fn others_messages_are_taken_back_by_group_admins_only() {
    let (app, session, theirs) = app_with_group().await;
    let ours = group(&app, &session, OWN).await;
    for (gid, admin) in [(&theirs, false), (&ours, true)] {
        let id = says(
            &app,
            BORIS,
            json!({ "to": gid, "type": "text", "text": "spam" }),
        )
        .await;
        stored(&app, &session, gid, &id, |_| true).await;
        shown(&app, ANNA, &id, |_| true).await;
        let revoke = json!({ "chat": gid, "sender": BORIS });
        let answer = ask(&app, &session, Method::DELETE, &id, revoke).await;
        if admin {
            assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
            shown(&app, ANNA, &id, |e| e["deleted"] == true).await;
            stored(&app, &session, gid, &id, |m| m["deleted"] == true).await;
        } else {
            assert_eq!(answer.refused(403), "forbidden");
            assert_eq!(answer.body["error"]["details"]["reason"], "not_group_admin");
        }
    }
    app.clean_ledger().await;
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_by_field_and_nothing_is_sent() {
    let (app, session, gid) = app_with_group().await;
    let id = says(
        &app,
        ANNA,
        json!({ "to": OWN, "type": "text", "text": "mine" }),
    )
    .await;
    stored(&app, &session, ANNA, &id, |_| true).await;
    let reaction = format!("{id}/reaction");
    let vote = format!("{id}/vote");
    let cases = [
        (
            Method::PATCH,
            id.as_str(),
            json!({ "chat": ANNA, "text": "yours" }),
            400,
            "mid",
        ),
        (
            Method::PATCH,
            id.as_str(),
            json!({ "chat": ANNA, "text": "" }),
            400,
            "text",
        ),
        (
            Method::PATCH,
            id.as_str(),
            json!({ "chat": "12", "text": "x" }),
            400,
            "chat",
        ),
        (
            Method::PATCH,
            id.as_str(),
            json!({ "text": "x" }),
            400,
            "chat",
        ),
        (
            Method::PATCH,
            "3EB0NONE",
            json!({ "chat": ANNA, "text": "x" }),
            404,
            "",
        ),
        (
            Method::PATCH,
            id.as_str(),
            json!({ "chat": BORIS, "text": "x" }),
            404,
            "",
        ),
        (
            Method::PATCH,
            id.as_str(),
            json!({ "chat": gid, "text": "x" }),
            404,
            "",
        ),
        // Without a sender the account's own message is meant.
        (
            Method::DELETE,
            id.as_str(),
            json!({ "chat": ANNA }),
            404,
            "",
        ),
        (
            Method::DELETE,
            id.as_str(),
            json!({ "chat": ANNA, "sender": ANNA }),
            400,
            "sender",
        ),
        (
            Method::POST,
            reaction.as_str(),
            json!({ "chat": ANNA, "emoji": "👍👍" }),
            400,
            "emoji",
        ),
        (
            Method::POST,
            reaction.as_str(),
            json!({ "chat": ANNA, "emoji": "ok" }),
            400,
            "emoji",
        ),
        (
            Method::POST,
            reaction.as_str(),
            json!({ "chat": ANNA, "emoji": "" }),
            400,
            "emoji",
        ),
        (
            Method::POST,
            reaction.as_str(),
            json!({ "chat": ANNA, "sender": BORIS, "emoji": "👍" }),
            404,
            "",
        ),
        (
            Method::POST,
            vote.as_str(),
            json!({ "chat": ANNA, "options": ["a"] }),
            400,
            "mid",
        ),
        (
            Method::POST,
            "3EB0NONE/forward",
            json!({ "chat": ANNA, "to": BORIS }),
            404,
            "",
        ),
    ];
    for (method, path, body, status, field) in cases {
        let answer = ask(&app, &session, method, path, body.clone()).await;
        assert_eq!(
            answer.status.as_u16(),
            status,
            "{path} {body}: {}",
            answer.body
        );
        if !field.is_empty() {
            let details = &answer.body["error"]["details"];
            assert!(details.get(field).is_some(), "{body} {field}: {details}");
        }
    }
    assert_eq!(outbox(&app, &session).await, Vec::<Value>::new());
}
