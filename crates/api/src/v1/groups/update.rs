//! `PATCH /sessions/{session}/groups/{gid}`.

use super::{Doer, create::subject};
use crate::{
    error::{ApiError, ApiResult},
    extract::{Body, InSession, Origin, Segment, Send},
    state::ApiState,
};
use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use wharf_domain::groups::manage::{GroupPatch, LONGEST_DESCRIPTION, TIMERS};
use wharf_types::GroupJid;

/// What changes; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UpdateGroup {
    /// 1–100 characters.
    subject: Option<String>,
    /// At most 2,048 characters; `""` takes it away.
    description: Option<String>,
    /// Only admins write.
    announce: Option<bool>,
    /// Only admins change name, description and picture.
    locked: Option<bool>,
    /// An admin lets in who follows the invite link.
    join_approval: Option<bool>,
    /// Seconds after which messages go: 0 (never), 86400, 604800 or 7776000.
    ephemeral_seconds: Option<u32>,
}

/// Changes a group. Each field is an operation of its own at WhatsApp, done in the order of the fields; when one fails,
/// `details.applied` of the error names those that took effect. Needs `send` and a connected session.
#[utoipa::path(patch, path = "/sessions/{session}/groups/{gid}", tag = "groups", request_body = UpdateGroup,
    responses((status = 204, description = "Done."),
        (status = 403, description = "`forbidden`: `details.reason` is `not_group_admin` or `not_group_member`"),
        (status = 501, description = "`not_implemented`: the session is not connected"),
        (status = 502, description = "`upstream_error`: `details.reason` says why WhatsApp refused")))]
pub async fn update_group(
    State(state): State<ApiState>,
    here: InSession<Send>,
    segment: Segment,
    origin: Origin,
    Body(body): Body<UpdateGroup>,
) -> ApiResult<StatusCode> {
    let group: GroupJid = segment.address()?;
    let subject = body
        .subject
        .map(|text| subject("subject", text))
        .transpose()?;
    if let Some(text) = &body.description
        && text.chars().count() > LONGEST_DESCRIPTION
    {
        let what = "must have at most 2048 characters";
        return Err(ApiError::invalid("description", what));
    }
    if let Some(seconds) = body.ephemeral_seconds
        && !TIMERS.contains(&seconds)
    {
        let what = "must be 0, 86400, 604800 or 7776000";
        return Err(ApiError::invalid("ephemeralSeconds", what));
    }
    let patch = GroupPatch {
        subject,
        description: body.description,
        announce: body.announce,
        locked: body.locked,
        join_approval: body.join_approval,
        ephemeral_seconds: body.ephemeral_seconds,
    };
    let domain = state.domain();
    let done = domain.update_group(here.scope, group.clone(), patch).await;
    let applied = match &done {
        Ok(applied) => applied,
        Err(halfway) => &halfway.applied,
    };
    if !applied.is_empty() {
        let doer = Doer {
            state: &state,
            here: &here,
            origin: &origin,
        };
        doer.did("group.update", &group, json!(applied)).await?;
    }
    match done {
        Ok(_) => Ok(StatusCode::NO_CONTENT),
        Err(halfway) if halfway.applied.is_empty() => Err(halfway.error.into()),
        Err(halfway) => Err(ApiError::from(halfway.error).detail("applied", halfway.applied)),
    }
}
