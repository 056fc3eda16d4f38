//! `GET /admin/sessions`.

use crate::{
    error::ApiResult,
    extract::SuperAdmin,
    page::{List, Paging},
    state::ApiState,
    v1::sessions::Session,
};
use axum::{Json, extract::State};

/// The sessions of all organizations, oldest first. Needs a login token with the platform role `super_admin`.
#[utoipa::path(get, path = "/admin/sessions", tag = "admin", params(Paging),
    responses((status = 200, body = List<Session>)))]
pub async fn list_all_sessions(
    State(state): State<ApiState>,
    _: SuperAdmin,
    paging: Paging,
) -> ApiResult<Json<List<Session>>> {
    let page = state
        .domain()
        .list_all_sessions(paging.limit, &paging.cursor)
        .await?;
    Ok(Json(page.into()))
}
