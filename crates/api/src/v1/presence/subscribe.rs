//! `POST /sessions/{session}/contacts/{jid}/presence:subscribe`.

use crate::{
    error::ApiResult,
    extract::{InSession, Segment, Send},
    state::ApiState,
};
use axum::{extract::State, http::StatusCode};
use wharf_types::Address;

/// Asks WhatsApp to tell this person's presence from now on, as far as they let it be known. It comes as live
/// events `presence`, which are not logged, and only while the account itself is shown as online (`setPresence`,
/// `markOnline`); so does typing. It lasts until the session is stopped. Needs `send` and a connected session.
#[utoipa::path(post, path = "/sessions/{session}/contacts/{jid}/presence/~subscribe", tag = "contacts",
    responses((status = 204, description = "Asked."),
        (status = 501, description = "`not_implemented`: the session is not connected")))]
pub async fn subscribe_presence(
    State(state): State<ApiState>,
    here: InSession<Send>,
    segment: Segment,
) -> ApiResult<StatusCode> {
    let of: Address = segment.address()?;
    state.domain().subscribe_presence(here.scope, of).await?;
    Ok(StatusCode::NO_CONTENT)
}
