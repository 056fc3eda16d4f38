//! `POST /auth/login`.

use super::{Tokens, organization, tokens};
use crate::{
    error::ApiResult,
    extract::{Body, Origin, Stranger},
    state::ApiState,
};
use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;
use wharf_domain::identity::Asked;

/// Who, and by what.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogIn {
    /// In any case.
    email: String,
    password: String,
    /// The organization meant; absent = the person's first. `:refresh` changes to another.
    organization_id: Option<String>,
}

/// Logs a person in. An unknown address and a wrong password are the same answer and take as long. Too many wrong ones for
/// an account or from an address: 429.
#[utoipa::path(post, path = "/auth/login", tag = "auth", request_body = LogIn,
    responses((status = 200, body = Tokens),
        (status = 429, description = "`rate_limited`: see `Retry-After`")))]
pub async fn log_in(
    State(state): State<ApiState>,
    stranger: Stranger,
    origin: Origin,
    Body(body): Body<LogIn>,
) -> ApiResult<Response> {
    let asked = Asked {
        email: &body.email,
        password: &body.password,
        org: organization(body.organization_id.as_deref())?,
        address: origin.address,
    };
    let login = state.domain().log_in(asked, &origin.stranger()).await?;
    tokens(&stranger.issuer, login, state.domain().clock.now())
}
