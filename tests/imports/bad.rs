//! Files and keys that are refused: in words, and with nothing stored.

use super::{Builder, KEY, SOFIA, backup, nothing_is_left, over, plain, post, seal};
use crate::harness::{OWN, Session, TestApp};
use reqwest::{Method, multipart::Form};
use serde_json::{Value, json};

const AT: i64 = 1_700_000_000_000;

fn one_message(b: &Builder) {
    let sofia = b.jid(SOFIA);
    let chat = b.chat(sofia, None);
    b.message(chat, Some(sofia), "S1", AT, 0, "hola");
}

async fn nothing_is_stored(app: &TestApp, session: &Session) {
    assert_eq!(app.all(&session.path("/chats")).await, Vec::<Value>::new());
    nothing_is_left(app).await;
}

#[tokio::test]
async fn refused_at_once() {
    let app = TestApp::new().await;
    let session = app.session(OWN).await;
    let good = backup(one_message);
    let other = seal(&plain(one_message), "99", true);
    for (file, key, field) in [
        (good.clone(), "", "key"),
        (good.clone(), "0f1e", "key"),
        (good.clone(), &"zz".repeat(32), "key"),
        (good.clone(), &"00".repeat(32), "key"),
        (other, KEY, "file"),
        (Vec::new(), KEY, "file"),
        (b"PK\x03\x04 something else".repeat(9), KEY, "file"),
        (good[..20].to_vec(), KEY, "file"),
    ] {
        let answer = post(&app, &session, file, key).await;
        assert_eq!(answer.refused(400), "validation_error");
        assert!(
            answer.body["error"]["details"][field].is_string(),
            "{}",
            answer.body
        );
    }
    let path = session.path("/imports");
    let request = app
        .api
        .request(Method::POST, &path)
        .multipart(Form::new().text("key", KEY));
    crate::harness::Door::send(request).await.refused(400);
    app.api
        .post(&path, json!({ "key": KEY }))
        .await
        .refused(400);
    app.api
        .get(&session.path("/imports/job_00000000000000000000000000"))
        .await
        .refused(404);
    app.api
        .get(&session.path("/imports/nonsense"))
        .await
        .refused(404);
    nothing_is_stored(&app, &session).await;
}

#[tokio::test]
async fn an_unpaired_session_takes_none() {
    let app = TestApp::new().await;
    let created = app.api.post("/sessions", json!({})).await.well();
    let path = format!("/sessions/{}/imports", created["id"].as_str().unwrap());
    let form = Form::new().text("key", KEY);
    let request = app.api.request(Method::POST, &path).multipart(form);
    crate::harness::Door::send(request).await.refused(404);
}

#[tokio::test]
async fn refused_when_read() {
    let app = TestApp::new().await;
    let session = app.session(OWN).await;
    let seal = |plain: Vec<u8>| seal(&plain, &OWN[OWN.len() - 2..], false);
    let mut changed = backup(one_message);
    let last = changed.len() - 40;
    changed[last] ^= 1;
    let bomb = [plain(one_message), vec![0; 40 << 20]].concat();
    let hostile = |sql: &str| {
        seal(plain(|b| {
            one_message(b);
            b.0.execute_batch(sql).unwrap();
        }))
    };
    for (file, words) in [
        (changed, "damaged"),
        (seal(bomb), "twenty times"),
        (
            seal(b"SQLite format 3\0 and then nothing of the kind".to_vec()),
            "damaged",
        ),
        (hostile("DROP TABLE chat"), "not a backup"),
        (
            hostile("ALTER TABLE message RENAME TO m; CREATE VIEW message AS SELECT * FROM m"),
            "not a backup",
        ),
        (
            hostile(
                "DROP TABLE chat; CREATE VIRTUAL TABLE chat USING fts5(_id, jid_row_id, subject)",
            ),
            "not a backup",
        ),
    ] {
        let answer = post(&app, &session, file, KEY).await;
        assert_eq!(answer.status, 202, "{words}: {}", answer.body);
        let job = over(&app, &session, &answer.body).await;
        assert_eq!(job["status"], "failed", "{words}");
        assert!(job["error"].as_str().unwrap().contains(words), "{job}");
    }
    nothing_is_stored(&app, &session).await;
    // And then one that is well.
    let job = post(&app, &session, backup(one_message), KEY).await.well();
    assert_eq!(over(&app, &session, &job).await["status"], "done");
}
