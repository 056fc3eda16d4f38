//! `GET`, `POST` and `DELETE /admin/organizations/{id}/claims`.

use crate::{
    error::{ApiError, ApiResult},
    extract::{Body, Origin, Query, Segment, SuperAdmin},
    page::List,
    state::ApiState,
};
use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wharf_domain::{cursor::Page, organizations::claims};

/// A value of another issuer's organization claim.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrganizationClaim {
    /// `iss` of the issuer's tokens, exactly.
    #[schema(min_length = 1, max_length = 512)]
    issuer: String,
    /// The claim's value: whose tokens carry it belong to the organization.
    #[schema(min_length = 1, max_length = 512)]
    value: String,
}

impl From<claims::Claim> for OrganizationClaim {
    fn from(claim: claims::Claim) -> Self {
        Self {
            issuer: claim.issuer,
            value: claim.value,
        }
    }
}

impl From<OrganizationClaim> for claims::Claim {
    fn from(claim: OrganizationClaim) -> Self {
        Self {
            issuer: claim.issuer,
            value: claim.value,
        }
    }
}

/// Which binding ends.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ClaimQuery {
    /// As it was bound.
    pub issuer: String,
    /// As it was bound.
    pub value: String,
}

/// What binds people of other issuers to an organization, all on one page. Needs the platform role.
#[utoipa::path(get, path = "/admin/organizations/{id}/claims", tag = "admin",
    responses((status = 200, body = List<OrganizationClaim>)))]
pub async fn list_claims(
    State(state): State<ApiState>,
    _admin: SuperAdmin,
    id: Segment,
) -> ApiResult<Json<List<OrganizationClaim>>> {
    let data = state.domain().list_claims(id.id("organization")?).await?;
    let next_cursor = String::new();
    Ok(Json(Page { data, next_cursor }.into()))
}

/// Binds an organization to a value of an issuer's organization claim. Binding it again is fine; one value leads to one
/// organization. It takes effect within 5 s. Needs the platform role.
#[utoipa::path(post, path = "/admin/organizations/{id}/claims", tag = "admin", request_body = OrganizationClaim,
    responses((status = 204, description = "Bound."),
        (status = 409, description = "`conflict`: bound to another organization")))]
pub async fn bind_claim(
    State(state): State<ApiState>,
    admin: SuperAdmin,
    id: Segment,
    origin: Origin,
    Body(body): Body<OrganizationClaim>,
) -> ApiResult<StatusCode> {
    let by = origin.by(&admin.principal);
    let org = id.id("organization")?;
    state.domain().bind_claim(org, body.into(), &by).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a binding: whose tokens carry the value are in no organization within 5 s. Needs the platform role.
#[utoipa::path(delete, path = "/admin/organizations/{id}/claims", tag = "admin", params(ClaimQuery),
    responses((status = 204, description = "Not bound.")))]
pub async fn unbind_claim(
    State(state): State<ApiState>,
    admin: SuperAdmin,
    id: Segment,
    origin: Origin,
    query: Query,
) -> ApiResult<StatusCode> {
    let by = origin.by(&admin.principal);
    let org = id.id("organization")?;
    let given = |name: &str| match query.text(name)? {
        Some(text) => Ok(text.to_owned()),
        None => Err(ApiError::invalid(name, "is required")),
    };
    let claim = claims::Claim {
        issuer: given("issuer")?,
        value: given("value")?,
    };
    state.domain().unbind_claim(org, claim, &by).await?;
    Ok(StatusCode::NO_CONTENT)
}
