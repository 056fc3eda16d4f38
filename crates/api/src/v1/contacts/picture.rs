//! `GET /sessions/{session}/contacts/{jid}/picture`.

use crate::{
    error::ApiResult,
    extract::{InSession, Read, Segment},
    state::ApiState,
};
use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

/// A profile picture.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactPicture {
    /// Changes with the picture.
    id: String,
    /// Where WhatsApp has it for a while; needs no credential.
    url: String,
}

/// A person's profile picture; 404 when none is visible to the account. Needs `read` and a connected session.
#[utoipa::path(get, path = "/sessions/{session}/contacts/{jid}/picture", tag = "contacts",
    responses((status = 200, body = ContactPicture),
        (status = 501, description = "`not_implemented`: the session is not connected"),
        (status = 502, description = "`upstream_error`: `details.reason` says why WhatsApp refused"),
        (status = 504, description = "`timeout`: WhatsApp did not answer in time")))]
pub async fn get_contact_picture(
    State(state): State<ApiState>,
    here: InSession<Read>,
    segment: Segment,
) -> ApiResult<Json<ContactPicture>> {
    let of = segment.address()?;
    let picture = state.domain().contact_picture(here.scope, of).await?;
    Ok(Json(ContactPicture {
        id: picture.id,
        url: picture.url,
    }))
}
