//! `POST /organizations`.

use super::{Organization, OrganizationName};
use crate::{
    error::ApiResult,
    extract::{Body, Origin, Resident},
    state::ApiState,
};
use axum::{Json, extract::State, http::StatusCode};
use wharf_types::Role;

/// Makes an organization that the caller owns. `POST /auth/refresh` with its id gives a token for it. Needs a login token of
/// ours: people of other issuers have the organizations these name.
#[utoipa::path(post, path = "/organizations", tag = "organizations", request_body = OrganizationName,
    responses((status = 201, body = Organization)))]
pub async fn create_organization(
    State(state): State<ApiState>,
    caller: Resident,
    origin: Origin,
    Body(body): Body<OrganizationName>,
) -> ApiResult<(StatusCode, Json<Organization>)> {
    let by = origin.by(&caller.principal);
    let row = state
        .domain()
        .found_organization(&body.name, caller.user, &by)
        .await?;
    Ok((StatusCode::CREATED, Json((row, Role::Owner).into())))
}
