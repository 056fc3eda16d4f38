//! What the log says of a request, and what it must never say.

use crate::harness::{
    LOG, TestApi,
    tokens::{Signer, issuer},
};
use serde_json::json;

#[tokio::test]
async fn failures_with_their_id_and_never_a_secret() {
    let api = TestApi::with_issuers(vec![issuer("a")]).await;
    let scope = api.working().await;
    let token = Signer::ec().sign(
        &json!({"iss": "https://a", "aud": "wharf", "sub": "canary-sub", "exp": 1_800_000_300}),
    );
    let (phone, body) = ("15557654321", "canary of a body");
    let message = json!({"type": "text", "to": phone, "text": body, "reference": "canary-ref"});
    api.post(&format!("/sessions/{}/messages", scope.id), &message)
        .await
        .ok(200);
    api.get(&format!("/sessions/{}/contacts/{phone}", scope.id))
        .await
        .ok(200);
    api.get(&format!(
        "/sessions/{}/contacts?q={phone}&limit=x",
        scope.id
    ))
    .await
    .is(400, "validation_error");
    api.get(&format!(
        "/sessions/{}/contacts/check?phone={phone}",
        scope.id
    ))
    .await
    .ok(200);
    api.ask("GET", "/sessions")
        .bearer(&token)
        .go()
        .await
        .is(503, "unavailable");
    let answer = api
        .by_key("GET", "/broken")
        .header("x-request-id", "find-me-1")
        .go()
        .await;
    answer.is(500, "internal");
    assert!(!String::from_utf8(answer.bytes).unwrap().contains("canary"));

    let text = LOG.text();
    let line = text
        .lines()
        .find(|line| line.contains("find-me-1"))
        .expect("the panic is logged");
    assert!(
        line.contains("ERROR")
            && line.contains("the canary of a panic")
            && line.contains("/api/v1/broken"),
        "{line}"
    );
    assert!(
        text.contains("/api/v1/sessions/{session}/contacts/{lid}"),
        "requests are logged by pattern"
    );
    let signature = token.rsplit('.').next().unwrap();
    for secret in [
        phone,
        body,
        "canary-ref",
        "canary-sub",
        api.key.as_str(),
        signature,
    ] {
        assert!(!text.contains(secret), "the log holds {secret}");
    }
}

#[tokio::test]
async fn logging_in_leaves_no_secret_and_no_address() {
    let api = TestApi::new().await;
    let email = "canary-mail@example.org";
    let owner = api.domain.first_owner(api.org, email).await.unwrap();
    let right = json!({"email": email, "password": owner.password});
    let wrong = json!({"email": "canary-other@example.org", "password": "canary of a password"});
    let login =
        async |body: &serde_json::Value| api.ask("POST", "/auth/login").json(body).go().await;
    let tokens = login(&right).await.ok(200);
    login(&wrong).await.is(401, "unauthorized");
    let refresh = json!({"refreshToken": tokens["refreshToken"]});
    let next = api
        .ask("POST", "/auth/refresh")
        .json(&refresh)
        .go()
        .await
        .ok(200);
    api.ask("POST", "/auth/refresh")
        .json(&refresh)
        .go()
        .await
        .is(401, "unauthorized");
    let invite = json!({"email": "canary-new@example.org"});
    let access = next["accessToken"].as_str().unwrap();
    let path = format!("/organizations/{}/members", api.org);
    let invited = api
        .ask("POST", &path)
        .bearer(access)
        .json(&invite)
        .go()
        .await;
    let text = LOG.text();
    assert!(
        text.contains("/api/v1/auth/refresh"),
        "requests are logged by pattern"
    );
    for secret in [
        "canary-mail",
        "canary-other",
        "canary-new",
        "canary of a password",
        &owner.password,
    ] {
        assert!(!text.contains(secret), "the log holds {secret}");
    }
    for token in [&tokens, &next]
        .map(|t| [&t["accessToken"], &t["refreshToken"]])
        .as_flattened()
    {
        assert!(
            !text.contains(token.as_str().unwrap()),
            "the log holds a token"
        );
    }
    if invited.status == 201 {
        assert!(!text.contains(invited.json()["token"].as_str().unwrap()));
    }
}
