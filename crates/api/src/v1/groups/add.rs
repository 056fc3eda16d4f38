//! `POST /sessions/{session}/groups/{gid}/members`.

use super::{Doer, Participants, each, people};
use crate::{
    error::ApiResult,
    extract::{Body, InSession, Origin, Segment, Send},
    state::ApiState,
};
use axum::{extract::State, http::StatusCode};
use wharf_domain::ports::groups::MemberChange;

/// Adds people. Who is in already stays. When somebody cannot be added the answer is 502, with who and why in
/// `details.participants` and the others in `details.applied`. Needs `send` and a connected session.
#[utoipa::path(post, path = "/sessions/{session}/groups/{gid}/members", tag = "groups", request_body = Participants,
    responses((status = 204, description = "All of them are in."),
        (status = 403, description = "`forbidden`: `details.reason` is `not_group_admin` or `not_group_member`"),
        (status = 501, description = "`not_implemented`: the session is not connected"),
        (status = 502, description = "`upstream_error`: see `details.participants`")))]
pub async fn add_group_members(
    State(state): State<ApiState>,
    here: InSession<Send>,
    segment: Segment,
    origin: Origin,
    Body(body): Body<Participants>,
) -> ApiResult<StatusCode> {
    let group = segment.address()?;
    let people = people(&body.participants)?;
    let doer = Doer {
        state: &state,
        here: &here,
        origin: &origin,
    };
    each(doer.change(group, MemberChange::Add, people).await?)
}
