//! `POST /sessions/{session}/contacts/{jid}/block`.

use crate::{
    error::ApiResult,
    extract::{InSession, Origin, Segment, Send},
    state::ApiState,
};
use axum::{extract::State, http::StatusCode};
use serde_json::json;

/// Blocks a person: they can no longer write to or call the account. Repeating is a no-op. Needs `send` and a connected session.
#[utoipa::path(post, path = "/sessions/{session}/contacts/{jid}/block", tag = "contacts",
    responses((status = 204, description = "Done."),
        (status = 501, description = "`not_implemented`: the session is not connected"),
        (status = 502, description = "`upstream_error`: `details.reason` says why WhatsApp refused"),
        (status = 504, description = "`timeout`: WhatsApp did not answer in time")))]
pub async fn block_contact(
    State(state): State<ApiState>,
    here: InSession<Send>,
    origin: Origin,
    segment: Segment,
) -> ApiResult<StatusCode> {
    let who = segment.address()?;
    let (domain, by) = (state.domain(), origin.by(&here.principal));
    let row = domain.block_contact(here.scope, who, true).await?;
    let what = json!({"contact": row});
    domain
        .note_done(&by, here.scope, "contact.block", what)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
