//! `GET /sessions/{session}/groups`.

use crate::{
    error::ApiResult,
    extract::{InSession, Read},
    page::{List, Paging},
    state::ApiState,
};
use axum::{Json, extract::State};
use wharf_domain::{cursor::Page, groups::Group};

/// The groups this session has seen, in that order. Needs `read`; stored.
#[utoipa::path(get, path = "/sessions/{session}/groups", tag = "groups", params(Paging),
    responses((status = 200, body = List<super::Group>)))]
pub async fn list_groups(
    State(state): State<ApiState>,
    here: InSession<Read>,
    paging: Paging,
) -> ApiResult<Json<Page<Group>>> {
    let page = state
        .domain()
        .list_groups(here.scope, paging.limit, &paging.cursor)
        .await?;
    Ok(Json(page))
}
