//! Every kind that is no file, out and in, to a person and to a group.

use super::support::{app_with_group, outbox, says, send, shown, stored};
use crate::harness::{ANNA, BORIS, OWN};
use serde_json::{Value, json};

/// A body for each kind, what a phone shows of it, and what is particular in the stored message.
fn kinds() -> Vec<(Value, &'static str, &'static str, Value)> {
    vec![
        (
            json!({ "type": "poll", "name": "Tea?", "options": ["yes", "no"], "selectableCount": 1 }),
            "Tea?",
            "poll",
            json!({ "name": "Tea?", "selectableCount": 1,
                "options": [{ "text": "yes", "voters": [] }, { "text": "no", "voters": [] }] }),
        ),
        (
            json!({ "type": "location", "latitude": 59.4370, "longitude": 24.7536, "name": "Harbour", "address": "Sadama 1" }),
            "Harbour",
            "location",
            json!({ "latitude": 59.4370, "longitude": 24.7536, "name": "Harbour", "address": "Sadama 1" }),
        ),
        (
            json!({ "type": "contact", "contact": { "name": "Åsa; B", "phone": "+15551239999" } }),
            "Åsa; B",
            "contact",
            Value::Null,
        ),
    ]
}

#[tokio::test]
async fn every_kind_goes_out_and_is_stored_as_it_is_shown() {
    let (app, session, gid) = app_with_group().await;
    for (mut body, words, kind, particular) in kinds() {
        for (to, reader) in [(ANNA, ANNA), (gid.as_str(), BORIS)] {
            body["to"] = json!(to);
            let sent = send(&app, &session, body.clone()).await;
            let id = sent["waMessageId"].as_str().unwrap();
            let seen = shown(&app, reader, id, |_| true).await;
            assert_eq!(
                (&seen["type"], &seen["body"]),
                (&json!(kind), &json!(words)),
                "{seen}"
            );
            let kept = stored(&app, &session, to, id, |_| true).await;
            assert_eq!(
                (&kept["type"], &kept["body"]),
                (&json!(kind), &json!(words)),
                "{kept}"
            );
            if kind == "contact" {
                assert_eq!(kept["contact"]["phone"], "15551239999");
            } else {
                assert_eq!(kept[kind], particular);
            }
        }
    }
    app.clean_ledger().await;
}

#[tokio::test]
async fn every_kind_comes_in() {
    let (app, session, gid) = app_with_group().await;
    for (mut body, words, kind, particular) in kinds() {
        for (to, chat) in [(OWN, ANNA), (gid.as_str(), gid.as_str())] {
            body["to"] = json!(to);
            let id = says(&app, ANNA, body.clone()).await;
            let kept = stored(&app, &session, chat, &id, |_| true).await;
            assert_eq!(
                (&kept["type"], &kept["body"], &kept["senderPhone"]),
                (&json!(kind), &json!(words), &json!(ANNA)),
                "{kept}"
            );
            if kind == "contact" {
                assert_eq!(kept["contact"]["phone"], "15551239999");
            } else {
                assert_eq!(kept[kind], particular);
            }
        }
    }
}

#[tokio::test]
async fn bad_polls_places_and_cards_are_refused_by_field_and_nothing_is_sent() {
    let (app, session, _) = app_with_group().await;
    let thirteen: Vec<String> = (0..13).map(|n| n.to_string()).collect();
    for (body, field) in [
        (
            json!({ "type": "poll", "name": "q", "options": ["one"] }),
            "options",
        ),
        (
            json!({ "type": "poll", "name": "q", "options": thirteen }),
            "options",
        ),
        (
            json!({ "type": "poll", "name": "q", "options": ["a", "a"] }),
            "options",
        ),
        (
            json!({ "type": "poll", "name": "q", "options": ["a", "b"], "selectableCount": 3 }),
            "selectableCount",
        ),
        (
            json!({ "type": "location", "latitude": 91, "longitude": 0 }),
            "latitude",
        ),
        (
            json!({ "type": "location", "latitude": 0, "longitude": -181 }),
            "longitude",
        ),
        (
            json!({ "type": "contact", "contact": { "name": "n" } }),
            "contact",
        ),
        (
            json!({ "type": "contact", "contact": { "vcard": "n" } }),
            "contact.vcard",
        ),
    ] {
        let mut body = body;
        body["to"] = json!(ANNA);
        let answer = app.api.post(&session.path("/messages"), body.clone()).await;
        assert_eq!(answer.refused(400), "validation_error", "{body}");
        let details = &answer.body["error"]["details"];
        assert!(details.get(field).is_some(), "{field}: {details}");
    }
    assert_eq!(outbox(&app, &session).await, Vec::<Value>::new());
}

/// Whom a text names and what it answers, on the phone and in the store.
#[tokio::test]
async fn mentions_and_answers_go_both_ways() {
    let (app, session, gid) = app_with_group().await;
    for (to, from_anna, chat, reader) in [
        (ANNA, OWN, ANNA, ANNA),
        (gid.as_str(), gid.as_str(), gid.as_str(), BORIS),
    ] {
        let asked = json!({ "to": from_anna, "type": "text", "text": "who is coming?" });
        let asked = says(&app, ANNA, asked).await;
        stored(&app, &session, chat, &asked, |_| true).await;
        let boris = format!("{BORIS}@s.whatsapp.net");
        let answer = json!({ "type": "text", "to": to, "text": format!("@{BORIS} is"),
            "replyTo": asked, "mentions": [boris] });
        let sent = send(&app, &session, answer).await;
        let id = sent["waMessageId"].as_str().unwrap();
        let seen = shown(&app, reader, id, |_| true).await;
        assert_eq!(
            (&seen["quotedId"], &seen["mentions"]),
            (&json!(asked), &json!([boris])),
            "{seen}"
        );
        let kept = stored(&app, &session, chat, id, |_| true).await;
        assert_eq!(
            (&kept["quotedId"], &kept["mentions"]),
            (&json!(asked), &json!([boris]))
        );

        let back = json!({ "to": from_anna, "type": "text", "text": "good", "replyTo": id, "mentions": [BORIS] });
        let back = says(&app, ANNA, back).await;
        let kept = stored(&app, &session, chat, &back, |_| true).await;
        assert_eq!(
            (&kept["type"], &kept["quotedId"]),
            (&json!("text"), &json!(id))
        );
        assert_eq!(kept["mentions"].as_array().unwrap().len(), 1, "{kept}");
    }
    app.clean_ledger().await;
}
