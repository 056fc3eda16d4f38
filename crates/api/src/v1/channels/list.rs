//! `GET /sessions/{session}/channels`.

use crate::{
    error::ApiResult,
    extract::{InSession, Read},
    page::{List, Paging},
    state::ApiState,
};
use axum::{Json, extract::State};
use wharf_domain::{channels::Channel, cursor::Page};

/// The channels this session owns, follows or once followed, by JID; fetched anew at each login. Needs `read`; stored.
#[utoipa::path(get, path = "/sessions/{session}/channels", tag = "channels", params(Paging),
    responses((status = 200, body = List<super::Channel>)))]
pub async fn list_channels(
    State(state): State<ApiState>,
    here: InSession<Read>,
    paging: Paging,
) -> ApiResult<Json<Page<Channel>>> {
    let page = state
        .domain()
        .list_channels(here.scope, paging.limit, &paging.cursor)
        .await?;
    Ok(Json(page))
}
