//! What the tests of groups share.

use crate::harness::{ANNA, Answer, BORIS, CHLOE, Door, OWN, Session, TestApp, until};
use reqwest::Method;
use serde_json::{Value, json};

/// The session of tests, and people with phones beside it.
pub async fn app_with_people() -> (TestApp, Session) {
    let app = TestApp::new().await;
    for (phone, name) in [(ANNA, "Anna"), (BORIS, "Boris"), (CHLOE, "Chloe")] {
        app.account(phone, name).await;
    }
    let session = app.session(OWN).await;
    (app, session)
}

/// A group that this owner made on the phone, once the session knows all of its members.
pub async fn their_group(
    app: &TestApp,
    session: &Session,
    owner: &str,
    members: &[&str],
) -> String {
    let group = json!({ "subject": "Harbour", "owner": owner, "members": members });
    let made = app.phones.post("/groups", group).await.well();
    let gid = made["groupJid"].as_str().unwrap().to_owned();
    shows(app, session, &gid, |g| {
        g["participantCount"].as_u64().unwrap() > members.len() as u64
    })
    .await;
    gid
}

/// A group made through the API.
pub async fn own_group(app: &TestApp, session: &Session, people: &[&str]) -> String {
    let body = json!({ "name": "Pier", "participants": people });
    let made = app.api.post(&session.path("/groups"), body).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.body);
    made.body["groupJid"].as_str().unwrap().to_owned()
}

/// The group as a session has it stored, once `ready` says so.
pub async fn shows(
    app: &TestApp,
    session: &Session,
    gid: &str,
    ready: impl Fn(&Value) -> bool,
) -> Value {
    until("the group", || async {
        let group = app.api.get(&session.path(&format!("/groups/{gid}"))).await;
        (group.status.is_success() && ready(&group.body)).then_some(group.body)
    })
    .await
}

/// Members by number and role, sorted.
pub async fn members(app: &TestApp, session: &Session, gid: &str) -> Vec<(String, String)> {
    let rows = app
        .all(&session.path(&format!("/groups/{gid}/members")))
        .await;
    let text = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
    let mut all: Vec<_> = rows
        .iter()
        .map(|row| (text(row, "phoneNumber"), text(row, "role")))
        .collect();
    all.sort_unstable();
    all
}

/// The members as a session has them, once they are these.
pub async fn has_members(app: &TestApp, session: &Session, gid: &str, expected: &[(&str, &str)]) {
    let mut expected: Vec<_> = expected
        .iter()
        .map(|(phone, role)| ((*phone).to_owned(), (*role).to_owned()))
        .collect();
    expected.sort_unstable();
    until(&format!("members {expected:?}"), || async {
        (members(app, session, gid).await == expected).then_some(())
    })
    .await;
}

/// The group as its phones have it.
pub async fn on_phones(app: &TestApp, gid: &str) -> Value {
    app.phones.get(&format!("/groups/{gid}")).await.well()
}

/// A request below a group.
pub async fn ask(
    app: &TestApp,
    session: &Session,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> Answer {
    let request = app
        .api
        .request(method, &session.path(&format!("/groups{path}")));
    Door::send(match body {
        Some(body) => request.json(&body),
        None => request,
    })
    .await
}

/// The same, done.
pub async fn done(
    app: &TestApp,
    session: &Session,
    method: Method,
    path: &str,
    body: Option<Value>,
) {
    let answer = ask(app, session, method, path, body).await;
    assert_eq!(answer.status.as_u16(), 204, "{path}: {}", answer.body);
}

pub fn reason(answer: &Answer) -> &Value {
    &answer.body["error"]["details"]["reason"]
}
