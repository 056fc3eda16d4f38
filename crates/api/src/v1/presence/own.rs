//! `PUT /sessions/{session}/presence`.

use crate::{
    error::{ApiError, ApiResult},
    extract::{Body, InSession, Send},
    state::ApiState,
};
use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

/// What others see.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPresence {
    /// `available` or `unavailable`.
    state: String,
}

/// Shows the account as online or not. It holds until the session is stopped or started anew; `markOnline` of the
/// session is what it begins with. While it is `available`, the phone shows no notifications. Needs `send` and a
/// connected session.
#[utoipa::path(put, path = "/sessions/{session}/presence", tag = "contacts", request_body = SetPresence,
    responses((status = 204, description = "Told."),
        (status = 501, description = "`not_implemented`: the session is not connected"),
        (status = 502, description = "`upstream_error`: the account has no name yet")))]
pub async fn set_presence(
    State(state): State<ApiState>,
    here: InSession<Send>,
    Body(body): Body<SetPresence>,
) -> ApiResult<StatusCode> {
    let available = match body.state.as_str() {
        "available" => true,
        "unavailable" => false,
        _ => {
            return Err(ApiError::invalid(
                "state",
                "must be available or unavailable",
            ));
        }
    };
    state.domain().set_presence(here.scope, available).await?;
    Ok(StatusCode::NO_CONTENT)
}
