//! Groups made, changed, joined and left through the API, as they are stored and as other phones see them.

use super::support::{
    app_with_people, ask, done, has_members, on_phones, own_group, reason, shows, their_group,
};
use crate::harness::{ANNA, BORIS, CHLOE, Door, OWN, until};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::Method;
use serde_json::{Value, json};

/// On no account.
const NOBODY: &str = "628999999999";

#[tokio::test]
async fn a_group_is_made_once_listed_at_once_and_seen_by_its_members() {
    let (app, session) = app_with_people().await;
    let anna = app.pair(ANNA).await;
    let make = |body: Value| {
        let request = app.api.request(Method::POST, &session.path("/groups"));
        Door::send(request.header("Idempotency-Key", "g-1").json(&body))
    };
    let body = json!({ "name": "Pier 7", "participants": [ANNA, NOBODY, format!("+{ANNA}"), OWN] });
    let made = make(body.clone()).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.body);
    let gid = made.body["groupJid"].as_str().unwrap();
    assert_eq!(
        (
            &made.body["subject"],
            &made.body["participantCount"],
            &made.body["replayed"]
        ),
        (&json!("Pier 7"), &json!(2), &json!(false))
    );
    assert_eq!(made.body["ownerJid"], format!("{OWN}@s.whatsapp.net"));
    assert_eq!(
        made.body["details"],
        json!([{ "participant": format!("{NOBODY}@s.whatsapp.net"), "reason": "recipient_not_on_whatsapp" }])
    );
    let listed = app.all(&session.path("/groups")).await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["groupJid"], gid);
    has_members(
        &app,
        &session,
        gid,
        &[(OWN, "superadmin"), (ANNA, "member")],
    )
    .await;
    let rows = app
        .all(&session.path(&format!("/groups/{gid}/members")))
        .await;
    let anna_row = rows.iter().find(|row| row["phoneNumber"] == ANNA).unwrap();
    assert!(
        anna_row["lid"].as_str().unwrap().ends_with("@lid"),
        "{anna_row}"
    );

    let again = make(body).await;
    assert_eq!(
        (again.status.as_u16(), &again.body["replayed"]),
        (201, &json!(true))
    );
    assert_eq!(again.body["groupJid"], gid);
    assert_eq!(again.body["details"], made.body["details"]);
    let other = make(json!({ "name": "Pier 8", "participants": [ANNA] })).await;
    assert_eq!(other.refused(422), "idempotency_key_reused");
    assert_eq!(
        app.phones
            .get("/groups")
            .await
            .well()
            .as_array()
            .unwrap()
            .len(),
        1
    );

    // The other phone's gateway has it too, and both write in it.
    shows(&app, &anna, gid, |g| {
        g["subject"] == "Pier 7" && g["participantCount"] == 2
    })
    .await;
    let hello = json!({ "type": "text", "to": gid, "text": "first" });
    app.api.post(&session.path("/messages"), hello).await.well();
    app.inbox(ANNA, |seen| {
        seen.iter()
            .any(|m| m["body"] == "first" && m["chat"] == gid)
    })
    .await;
    let ledger = app.clean_ledger().await;
    assert_eq!(ledger["violations"], json!([]), "{ledger}");
}

#[tokio::test]
async fn each_property_is_changed_by_itself_and_seen_by_the_others() {
    let (app, session) = app_with_people().await;
    let anna = app.pair(ANNA).await;
    let gid = own_group(&app, &session, &[ANNA, BORIS]).await;
    shows(&app, &anna, &gid, |_| true).await;
    let patch = json!({ "subject": "Pier 9", "description": "by the water", "announce": true,
        "locked": true, "joinApproval": true, "ephemeralSeconds": 86_400 });
    done(
        &app,
        &session,
        Method::PATCH,
        &format!("/{gid}"),
        Some(patch),
    )
    .await;
    let changed = |g: &Value| {
        g["subject"] == "Pier 9"
            && g["description"] == "by the water"
            && g["isAnnounce"] == true
            && g["isLocked"] == true
    };
    // At once here, soon there.
    let own = app
        .api
        .get(&session.path(&format!("/groups/{gid}")))
        .await
        .well();
    assert!(changed(&own), "{own}");
    shows(&app, &anna, &gid, changed).await;
    let there = on_phones(&app, &gid).await;
    assert_eq!(
        (
            &there["approval"],
            &there["ephemeralSeconds"],
            &there["description"]
        ),
        (&json!(true), &json!(86_400), &json!("by the water"))
    );
    let chat = app
        .api
        .get(&session.path(&format!("/chats/{gid}")))
        .await
        .well();
    assert_eq!(chat["name"], "Pier 9");
    // And back; what is not named stays.
    let back = json!({ "description": "", "announce": false, "joinApproval": false, "ephemeralSeconds": 0 });
    done(
        &app,
        &session,
        Method::PATCH,
        &format!("/{gid}"),
        Some(back),
    )
    .await;
    let back =
        |g: &Value| g["description"] == "" && g["isAnnounce"] == false && g["isLocked"] == true;
    shows(&app, &anna, &gid, back).await;
    let there = on_phones(&app, &gid).await;
    assert_eq!(
        (&there["approval"], &there["ephemeralSeconds"]),
        (&json!(false), &json!(0))
    );
    done(
        &app,
        &session,
        Method::PATCH,
        &format!("/{gid}"),
        Some(json!({})),
    )
    .await;
    let ledger = app.clean_ledger().await;
    assert_eq!(ledger["violations"], json!([]), "{ledger}");
}

#[tokio::test]
async fn who_is_no_admin_is_told_so_and_what_took_effect() {
    let (app, session) = app_with_people().await;
    let gid = their_group(&app, &session, ANNA, &[OWN, BORIS]).await;
    // Everybody may name this group; only admins close it.
    let patch = json!({ "subject": "Quay", "announce": true, "locked": true });
    let answer = ask(
        &app,
        &session,
        Method::PATCH,
        &format!("/{gid}"),
        Some(patch),
    )
    .await;
    assert_eq!(answer.refused(403), "forbidden");
    assert_eq!(reason(&answer), "not_group_admin");
    assert_eq!(
        answer.body["error"]["details"]["applied"],
        json!(["subject"])
    );
    let there = on_phones(&app, &gid).await;
    assert_eq!(
        (&there["subject"], &there["announce"]),
        (&json!("Quay"), &json!(false))
    );
    shows(&app, &session, &gid, |g| {
        g["subject"] == "Quay" && g["isAnnounce"] == false
    })
    .await;
    let refused = [
        (Method::GET, format!("/{gid}/invite"), None),
        (Method::DELETE, format!("/{gid}/invite"), None),
        (Method::GET, format!("/{gid}/requests"), None),
        (Method::DELETE, format!("/{gid}/members/{BORIS}"), None),
        (
            Method::POST,
            format!("/{gid}/members/{BORIS}/promote"),
            None,
        ),
        (Method::POST, format!("/{gid}/members/{ANNA}/demote"), None),
        (
            Method::POST,
            format!("/{gid}/members:approve"),
            Some(json!({ "participants": [CHLOE] })),
        ),
    ];
    for (method, path, body) in refused {
        let answer = ask(&app, &session, method, &path, body).await;
        assert_eq!(answer.refused(403), "forbidden", "{path}");
        assert_eq!(reason(&answer), "not_group_admin", "{path}");
    }
    has_members(
        &app,
        &session,
        &gid,
        &[(ANNA, "superadmin"), (OWN, "member"), (BORIS, "member")],
    )
    .await;
}

#[tokio::test]
async fn who_left_is_out_and_what_was_stored_stays() {
    let (app, session) = app_with_people().await;
    let gid = their_group(&app, &session, ANNA, &[OWN, BORIS]).await;
    let leave = format!("/{gid}:leave");
    done(&app, &session, Method::POST, &leave, None).await;
    let there = on_phones(&app, &gid).await;
    assert!(
        there["members"]
            .as_array()
            .unwrap()
            .iter()
            .all(|m| m["phone"] != OWN),
        "{there}"
    );
    let stored = app
        .api
        .get(&session.path(&format!("/groups/{gid}")))
        .await
        .well();
    assert_eq!(stored["subject"], "Harbour");
    has_members(
        &app,
        &session,
        &gid,
        &[(ANNA, "superadmin"), (BORIS, "member")],
    )
    .await;
    let again = ask(&app, &session, Method::POST, &leave, None).await;
    assert_eq!(again.refused(403), "forbidden");
    assert_eq!(reason(&again), "not_group_member");
    let send = json!({ "type": "text", "to": gid, "text": "still here?" });
    let refused = app.api.post(&session.path("/messages"), send).await;
    assert_eq!(refused.refused(502), "upstream_error");
    let none = ask(
        &app,
        &session,
        Method::POST,
        "/120363999999999999@g.us:leave",
        None,
    )
    .await;
    assert_eq!(none.refused(404), "not_found");
}

#[tokio::test]
async fn a_picture_is_set_as_a_square_and_taken_away() {
    let (app, session) = app_with_people().await;
    let gid = own_group(&app, &session, &[ANNA]).await;
    let path = format!("/{gid}/picture");
    let wide = STANDARD.encode(crate::media::real::jpeg());
    let told = || app.events("group.updated").len();
    let before = told();
    done(
        &app,
        &session,
        Method::PUT,
        &path,
        Some(json!({ "media": { "data": wide } })),
    )
    .await;
    let there = on_phones(&app, &gid).await;
    assert!(there["picture"]["size"].as_u64().unwrap() > 500, "{there}");
    until("word of the picture", || async {
        (told() > before).then_some(())
    })
    .await;
    for media in [
        json!({ "data": STANDARD.encode("no picture") }),
        json!({}),
        json!({ "data": "?" }),
    ] {
        let refused = ask(
            &app,
            &session,
            Method::PUT,
            &path,
            Some(json!({ "media": media })),
        )
        .await;
        assert_eq!(refused.refused(400), "validation_error");
    }
    for _ in 0..2 {
        done(&app, &session, Method::DELETE, &path, None).await;
        assert_eq!(on_phones(&app, &gid).await["picture"], Value::Null);
    }
    let locked = their_group(&app, &session, ANNA, &[OWN]).await;
    app.phones
        .patch(
            &format!("/groups/{locked}"),
            json!({ "by": ANNA, "locked": true }),
        )
        .await
        .well();
    let body = json!({ "media": { "data": wide } });
    let refused = ask(
        &app,
        &session,
        Method::PUT,
        &format!("/{locked}/picture"),
        Some(body),
    )
    .await;
    assert_eq!(refused.refused(403), "forbidden");
    assert_eq!(reason(&refused), "not_group_admin");
    let ledger = app.clean_ledger().await;
    assert_eq!(ledger["violations"], json!([]), "{ledger}");
}

#[tokio::test]
async fn without_a_connection_nothing_is_done() {
    let (app, session) = app_with_people().await;
    let gid = own_group(&app, &session, &[ANNA]).await;
    app.api.poke(&session.path(":stop")).await.well();
    app.status(&session, "stopped").await;
    let body = |people: Value| Some(json!({ "participants": people }));
    for (method, path, body) in [
        (
            Method::POST,
            String::new(),
            Some(json!({ "name": "x", "participants": [ANNA] })),
        ),
        (
            Method::PATCH,
            format!("/{gid}"),
            Some(json!({ "subject": "x" })),
        ),
        (Method::GET, format!("/{gid}/invite"), None),
        (Method::DELETE, format!("/{gid}/invite"), None),
        (
            Method::POST,
            format!("/{gid}/members"),
            body(json!([BORIS])),
        ),
        (Method::DELETE, format!("/{gid}/members/{ANNA}"), None),
        (Method::POST, format!("/{gid}/members/{ANNA}/promote"), None),
        (
            Method::POST,
            format!("/{gid}/members:approve"),
            body(json!([BORIS])),
        ),
        (
            Method::POST,
            format!("/{gid}/members:reject"),
            body(json!([BORIS])),
        ),
        (Method::GET, format!("/{gid}/requests"), None),
        (Method::POST, format!("/{gid}:leave"), None),
        (
            Method::POST,
            ":join".to_owned(),
            Some(json!({ "invite": "AbCdEfGhIjKlMnOpQrStUv" })),
        ),
        (Method::DELETE, format!("/{gid}/picture"), None),
    ] {
        let answer = ask(&app, &session, method, &path, body).await;
        assert_eq!(answer.refused(501), "not_implemented", "{path}");
        assert_eq!(reason(&answer), "session_not_connected", "{path}");
    }
    // Stored reads go on.
    assert_eq!(app.all(&session.path("/groups")).await.len(), 1);
    has_members(
        &app,
        &session,
        &gid,
        &[(OWN, "superadmin"), (ANNA, "member")],
    )
    .await;
}
