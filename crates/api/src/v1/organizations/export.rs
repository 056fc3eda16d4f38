//! `GET /organizations/{id}/export`.

use crate::{
    error::ApiResult,
    extract::{AnswersAnything, AsAdmin, InOrganization, Origin},
    state::ApiState,
};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};

/// All of the organization's data as NDJSON, streamed: each line is `{"type", "sessionId", "data"}`, with `type` one of
/// `organization`, `member`, `apiKey`, `session`, `contact`, `chat`, `group`, `groupMember`, `message` and `data` as the API
/// shows it. The last line is of type `end` and counts the lines before it; without it the export was cut off. Not in it:
/// secrets, device state, the bytes of files, the event log. Needs a login token and the role `admin`.
#[utoipa::path(get, path = "/organizations/{id}/export", tag = "organizations",
    responses((status = 200, body = String, content_type = "application/x-ndjson")))]
pub async fn export_organization(
    State(state): State<ApiState>,
    here: InOrganization<AsAdmin, AnswersAnything>,
    origin: Origin,
) -> ApiResult<Response> {
    let by = origin.by(&here.principal);
    let lines = state
        .domain()
        .export_organization(here.place.org, &by)
        .await?;
    let stream = futures_util::stream::unfold(lines, |mut lines| async move {
        lines.recv().await.map(|piece| (piece, lines))
    });
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-ndjson"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment; filename=\"export.ndjson\""),
        ),
    ];
    Ok((headers, Body::from_stream(stream)).into_response())
}
