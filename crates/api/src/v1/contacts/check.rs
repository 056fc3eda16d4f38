//! `GET /sessions/{session}/contacts/check`.

use crate::{
    error::{ApiError, ApiResult},
    extract::{InSession, Query, Read},
    state::ApiState,
};
use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use wharf_domain::ports::engine::NumberCheck;
use wharf_types::Phone;

/// Whether a number is on WhatsApp.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Checked {
    /// Known to WhatsApp.
    is_on_whats_app: bool,
    /// `…@s.whatsapp.net`; `""` when it is not.
    jid: String,
    /// The number as it was asked.
    query: String,
}

impl Checked {
    /// The answer to one question.
    pub fn of(query: String, check: Option<&NumberCheck>) -> Self {
        let found = check.filter(|check| check.on_whatsapp);
        Self {
            is_on_whats_app: found.is_some(),
            jid: found.map(|check| check.phone.jid()).unwrap_or_default(),
            query,
        }
    }
}

/// Asks WhatsApp whether it knows a number; leaves no trace in the contact list. Needs `read` and a connected
/// session.
#[utoipa::path(get, path = "/sessions/{session}/contacts/check", tag = "contacts",
    params(("phone" = String, Query, description = "E.164 digits, `+` optional")),
    responses((status = 200, body = Checked)))]
pub async fn check_contact(
    State(state): State<ApiState>,
    here: InSession<Read>,
    query: Query,
) -> ApiResult<Json<Checked>> {
    let phone: Phone = query
        .address("phone")?
        .ok_or_else(|| ApiError::invalid("phone", "is required"))?;
    let asked = query.raw("phone")?.replace(' ', "+");
    let answers = check(&state, &here, &[phone]).await?;
    Ok(Json(Checked::of(asked, answers.first())))
}

/// The live call both check operations make.
pub async fn check(
    state: &ApiState,
    here: &InSession<Read>,
    phones: &[Phone],
) -> ApiResult<Vec<NumberCheck>> {
    let engine = state.domain().engine()?;
    if !engine.connected(&here.scope) {
        return Err(wharf_domain::Error::NotConnected.into());
    }
    Ok(engine.check_numbers(&here.scope, phones).await?)
}
