//! `POST /sessions/{session}/pairing-code`.

use super::Code;
use crate::{
    error::{ApiError, ApiResult},
    extract::{Body, InSession, Manage, Origin},
    state::ApiState,
};
use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::ToSchema;
use wharf_types::Phone;

/// Whose phone will enter the code.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PairingCode {
    /// E.164 digits, no `+`.
    phone: String,
}

/// A code like `ABCD-1234` to enter in the phone under Linked devices. 400 when the phone is malformed or the
/// session already paired. Needs `manage`.
#[utoipa::path(post, path = "/sessions/{session}/pairing-code", tag = "sessions",
    request_body = PairingCode, responses((status = 200, body = Code)))]
pub async fn session_pairing_code(
    State(state): State<ApiState>,
    here: InSession<Manage>,
    origin: Origin,
    Body(body): Body<PairingCode>,
) -> ApiResult<Json<Code>> {
    let phone = digits(&body.phone)?;
    let code = state
        .domain()
        .session_pairing_code(here.scope, phone, &origin.by(&here.principal))
        .await?;
    Ok(Json(code.into()))
}

fn digits(text: &str) -> ApiResult<Phone> {
    text.parse()
        .ok()
        .filter(|_| !text.starts_with('+'))
        .ok_or_else(|| {
            ApiError::invalid(
                "phone",
                "must be 5 to 15 digits, the first not 0, without +",
            )
        })
}
