//! `GET /auth/me`.

use super::RoleName;
use crate::{error::ApiResult, extract::Person, state::ApiState};
use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use wharf_types::Role;

/// Who somebody is, by their token.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WhoIAm {
    /// `""` for people of other issuers.
    email: String,
    /// `""` when none is known.
    name: String,
    /// The token's organization; `""` when it has none.
    organization_id: String,
    /// In it.
    #[schema(value_type = Option<RoleName>)]
    role: Option<Role>,
    /// Platform role.
    super_admin: bool,
    /// `user_…`.
    user_id: String,
}

/// Whose token this is. Needs a login token.
#[utoipa::path(get, path = "/auth/me", tag = "auth", responses((status = 200, body = WhoIAm)))]
pub async fn who_am_i(State(state): State<ApiState>, person: Person) -> ApiResult<Json<WhoIAm>> {
    let (email, name) = match person.principal.login {
        Some(_) => {
            let row = state.domain().person(person.user).await?;
            (row.email, row.name)
        }
        None => (String::new(), String::new()),
    };
    let principal = person.principal;
    Ok(Json(WhoIAm {
        email,
        name,
        organization_id: principal.org.map(|org| org.to_string()).unwrap_or_default(),
        role: principal.role,
        super_admin: principal.super_admin,
        user_id: person.user.to_string(),
    }))
}
