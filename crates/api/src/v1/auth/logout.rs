//! `POST /auth/logout`.

use crate::{
    error::ApiResult,
    extract::{Body, Origin, Stranger},
    state::ApiState,
};
use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

/// Which log-in.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogOut {
    /// Any refresh token of the log-in.
    refresh_token: String,
    /// All of the person's log-ins, everywhere. Default false.
    everywhere: Option<bool>,
}

/// Ends a log-in: its refresh token at once, its access tokens within five seconds. Repeating is a no-op.
#[utoipa::path(post, path = "/auth/logout", tag = "auth", request_body = LogOut,
    responses((status = 204, description = "Ended.")))]
pub async fn log_out(
    State(state): State<ApiState>,
    _: Stranger,
    origin: Origin,
    Body(body): Body<LogOut>,
) -> ApiResult<StatusCode> {
    let everywhere = body.everywhere.unwrap_or(false);
    state
        .domain()
        .log_out(&body.refresh_token, everywhere, &origin.stranger())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
