//! `POST /sessions/{session}/calls/{id}:reject`.

use crate::{
    error::ApiResult,
    extract::{InSession, Segment, Send},
    state::ApiState,
};
use axum::{extract::State, http::StatusCode};

/// Rejects a call that rings, by the `id` of its event `call`. 404 when none of this id rings (any more). Needs
/// `send` and a connected session.
#[utoipa::path(post, path = "/sessions/{session}/calls/{id}/~reject", tag = "calls",
    responses((status = 204, description = "Rejected."),
        (status = 501, description = "`not_implemented`: the session is not connected")))]
pub async fn reject_call(
    State(state): State<ApiState>,
    here: InSession<Send>,
    segment: Segment,
) -> ApiResult<StatusCode> {
    state
        .domain()
        .reject_call(here.scope, segment.text())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
