//! `POST /auth/accept`.

use super::{Tokens, tokens};
use crate::{
    error::ApiResult,
    extract::{Body, Origin, Stranger},
    state::ApiState,
};
use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;
use wharf_domain::organizations::Acceptance;

/// Who follows a link.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Accept {
    /// `wi_…`: what stands behind the link's `#`.
    token: String,
    /// How to be called; kept for who has no account yet.
    name: Option<String>,
    /// The password of the account there is for the invited address, or that of the new one: 10–256 characters.
    password: String,
}

/// Accepts an invitation and logs the person in. An invitation that was used, withdrawn or has expired is 400 naming
/// `token`. Where the address has an account, its password is needed, and a wrong one is 401 and uses nothing up.
#[utoipa::path(post, path = "/auth/accept", tag = "auth", request_body = Accept,
    responses((status = 200, body = Tokens),
        (status = 429, description = "`rate_limited`: see `Retry-After`")))]
pub async fn accept_invitation(
    State(state): State<ApiState>,
    stranger: Stranger,
    origin: Origin,
    Body(body): Body<Accept>,
) -> ApiResult<Response> {
    let who = Acceptance {
        token: &body.token,
        name: body.name.as_deref().unwrap_or_default(),
        password: &body.password,
        address: origin.address,
    };
    let login = state
        .domain()
        .accept_invitation(who, &origin.stranger())
        .await?;
    tokens(&stranger.issuer, login, state.domain().clock.now())
}
