//! `GET /organizations/{id}/invitations`.

use super::Invitation;
use crate::{
    error::ApiResult,
    extract::{AsAdmin, InOrganization},
    page::{List, Paging},
    state::ApiState,
};
use axum::{Json, extract::State};

/// Invitations not accepted, without their secrets, oldest first. Needs a login token and the role `admin`.
#[utoipa::path(get, path = "/organizations/{id}/invitations", tag = "organizations", params(Paging),
    responses((status = 200, body = List<Invitation>)))]
pub async fn list_invitations(
    State(state): State<ApiState>,
    here: InOrganization<AsAdmin>,
    paging: Paging,
) -> ApiResult<Json<List<Invitation>>> {
    let page = state
        .domain()
        .list_invitations(here.place.org, paging.limit, &paging.cursor)
        .await?;
    Ok(Json(page.into()))
}
