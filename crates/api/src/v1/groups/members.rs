//! `GET /sessions/{session}/groups/{gid}/members`.

use crate::{
    error::ApiResult,
    extract::{InSession, Read, Segment},
    page::{List, Paging},
    state::ApiState,
};
use axum::{Json, extract::State};
use wharf_domain::{cursor::Page, groups::GroupMember};

/// The members a group has now, or had when the account was last in it. Needs `read`; stored.
#[utoipa::path(get, path = "/sessions/{session}/groups/{gid}/members", tag = "groups", params(Paging),
    responses((status = 200, body = List<super::GroupMember>)))]
pub async fn list_group_members(
    State(state): State<ApiState>,
    here: InSession<Read>,
    segment: Segment,
    paging: Paging,
) -> ApiResult<Json<Page<GroupMember>>> {
    let group = segment.address()?;
    let page = state
        .domain()
        .list_group_members(here.scope, group, paging.limit, &paging.cursor)
        .await?;
    Ok(Json(page))
}
