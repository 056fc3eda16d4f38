//! `GET /organizations/{id}/members`.

use super::Member;
use crate::{
    error::ApiResult,
    extract::{AsMember, InOrganization},
    page::{List, Paging},
    state::ApiState,
};
use axum::{Json, extract::State};

/// The people who belong to it and log in here; those of other issuers are known there. Needs a login token.
#[utoipa::path(get, path = "/organizations/{id}/members", tag = "organizations", params(Paging),
    responses((status = 200, body = List<Member>)))]
pub async fn list_members(
    State(state): State<ApiState>,
    here: InOrganization<AsMember>,
    paging: Paging,
) -> ApiResult<Json<List<Member>>> {
    let page = state
        .domain()
        .list_members(here.place.org, paging.limit, &paging.cursor)
        .await?;
    Ok(Json(page.into()))
}
