//! `GET /sessions/{session}/groups/{gid}/requests`, `POST …/members:approve` and `:reject`.

use super::{Doer, Participants, each, people};
use crate::{
    error::ApiResult,
    extract::{Body, InSession, Origin, Read, Segment, Send},
    page::List,
    state::ApiState,
};
use axum::{Json, extract::State, http::StatusCode};
use utoipa::ToSchema;
use wharf_domain::{cursor::Page, groups::members::Asking, ports::groups::MemberChange};

/// Somebody who asks to be let in.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "the schema of the domain's value")]
pub struct JoinRequest {
    /// `…@lid`; `""` while unknown.
    lid: String,
    /// The best known name.
    name: String,
    /// Digits; `""` while only the LID is known.
    phone_number: String,
    /// When they asked.
    #[schema(required)]
    requested_at: Option<i64>,
}

/// Who asks to be let in, all on one page. Needs `read` and a connected session.
#[utoipa::path(get, path = "/sessions/{session}/groups/{gid}/requests", tag = "groups",
    responses((status = 200, body = List<JoinRequest>),
        (status = 403, description = "`forbidden`: `details.reason` is `not_group_admin` or `not_group_member`")))]
pub async fn list_join_requests(
    State(state): State<ApiState>,
    here: InSession<Read>,
    segment: Segment,
) -> ApiResult<Json<Page<Asking>>> {
    let group = segment.address()?;
    let data = state.domain().join_requests(here.scope, group).await?;
    Ok(Json(Page {
        data,
        next_cursor: String::new(),
    }))
}

async fn answer(
    state: &ApiState,
    here: &InSession<Send>,
    origin: &Origin,
    segment: &Segment,
    body: Participants,
    change: MemberChange,
) -> ApiResult<StatusCode> {
    let group = segment.address()?;
    let people = people(&body.participants)?;
    let doer = Doer {
        state,
        here,
        origin,
    };
    each(doer.change(group, change, people).await?)
}

/// Lets people in who ask. Who did not ask stands in `details.participants` of a 502. Needs `send` and a connected
/// session.
#[utoipa::path(post, path = "/sessions/{session}/groups/{gid}/members/~approve", tag = "groups",
    request_body = Participants,
    responses((status = 204, description = "All of them are in."),
        (status = 403, description = "`forbidden`: `details.reason` is `not_group_admin` or `not_group_member`"),
        (status = 502, description = "`upstream_error`: see `details.participants`")))]
pub async fn approve_group_members(
    State(state): State<ApiState>,
    here: InSession<Send>,
    segment: Segment,
    origin: Origin,
    Body(body): Body<Participants>,
) -> ApiResult<StatusCode> {
    answer(
        &state,
        &here,
        &origin,
        &segment,
        body,
        MemberChange::Approve,
    )
    .await
}

/// Refuses people who ask. Needs `send` and a connected session.
#[utoipa::path(post, path = "/sessions/{session}/groups/{gid}/members/~reject", tag = "groups",
    request_body = Participants,
    responses((status = 204, description = "None of them asks any more."),
        (status = 403, description = "`forbidden`: `details.reason` is `not_group_admin` or `not_group_member`"),
        (status = 502, description = "`upstream_error`: see `details.participants`")))]
pub async fn reject_group_members(
    State(state): State<ApiState>,
    here: InSession<Send>,
    segment: Segment,
    origin: Origin,
    Body(body): Body<Participants>,
) -> ApiResult<StatusCode> {
    answer(&state, &here, &origin, &segment, body, MemberChange::Reject).await
}
