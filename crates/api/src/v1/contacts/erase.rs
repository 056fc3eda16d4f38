//! `DELETE /sessions/{session}/contacts/{lid}?erase=true`.

use crate::{
    error::{ApiError, ApiResult},
    extract::{InSession, Manage, Origin, Query, Segment},
    state::ApiState,
};
use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use wharf_domain::erasure;

/// That it is meant.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Meant {
    /// Must be `true`: nothing brings back what this takes out.
    pub erase: bool,
}

/// How much was taken out.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErasureReport {
    /// Direct chats: 0 or 1.
    chats: u64,
    /// Keys of the encryption with their devices, and what else the linked device knew of them.
    device_keys: u64,
    /// Events whose payload was about the person: they keep id, seq and type, and read `{"erased": true}`.
    events: u64,
    /// Files that nothing else names.
    files: u64,
    /// Memberships in groups.
    memberships: u64,
    /// Messages: of the direct chat, and theirs in groups.
    messages: u64,
    /// Messages of others that held their reaction, vote or mention.
    reactions: u64,
    /// Receipts of theirs.
    receipts: u64,
    /// Sends to them, queued ones included.
    sends: u64,
}

impl From<erasure::ErasureReport> for ErasureReport {
    fn from(report: erasure::ErasureReport) -> Self {
        Self {
            chats: report.chats,
            device_keys: report.device_keys,
            events: report.events,
            files: report.files,
            memberships: report.memberships,
            messages: report.messages,
            reactions: report.reactions,
            receipts: report.receipts,
            sends: report.sends,
        }
    }
}

/// Erases one person from the session: their row, the direct chat, what they wrote and did in groups, receipts,
/// memberships, sends to them, their files, and the payloads of events about them. What others wrote stays, and so
/// do the device's keys for the encryption with that person's devices. WhatsApp tells
/// of them anew when they write again or a group they are in is fetched. Takes seconds where there is much; cut off, it is
/// finished by asking again. Needs `manage`.
#[utoipa::path(delete, path = "/sessions/{session}/contacts/{lid}", tag = "contacts", params(Meant),
    responses((status = 200, body = ErasureReport)))]
pub async fn erase_contact(
    State(state): State<ApiState>,
    here: InSession<Manage>,
    origin: Origin,
    lid: Segment,
    query: Query,
) -> ApiResult<Json<ErasureReport>> {
    let address = lid.address()?;
    if query.flag("erase")? != Some(true) {
        return Err(ApiError::invalid("erase", "must be true"));
    }
    let by = origin.by(&here.principal);
    let report = state
        .domain()
        .erase_contact(here.scope, address, &by)
        .await?;
    Ok(Json(report.into()))
}
