//! `GET /webhooks`.

use super::{Webhook, scope};
use crate::{
    error::ApiResult,
    extract::{Caller, Manage},
    page::{List, Paging},
    state::ApiState,
};
use axum::{Json, extract::State};

/// Webhooks, in the order they were made. Needs `manage`; a key limited to sessions sees those of its sessions.
#[utoipa::path(get, path = "/webhooks", tag = "webhooks", params(Paging),
    responses((status = 200, body = List<Webhook>)))]
pub async fn list_webhooks(
    State(state): State<ApiState>,
    caller: Caller<Manage>,
    paging: Paging,
) -> ApiResult<Json<List<Webhook>>> {
    let page = state
        .domain()
        .list_webhooks(&scope(&caller), paging.limit, &paging.cursor)
        .await?;
    Ok(Json(page.into()))
}
