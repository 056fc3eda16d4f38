//! `POST /sessions/{session}/imports/{id}/key`.

use crate::{
    error::ApiResult,
    extract::{Body, InSession, Manage, Origin, Segment},
    state::ApiState,
};
use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use wharf_domain::imports::{ImportJob, RootKey};

/// The key of a half-done import.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportKey {
    /// 64 hexadecimal digits.
    key: String,
}

/// Goes on with an import that waits for its key, after the last message that was stored. Repeating is fine. Needs `manage`.
#[utoipa::path(post, path = "/sessions/{session}/imports/{id}/key", tag = "imports",
    request_body = ImportKey,
    responses((status = 202, body = super::ImportJob),
        (status = 400, description = "`validation_error`: `key` is malformed, or opens another backup")))]
pub async fn resume_import(
    State(state): State<ApiState>,
    here: InSession<Manage>,
    segment: Segment,
    origin: Origin,
    Body(body): Body<ImportKey>,
) -> ApiResult<(StatusCode, Json<ImportJob>)> {
    let key = RootKey::parse(&body.key)?;
    let (domain, by) = (state.domain(), origin.by(&here.principal));
    let job = domain
        .resume_import(here.scope, segment.id("import")?, key, &by)
        .await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}
