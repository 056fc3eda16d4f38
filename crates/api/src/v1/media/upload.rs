//! `POST /sessions/{session}/media`.

use super::intake;
use crate::{
    error::ApiResult,
    extract::{InSession, Send},
    state::ApiState,
};
use axum::{
    Json,
    extract::{Request, State},
};
use wharf_domain::media::{NewUpload, Uploaded};

/// What `mediaId` names.
#[derive(utoipa::ToSchema)]
#[schema(as = Media)]
#[expect(dead_code, reason = "the shape, for OpenAPI")]
pub struct Media {
    /// For `media.mediaId` of sends of this session, as long as the file is kept (the settings `media`).
    #[schema(rename = "mediaId")]
    media_id: String,
    /// What was said, or else what the bytes show.
    mimetype: String,
    /// Bytes.
    size: u64,
    /// Of the bytes, hex.
    sha256: String,
}

/// Takes a file to be sent later: the raw bytes with their `Content-Type`, or a multipart form whose first file is taken.
/// It is streamed to the store, so its size may be what WhatsApp takes (the setting `media.largest`; 413 above it). The
/// same bytes are kept once. Needs `send`.
#[utoipa::path(post, path = "/sessions/{session}/media", tag = "messages",
    request_body(content((Vec<u8> = "application/octet-stream"), (Vec<u8> = "multipart/form-data"))),
    responses((status = 200, body = Media),
        (status = 413, description = "`payload_too_large`: larger than `media.largest`")))]
pub async fn upload_media(
    State(state): State<ApiState>,
    here: InSession<Send>,
    request: Request,
) -> ApiResult<Json<Uploaded>> {
    let largest = state.domain().media.keeping.largest;
    let taken = intake::of(request, largest).await?;
    let new = NewUpload {
        mimetype: taken.mimetype,
        filename: taken.filename,
        body: taken.body,
    };
    let uploaded = state.domain().upload_media(here.scope, new).await?;
    Ok(Json(uploaded))
}
