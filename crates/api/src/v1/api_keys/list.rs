//! `GET /api-keys`.

use super::ApiKey;
use crate::{
    error::ApiResult,
    extract::{Caller, Manage},
    page::{List, Paging},
    state::ApiState,
};
use axum::{Json, extract::State};

/// The organization's keys that are not revoked, oldest first, without secrets. A key limited to sessions sees only keys
/// of those. Needs `manage`.
#[utoipa::path(get, path = "/api-keys", tag = "keys", params(Paging),
    responses((status = 200, body = List<ApiKey>)))]
pub async fn list_api_keys(
    State(state): State<ApiState>,
    caller: Caller<Manage>,
    paging: Paging,
) -> ApiResult<Json<List<ApiKey>>> {
    let grant = caller.principal.grant();
    let page = state
        .domain()
        .keys_page(caller.org, grant, paging.limit, &paging.cursor)
        .await?;
    Ok(Json(page.into()))
}
