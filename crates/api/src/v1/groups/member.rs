//! `DELETE /sessions/{session}/groups/{gid}/members/{jid}`, and `POST …/promote` and `…/demote`.

use super::{Doer, one};
use crate::{
    error::ApiResult,
    extract::{InSession, Origin, Segments, Send},
    state::ApiState,
};
use axum::{extract::State, http::StatusCode};
use wharf_domain::ports::groups::MemberChange;

async fn change(
    state: &ApiState,
    here: &InSession<Send>,
    origin: &Origin,
    segments: &Segments,
    change: MemberChange,
) -> ApiResult<StatusCode> {
    let (group, who) = (segments.address("gid")?, segments.address("jid")?);
    let doer = Doer {
        state,
        here,
        origin,
    };
    one(doer.change(group, change, vec![who]).await?)
}

/// Removes a member; somebody who is none is fine. Needs `send` and a connected session.
#[utoipa::path(delete, path = "/sessions/{session}/groups/{gid}/members/{jid}", tag = "groups",
    responses((status = 204, description = "Not in the group."),
        (status = 403, description = "`forbidden`: `details.reason` is `not_group_admin`, `not_group_member` or `group_owner`")))]
pub async fn remove_group_member(
    State(state): State<ApiState>,
    here: InSession<Send>,
    origin: Origin,
    segments: Segments,
) -> ApiResult<StatusCode> {
    change(&state, &here, &origin, &segments, MemberChange::Remove).await
}

/// Makes a member an admin; one already is fine. Needs `send` and a connected session.
#[utoipa::path(post, path = "/sessions/{session}/groups/{gid}/members/{jid}/promote", tag = "groups",
    responses((status = 204, description = "An admin."),
        (status = 403, description = "`forbidden`: `details.reason` is `not_group_admin` or `not_group_member`")))]
pub async fn promote_group_member(
    State(state): State<ApiState>,
    here: InSession<Send>,
    origin: Origin,
    segments: Segments,
) -> ApiResult<StatusCode> {
    change(&state, &here, &origin, &segments, MemberChange::Promote).await
}

/// Makes an admin a plain member; one already is fine. Nobody demotes the owner. Needs `send` and a connected session.
#[utoipa::path(post, path = "/sessions/{session}/groups/{gid}/members/{jid}/demote", tag = "groups",
    responses((status = 204, description = "A plain member."),
        (status = 403, description = "`forbidden`: `details.reason` is `not_group_admin`, `not_group_member` or `group_owner`")))]
pub async fn demote_group_member(
    State(state): State<ApiState>,
    here: InSession<Send>,
    origin: Origin,
    segments: Segments,
) -> ApiResult<StatusCode> {
    change(&state, &here, &origin, &segments, MemberChange::Demote).await
}
