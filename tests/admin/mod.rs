//! The platform's own operations against the simulated network.

#[cfg(test)]
mod audit;
#[cfg(test)]
mod organizations;

use crate::harness::{Door, TestApp, until};
use serde_json::{Value, json};

const PHONE: &str = "15550100001";

async fn admin(app: &TestApp) -> Door {
    let tokens = app
        .root
        .post("/api/v1/auth/login", app.login.clone())
        .await
        .well();
    let url = format!("{}/api/v1", app.root_url());
    Door::new(&url, tokens["accessToken"].as_str())
}

async fn backfilled(person: &Door, path: &str) -> Value {
    until("the backfill is done", || async {
        let job = person.get(path).await.well();
        assert_ne!(job["status"], "failed", "{job}");
        (job["status"] == "done").then_some(job)
    })
    .await
}

#[tokio::test]
async fn a_backfill_brings_back_what_was_lost_also_after_a_kill() {
    let mut app = TestApp::new().await;
    app.account(PHONE, "Me").await;
    let crowd = json!({"for": PHONE, "people": 30, "groups": 3, "messages": 1, "seed": 7});
    app.phones.post("/populate", crowd).await.well();
    let saved = json!({"phone": "15550100002", "name": "Grandmother"});
    app.account("15550100002", "Gran").await;
    app.phones
        .post(&format!("/accounts/{PHONE}/addressbook"), saved)
        .await
        .well();
    let session = app.pair(PHONE).await;
    let book = session.path("/contacts?source=addressbook&limit=200");
    let named = async |app: &TestApp| {
        let people = app.all(&book).await;
        people.iter().any(|who| who["name"] == "Grandmother")
    };
    until("the address book is here", || async {
        named(&app).await.then_some(())
    })
    .await;

    let start = format!("/admin/sessions/{}:backfill", session.id);
    let get = format!("/admin/sessions/{}/backfill", session.id);
    let person = admin(&app).await;
    let groups = app.all(&session.path("/groups")).await.len();
    assert_eq!(person.poke(&start).await.status, 202);
    let job = backfilled(&person, &get).await;
    assert_eq!(job["groups"].as_u64(), u64::try_from(groups).ok());
    assert!(job["groupMembers"].as_u64().unwrap() > 3, "{job}");
    assert!(job["contacts"].as_u64().unwrap() >= 30, "{job}");

    // Killed in the middle of the next one: it goes on by itself.
    assert_eq!(person.poke(&start).await.status, 202);
    app.kill_gateway().await;
    app.start_gateway().await;
    let person = admin(&app).await;
    backfilled(&person, &get).await;
    assert!(named(&app).await);
    app.clean_ledger().await;
}
