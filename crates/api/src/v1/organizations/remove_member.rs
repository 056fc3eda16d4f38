//! `DELETE /organizations/{id}/members/{user}`.

use crate::{
    error::ApiResult,
    extract::{AsMember, InOrganization, Origin, Segment},
    state::ApiState,
};
use axum::{extract::State, http::StatusCode};

/// Takes somebody out of the organization; within five seconds their tokens open nothing in it. Everybody may go of
/// themselves; others need the role `admin`, and `owner` to take out an owner. The last owner cannot go. Needs a login token.
#[utoipa::path(delete, path = "/organizations/{id}/members/{user}", tag = "organizations",
    responses((status = 204, description = "Out."),
        (status = 409, description = "`conflict`: the last owner")))]
pub async fn remove_member(
    State(state): State<ApiState>,
    here: InOrganization<AsMember>,
    origin: Origin,
    user: Segment,
) -> ApiResult<StatusCode> {
    let by = origin.by(&here.principal);
    state
        .domain()
        .remove_member(here.place, user.id("member")?, &by)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
