//! `DELETE /organizations/{id}/invitations/{invitation}`.

use crate::{
    error::ApiResult,
    extract::{AsAdmin, InOrganization, Origin, Segment},
    state::ApiState,
};
use axum::{extract::State, http::StatusCode};

/// Withdraws an invitation that was not accepted; its link is refused from then on. Needs a login token and the role
/// `admin`.
#[utoipa::path(delete, path = "/organizations/{id}/invitations/{invitation}", tag = "organizations",
    responses((status = 204, description = "Withdrawn.")))]
pub async fn withdraw_invitation(
    State(state): State<ApiState>,
    here: InOrganization<AsAdmin>,
    origin: Origin,
    invitation: Segment,
) -> ApiResult<StatusCode> {
    let by = origin.by(&here.principal);
    state
        .domain()
        .withdraw_invitation(here.place.org, invitation.id("invitation")?, &by)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
