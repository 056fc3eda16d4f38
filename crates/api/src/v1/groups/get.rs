//! `GET /sessions/{session}/groups/{gid}`.

use crate::{
    error::ApiResult,
    extract::{InSession, Read, Segment},
    state::ApiState,
};
use axum::{Json, extract::State};
use wharf_domain::groups::Group;

/// One group. Needs `read`; stored.
#[utoipa::path(get, path = "/sessions/{session}/groups/{gid}", tag = "groups",
    responses((status = 200, body = super::Group)))]
pub async fn get_group(
    State(state): State<ApiState>,
    here: InSession<Read>,
    segment: Segment,
) -> ApiResult<Json<Group>> {
    let group = segment.address()?;
    Ok(Json(state.domain().get_group(here.scope, group).await?))
}
