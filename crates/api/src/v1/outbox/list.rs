//! `GET /sessions/{session}/outbox`.

use crate::{
    error::{ApiError, ApiResult},
    extract::{InSession, Query, Send},
    page::{List, Paging},
    state::ApiState,
};
use axum::{Json, extract::State};
use utoipa::IntoParams;
use wharf_domain::{cursor::Page, outbox::OutboxItem};
use wharf_types::SendStatus;

/// Which sends.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filters {
    /// `queued`, `sent`, `delivered`, `read`, `played`, `failed` or `cancelled`; absent = all.
    pub status: Option<String>,
}

/// Sends, newest accepted first. One whose status changes during a walk with `status` may be missed by it. Needs `send`.
#[utoipa::path(get, path = "/sessions/{session}/outbox", tag = "messages", params(Filters, Paging),
    responses((status = 200, body = List<super::OutboxItem>)))]
pub async fn list_outbox(
    State(state): State<ApiState>,
    here: InSession<Send>,
    query: Query,
) -> ApiResult<Json<Page<OutboxItem>>> {
    let paging = Paging::of(&query)?;
    let status = match query.text("status")? {
        None => None,
        Some(text) => Some(
            SendStatus::parse(text)
                .ok_or_else(|| ApiError::invalid("status", "is not a status of a send"))?,
        ),
    };
    let page = state
        .domain()
        .list_outbox(here.scope, status, paging.limit, &paging.cursor)
        .await?;
    Ok(Json(page))
}
