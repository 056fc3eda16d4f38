//! `GET /sessions/{session}/contacts/{jid}/about`.

use crate::{
    error::ApiResult,
    extract::{InSession, Read, Segment},
    state::ApiState,
};
use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

/// What a person says of themselves.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactAbout {
    /// `""` when there is none, or it is hidden from the account.
    about: String,
}

/// A person's about text. Needs `read` and a connected session.
#[utoipa::path(get, path = "/sessions/{session}/contacts/{jid}/about", tag = "contacts",
    responses((status = 200, body = ContactAbout),
        (status = 501, description = "`not_implemented`: the session is not connected"),
        (status = 502, description = "`upstream_error`: `details.reason` says why WhatsApp refused"),
        (status = 504, description = "`timeout`: WhatsApp did not answer in time")))]
pub async fn get_contact_about(
    State(state): State<ApiState>,
    here: InSession<Read>,
    segment: Segment,
) -> ApiResult<Json<ContactAbout>> {
    let of = segment.address()?;
    let about = state.domain().contact_about(here.scope, of).await?;
    Ok(Json(ContactAbout { about }))
}
