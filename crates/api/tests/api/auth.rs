//! Who gets in, and who does not: keys, login tokens, and the known ways to forge one.

use crate::harness::{
    TestApi,
    tokens::{self, Signer, issuer},
    until,
};
use serde_json::{Value, json};
use std::{sync::atomic::Ordering, time::Duration};
use wharf_domain::{audit::By, keys::Grant, ports::store::StoreExt};
use wharf_types::{Capability, Millis};

const NOW: Millis = 1_800_000_000;

fn claims(org: &str) -> Value {
    json!({"iss": "https://a", "aud": "wharf", "sub": "u1", "exp": NOW + 300, "org": org, "role": "admin"})
}

fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

fn without(mut claims: Value, name: &str) -> Value {
    claims.as_object_mut().unwrap().remove(name);
    claims
}

/// Two issuers; the claim `acme` of the first is bound to the test's organization.
async fn two_issuers() -> TestApi {
    let api = TestApi::with_issuers(vec![issuer("a"), issuer("b")]).await;
    api.issuers
        .publish("a", &[&Signer::rsa(), &Signer::ec(), &Signer::ed("ed", 1)]);
    api.issuers.publish("b", &[&Signer::ed("ed", 2)]);
    let org = api.org;
    api.domain
        .store
        .write(move |tx| tx.bind_org(&org, "https://a", "acme"))
        .await
        .unwrap();
    api
}

async fn status(api: &TestApi, token: &str) -> u16 {
    let answer = api.ask("GET", "/sessions").bearer(token).go().await;
    if answer.status != 200 {
        answer.json();
    }
    answer.status.as_u16()
}

#[tokio::test]
async fn one_valid_credential() {
    let api = TestApi::new().await;
    let key = api.key.clone();
    let other = api.key_of(api.org, &[Capability::Read], &[]).await;
    api.ask("GET", "/sessions")
        .go()
        .await
        .is(401, "unauthorized");
    api.ask("GET", "/sessions").bearer(&key).go().await.ok(200);
    api.ask("GET", "/sessions")
        .header("x-api-key", &key)
        .go()
        .await
        .ok(200);
    api.ask("GET", "/sessions")
        .bearer(&key)
        .header("x-api-key", &key)
        .go()
        .await
        .ok(200);
    api.ask("GET", "/sessions")
        .bearer(&key)
        .header("x-api-key", &other)
        .go()
        .await
        .is(401, "unauthorized");
    api.ask("GET", "/sessions")
        .bearer(&other)
        .go()
        .await
        .is(403, "forbidden");
    api.ask("GET", "/sessions")
        .header("authorization", "Basic dTpw")
        .go()
        .await
        .is(401, "unauthorized");
    let last = if key.ends_with('x') { 'y' } else { 'x' };
    let forged = format!("{}{last}", &key[..key.len() - 1]);
    for wrong in ["wa_", "x", &forged, &key.to_uppercase()] {
        api.ask("GET", "/sessions")
            .bearer(wrong)
            .go()
            .await
            .is(401, "unauthorized");
    }
}

#[tokio::test]
async fn a_revoked_key_stops_within_five_seconds_and_an_expired_one_at_once() {
    let api = TestApi::new().await;
    let keys = api.domain.list_keys(api.org).await.unwrap();
    api.get("/sessions").await.ok(200);
    api.domain
        .revoke_key(api.org, keys[0].id, Grant::everything(), &By::program())
        .await
        .unwrap();
    let patience = std::time::Instant::now();
    while api.get("/sessions").await.status != 401 {
        assert!(patience.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    let new = wharf_domain::keys::NewKey {
        name: "short".into(),
        capabilities: wharf_types::Capabilities::ALL,
        sessions: Vec::new(),
        expires_at: Some(NOW * 1000 + 10),
    };
    let (_, secret) = api
        .domain
        .create_key(api.org, new, &Grant::everything(), &By::program())
        .await
        .unwrap();
    assert_eq!(status(&api, &secret).await, 200);
    api.clock.advance(10);
    assert_eq!(status(&api, &secret).await, 401);
}

#[tokio::test]
async fn a_key_limited_to_sessions_sees_no_other() {
    let api = TestApi::new().await;
    let (mine, other) = (api.session(api.org).await, api.session(api.org).await);
    let key = api.key_of(api.org, &[Capability::Manage], &[mine.id]).await;
    let ask = |method: &str, path: String| api.ask(method, &path).bearer(&key);
    ask("GET", format!("/sessions/{}", mine.id))
        .go()
        .await
        .ok(200);
    ask("GET", format!("/sessions/{}", other.id))
        .go()
        .await
        .is(404, "not_found");
    ask("DELETE", format!("/sessions/{}", other.id))
        .go()
        .await
        .is(404, "not_found");
    let listed = ask("GET", "/sessions".to_owned()).go().await.ok(200);
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    assert_eq!(listed["data"][0]["id"], mine.id.to_string());
    ask("POST", "/sessions".to_owned())
        .json(&json!({}))
        .go()
        .await
        .is(403, "forbidden");
}

#[tokio::test]
async fn login_tokens_of_every_algorithm() {
    let api = two_issuers().await;
    for signer in [Signer::rsa(), Signer::ec(), Signer::ed("ed", 1)] {
        assert_eq!(
            status(&api, &signer.sign(&claims("acme"))).await,
            200,
            "{:?}",
            signer.algorithm
        );
    }
    let ec = Signer::ec();
    let many = with(claims("acme"), "aud", json!(["other", "wharf"]));
    assert_eq!(status(&api, &ec.sign(&many)).await, 200);
    let skewed = with(claims("acme"), "exp", json!(NOW - 59));
    assert_eq!(status(&api, &ec.sign(&skewed)).await, 200);
    let made = api
        .ask("POST", "/sessions")
        .bearer(&ec.sign(&claims("acme")))
        .go()
        .await
        .ok(201);
    assert!(
        made["createdByUserId"]
            .as_str()
            .unwrap()
            .starts_with("user_")
    );
    assert_eq!(made["organizationId"], api.org.to_string());
}

#[tokio::test]
async fn forged_tokens() {
    let api = two_issuers().await;
    let (rsa, ec, theirs) = (Signer::rsa(), Signer::ec(), Signer::ed("ed", 2));
    let good = claims("acme");
    let public = rsa.jwk()["n"].as_str().unwrap().to_owned();
    let unsigned = tokens::unsigned(&json!({"alg": "none"}), &good);
    let mut swapped = ec.sign(&good);
    swapped.replace_range(
        ..swapped.find('.').unwrap(),
        ec.sign_with(&json!({"alg": "EdDSA", "kid": "ec"}), &good)
            .split('.')
            .next()
            .unwrap(),
    );
    let signed = ec.sign(&good);
    let (head, signature) = signed.rsplit_once('.').unwrap();
    let other_claims = tokens::unsigned(&json!({"alg": "ES256", "kid": "ec"}), &claims("other"));
    let forged = [
        ("alg none", format!("{unsigned}.")),
        (
            "alg none with a signature",
            format!("{unsigned}.{signature}"),
        ),
        (
            "alg None",
            format!("{}.x", tokens::unsigned(&json!({"alg": "None"}), &good)),
        ),
        (
            "HS256 under the modulus",
            tokens::hmac(
                public.as_bytes(),
                &json!({"alg": "HS256", "kid": "rsa"}),
                &good,
            ),
        ),
        (
            "HMAC under the PEM, called RS256",
            tokens::hmac(tokens::RSA, &json!({"alg": "RS256", "kid": "rsa"}), &good),
        ),
        (
            "another algorithm's key",
            ec.sign_with(&json!({"alg": "RS256", "kid": "rsa"}), &good),
        ),
        ("algorithm swapped", swapped),
        (
            "other claims under the signature",
            format!("{other_claims}.{signature}"),
        ),
        ("no signature", head.to_owned()),
        ("four parts", format!("{signed}.x")),
        (
            "expired",
            ec.sign(&with(good.clone(), "exp", json!(NOW - 60))),
        ),
        ("no exp", ec.sign(&without(good.clone(), "exp"))),
        (
            "exp as text",
            ec.sign(&with(good.clone(), "exp", json!("9999999999"))),
        ),
        (
            "not yet",
            ec.sign(&with(good.clone(), "nbf", json!(NOW + 61))),
        ),
        (
            "wrong aud",
            ec.sign(&with(good.clone(), "aud", json!("warf"))),
        ),
        ("no aud", ec.sign(&without(good.clone(), "aud"))),
        ("no sub", ec.sign(&without(good.clone(), "sub"))),
        ("no iss", ec.sign(&without(good.clone(), "iss"))),
        (
            "unknown iss",
            ec.sign(&with(good.clone(), "iss", json!("https://c"))),
        ),
        (
            "iss by prefix",
            ec.sign(&with(good.clone(), "iss", json!("https://a/"))),
        ),
        (
            "unknown kid",
            ec.sign_with(&json!({"alg": "ES256", "kid": "nobody"}), &good),
        ),
        (
            "no kid among several keys",
            ec.sign_with(&json!({"alg": "ES256"}), &good),
        ),
        (
            "the other issuer's key for the first's name",
            theirs.sign(&good),
        ),
        (
            "critical extension",
            ec.sign_with(
                &json!({"alg": "ES256", "kid": "ec", "crit": ["b64"], "b64": false}),
                &good,
            ),
        ),
        (
            "key brought along",
            Signer::ed("own", 9).sign_with(
                &json!({"alg": "EdDSA", "jwk": Signer::ed("own", 9).jwk()}),
                &good,
            ),
        ),
        ("padding", format!("{head}.{signature}==")),
    ];
    for (how, token) in forged {
        assert_eq!(status(&api, &token).await, 401, "{how}");
    }
    assert_eq!(status(&api, &signed).await, 200);
}

#[tokio::test]
async fn no_issuer_names_anothers_organization() {
    let api = two_issuers().await;
    let session = api.session(api.org).await;
    let path = format!("/sessions/{}", session.id);
    let theirs = Signer::ed("ed", 2);
    for org in ["acme".to_owned(), api.org.to_string()] {
        let token = theirs.sign(&with(claims(&org), "iss", json!("https://b")));
        api.ask("GET", "/sessions")
            .bearer(&token)
            .go()
            .await
            .is(404, "not_found");
        api.ask("GET", &path)
            .bearer(&token)
            .go()
            .await
            .is(404, "not_found");
    }
    let second = api.domain.create_organization("second").await.unwrap();
    let foreign = api.key_of(second.id, &[Capability::Manage], &[]).await;
    api.ask("GET", &path)
        .bearer(&foreign)
        .go()
        .await
        .is(404, "not_found");
    api.ask("DELETE", &path)
        .bearer(&foreign)
        .go()
        .await
        .is(404, "not_found");
    api.get(&path).await.ok(200);
}

#[tokio::test]
async fn organizations_made_on_first_sight() {
    let mut config = issuer("b");
    config.create_organizations = true;
    let api = TestApi::with_issuers(vec![config]).await;
    let signer = Signer::ed("ed", 2);
    api.issuers.publish("b", &[&signer]);
    let token = |org: &str| signer.sign(&with(claims(org), "iss", json!("https://b")));
    let made = api
        .ask("POST", "/sessions")
        .bearer(&token("x"))
        .go()
        .await
        .ok(201);
    let again = api
        .ask("POST", "/sessions")
        .bearer(&token("x"))
        .go()
        .await
        .ok(201);
    let other = api
        .ask("POST", "/sessions")
        .bearer(&token("y"))
        .go()
        .await
        .ok(201);
    assert_eq!(made["organizationId"], again["organizationId"]);
    assert_ne!(made["organizationId"], other["organizationId"]);
    assert_ne!(made["organizationId"], api.org.to_string());
}

#[tokio::test]
async fn roles() {
    let api = two_issuers().await;
    let ec = Signer::ec();
    for (role, expected) in [
        (json!("owner"), 200),
        (json!("admin"), 200),
        (json!("member"), 403),
        (json!("Admin"), 403),
        (json!(["admin"]), 403),
        (Value::Null, 403),
    ] {
        let token = ec.sign(&with(claims("acme"), "role", role.clone()));
        assert_eq!(status(&api, &token).await, expected, "{role}");
    }
}

#[tokio::test]
async fn an_unknown_kid_asks_once_a_minute() {
    let api = two_issuers().await;
    let ec = Signer::ec();
    assert_eq!(status(&api, &ec.sign(&claims("acme"))).await, 200);
    let fetched = api.issuers.fetches.load(Ordering::SeqCst);
    let new = Signer::ed("new", 5);
    api.issuers.publish("a", &[&ec, &new]);
    for _ in 0..5 {
        assert_eq!(status(&api, &new.sign(&claims("acme"))).await, 401);
    }
    assert_eq!(
        api.issuers.fetches.load(Ordering::SeqCst),
        fetched,
        "fetched again within the minute"
    );
    api.clock.advance(60_000);
    assert_eq!(status(&api, &new.sign(&claims("acme"))).await, 200);
    assert_eq!(api.issuers.fetches.load(Ordering::SeqCst), fetched + 1);
    // The issuer goes away: what is known still serves.
    api.issuers.documents.lock().unwrap().clear();
    api.clock.advance(3_600_000);
    let later = with(claims("acme"), "exp", json!(NOW + 7200));
    assert_eq!(status(&api, &new.sign(&later)).await, 200);
}

#[tokio::test]
async fn an_issuer_that_never_answered_is_our_trouble_not_the_callers() {
    let api = TestApi::with_issuers(vec![issuer("a")]).await;
    let answer = api
        .ask("GET", "/sessions")
        .bearer(&Signer::ec().sign(&claims("acme")))
        .go()
        .await;
    answer.is(503, "unavailable");
    assert!(answer.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn an_organization_is_bound_to_a_claim_by_the_platform() {
    let api = TestApi::with_issuers(vec![issuer("a")]).await;
    let signer = Signer::ed("ed", 1);
    api.issuers.publish("a", &[&signer]);
    let admin = api.person("member", true).await;
    let theirs = signer.sign(&claims("acme"));
    assert_eq!(status(&api, &theirs).await, 404);
    let path = format!("/admin/organizations/{}/claims", api.org);
    let ask = |method: &str, path: &str| api.ask(method, path).bearer(&admin);
    let body = json!({"issuer": "https://a", "value": "acme"});
    for _ in 0..2 {
        let bound = ask("POST", &path).json(&body).go().await;
        assert_eq!(bound.status, 204);
    }
    until("it is bound", async || status(&api, &theirs).await == 200).await;
    let listed = ask("GET", &path).go().await.ok(200);
    assert_eq!(listed["data"], json!([body]));
    // One value leads to one organization.
    let second = api.domain.create_organization("second").await.unwrap();
    let other = format!("/admin/organizations/{}/claims", second.id);
    ask("POST", &other)
        .json(&body)
        .go()
        .await
        .is(409, "conflict");
    for (field, wrong) in [
        ("issuer", json!({"issuer": " ", "value": "acme"})),
        (
            "value",
            json!({"issuer": "https://a", "value": "x".repeat(513)}),
        ),
    ] {
        let refused = ask("POST", &other).json(&wrong).go().await;
        let details = refused.is(400, "validation_error");
        assert!(details.to_string().contains(field), "{details}");
    }
    let query = "?issuer=https%3A%2F%2Fa&value=acme";
    ask("DELETE", &format!("{other}{query}"))
        .go()
        .await
        .is(404, "not_found");
    ask("DELETE", &path).go().await.is(400, "validation_error");
    let gone = ask("DELETE", &format!("{path}{query}")).go().await;
    assert_eq!(gone.status, 204);
    until("it is not", async || status(&api, &theirs).await == 404).await;
    let noted = ask("GET", "/admin/audit?action=organization.bind")
        .go()
        .await;
    assert_eq!(noted.ok(200)["data"].as_array().unwrap().len(), 1);
}
