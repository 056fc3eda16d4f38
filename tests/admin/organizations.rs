//! Organizations come and go while the program is killed.

use super::admin;
use crate::harness::{Door, TestApp, until};
use serde_json::json;

#[tokio::test]
async fn a_deletion_cut_off_by_a_kill_is_finished_after_it() {
    let mut app = TestApp::new().await;
    let phone = "15550100001";
    app.account(phone, "Own").await;
    let crowd = json!({"for": phone, "people": 40, "groups": 3, "messages": 3, "seed": 7});
    app.phones.post("/populate", crowd).await.well();
    let session = app.pair(phone).await;
    until("the crowd", || async {
        (app.all(&session.path("/contacts?limit=200")).await.len() >= 40).then_some(())
    })
    .await;
    let person = admin(&app).await;
    let path = format!("/organizations/{}", app.organization);
    assert_eq!(person.delete(&path).await.status, 204);
    app.kill_gateway().await;
    app.start_gateway().await;
    let left = |app: &TestApp| {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let db = rusqlite::Connection::open_with_flags(app.data().join("wharf.db"), flags).unwrap();
        [
            "orgs",
            "sessions",
            "people",
            "messages",
            "events",
            "api_keys",
            "memberships",
        ]
        .map(|table| {
            let count = format!("SELECT count(*) FROM {table}");
            db.query_row(&count, [], |row| row.get::<_, i64>(0))
                .unwrap()
        })
        .iter()
        .sum::<i64>()
    };
    until("nothing is left of it", || async {
        (left(&app) == 0).then_some(())
    })
    .await;
    let by_key = Door::new(app.root_url(), Some(&app.key));
    assert_eq!(
        by_key.get("/api/v1/sessions").await.refused(401),
        "unauthorized"
    );

    // The owner is still somebody, and can begin anew.
    let person = admin(&app).await;
    let made = person
        .post("/organizations", json!({"name": "Second"}))
        .await
        .well();
    let listed = person.get("/organizations").await.well();
    assert_eq!(listed["data"][0]["id"], made["id"]);
}
