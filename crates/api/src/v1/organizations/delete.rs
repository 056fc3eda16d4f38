//! `DELETE /organizations/{id}`.

use crate::{
    error::ApiResult,
    extract::{AsOwner, InOrganization, Origin},
    state::ApiState,
};
use axum::{extract::State, http::StatusCode};

/// Deletes the organization with its sessions, their data and its keys. Phones keep their links until they drop them
/// themselves: log sessions out first for that. Needs a login token and the role `owner`.
#[utoipa::path(delete, path = "/organizations/{id}", tag = "organizations",
    responses((status = 204, description = "Gone.")))]
pub async fn delete_organization(
    State(state): State<ApiState>,
    here: InOrganization<AsOwner>,
    origin: Origin,
) -> ApiResult<StatusCode> {
    let by = origin.by(&here.principal);
    state
        .domain()
        .delete_organization(here.place.org, &by)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
