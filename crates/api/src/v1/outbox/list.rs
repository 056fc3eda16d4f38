//! `GET /sessions/{session}/outbox`.

use crate::{
    error::ApiResult,
    extract::{InSession, Send},
    page::{List, Paging},
    state::ApiState,
};
use axum::{Json, extract::State};
use wharf_domain::{cursor::Page, outbox::OutboxItem};

/// Sends, newest accepted first. Needs `send`.
#[utoipa::path(get, path = "/sessions/{session}/outbox", tag = "messages", params(Paging),
    responses((status = 200, body = List<super::OutboxItem>)))]
pub async fn list_outbox(
    State(state): State<ApiState>,
    here: InSession<Send>,
    paging: Paging,
) -> ApiResult<Json<Page<OutboxItem>>> {
    let page = state
        .domain()
        .list_outbox(here.scope, paging.limit, &paging.cursor)
        .await?;
    Ok(Json(page))
}
