//! Searching stored messages: what people wrote, here and before, edited and taken back.

use crate::harness::{ANNA, BORIS, OWN, Session, TestApp, until};
use serde_json::{Value, json};

struct Home {
    app: TestApp,
    session: Session,
}

impl Home {
    async fn does(&self, who: &str, body: Value) -> Value {
        let path = format!("/accounts/{who}/send");
        self.app.phones.post(&path, body).await.well()["waMessageId"].clone()
    }

    async fn writes(&self, who: &str, to: &str, text: &str) -> Value {
        self.does(who, json!({ "to": to, "type": "text", "text": text }))
            .await
    }

    async fn found(&self, query: &str) -> Vec<Value> {
        let path = self.session.path(&format!("/messages?{query}"));
        let rows = self.app.all(&path).await;
        rows.into_iter()
            .map(|row| row["waMessageId"].clone())
            .collect()
    }

    async fn finds(&self, query: &str, expected: &[&Value]) {
        until(&format!("{query} finds {expected:?}"), || async {
            (self.found(query).await.iter().collect::<Vec<_>>() == expected).then_some(())
        })
        .await;
    }
}

async fn home() -> Home {
    let app = TestApp::new().await;
    for (phone, name) in [(ANNA, "Anna"), (BORIS, "Boris")] {
        app.account(phone, name).await;
    }
    let session = app.session(OWN).await;
    Home { app, session }
}

#[tokio::test]
async fn what_is_written_edited_and_taken_back() {
    let mut home = home().await;
    let group = json!({ "subject": "G", "owner": ANNA, "members": [OWN, BORIS] });
    let gid = home.app.phones.post("/groups", group).await.well()["groupJid"].clone();
    let gid = gid.as_str().unwrap();
    let tokyo = home.writes(ANNA, OWN, "東京で会いましょう").await;
    home.finds("q=%E4%BA%AC", &[&tokyo]).await;
    let fox = home.writes(BORIS, gid, "The quick brown fox").await;
    home.finds("q=QUICK", &[&fox]).await;
    home.finds("q=fox+the", &[&fox]).await;
    let own = json!({ "type": "text", "to": ANNA, "text": "a fox of my own" });
    let own = home
        .app
        .api
        .post(&home.session.path("/messages"), own)
        .await
        .well();
    let own = &own["waMessageId"];
    home.finds(&format!("q=fox&chat={ANNA}"), &[own]).await;
    home.finds(&format!("q=fox&chat={gid}"), &[&fox]).await;
    assert_eq!(home.found("q=fox&limit=1").await.len(), 2);
    home.does(
        BORIS,
        json!({ "to": gid, "type": "edit", "waMessageId": fox, "text": "The slow snail" }),
    )
    .await;
    home.finds("q=snail", &[&fox]).await;
    home.finds("q=quick", &[]).await;
    home.does(
        BORIS,
        json!({ "to": gid, "type": "revoke", "waMessageId": fox }),
    )
    .await;
    home.finds("q=snail", &[]).await;
    home.app.kill_gateway().await;
    home.app.start_gateway().await;
    home.finds("q=fox", &[own]).await;
    home.finds("q=%E6%9D%B1%E4%BA%AC", &[&tokyo]).await;
    // Stored: it needs no connection. A chat deleted here is found no more.
    home.app.api.poke(&home.session.path(":stop")).await.well();
    let chat = home.session.path(&format!("/chats/{ANNA}"));
    assert_eq!(home.app.api.delete(&chat).await.status.as_u16(), 204);
    home.finds("q=fox", &[]).await;
    for bad in ["from=x", "to=-1", "chat=y", "cursor=z", "from=2&to=1"] {
        let path = home.session.path(&format!("/messages?{bad}"));
        assert_eq!(
            home.app.api.get(&path).await.refused(400),
            "validation_error",
            "{bad}"
        );
    }
}

/// More than a segment of messages, as a phone sends its history: every one is found by its text, before and after
/// segments are built and over a kill while they are.
#[tokio::test]
async fn a_history_is_found_whole() {
    let mut app = TestApp::new().await;
    app.account(OWN, "Own").await;
    let crowd = json!({ "for": OWN, "people": 100, "groups": 3, "messages": 60, "seed": 7 });
    app.phones.post("/populate", crowd).await.well();
    let session = app.pair(OWN).await;
    until("the history is stored", || async {
        let rows = app.all(&session.path("/messages?limit=200")).await;
        (rows.len() > 2_500).then_some(())
    })
    .await;
    app.kill_gateway().await;
    app.start_gateway().await;
    let before = std::cell::Cell::new(0);
    let all = until("no more comes", || async {
        let rows = app.all(&session.path("/messages?limit=200")).await;
        (before.replace(rows.len()) == rows.len()).then_some(rows)
    })
    .await;
    let times: Vec<i64> = all
        .iter()
        .map(|row| row["timestamp"].as_i64().unwrap())
        .collect();
    assert!(times.is_sorted_by(|newer, older| newer >= older));
    for row in all
        .iter()
        .filter(|row| row["body"] != "")
        .step_by(all.len() / 40)
    {
        let body = row["body"].as_str().unwrap();
        let text: String = body.chars().take(60).collect();
        let q: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let path = session.path(&format!("/messages?q={q}&limit=200"));
        let found = app.all(&path).await;
        assert!(
            found.iter().any(|hit| hit["id"] == row["id"]),
            "{body} is not found"
        );
    }
    app.clean_ledger().await;
}
