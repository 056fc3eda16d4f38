//! What was done to messages before the session was linked comes with the phone's history.

use super::support::{says, stored};
use crate::harness::{ANNA, BORIS, OWN, TestApp};
use serde_json::{Value, json};

/// Whoever reacted or voted, and how.
fn reactions(message: &Value) -> Vec<(&str, &str)> {
    let all = message["reactions"].as_array().unwrap().iter();
    let mut all: Vec<_> = all
        .map(|r| {
            let jid = r["senderJid"].as_str().unwrap();
            (jid.split('@').next().unwrap(), r["emoji"].as_str().unwrap())
        })
        .collect();
    all.sort_unstable();
    all
}

fn voters(message: &Value, option: usize) -> Vec<&str> {
    let jids = message["poll"]["options"][option]["voters"]
        .as_array()
        .unwrap()
        .iter();
    let mut all: Vec<&str> = jids
        .map(|jid| jid.as_str().unwrap().split('@').next().unwrap())
        .collect();
    all.sort_unstable();
    all
}

#[tokio::test]
async fn reactions_votes_and_edits_of_the_past_stand_on_their_messages() {
    let app = TestApp::new().await;
    for (phone, name) in [(OWN, "Own"), (ANNA, "Anna"), (BORIS, "Boris")] {
        app.account(phone, name).await;
    }
    let group = json!({ "subject": "Harbour", "owner": ANNA, "members": [OWN, BORIS] });
    let gid = app.phones.post("/groups", group).await.well()["groupJid"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut told = Vec::new();
    for (from_anna, from_own, chat) in [
        (OWN, ANNA, ANNA),
        (gid.as_str(), gid.as_str(), gid.as_str()),
    ] {
        let text = says(
            &app,
            ANNA,
            json!({ "to": from_anna, "type": "text", "text": "frist" }),
        )
        .await;
        says(
            &app,
            ANNA,
            json!({ "to": from_anna, "type": "edit", "waMessageId": text, "text": "first" }),
        )
        .await;
        says(
            &app,
            OWN,
            json!({ "to": from_own, "type": "reaction", "waMessageId": text, "emoji": "👍" }),
        )
        .await;
        // One taken back leaves nothing.
        for emoji in ["😂", ""] {
            says(
                &app,
                ANNA,
                json!({ "to": from_anna, "type": "reaction", "waMessageId": text, "emoji": emoji }),
            )
            .await;
        }
        let poll =
            json!({ "to": from_own, "type": "poll", "name": "Tea?", "options": ["yes", "no"] });
        let poll = says(&app, OWN, poll).await;
        says(
            &app,
            ANNA,
            json!({ "to": from_anna, "type": "reaction", "waMessageId": poll, "emoji": "🎉" }),
        )
        .await;
        says(
            &app,
            ANNA,
            json!({ "to": from_anna, "type": "vote", "waMessageId": poll, "options": ["no"] }),
        )
        .await;
        says(&app, OWN, json!({ "to": from_own, "type": "vote", "waMessageId": poll, "options": ["yes", "no"] })).await;
        if chat == gid {
            says(
                &app,
                BORIS,
                json!({ "to": gid, "type": "reaction", "waMessageId": text, "emoji": "❤️" }),
            )
            .await;
            says(
                &app,
                BORIS,
                json!({ "to": gid, "type": "vote", "waMessageId": poll, "options": ["yes"] }),
            )
            .await;
        }
        told.push((chat.to_owned(), text, poll));
    }
    let session = app.pair(OWN).await;
    for (chat, text, poll) in &told {
        let in_group = *chat == gid;
        let kept = stored(&app, &session, chat, text, |m| m["reactions"] != json!([])).await;
        let expected = match in_group {
            true => vec![(OWN, "👍"), (BORIS, "❤️")],
            false => vec![(OWN, "👍")],
        };
        assert_eq!(reactions(&kept), expected, "{kept}");
        assert_eq!(kept["body"], "first");
        let kept = stored(&app, &session, chat, poll, |m| m["reactions"] != json!([])).await;
        assert_eq!(reactions(&kept), [(ANNA, "🎉")]);
        let (yes, no) = match in_group {
            true => (vec![OWN, BORIS], vec![OWN, ANNA]),
            false => (vec![OWN], vec![OWN, ANNA]),
        };
        assert_eq!((voters(&kept, 0), voters(&kept, 1)), (yes, no), "{kept}");
    }
    // What comes later goes on from there: Anna chooses anew, and takes her reaction back.
    let (chat, _, poll) = &told[1];
    says(
        &app,
        ANNA,
        json!({ "to": chat, "type": "vote", "waMessageId": poll, "options": ["yes"] }),
    )
    .await;
    says(
        &app,
        ANNA,
        json!({ "to": chat, "type": "reaction", "waMessageId": poll, "emoji": "" }),
    )
    .await;
    let kept = stored(&app, &session, chat, poll, |m| m["reactions"] == json!([])).await;
    assert_eq!(
        (voters(&kept, 0), voters(&kept, 1)),
        (vec![OWN, ANNA, BORIS], vec![OWN]),
        "{kept}"
    );
}
