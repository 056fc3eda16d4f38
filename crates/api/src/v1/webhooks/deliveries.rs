//! `GET /webhooks/{id}/deliveries`.

use super::{Delivery, scope};
use crate::{
    error::{ApiError, ApiResult},
    extract::{Caller, Manage, Query, Segment},
    page::{List, Paging},
    state::ApiState,
};
use axum::{Json, extract::State};
use utoipa::IntoParams;

/// Which attempts.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filters {
    /// `delivered` or `failed`; absent = both.
    pub status: Option<String>,
}

/// Attempts of the last 30 days, newest first. Needs `manage`.
#[utoipa::path(get, path = "/webhooks/{id}/deliveries", tag = "webhooks", params(Filters, Paging),
    responses((status = 200, body = List<Delivery>)))]
pub async fn list_deliveries(
    State(state): State<ApiState>,
    caller: Caller<Manage>,
    id: Segment,
    query: Query,
) -> ApiResult<Json<List<Delivery>>> {
    let id = id.id("webhook")?;
    let paging = Paging::of(&query)?;
    let delivered = match query.text("status")? {
        None => None,
        Some("delivered") => Some(true),
        Some("failed") => Some(false),
        Some(_) => {
            return Err(ApiError::invalid("status", "must be delivered or failed"));
        }
    };
    let page = state
        .domain()
        .list_deliveries(&scope(&caller), id, delivered, paging.limit, &paging.cursor)
        .await?;
    Ok(Json(page.into()))
}
