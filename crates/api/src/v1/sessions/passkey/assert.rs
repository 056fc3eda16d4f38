//! `POST /sessions/{session}/passkey`.

use crate::{
    error::ApiResult,
    extract::{Body, InSession, Manage, Origin},
    state::ApiState,
};
use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use wharf_domain::sessions::PasskeyAnswer;

/// An answer to WhatsApp's request.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssertPasskey {
    /// What `navigator.credentials.get()` gave, by its `toJSON()`.
    assertion: PasskeyAssertion,
}

/// A WebAuthn `PublicKeyCredential`, as `toJSON()` writes it. Bytes are base64url without padding.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PasskeyAssertion {
    /// The credential's id.
    id: String,
    /// The same.
    raw_id: String,
    /// `public-key`.
    r#type: String,
    /// What was signed, and the signature.
    response: AssertionResponse,
    /// Not looked at.
    #[serde(default, rename = "authenticatorAttachment")]
    _attachment: Option<String>,
    /// Not looked at.
    #[serde(default, rename = "clientExtensionResults")]
    #[schema(value_type = Option<Object>)]
    _extensions: Option<Map<String, Value>>,
}

/// A WebAuthn `AuthenticatorAssertionResponse`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AssertionResponse {
    /// The browser's JSON: its `type` is `webauthn.get`, its `origin` `https://web.whatsapp.com`, its `challenge` that of
    /// the request.
    #[serde(rename = "clientDataJSON")]
    client_data_json: String,
    /// At least 37 bytes.
    authenticator_data: String,
    /// By the passkey; only WhatsApp can verify it.
    signature: String,
    /// At most 64 bytes.
    #[serde(default)]
    user_handle: Option<String>,
}

/// Answers WhatsApp's request with an assertion of the account's passkey. It must have been made under the origin
/// `https://web.whatsapp.com`; docs/PASSKEY.md says how. What WhatsApp would turn down is 400 by field, as far as it can be
/// told without the passkey's public key, and may be tried again. 204: WhatsApp took it; the code to compare follows
/// (`getPasskey`, `auth.passkey_confirmation`). 502: it did not; linking is over and the session `stopped`
/// (`passkey_refused`). Never logged. Needs `manage`.
#[utoipa::path(post, path = "/sessions/{session}/passkey", tag = "sessions",
    request_body = AssertPasskey,
    responses((status = 204, description = "WhatsApp took it."),
        (status = 404, description = "`not_found`: the session is unknown, or nothing is demanded"),
        (status = 409, description = "`conflict`: an assertion was taken already")))]
pub async fn assert_passkey(
    State(state): State<ApiState>,
    here: InSession<Manage>,
    origin: Origin,
    Body(body): Body<AssertPasskey>,
) -> ApiResult<StatusCode> {
    let assertion = body.assertion;
    let answer = PasskeyAnswer {
        id: assertion.id,
        raw_id: assertion.raw_id,
        kind: assertion.r#type,
        client_data: assertion.response.client_data_json,
        authenticator_data: assertion.response.authenticator_data,
        signature: assertion.response.signature,
        user_handle: assertion.response.user_handle,
    };
    let by = origin.by(&here.principal);
    state
        .domain()
        .assert_passkey(here.scope, &answer, &by)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
