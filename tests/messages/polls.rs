//! Votes, both ways: encrypted on the wire, counted on the poll.

use super::done_here::{act, ask};
use super::support::{app_with_group, says, send, shown, stored};
use crate::harness::{ANNA, BORIS, OWN};
use reqwest::Method;
use serde_json::{Value, json};

fn voters(message: &Value) -> Vec<Vec<String>> {
    let options = message["poll"]["options"].as_array().unwrap();
    let texts = |option: &Value| {
        let voters = option["voters"].as_array().unwrap();
        voters
            .iter()
            .map(|jid| jid.as_str().unwrap().split('@').next().unwrap().to_owned())
            .collect()
    };
    options.iter().map(texts).collect()
}

#[tokio::test]
async fn others_votes_in_an_own_poll_are_opened_and_counted() {
    let (app, session, gid) = app_with_group().await;
    for (to, from_anna) in [(ANNA, OWN), (gid.as_str(), gid.as_str())] {
        let poll = json!({ "type": "poll", "to": to, "name": "Drink?", "options": ["tea", "coffee", "milk"] });
        let sent = send(&app, &session, poll).await;
        let id = sent["waMessageId"].as_str().unwrap();
        shown(&app, ANNA, id, |_| true).await;
        let vote = |options: Value| json!({ "to": from_anna, "type": "vote", "waMessageId": id, "options": options });
        says(&app, ANNA, vote(json!(["tea", "milk"]))).await;
        let kept = stored(&app, &session, to, id, |m| !voters(m)[0].is_empty()).await;
        assert_eq!(voters(&kept), [vec![ANNA], vec![], vec![ANNA]]);
        // The whole choice anew.
        says(&app, ANNA, vote(json!(["coffee"]))).await;
        let kept = stored(&app, &session, to, id, |m| !voters(m)[1].is_empty()).await;
        assert_eq!(voters(&kept), [vec![], vec![ANNA], vec![]]);
        if to == gid {
            shown(&app, BORIS, id, |_| true).await;
            let vote =
                json!({ "to": gid, "type": "vote", "waMessageId": id, "options": ["coffee"] });
            says(&app, BORIS, vote).await;
            let kept = stored(&app, &session, to, id, |m| voters(m)[1].len() == 2).await;
            assert_eq!(voters(&kept)[1], [ANNA, BORIS]);
        }
        says(&app, ANNA, vote(json!([]))).await;
        stored(&app, &session, to, id, |m| {
            !voters(m)[1].contains(&ANNA.to_owned())
        })
        .await;
    }
}

#[tokio::test]
async fn own_votes_are_seen_by_others_and_replace_each_other() {
    let (app, session, gid) = app_with_group().await;
    for (to, chat) in [(OWN, ANNA), (gid.as_str(), gid.as_str())] {
        let poll = json!({ "type": "poll", "to": to, "name": "Drink?", "options": ["tea", "coffee"], "selectableCount": 1 });
        let id = says(&app, ANNA, poll).await;
        stored(&app, &session, chat, &id, |_| true).await;
        let path = format!("{id}/vote");
        let vote = |options: Value| json!({ "chat": chat, "sender": ANNA, "options": options });
        for (options, seen) in [
            (json!(["tea"]), [vec![OWN], vec![]]),
            (json!(["coffee"]), [vec![], vec![OWN]]),
            (json!([]), [vec![], vec![]]),
        ] {
            act(&app, &session, Method::POST, &path, vote(options)).await;
            shown(&app, ANNA, &id, |e| voters(e) == seen).await;
            stored(&app, &session, chat, &id, |m| voters(m) == seen).await;
        }
        for (options, field) in [
            (json!(["milk"]), "options[0]"),
            (json!(["tea", "coffee"]), "options"),
            (json!(["tea", "tea"]), "options"),
        ] {
            let refused = ask(&app, &session, Method::POST, &path, vote(options)).await;
            assert_eq!(refused.refused(400), "validation_error");
            assert!(
                refused.body["error"]["details"].get(field).is_some(),
                "{}",
                refused.body
            );
        }
    }
    app.clean_ledger().await;
}
