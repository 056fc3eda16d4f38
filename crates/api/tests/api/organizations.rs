//! Organizations, their people and invitations.

use crate::harness::{Answer, TestApi, until};
use serde_json::{Value, json};
use wharf_domain::ports::store::{AuditFilter, StoreExt};
use wharf_types::Capability;

/// Somebody logged in.
struct Someone {
    email: String,
    password: String,
    user: String,
    token: String,
    refresh: String,
}

impl Someone {
    fn of(email: &str, password: &str, tokens: &Value) -> Self {
        let text = |field: &str| tokens[field].as_str().unwrap().to_owned();
        Self {
            email: email.to_owned(),
            password: password.to_owned(),
            user: text("userId"),
            token: text("accessToken"),
            refresh: text("refreshToken"),
        }
    }

    async fn ask(&self, api: &TestApi, method: &str, path: &str, body: &Value) -> Answer {
        api.ask(method, path)
            .bearer(&self.token)
            .json(body)
            .go()
            .await
    }

    async fn get(&self, api: &TestApi, path: &str) -> Answer {
        api.ask("GET", path).bearer(&self.token).go().await
    }
}

async fn owner(api: &TestApi) -> Someone {
    let made = api
        .domain
        .first_owner(api.org, "ann@example.org")
        .await
        .unwrap();
    let body = json!({"email": made.email, "password": made.password});
    let tokens = api
        .ask("POST", "/auth/login")
        .json(&body)
        .go()
        .await
        .ok(200);
    Someone::of(&made.email, &made.password, &tokens)
}

fn path(org: &Value, rest: &str) -> String {
    format!("/organizations/{}{rest}", org.as_str().unwrap())
}

async fn invited(api: &TestApi, by: &Someone, org: &Value, email: &str, role: &str) -> String {
    let body = json!({"email": email, "role": role});
    let made = by
        .ask(api, "POST", &path(org, "/members"), &body)
        .await
        .ok(201);
    made["token"].as_str().unwrap().to_owned()
}

async fn accept(api: &TestApi, token: &str, password: &str) -> Answer {
    let body = json!({"token": token, "password": password, "name": "Бо"});
    api.ask("POST", "/auth/accept").json(&body).go().await
}

async fn joined(api: &TestApi, by: &Someone, org: &Value, email: &str, role: &str) -> Someone {
    let token = invited(api, by, org, email, role).await;
    let tokens = accept(api, &token, "a good password").await.ok(200);
    assert_eq!(tokens["role"], role);
    Someone::of(email, "a good password", &tokens)
}

#[tokio::test]
async fn made_renamed_listed_and_changed_to() {
    let api = TestApi::new().await;
    let ann = owner(&api).await;
    let made = ann
        .ask(&api, "POST", "/organizations", &json!({"name": "Zweite"}))
        .await
        .ok(201);
    assert_eq!(
        (&made["name"], &made["role"]),
        (&json!("Zweite"), &json!("owner"))
    );
    let listed = ann.get(&api, "/organizations").await.ok(200);
    let ids: Vec<_> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| o["id"].clone())
        .collect();
    assert_eq!(ids.len(), 2);
    assert!(ids.contains(&made["id"]) && ids.contains(&json!(api.org)));
    let at = path(&made["id"], "");
    let renamed = ann
        .ask(&api, "PATCH", &at, &json!({"name": "Dritte"}))
        .await
        .ok(200);
    assert_eq!(renamed["name"], "Dritte");
    assert_eq!(ann.get(&api, &at).await.ok(200), renamed);

    // The token is for the first; a refresh changes to the second, where there is nothing yet.
    api.session(api.org).await;
    let sessions = ann.get(&api, "/sessions").await.ok(200);
    assert_eq!(sessions["data"].as_array().unwrap().len(), 1);
    let body = json!({"refreshToken": ann.refresh, "organizationId": made["id"]});
    let tokens = api
        .ask("POST", "/auth/refresh")
        .json(&body)
        .go()
        .await
        .ok(200);
    assert_eq!(tokens["organizationId"], made["id"]);
    let there = Someone::of(&ann.email, &ann.password, &tokens);
    assert_eq!(
        there.get(&api, "/sessions").await.ok(200)["data"],
        json!([])
    );

    for body in [
        json!({}),
        json!({"name": " "}),
        json!({"name": "x".repeat(257)}),
        json!({"name": 1}),
    ] {
        for (method, path) in [("POST", "/organizations"), ("PATCH", at.as_str())] {
            let details = ann
                .ask(&api, method, path, &body)
                .await
                .is(400, "validation_error");
            assert!(details["name"].is_string());
        }
    }
}

#[tokio::test]
async fn an_invitation_is_good_once_and_for_a_week() {
    let api = TestApi::new().await;
    let ann = owner(&api).await;
    let org = json!(api.org);
    let body = json!({"email": "Bo@example.org", "role": "admin"});
    let made = ann
        .ask(&api, "POST", &path(&org, "/members"), &body)
        .await
        .ok(201);
    let token = made["token"].as_str().unwrap();
    assert!(
        made["link"]
            .as_str()
            .unwrap()
            .ends_with(&format!("/join#{token}"))
    );
    let open = ann.get(&api, &path(&org, "/invitations")).await;
    assert!(!String::from_utf8_lossy(&open.bytes).contains(token));
    assert_eq!(open.ok(200)["data"][0]["id"], made["id"]);

    for (password, token, field) in [
        ("short", token, "password"),
        ("a good password", "wi_x", "token"),
        ("a good password", "", "token"),
        ("a good password", &token.replace("wi_", "wa_"), "token"),
    ] {
        let details = accept(&api, token, password)
            .await
            .is(400, "validation_error");
        assert!(details[field].is_string(), "{details}");
    }
    let bo = accept(&api, token, "a good password").await.ok(200);
    assert_eq!(bo["role"], "admin");
    let used = accept(&api, token, "a good password")
        .await
        .is(400, "validation_error");
    assert_eq!(used["token"], "was used already");
    assert_eq!(
        ann.get(&api, &path(&org, "/invitations")).await.ok(200)["data"],
        json!([])
    );
    let members = ann.get(&api, &path(&org, "/members")).await.ok(200);
    let members = members["data"].as_array().unwrap();
    let of = |email: &str| members.iter().find(|m| m["email"] == email).unwrap();
    assert_eq!(of("Bo@example.org")["name"], "Бо");
    assert_eq!(of("Bo@example.org")["role"], "admin");
    assert_eq!(of("ann@example.org")["role"], "owner");
    ann.ask(
        &api,
        "POST",
        &path(&org, "/members"),
        &json!({"email": "bo@EXAMPLE.org"}),
    )
    .await
    .is(409, "conflict");

    let late = invited(&api, &ann, &org, "cy@example.org", "member").await;
    let withdrawn = invited(&api, &ann, &org, "di@example.org", "member").await;
    let open = ann.get(&api, &path(&org, "/invitations")).await.ok(200);
    let id = open["data"][1]["id"].as_str().unwrap();
    let one = path(&org, &format!("/invitations/{id}"));
    assert_eq!(ann.ask(&api, "DELETE", &one, &json!({})).await.status, 204);
    ann.ask(&api, "DELETE", &one, &json!({}))
        .await
        .is(404, "not_found");
    accept(&api, &withdrawn, "a good password")
        .await
        .is(400, "validation_error");
    api.clock.advance(7 * 86_400_000);
    let details = accept(&api, &late, "a good password")
        .await
        .is(400, "validation_error");
    assert_eq!(details["token"], "has expired; ask for another");
}

#[tokio::test]
async fn who_has_an_account_joins_with_its_password() {
    let api = TestApi::new().await;
    let ann = owner(&api).await;
    let second = ann
        .ask(&api, "POST", "/organizations", &json!({"name": "2"}))
        .await
        .ok(201);
    let bo = joined(&api, &ann, &json!(api.org), "bo@example.org", "member").await;
    let token = invited(&api, &ann, &second["id"], "BO@example.org", "owner").await;
    accept(&api, &token, "not the password")
        .await
        .is(401, "unauthorized");
    let tokens = accept(&api, &token, &bo.password).await.ok(200);
    assert_eq!(tokens["userId"], bo.user);
    assert_eq!(tokens["organizationId"], second["id"]);
    assert_eq!(tokens["role"], "owner");
    let listed = bo.get(&api, "/organizations").await.ok(200);
    let mut roles: Vec<_> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|org| org["role"].as_str().unwrap())
        .collect();
    roles.sort_unstable();
    assert_eq!(roles, ["member", "owner"]);
}

#[tokio::test]
async fn nobody_gives_more_than_they_have_and_the_last_owner_stays() {
    let api = TestApi::new().await;
    let ann = owner(&api).await;
    let org = json!(api.org);
    let bo = joined(&api, &ann, &org, "bo@example.org", "admin").await;
    let cy = joined(&api, &ann, &org, "cy@example.org", "member").await;
    let member = |who: &Someone| path(&org, &format!("/members/{}", who.user));
    let role = |role: &str| json!({ "role": role });

    let details = bo
        .ask(
            &api,
            "POST",
            &path(&org, "/members"),
            &json!({"email": "x@y", "role": "owner"}),
        )
        .await
        .is(403, "forbidden");
    assert_eq!(details["reason"], "role_beyond_own");
    bo.ask(&api, "PATCH", &member(&cy), &role("owner"))
        .await
        .is(403, "forbidden");
    bo.ask(&api, "PATCH", &member(&ann), &role("member"))
        .await
        .is(403, "forbidden");
    bo.ask(&api, "DELETE", &member(&ann), &json!({}))
        .await
        .is(403, "forbidden");
    cy.ask(&api, "DELETE", &member(&bo), &json!({}))
        .await
        .is(403, "forbidden");
    cy.ask(&api, "PATCH", &member(&cy), &role("admin"))
        .await
        .is(403, "forbidden");
    for (method, body) in [("PATCH", role("admin")), ("DELETE", json!({}))] {
        ann.ask(&api, method, &member(&ann), &body)
            .await
            .is(409, "conflict");
    }
    bo.ask(&api, "PATCH", &member(&cy), &role("admin"))
        .await
        .ok(200);
    ann.ask(&api, "PATCH", &member(&bo), &role("owner"))
        .await
        .ok(200);
    ann.ask(&api, "PATCH", &member(&ann), &role("member"))
        .await
        .ok(200);
    until("a role is what it is now", async || {
        ann.get(&api, "/sessions").await.status == 403
    })
    .await;
    assert_eq!(
        cy.ask(&api, "DELETE", &member(&cy), &json!({}))
            .await
            .status,
        204
    );
    until("who has gone sees nothing", async || {
        cy.get(&api, "/sessions").await.status == 403
    })
    .await;
    cy.get(&api, &path(&org, "")).await.is(404, "not_found");
    for (body, field) in [
        (json!({}), "role"),
        (json!({"role": "king"}), "role"),
        (json!({"role": "admin", "name": "x"}), "name"),
    ] {
        let details = bo.ask(&api, "PATCH", &member(&ann), &body).await;
        assert!(details.is(400, "validation_error")[field].is_string());
    }
    for user in ["x", "user_01J00000000000000000000000"] {
        let nobody = path(&org, &format!("/members/{user}"));
        bo.ask(&api, "PATCH", &nobody, &role("admin"))
            .await
            .is(404, "not_found");
        bo.ask(&api, "DELETE", &nobody, &json!({}))
            .await
            .is(404, "not_found");
    }
}

#[tokio::test]
async fn a_deleted_organization_leaves_nothing() {
    let api = TestApi::new().await;
    let ann = owner(&api).await;
    let org = json!(api.org);
    let bo = joined(&api, &ann, &org, "bo@example.org", "admin").await;
    let session = api.session(api.org).await;
    let reader = api.key_of(api.org, &[Capability::Read], &[]).await;
    let pending = invited(&api, &ann, &org, "cy@example.org", "member").await;
    bo.ask(&api, "DELETE", &path(&org, ""), &json!({}))
        .await
        .is(403, "forbidden");
    let gone = ann.ask(&api, "DELETE", &path(&org, ""), &json!({})).await;
    assert_eq!(gone.status, 204);
    ann.get(&api, &path(&org, "")).await.is(404, "not_found");
    assert_eq!(
        ann.get(&api, "/organizations").await.ok(200)["data"],
        json!([])
    );
    accept(&api, &pending, "a good password")
        .await
        .is(400, "validation_error");
    until("its keys open nothing", async || {
        let path = format!("/sessions/{}/contacts", session.id);
        api.ask("GET", &path).bearer(&reader).go().await.status == 401
    })
    .await;
    let id = api.org;
    until("its rows are gone", async || {
        let left = api.domain.store.read(move |view| {
            Ok((
                view.orgs_deleted()?,
                view.session(&id, &session.id)?,
                view.events(&id, 0, 1)?,
            ))
        });
        let (orgs, session, events) = left.await.unwrap();
        orgs.is_empty() && session.is_none() && events.is_empty()
    })
    .await;
    // Who has no organization any more can still make one.
    let tokens = json!({"refreshToken": ann.refresh});
    let tokens = api
        .ask("POST", "/auth/refresh")
        .json(&tokens)
        .go()
        .await
        .ok(200);
    assert_eq!(tokens["organizationId"], "");
    assert_eq!(tokens["role"], Value::Null);
    let filter = AuditFilter {
        org: Some(id),
        ..Default::default()
    };
    let log = api.domain.list_audit(filter, 200, "").await.unwrap().data;
    let deletion = log
        .iter()
        .find(|entry| entry.action == "organization.delete");
    assert_eq!(deletion.unwrap().actor, ann.user);
}
