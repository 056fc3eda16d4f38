//! Logging in with a password kept here.

pub mod accept;
pub mod jwks;
pub mod login;
pub mod logout;
pub mod me;
pub mod password;
pub mod refresh;

use crate::{
    auth::Embedded,
    error::{ApiError, ApiResult},
};
use axum::{
    Json,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;
use wharf_domain::identity::LoggedIn;
use wharf_types::{Millis, OrgId, Role};

/// What somebody is in an organization.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum RoleName {
    /// Reads and sends.
    Member,
    /// Also manages.
    Admin,
    /// Also disposes of the organization.
    Owner,
}

/// The tokens of a log-in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tokens {
    /// For `Authorization: Bearer`; 10 minutes.
    access_token: String,
    /// After this it is refused.
    access_expires_at: Millis,
    /// The organization the access token is for; `""` while the person belongs to none.
    organization_id: String,
    /// Good once, for the next pair. Used a second time it ends the log-in.
    refresh_token: String,
    /// After this it is refused.
    refresh_expires_at: Millis,
    /// In that organization.
    #[schema(value_type = Option<RoleName>)]
    role: Option<Role>,
    /// `user_…`.
    user_id: String,
}

/// Tokens are nobody's to keep on the way.
fn tokens(issuer: &Embedded, login: LoggedIn, now: Millis) -> ApiResult<Response> {
    let (access_token, access_expires_at) = issuer.mint(&login, now)?;
    let body = Tokens {
        access_token,
        access_expires_at,
        organization_id: login.org.map(|org| org.to_string()).unwrap_or_default(),
        refresh_token: login.refresh_token,
        refresh_expires_at: login.refresh_expires_at,
        role: login.role,
        user_id: login.user.to_string(),
    };
    let unkept = HeaderValue::from_static("no-store");
    Ok(([(header::CACHE_CONTROL, unkept)], Json(body)).into_response())
}

/// An organization named in a body: a malformed id is as unknown as any other.
fn organization(text: Option<&str>) -> ApiResult<Option<OrgId>> {
    text.filter(|text| !text.is_empty())
        .map(|text| {
            text.parse()
                .map_err(|_| ApiError::not_found("organization"))
        })
        .transpose()
}
