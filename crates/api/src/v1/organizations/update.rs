//! `PATCH /organizations/{id}`.

use super::{Organization, OrganizationName};
use crate::{
    error::ApiResult,
    extract::{AsAdmin, Body, InOrganization, Origin},
    state::ApiState,
};
use axum::{Json, extract::State};

/// Gives it another name. Needs a login token and the role `admin`.
#[utoipa::path(patch, path = "/organizations/{id}", tag = "organizations", request_body = OrganizationName,
    responses((status = 200, body = Organization)))]
pub async fn update_organization(
    State(state): State<ApiState>,
    here: InOrganization<AsAdmin>,
    origin: Origin,
    Body(body): Body<OrganizationName>,
) -> ApiResult<Json<Organization>> {
    let by = origin.by(&here.principal);
    let row = state
        .domain()
        .rename_organization(here.place.org, &body.name, &by)
        .await?;
    Ok(Json((row, here.place.role).into()))
}
