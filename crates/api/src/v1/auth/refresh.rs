//! `POST /auth/refresh`.

use super::{Tokens, organization, tokens};
use crate::{
    error::ApiResult,
    extract::{Body, Origin, Stranger},
    state::ApiState,
};
use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

/// The token to exchange.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Refresh {
    refresh_token: String,
    /// Changes to another organization of the person's; absent = as before.
    organization_id: Option<String>,
}

/// A new pair of tokens for a refresh token, which is good no more. One that was used before ends the whole log-in, since
/// two then have it: 401 for both.
#[utoipa::path(post, path = "/auth/refresh", tag = "auth", request_body = Refresh,
    responses((status = 200, body = Tokens)))]
pub async fn refresh_login(
    State(state): State<ApiState>,
    stranger: Stranger,
    origin: Origin,
    Body(body): Body<Refresh>,
) -> ApiResult<Response> {
    let org = organization(body.organization_id.as_deref())?;
    let login = state
        .domain()
        .refresh_login(&body.refresh_token, org, &origin.stranger())
        .await?;
    tokens(&stranger.issuer, login, state.domain().clock.now())
}
