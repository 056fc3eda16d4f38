//! `POST /organizations/{id}/members`.

use super::{Invitation, RoleName};
use crate::{
    error::{ApiError, ApiResult},
    extract::{AsAdmin, Body, InOrganization, Origin},
    state::ApiState,
};
use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wharf_types::{Millis, Role};

/// Who is asked in.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Invite {
    email: String,
    /// Not more than the caller is. Default `member`.
    #[schema(value_type = Option<RoleName>)]
    role: Option<Role>,
}

/// An invitation with its link.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewInvitation {
    /// When.
    created_at: Millis,
    /// By whom; `""` when not by a person.
    created_by_user_id: String,
    /// Who.
    email: String,
    /// After this the link is refused.
    expires_at: Millis,
    /// `inv_…`.
    id: String,
    /// For that person: good once. Without `public_url` in the configuration it has no host.
    link: String,
    /// As what.
    #[schema(value_type = RoleName)]
    role: Role,
    /// `wi_…`, the link's secret, shown this once: what `POST /auth/accept` takes.
    token: String,
}

/// Asks somebody in, by a link that is good once and for seven days; give it to them yourself, no mail is sent. Needs a
/// login token and the role `admin`; an owner is made by owners.
#[utoipa::path(post, path = "/organizations/{id}/members", tag = "organizations", request_body = Invite,
    responses((status = 201, body = NewInvitation),
        (status = 409, description = "`conflict`: a member already")))]
pub async fn invite_member(
    State(state): State<ApiState>,
    here: InOrganization<AsAdmin>,
    origin: Origin,
    Body(body): Body<Invite>,
) -> ApiResult<(StatusCode, Json<NewInvitation>)> {
    if state.auth().embedded().is_none() {
        return Err(ApiError::not_found("login of this installation's own"));
    }
    let (by, role) = (
        origin.by(&here.principal),
        body.role.unwrap_or(Role::Member),
    );
    let domain = state.domain();
    let (row, token) = domain.invite(here.place, &body.email, role, &by).await?;
    let invitation = Invitation::from(row);
    let made = NewInvitation {
        created_at: invitation.created_at,
        created_by_user_id: invitation.created_by_user_id,
        email: invitation.email,
        expires_at: invitation.expires_at,
        id: invitation.id,
        link: domain.invitation_link(&token),
        role: invitation.role,
        token,
    };
    Ok((StatusCode::CREATED, Json(made)))
}
