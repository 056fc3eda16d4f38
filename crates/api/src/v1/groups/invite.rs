//! `GET` and `DELETE /sessions/{session}/groups/{gid}/invite`.

use super::Doer;
use crate::{
    error::ApiResult,
    extract::{InSession, Origin, Read, Segment, Send},
    state::ApiState,
};
use axum::{Json, extract::State};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use wharf_types::GroupJid;

/// How people come in.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupInvite {
    /// `https://chat.whatsapp.com/…`.
    invite: String,
}

/// The invite link. WhatsApp tells it to admins. Needs `read` and a connected session.
#[utoipa::path(get, path = "/sessions/{session}/groups/{gid}/invite", tag = "groups",
    responses((status = 200, body = GroupInvite),
        (status = 403, description = "`forbidden`: `details.reason` is `not_group_admin` or `not_group_member`")))]
pub async fn get_group_invite(
    State(state): State<ApiState>,
    here: InSession<Read>,
    segment: Segment,
) -> ApiResult<Json<GroupInvite>> {
    let group = segment.address()?;
    let invite = state
        .domain()
        .group_invite(here.scope, group, false)
        .await?;
    Ok(Json(GroupInvite { invite }))
}

/// Makes a new invite link and answers it; the former one leads nowhere. Needs `send` and a connected session.
#[utoipa::path(delete, path = "/sessions/{session}/groups/{gid}/invite", tag = "groups",
    responses((status = 200, body = GroupInvite),
        (status = 403, description = "`forbidden`: `details.reason` is `not_group_admin` or `not_group_member`")))]
pub async fn revoke_group_invite(
    State(state): State<ApiState>,
    here: InSession<Send>,
    origin: Origin,
    segment: Segment,
) -> ApiResult<Json<GroupInvite>> {
    let group: GroupJid = segment.address()?;
    let domain = state.domain();
    let invite = domain.group_invite(here.scope, group.clone(), true).await?;
    let doer = Doer {
        state: &state,
        here: &here,
        origin: &origin,
    };
    doer.did("group.invite_revoke", &group, Value::Null).await?;
    Ok(Json(GroupInvite { invite }))
}
