//! The passkey of an account, and its owner who makes assertions with it and compares codes.
//!
//! | Call | Does |
//! |---|---|
//! | `POST /accounts` `{…, passkey: true}` | an account that is linked only with its passkey. `scan` and `enter-code` answer 202 `{passkey: "demanded"}` then |
//! | `PUT /accounts/{phone}/passkey` `{timeoutMs?, early?}`, `DELETE` | from now on it is, is no more; `timeoutMs` (default 600,000) stands in the request; `early`: `enter-code` asks for the passkey at once, whatever was typed, before the device has proven the code |
//! | `GET /accounts/{phone}/passkey` | `{required, timeoutMs, early, credentialId, stage, code}`; `stage` as the phone sees it: `""`, `request` (an assertion is awaited), `answering`, `compare` (it shows `code`), `approved` |
//! | `POST /accounts/{phone}/passkey/assert` `{publicKey, origin?, rpId?, type?, userVerified?, forged?}` | what `navigator.credentials.get({publicKey})` gives in the owner's browser on web.whatsapp.com, by `toJSON()`; the optional fields make it wrong, for tests: `forged` signs with another key |
//! | `POST /accounts/{phone}/passkey/approve`, `…/refuse` | the owner found the phone's code equal to the device's, or not; 409 when the phone shows none |

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{post, put},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Rule, TIMEOUT_MS,
    webauthn::{Ceremony, Passkey, b64},
};
use crate::{
    control::{accounts::account, body::Body, error::Refused},
    world::Sim,
};

pub fn router() -> Router<Arc<Sim>> {
    Router::new()
        .route(
            "/accounts/{phone}/passkey",
            put(require).get(show).delete(release),
        )
        .route("/accounts/{phone}/passkey/assert", post(assert))
        .route("/accounts/{phone}/passkey/approve", post(approve))
        .route("/accounts/{phone}/passkey/refuse", post(refuse))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Require {
    timeout_ms: Option<i64>,
    #[serde(default)]
    early: bool,
}

async fn require(
    State(sim): State<Arc<Sim>>,
    Path(phone): Path<String>,
    Body(b): Body<Require>,
) -> Result<StatusCode, Refused> {
    let timeout_ms = b.timeout_ms.unwrap_or(TIMEOUT_MS);
    if !(1..=TIMEOUT_MS).contains(&timeout_ms) {
        return Err(Refused::field("timeoutMs", "1 to 600,000"));
    }
    sim.act(|w| {
        let a = account(w, &phone)?;
        let early = b.early;
        w.set_passkey(a.phone, Some(Rule { timeout_ms, early }))?;
        Ok(StatusCode::NO_CONTENT)
    })
}

async fn release(
    State(sim): State<Arc<Sim>>,
    Path(phone): Path<String>,
) -> Result<StatusCode, Refused> {
    sim.act(|w| {
        let a = account(w, &phone)?;
        w.set_passkey(a.phone, None)?;
        Ok(StatusCode::NO_CONTENT)
    })
}

async fn show(
    State(sim): State<Arc<Sim>>,
    Path(phone): Path<String>,
) -> Result<Json<Value>, Refused> {
    sim.act(|w| {
        let a = account(w, &phone)?;
        let rule = w.passkey_rule(a.phone)?;
        let seen = w.passkey_seen(a.phone);
        let passkey = Passkey::of(w.seed(), a.phone)?;
        Ok(Json(json!({
            "required": rule.is_some(), "timeoutMs": rule.map(|r| r.timeout_ms), "early": rule.is_some_and(|r| r.early),
            "credentialId": b64(&passkey.id), "stage": seen.stage, "code": seen.code,
        })))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Assert {
    public_key: Map<String, Value>,
    origin: Option<String>,
    rp_id: Option<String>,
    r#type: Option<String>,
    user_verified: Option<bool>,
    #[serde(default)]
    forged: bool,
}

async fn assert(
    State(sim): State<Arc<Sim>>,
    Path(phone): Path<String>,
    Body(b): Body<Assert>,
) -> Result<Json<Value>, Refused> {
    let text = |field: &str| b.public_key.get(field).and_then(Value::as_str);
    let challenge = text("challenge")
        .ok_or_else(|| Refused::field("publicKey.challenge", "base64url of a challenge"))?;
    let usual = Ceremony::default();
    let how = Ceremony {
        origin: b.origin.unwrap_or(usual.origin),
        rp_id: b
            .rp_id
            .or_else(|| text("rpId").map(str::to_owned))
            .unwrap_or(usual.rp_id),
        kind: b.r#type.unwrap_or(usual.kind),
        user_verified: b.user_verified.unwrap_or(true),
        forged: b.forged,
    };
    sim.act(|w| {
        let a = account(w, &phone)?;
        let passkey = Passkey::of(w.seed(), a.phone)?;
        Ok(Json(passkey.assert(challenge, &how)?))
    })
}

async fn approve(
    State(sim): State<Arc<Sim>>,
    Path(phone): Path<String>,
) -> Result<StatusCode, Refused> {
    judge(&sim, &phone, true)
}

async fn refuse(
    State(sim): State<Arc<Sim>>,
    Path(phone): Path<String>,
) -> Result<StatusCode, Refused> {
    judge(&sim, &phone, false)
}

fn judge(sim: &Arc<Sim>, phone: &str, equal: bool) -> Result<StatusCode, Refused> {
    sim.act(|w| {
        let a = account(w, phone)?;
        if w.judge_passkey(a.phone, equal)? {
            Ok(StatusCode::NO_CONTENT)
        } else {
            Err(Refused::conflict("the phone shows no code"))
        }
    })
}
