//! `POST /auth/password`.

use crate::{
    error::ApiResult,
    extract::{Body, Origin, Resident},
    state::ApiState,
};
use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

/// Both passwords.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangePassword {
    current_password: String,
    /// 10–256 characters.
    new_password: String,
}

/// Gives the caller another password and ends their other log-ins. Needs a login token of ours.
#[utoipa::path(post, path = "/auth/password", tag = "auth", request_body = ChangePassword,
    responses((status = 204, description = "Changed."),
        (status = 429, description = "`rate_limited`: see `Retry-After`")))]
pub async fn change_password(
    State(state): State<ApiState>,
    caller: Resident,
    origin: Origin,
    Body(body): Body<ChangePassword>,
) -> ApiResult<StatusCode> {
    let by = origin.by(&caller.principal);
    state
        .domain()
        .change_password(
            (caller.user, caller.login),
            (&body.current_password, &body.new_password),
            origin.address,
            &by,
        )
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
