//! Logging in with a password of ours: tokens, their end, and guessing.

use crate::harness::{Answer, TestApi, tokens::Signer, until};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as B64};
use serde_json::{Value, json};
use std::time::Instant;
use wharf_domain::ports::store::AuditFilter;
use wharf_types::Millis;

const NOW: Millis = 1_800_000_000_000;

struct Someone {
    email: String,
    password: String,
}

async fn owner(api: &TestApi) -> Someone {
    let made = api.domain.first_owner(api.org, "Ann@Example.org").await;
    let made = made.unwrap();
    Someone {
        email: made.email,
        password: made.password,
    }
}

async fn ask(api: &TestApi, path: &str, body: Value) -> Answer {
    api.ask("POST", path).json(&body).go().await
}

async fn log_in(api: &TestApi, who: &Someone) -> Value {
    let body = json!({"email": who.email, "password": who.password});
    ask(api, "/auth/login", body).await.ok(200)
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap()
}

async fn refresh(api: &TestApi, token: &str) -> Answer {
    ask(api, "/auth/refresh", json!({"refreshToken": token})).await
}

async fn opens(api: &TestApi, token: &str) -> bool {
    api.ask("GET", "/sessions").bearer(token).go().await.status == 200
}

async fn actions(api: &TestApi) -> Vec<String> {
    let log = api.domain.list_audit(AuditFilter::default(), 200, "");
    let rows = log.await.unwrap().data;
    rows.into_iter().map(|row| row.action).collect()
}

#[tokio::test]
async fn a_login_opens_what_its_role_does_for_ten_minutes() {
    let api = TestApi::new().await;
    let ann = owner(&api).await;
    let tokens = log_in(&api, &ann).await;
    assert_eq!(text(&tokens, "organizationId"), api.org.to_string());
    assert_eq!(tokens["role"], "owner");
    assert_eq!(tokens["accessExpiresAt"], NOW + 600_000);
    let access = text(&tokens, "accessToken");
    assert!(opens(&api, access).await);
    let me = api.ask("GET", "/auth/me").bearer(access).go().await.ok(200);
    assert_eq!(me["email"], "Ann@Example.org");
    assert_eq!(me["superAdmin"], true);
    assert_eq!(me["userId"], tokens["userId"]);
    let made = api.ask("POST", "/sessions").bearer(access).json(&json!({}));
    let made = made.go().await.ok(201);
    assert_eq!(made["createdByUserId"], tokens["userId"]);

    api.clock.advance(599_999);
    assert!(opens(&api, access).await);
    api.clock.advance(1);
    assert!(!opens(&api, access).await, "no leeway for our own clock");
    // However it is written, it is one person.
    let again = json!({"email": " ANN@example.ORG", "password": ann.password});
    ask(&api, "/auth/login", again).await.ok(200);
}

#[tokio::test]
async fn tokens_are_verified_by_the_published_keys_and_by_nothing_else() {
    let api = TestApi::new().await;
    let ann = owner(&api).await;
    let tokens = log_in(&api, &ann).await;
    let access = text(&tokens, "accessToken");
    let jwks = api.ask("GET", "//.well-known/jwks.json").go().await.json();
    let keys = jwks["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 1);
    assert_eq!(
        (&keys[0]["kty"], &keys[0]["crv"]),
        (&json!("OKP"), &json!("Ed25519"))
    );
    assert!(keys[0].get("d").is_none(), "the public half only");
    let part = |at: usize| -> Value {
        let part = access.split('.').nth(at).unwrap();
        serde_json::from_slice(&B64.decode(part).unwrap()).unwrap()
    };
    assert_eq!(part(0)["kid"], keys[0]["kid"]);
    assert_eq!(part(0)["alg"], "EdDSA");
    let claims = part(1);
    assert_eq!(claims["iss"], "https://wharf.test");
    let kid: &'static str = Box::leak(text(&keys[0], "kid").to_owned().into_boxed_str());

    // Another's signature under our name, and our name at another's door.
    let forged = Signer::ed(kid, 9).sign(&claims);
    assert!(!opens(&api, &forged).await);
    for (claim, value) in [
        ("sid", json!("login_01J00000000000000000000000")),
        ("org", json!("org_01J00000000000000000000000")),
    ] {
        let mut other = claims.clone();
        other[claim] = value;
        let token = Signer::ed(kid, 9).sign(&other);
        assert!(!opens(&api, &token).await, "{claim}");
    }
    let (head, signature) = access.rsplit_once('.').unwrap();
    let header = head.split('.').next().unwrap();
    let mut more = claims.clone();
    more["role"] = json!("owner");
    let swapped = format!("{header}.{}.{signature}", B64.encode(more.to_string()));
    assert!(!opens(&api, &swapped).await);
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_its_second_use_ends_the_login() {
    let api = TestApi::new().await;
    let ann = owner(&api).await;
    let first = log_in(&api, &ann).await;
    let second = refresh(&api, text(&first, "refreshToken")).await.ok(200);
    assert_ne!(first["refreshToken"], second["refreshToken"]);
    let third = refresh(&api, text(&second, "refreshToken")).await.ok(200);
    assert!(opens(&api, text(&third, "accessToken")).await);
    // A thief has the first one.
    refresh(&api, text(&first, "refreshToken"))
        .await
        .is(401, "unauthorized");
    refresh(&api, text(&third, "refreshToken"))
        .await
        .is(401, "unauthorized");
    until("access ends with the login", async || {
        !opens(&api, text(&third, "accessToken")).await
    })
    .await;
    assert!(actions(&api).await.contains(&"login.reuse".to_owned()));

    // Another login of the same person is untouched; a month without a word ends it.
    let other = log_in(&api, &ann).await;
    let token = text(&other, "refreshToken").to_owned();
    api.clock.advance(30 * 86_400_000);
    refresh(&api, &token).await.is(401, "unauthorized");
    for made_up in [
        "",
        "wr_",
        "wr_x",
        &token.replace("wr_", "wa_"),
        &format!("{token}A"),
    ] {
        refresh(&api, made_up).await.is(401, "unauthorized");
    }
}

#[tokio::test]
async fn logging_out_here_and_everywhere() {
    let api = TestApi::new().await;
    let ann = owner(&api).await;
    let (a, b, c) = (
        log_in(&api, &ann).await,
        log_in(&api, &ann).await,
        log_in(&api, &ann).await,
    );
    let out = |tokens: &Value, everywhere: bool| {
        let body = json!({"refreshToken": tokens["refreshToken"], "everywhere": everywhere});
        let api = &api;
        async move { ask(api, "/auth/logout", body).await.status }
    };
    assert!(opens(&api, text(&a, "accessToken")).await);
    assert_eq!(out(&a, false).await, 204);
    assert_eq!(out(&a, false).await, 204, "again");
    refresh(&api, text(&a, "refreshToken"))
        .await
        .is(401, "unauthorized");
    until("the access token ends", async || {
        !opens(&api, text(&a, "accessToken")).await
    })
    .await;
    assert!(opens(&api, text(&b, "accessToken")).await);
    assert_eq!(out(&b, true).await, 204);
    refresh(&api, text(&c, "refreshToken"))
        .await
        .is(401, "unauthorized");
    until("all access tokens end", async || {
        !opens(&api, text(&c, "accessToken")).await
    })
    .await;
    ask(&api, "/auth/logout", json!({"refreshToken": "wr_x"}))
        .await
        .is(401, "unauthorized");
    let log = actions(&api).await;
    assert!(log.contains(&"login.end".to_owned()) && log.contains(&"login.end_all".to_owned()));
}

#[tokio::test]
async fn another_password_ends_the_other_logins() {
    let api = TestApi::new().await;
    let ann = owner(&api).await;
    let (here, there) = (log_in(&api, &ann).await, log_in(&api, &ann).await);
    let change = |body: Value| {
        let ask = api
            .ask("POST", "/auth/password")
            .bearer(text(&here, "accessToken"))
            .json(&body);
        async move { ask.go().await }
    };
    let both = |current: &str, new: &str| json!({"currentPassword": current, "newPassword": new});
    for (body, field) in [
        (both(&ann.password, "short"), "newPassword"),
        (both(&ann.password, &"x".repeat(257)), "newPassword"),
        (both("not it at all", "a better one"), "currentPassword"),
        (json!({"newPassword": "a better one"}), "currentPassword"),
    ] {
        let details = change(body.clone()).await.is(400, "validation_error");
        assert!(details[field].is_string(), "{body} {details}");
    }
    let well = change(both(&ann.password, "a better one")).await;
    assert_eq!(well.status, 204);
    refresh(&api, text(&there, "refreshToken"))
        .await
        .is(401, "unauthorized");
    refresh(&api, text(&here, "refreshToken")).await.ok(200);
    let old = json!({"email": ann.email, "password": ann.password});
    ask(&api, "/auth/login", old).await.is(401, "unauthorized");
    let new = json!({"email": ann.email, "password": "a better one"});
    ask(&api, "/auth/login", new).await.ok(200);
    api.by_key("POST", "/auth/password")
        .json(&both("x", "a better one"))
        .go()
        .await
        .is(403, "forbidden");
}

#[tokio::test]
async fn guessing_is_limited_alike_for_accounts_that_are_not_there() {
    let api = TestApi::new().await;
    let ann = owner(&api).await;
    for email in [ann.email.as_str(), "nobody@example.org"] {
        let guess = |password: &str| {
            let body = json!({"email": email, "password": password});
            let api = &api;
            async move { ask(api, "/auth/login", body).await }
        };
        for _ in 0..10 {
            let wrong = guess("wrong").await;
            let body = wrong.json();
            wrong.is(401, "unauthorized");
            assert_eq!(body["error"]["message"], "email or password is wrong");
        }
        let over = guess(&ann.password).await;
        let wait: i64 = over.headers["retry-after"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        over.is(429, "rate_limited");
        assert_eq!(wait, 60);
    }
    api.clock.advance(60_000);
    log_in(&api, &ann).await;
    // A right one is not counted.
    log_in(&api, &ann).await;

    // From one address, whatever the accounts.
    let mut refused = 0;
    for number in 0..70 {
        let body = json!({"email": format!("a{number}@x"), "password": "wrong"});
        let answer = ask(&api, "/auth/login", body).await;
        refused += usize::from(answer.status == 429);
    }
    assert!(refused > 0, "no limit by address");
}

#[tokio::test]
async fn an_unknown_account_takes_as_long() {
    let api = TestApi::new().await;
    let ann = owner(&api).await;
    api.domain.prepare_login().await.unwrap();
    let mut took = [std::time::Duration::ZERO; 2];
    for _ in 0..5 {
        for (slot, email) in took
            .iter_mut()
            .zip([ann.email.as_str(), "nobody@example.org"])
        {
            let body = json!({"email": email, "password": "wrong"});
            let began = Instant::now();
            ask(&api, "/auth/login", body).await.is(401, "unauthorized");
            *slot += began.elapsed();
        }
    }
    // Without the stand-in the second would take a hundredth.
    assert!(took[1] * 4 > took[0], "{took:?}");
}

#[tokio::test]
async fn every_field_of_a_login() {
    let api = TestApi::new().await;
    let ann = owner(&api).await;
    for (body, field) in [
        (json!({}), "email"),
        (json!({"email": "x@y"}), "password"),
        (json!({"email": "no address", "password": "x"}), "email"),
        (json!({"email": 5, "password": "x"}), "email"),
        (json!({"email": "x@y", "password": null}), "password"),
        (
            json!({"email": "x@y", "password": "x", "role": "owner"}),
            "role",
        ),
    ] {
        let details = ask(&api, "/auth/login", body.clone()).await;
        let details = details.is(400, "validation_error");
        assert!(details[field].is_string(), "{body} {details}");
    }
    for org in ["org_1", "org_01J00000000000000000000000"] {
        let body = json!({"email": ann.email, "password": ann.password, "organizationId": org});
        ask(&api, "/auth/login", body).await.is(404, "not_found");
    }
    ask(&api, "/auth/refresh", json!({}))
        .await
        .is(400, "validation_error");
    ask(&api, "/auth/logout", json!({"refreshToken": 1}))
        .await
        .is(400, "validation_error");
    let answer = ask(
        &api,
        "/auth/login",
        json!({"email": ann.email, "password": ann.password}),
    );
    let answer = answer.await;
    assert_eq!(answer.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn where_only_others_issue_tokens_nobody_logs_in_here() {
    let api = TestApi::without_login().await;
    let body = json!({"email": "a@b", "password": "x"});
    ask(&api, "/auth/login", body).await.is(404, "not_found");
    refresh(&api, "wr_x").await.is(404, "not_found");
    let jwks = api.ask("GET", "//.well-known/jwks.json").go().await.json();
    assert_eq!(jwks, json!({"keys": []}));
}
