//! `GET /admin/gateways`, `POST /admin/gateways/{id}:drain`.

use crate::{
    error::ApiResult,
    extract::{Origin, Segment, SuperAdmin},
    page::List,
    state::ApiState,
};
use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;
use wharf_domain::{cursor::Page, gateways::GatewayView};
use wharf_types::Millis;

/// A process that holds sessions.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Gateway {
    /// Sessions connected now.
    connected: u64,
    /// `gatewayId` of its sessions.
    id: String,
    /// Sessions that should run on it.
    sessions: u64,
    /// When it was started.
    started_at: Millis,
    /// Whether it takes sessions.
    #[schema(value_type = GatewayStatus)]
    status: &'static str,
    /// Of the program.
    version: &'static str,
}

/// Whether a gateway takes sessions.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum GatewayStatus {
    /// It does.
    Working,
    /// It gives up those it has.
    Draining,
}

impl From<GatewayView> for Gateway {
    fn from(view: GatewayView) -> Self {
        Self {
            connected: view.connected,
            id: view.id,
            sessions: view.sessions,
            started_at: view.started_at,
            status: if view.draining { "draining" } else { "working" },
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// The processes that hold sessions; all on one page. Needs a login token with the platform role `super_admin`.
#[utoipa::path(get, path = "/admin/gateways", tag = "admin",
    responses((status = 200, body = List<Gateway>)))]
pub async fn list_gateways(
    State(state): State<ApiState>,
    _: SuperAdmin,
) -> ApiResult<Json<List<Gateway>>> {
    let data = state.domain().gateways().await?;
    let next_cursor = String::new();
    Ok(Json(Page { data, next_cursor }.into()))
}

/// Makes a gateway close the connections of its sessions and start none until its process is started again; `/readyz` says
/// so. Stored data is still served, and the sessions connect with the next start. Repeating is a no-op. Needs a login
/// token with the platform role `super_admin`.
#[utoipa::path(post, path = "/admin/gateways/{id}/~drain", tag = "admin",
    responses((status = 202, body = Gateway)))]
pub async fn drain_gateway(
    State(state): State<ApiState>,
    caller: SuperAdmin,
    origin: Origin,
    id: Segment,
) -> ApiResult<(StatusCode, Json<Gateway>)> {
    let by = origin.by(&caller.principal);
    let gateway = state.domain().drain_gateway(id.text(), &by).await?;
    Ok((StatusCode::ACCEPTED, Json(gateway.into())))
}
