//! `GET /sessions`.

use super::Session;
use crate::{
    error::ApiResult,
    extract::{Caller, Manage},
    page::{List, Paging},
    state::ApiState,
};
use axum::{Json, extract::State};

/// All sessions of the organization, oldest first. Needs `manage`.
#[utoipa::path(get, path = "/sessions", tag = "sessions", params(Paging),
    responses((status = 200, body = List<Session>)))]
pub async fn list_sessions(
    State(state): State<ApiState>,
    caller: Caller<Manage>,
    paging: Paging,
) -> ApiResult<Json<List<Session>>> {
    let only = caller.principal.sessions.clone();
    let page = state
        .domain()
        .list_sessions(caller.org, only, paging.limit, &paging.cursor)
        .await?;
    Ok(Json(page.into()))
}
