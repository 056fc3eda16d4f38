//! `GET /sessions/{session}/passkey`.

use super::Passkey;
use crate::{
    error::ApiResult,
    extract::{InSession, Manage},
    state::ApiState,
};
use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};

/// What WhatsApp demands while it links an account that is protected by a passkey: first an assertion, then that a person
/// compares two codes. 404 while it demands nothing of anybody, also between the two steps. docs/PASSKEY.md leads through
/// it. Needs `manage`.
#[utoipa::path(get, path = "/sessions/{session}/passkey", tag = "sessions",
    responses((status = 200, body = Passkey)))]
pub async fn get_passkey(
    State(state): State<ApiState>,
    here: InSession<Manage>,
) -> ApiResult<Response> {
    let passkey = Passkey::from(state.domain().passkey(here.scope)?);
    // As with a code to scan: nobody keeps it.
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(passkey)).into_response())
}
