//! `GET /sessions/{session}/outbox/{id}`.

use crate::{
    error::ApiResult,
    extract::{InSession, Segment, Send},
    state::ApiState,
};
use axum::{Json, extract::State};
use wharf_domain::outbox::OutboxItem;

/// One send. Needs `send`.
#[utoipa::path(get, path = "/sessions/{session}/outbox/{id}", tag = "messages",
    responses((status = 200, body = super::OutboxItem)))]
pub async fn get_outbox(
    State(state): State<ApiState>,
    here: InSession<Send>,
    segment: Segment,
) -> ApiResult<Json<OutboxItem>> {
    let id = segment.id("send")?;
    Ok(Json(state.domain().get_outbox(here.scope, id).await?))
}
