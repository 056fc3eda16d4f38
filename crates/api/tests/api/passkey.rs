//! Passkeys over an engine the test plays: forms, stages, and what is named.

use crate::harness::TestApi;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as B64};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use wharf_domain::ports::passkey::{Passkey, PasskeyStep};

const CHALLENGE: &str = "Y2hhbGxlbmdl";

fn request() -> Value {
    json!({ "challenge": CHALLENGE, "timeout": 600_000, "rpId": "whatsapp.com", "allowCredentials": [],
        "userVerification": "required", "extensions": { "uvm": true } })
}

fn assertion() -> Value {
    let client = json!({ "type": "webauthn.get", "challenge": CHALLENGE, "origin": "https://web.whatsapp.com",
        "crossOrigin": false });
    let mut data = Sha256::digest("whatsapp.com").to_vec();
    data.extend([0x1d, 0, 0, 0, 0]);
    json!({ "assertion": {
        "id": B64.encode([7; 16]), "rawId": B64.encode([7; 16]), "type": "public-key",
        "authenticatorAttachment": "platform", "clientExtensionResults": { "uvm": [[2, 4, 2]] },
        "response": { "clientDataJSON": B64.encode(client.to_string()), "authenticatorData": B64.encode(data),
            "signature": B64.encode([9; 64]), "userHandle": null },
    } })
}

fn wants(api: &TestApi, step: PasskeyStep) {
    *api.engine.passkey.lock().unwrap() = Some(Passkey {
        step,
        expires_at: 5,
    });
}

#[tokio::test]
async fn each_stage_as_it_is_shown_and_what_does_not_fit_it() {
    let api = TestApi::new().await;
    let session = api.session(api.org).await;
    let path = format!("/sessions/{}/passkey", session.id);
    let confirm = format!("{path}:confirm");
    let post = async |path: &str| api.by_key("POST", path).go().await;

    api.get(&path).await.is(404, "not_found");
    api.post(&path, &assertion()).await.is(404, "not_found");
    post(&confirm).await.is(404, "not_found");
    api.by_key("DELETE", &path).go().await.is(404, "not_found");

    wants(&api, PasskeyStep::Assertion(request().to_string()));
    let shown = api.get(&path).await;
    assert_eq!(shown.headers["cache-control"], "no-store");
    assert_eq!(
        shown.ok(200),
        json!({ "stage": "request", "publicKey": request(), "code": "", "expiresAt": 5 })
    );
    post(&confirm).await.is(409, "conflict");
    api.post(&path, &assertion()).await.ok(204);
    assert_eq!(
        api.engine.heard(),
        [format!("assertion by {:?}", [7u8; 16])]
    );

    for step in [PasskeyStep::Asserted, PasskeyStep::Compared] {
        wants(&api, step);
        api.get(&path).await.is(404, "not_found");
        api.post(&path, &assertion()).await.is(409, "conflict");
        post(&confirm).await.is(409, "conflict");
    }

    wants(&api, PasskeyStep::Comparison("ABCD-1234".to_owned()));
    assert_eq!(
        api.get(&path).await.ok(200),
        json!({ "stage": "confirm", "publicKey": null, "code": "ABCD-1234", "expiresAt": 5 })
    );
    api.post(&path, &assertion()).await.is(409, "conflict");
    post(&confirm).await.ok(204);
    assert_eq!(api.engine.heard(), ["codes are equal"]);
    api.by_key("DELETE", &path).go().await.ok(204);
    assert_eq!(api.engine.heard(), ["stop"]);
}

#[tokio::test]
async fn what_is_malformed_is_named_and_nothing_is_handed_over() {
    let api = TestApi::new().await;
    let session = api.session(api.org).await;
    let path = format!("/sessions/{}/passkey", session.id);
    let mut cases: Vec<(&str, Value)> = vec![
        ("assertion", json!({})),
        ("assertion", json!({ "assertion": "text" })),
        ("assertion.id", json!({ "assertion": {} })),
    ];
    for (pointer, field, value) in [
        ("/assertion", "assertion.more", json!({ "more": 1 })),
        ("/assertion/id", "assertion.id", json!("Bw")),
        ("/assertion/rawId", "assertion.rawId", json!("B")),
        ("/assertion/type", "assertion.type", json!("password")),
        ("/assertion/type", "assertion.type", json!(7)),
        (
            "/assertion/response/clientDataJSON",
            "assertion.response.clientDataJSON",
            json!("a".repeat(8_000)),
        ),
        (
            "/assertion/response/authenticatorData",
            "assertion.response.authenticatorData",
            json!("AAAA"),
        ),
        (
            "/assertion/response/signature",
            "assertion.response.signature",
            json!("MEQCIAAA"),
        ),
        (
            "/assertion/response/userHandle",
            "assertion.response.userHandle",
            json!("+/=="),
        ),
    ] {
        let mut body = assertion();
        let place = body.pointer_mut(pointer).unwrap();
        match (place.as_object_mut(), value) {
            (Some(object), Value::Object(more)) => object.extend(more),
            (_, value) => *place = value,
        }
        cases.push((field, body));
    }
    for stage in ["none", "request"] {
        if stage == "request" {
            wants(&api, PasskeyStep::Assertion(request().to_string()));
        }
        for (field, body) in &cases {
            let details = api.post(&path, body).await.is(400, "validation_error");
            assert!(details.get(*field).is_some(), "{field}: {details}");
        }
    }
    assert_eq!(api.engine.heard(), Vec::<String>::new());
}
