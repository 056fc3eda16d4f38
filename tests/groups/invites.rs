//! Invite links, and requests to be let in.

use super::support::{
    app_with_people, ask, done, has_members, on_phones, own_group, reason, shows,
};
use crate::harness::{ANNA, BORIS, CHLOE, OWN, Session, TestApp};
use reqwest::Method;
use serde_json::{Value, json};

async fn link(app: &TestApp, session: &Session, method: Method, gid: &str) -> String {
    let answer = ask(app, session, method, &format!("/{gid}/invite"), None).await;
    answer.well()["invite"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_link_lets_in_until_it_is_revoked() {
    let (app, session) = app_with_people().await;
    let boris = app.pair(BORIS).await;
    let gid = own_group(&app, &session, &[ANNA]).await;
    let invite = link(&app, &session, Method::GET, &gid).await;
    assert!(invite.starts_with("https://chat.whatsapp.com/"), "{invite}");
    assert_eq!(
        link(&app, &session, Method::GET, &gid).await,
        invite,
        "a look changes nothing"
    );
    let code = invite.rsplit('/').next().unwrap();
    // By link and by code; a member already is answered the same.
    for invite in [invite.as_str(), code] {
        let answer = ask(
            &app,
            &boris,
            Method::POST,
            ":join",
            Some(json!({ "invite": invite })),
        )
        .await;
        assert_eq!(answer.well(), json!({ "groupJid": gid, "pending": false }));
    }
    let now = [(OWN, "superadmin"), (ANNA, "member"), (BORIS, "member")];
    let listed = app.all(&boris.path("/groups")).await;
    assert_eq!(listed.len(), 1, "listed at once: {listed:?}");
    has_members(&app, &boris, &gid, &now).await;
    has_members(&app, &session, &gid, &now).await;
    let anew = link(&app, &session, Method::DELETE, &gid).await;
    assert_ne!(anew, invite);
    done(&app, &boris, Method::POST, &format!("/{gid}:leave"), None).await;
    has_members(
        &app,
        &session,
        &gid,
        &[(OWN, "superadmin"), (ANNA, "member")],
    )
    .await;
    let stale = ask(
        &app,
        &boris,
        Method::POST,
        ":join",
        Some(json!({ "invite": invite })),
    )
    .await;
    assert_eq!(stale.refused(400), "validation_error");
    assert!(
        stale.body["error"]["details"]["invite"].is_string(),
        "{}",
        stale.body
    );
    let answer = ask(
        &app,
        &boris,
        Method::POST,
        ":join",
        Some(json!({ "invite": anew })),
    )
    .await;
    assert_eq!(answer.well()["groupJid"], gid);
    has_members(&app, &session, &gid, &now).await;
    let ledger = app.clean_ledger().await;
    assert_eq!(ledger["violations"], json!([]), "{ledger}");
}

#[tokio::test]
async fn requests_are_listed_granted_and_refused() {
    let (app, session) = app_with_people().await;
    let boris = app.pair(BORIS).await;
    let gid = own_group(&app, &session, &[ANNA]).await;
    done(
        &app,
        &session,
        Method::PATCH,
        &format!("/{gid}"),
        Some(json!({ "joinApproval": true })),
    )
    .await;
    let invite = link(&app, &session, Method::GET, &gid).await;
    for _ in 0..2 {
        let asked = ask(
            &app,
            &boris,
            Method::POST,
            ":join",
            Some(json!({ "invite": invite })),
        )
        .await;
        assert_eq!(asked.well(), json!({ "groupJid": gid, "pending": true }));
    }
    assert_eq!(app.all(&boris.path("/groups")).await, Vec::<Value>::new());
    app.phones
        .post(
            &format!("/groups/{gid}/requests"),
            json!({ "phones": [CHLOE] }),
        )
        .await
        .well();
    let path = format!("/{gid}/requests");
    let list = ask(&app, &session, Method::GET, &path, None).await.well();
    assert_eq!(list["nextCursor"], "");
    let rows = list["data"].as_array().unwrap();
    let mut numbers: Vec<&str> = rows
        .iter()
        .map(|r| r["phoneNumber"].as_str().unwrap())
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [BORIS, CHLOE]);
    assert!(
        rows.iter()
            .all(|r| r["requestedAt"].as_i64().unwrap() > 1_600_000_000_000),
        "{rows:?}"
    );

    let people = |people: Value| Some(json!({ "participants": people }));
    done(
        &app,
        &session,
        Method::POST,
        &format!("/{gid}/members:approve"),
        people(json!([BORIS])),
    )
    .await;
    done(
        &app,
        &session,
        Method::POST,
        &format!("/{gid}/members:reject"),
        people(json!([CHLOE])),
    )
    .await;
    let now = [(OWN, "superadmin"), (ANNA, "member"), (BORIS, "member")];
    has_members(&app, &session, &gid, &now).await;
    shows(&app, &boris, &gid, |g| g["participantCount"] == 3).await;
    assert_eq!(
        on_phones(&app, &gid).await["members"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    let list = ask(&app, &session, Method::GET, &path, None).await.well();
    assert_eq!(list["data"], json!([]));
    for verb in ["approve", "reject"] {
        let path = format!("/{gid}/members:{verb}");
        let none = ask(&app, &session, Method::POST, &path, people(json!([CHLOE]))).await;
        assert_eq!(none.refused(502), "upstream_error");
        assert_eq!(reason(&none), "rejected");
        assert_eq!(
            none.body["error"]["details"]["participants"][0]["reason"],
            "no_request"
        );
    }
    let ledger = app.clean_ledger().await;
    assert_eq!(ledger["violations"], json!([]), "{ledger}");
}
