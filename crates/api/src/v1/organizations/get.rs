//! `GET /organizations/{id}`.

use super::Organization;
use crate::{
    error::ApiResult,
    extract::{AsMember, InOrganization},
    state::ApiState,
};
use axum::{Json, extract::State};

/// An organization the caller belongs to. Needs a login token.
#[utoipa::path(get, path = "/organizations/{id}", tag = "organizations",
    responses((status = 200, body = Organization)))]
pub async fn get_organization(
    State(state): State<ApiState>,
    here: InOrganization<AsMember>,
) -> ApiResult<Json<Organization>> {
    let row = state.domain().organization(here.place.org).await?;
    Ok(Json((row, here.place.role).into()))
}
