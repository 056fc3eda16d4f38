//! `GET /organizations`.

use super::Organization;
use crate::{
    error::ApiResult,
    extract::Person,
    page::{List, Paging},
    state::ApiState,
};
use axum::{Json, extract::State};
use wharf_domain::cursor::Page;

/// The organizations the caller belongs to. Of somebody from another issuer: the one their token names. Needs a login token.
#[utoipa::path(get, path = "/organizations", tag = "organizations", params(Paging),
    responses((status = 200, body = List<Organization>)))]
pub async fn list_organizations(
    State(state): State<ApiState>,
    person: Person,
    paging: Paging,
) -> ApiResult<Json<List<Organization>>> {
    let domain = state.domain();
    if person.principal.login.is_some() {
        let page = domain
            .organizations_of(person.user, paging.limit, &paging.cursor)
            .await?;
        return Ok(Json(page.into()));
    }
    let own = person.principal.org.zip(person.principal.role);
    let data = match own {
        Some((org, role)) => vec![(domain.organization(org).await?, role)],
        None => Vec::new(),
    };
    let next_cursor = String::new();
    Ok(Json(Page { data, next_cursor }.into()))
}
