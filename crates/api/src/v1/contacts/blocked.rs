//! `GET /sessions/{session}/contacts/blocked`.

use crate::{
    error::ApiResult,
    extract::{InSession, Read},
    page::{List, Paging},
    state::ApiState,
};
use axum::{Json, extract::State};
use wharf_domain::{contacts::Blocked, cursor::Page};

/// Whom the account blocks, by LID. Needs `read` and a connected session.
#[utoipa::path(get, path = "/sessions/{session}/contacts/blocked", tag = "contacts", params(Paging),
    responses((status = 200, body = List<super::Blocked>),
        (status = 501, description = "`not_implemented`: the session is not connected"),
        (status = 504, description = "`timeout`: WhatsApp did not answer in time")))]
pub async fn list_blocked(
    State(state): State<ApiState>,
    here: InSession<Read>,
    paging: Paging,
) -> ApiResult<Json<Page<Blocked>>> {
    let page = state
        .domain()
        .list_blocked(here.scope, paging.limit, &paging.cursor)
        .await?;
    Ok(Json(page))
}
