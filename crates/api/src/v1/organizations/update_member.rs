//! `PATCH /organizations/{id}/members/{user}`.

use super::{Member, RoleName};
use crate::{
    error::ApiResult,
    extract::{AsAdmin, Body, InOrganization, Origin, Segment},
    state::ApiState,
};
use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::ToSchema;
use wharf_types::Role;

/// What they are to be.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateMember {
    #[schema(value_type = RoleName)]
    role: Role,
}

/// Makes a member something else. Needs a login token and the role `admin`; what is about owners needs `owner`. The last
/// owner stays one.
#[utoipa::path(patch, path = "/organizations/{id}/members/{user}", tag = "organizations", request_body = UpdateMember,
    responses((status = 200, body = Member),
        (status = 409, description = "`conflict`: the last owner")))]
pub async fn update_member(
    State(state): State<ApiState>,
    here: InOrganization<AsAdmin>,
    origin: Origin,
    user: Segment,
    Body(body): Body<UpdateMember>,
) -> ApiResult<Json<Member>> {
    let by = origin.by(&here.principal);
    let member = state
        .domain()
        .change_member(here.place, user.id("member")?, body.role, &by)
        .await?;
    Ok(Json(member.into()))
}
