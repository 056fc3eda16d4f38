//! `POST /sessions/{session}/imports`.

use super::form;
use crate::{
    error::ApiResult,
    extract::{InSession, Manage, Origin},
    state::ApiState,
};
use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
};
use wharf_domain::imports::ImportJob;

/// What is sent.
#[derive(utoipa::ToSchema)]
#[schema(as = ImportForm)]
#[expect(dead_code, reason = "the shape, for OpenAPI")]
pub struct NewImport {
    /// `msgstore.db.crypt15`, at most 10 GiB.
    #[schema(format = Binary)]
    file: String,
    /// The backup's key: 64 hexadecimal digits. Never stored, never logged.
    key: String,
}

/// Imports a backup of WhatsApp for Android into a paired session: texts and metadata of messages, reactions, and who is
/// who. Messages that are known already are recognised. The file is checked whole before anything is stored. Progress by
/// `getImport` and the event `import.updated`; one `session.synced` with source `import` at the end. One import a session at
/// a time. Needs `manage`.
#[utoipa::path(post, path = "/sessions/{session}/imports", tag = "imports",
    request_body(content = NewImport, content_type = "multipart/form-data"),
    responses((status = 202, body = super::ImportJob),
        (status = 400, description = "`validation_error`: `file` is no backup, or of another number; `key` is malformed, or opens another"),
        (status = 404, description = "`not_found`: the session is unknown, or not paired yet"),
        (status = 409, description = "`conflict`: an import of this session is not over"),
        (status = 413, description = "`payload_too_large`: more than 10 GiB")))]
pub async fn begin_import(
    State(state): State<ApiState>,
    here: InSession<Manage>,
    origin: Origin,
    request: Request,
) -> ApiResult<(StatusCode, Json<ImportJob>)> {
    let (mut file, key) = form::read(request).await?;
    let (domain, by) = (state.domain(), origin.by(&here.principal));
    let job = domain
        .begin_import(here.scope, &mut file, async move || key.read().await, &by)
        .await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}
