//! `POST /sessions/{session}/groups/{gid}:leave`.

use super::Doer;
use crate::{
    error::ApiResult,
    extract::{InSession, Origin, Segment, Send},
    state::ApiState,
};
use axum::{extract::State, http::StatusCode};
use serde_json::Value;
use wharf_types::GroupJid;

/// Leaves a group; what is stored of it stays, its members as they were. Needs `send` and a connected session.
#[utoipa::path(post, path = "/sessions/{session}/groups/{gid}/~leave", tag = "groups",
    responses((status = 204, description = "Left."),
        (status = 403, description = "`forbidden`: `details.reason` is `not_group_member`")))]
pub async fn leave_group(
    State(state): State<ApiState>,
    here: InSession<Send>,
    origin: Origin,
    segment: Segment,
) -> ApiResult<StatusCode> {
    let group: GroupJid = segment.address()?;
    state
        .domain()
        .leave_group(here.scope, group.clone())
        .await?;
    let doer = Doer {
        state: &state,
        here: &here,
        origin: &origin,
    };
    doer.did("group.leave", &group, Value::Null).await?;
    Ok(StatusCode::NO_CONTENT)
}
