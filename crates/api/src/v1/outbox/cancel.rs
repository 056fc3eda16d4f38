//! `DELETE /sessions/{session}/outbox/{id}`.

use crate::{
    error::ApiResult,
    extract::{InSession, Segment, Send},
    state::ApiState,
};
use axum::{extract::State, http::StatusCode};

/// Takes a send back that was not yet handed to WhatsApp; 409 when it was. Repeating is fine. Needs `send`.
#[utoipa::path(delete, path = "/sessions/{session}/outbox/{id}", tag = "messages",
    responses((status = 204, description = "Cancelled."),
        (status = 409, description = "`conflict`: it was handed to WhatsApp already")))]
pub async fn cancel_outbox(
    State(state): State<ApiState>,
    here: InSession<Send>,
    segment: Segment,
) -> ApiResult<StatusCode> {
    let id = segment.id("send")?;
    state.domain().cancel_outbox(here.scope, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
