//! `GET /sessions/{session}/me`.

use super::SessionState;
use crate::{
    error::ApiResult,
    extract::{InSession, Manage},
    state::ApiState,
};
use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use wharf_types::SessionStatus;

/// Who the session is at WhatsApp.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// Whether the socket is open and alive.
    connected: bool,
    /// Digits.
    phone_number: String,
    /// What the account calls itself.
    push_name: String,
    /// `sess_…`.
    session_id: String,
    /// As in Session.
    #[schema(value_type = SessionState)]
    status: SessionStatus,
    /// `…@s.whatsapp.net`.
    wa_jid: String,
    /// `…@lid`, `""` while unknown.
    wa_lid: String,
}

/// The account the session is; 404 while it is not paired. Needs `manage`.
#[utoipa::path(get, path = "/sessions/{session}/me", tag = "sessions",
    responses((status = 200, body = Me)))]
pub async fn session_me(
    State(state): State<ApiState>,
    here: InSession<Manage>,
) -> ApiResult<Json<Me>> {
    let me = state.domain().session_me(here.scope).await?;
    Ok(Json(Me {
        connected: me.connected,
        phone_number: me.phone_number,
        push_name: me.push_name,
        session_id: me.session_id.to_string(),
        status: me.status,
        wa_jid: me.wa_jid,
        wa_lid: me.wa_lid,
    }))
}
