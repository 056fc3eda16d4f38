//! `POST /sessions/{session}/groups/{gid}:leave`.

use crate::{
    error::ApiResult,
    extract::{InSession, Segment, Send},
    state::ApiState,
};
use axum::{extract::State, http::StatusCode};

/// Leaves a group; what is stored of it stays, its members as they were. Needs `send` and a connected session.
#[utoipa::path(post, path = "/sessions/{session}/groups/{gid}/~leave", tag = "groups",
    responses((status = 204, description = "Left."),
        (status = 403, description = "`forbidden`: `details.reason` is `not_group_member`")))]
pub async fn leave_group(
    State(state): State<ApiState>,
    here: InSession<Send>,
    segment: Segment,
) -> ApiResult<StatusCode> {
    let group = segment.address()?;
    state.domain().leave_group(here.scope, group).await?;
    Ok(StatusCode::NO_CONTENT)
}
