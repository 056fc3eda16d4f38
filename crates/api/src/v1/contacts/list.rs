//! `GET /sessions/{session}/contacts`.

use super::Source;
use crate::{
    error::ApiResult,
    extract::{InSession, Query, Read},
    page::{List, Paging, Rendered},
    state::ApiState,
};
use axum::extract::State;
use utoipa::IntoParams;
use wharf_domain::contacts::{ContactParams, ContactQuery};

/// Who is listed. All optional, all combinable.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filters {
    /// Which people; absent = `dm` and `group` together.
    #[param(inline, required = false)]
    pub source: Option<Source>,
    /// Only members of this group; an unknown group is an empty page.
    pub group: Option<String>,
    /// Part of a name (full case folding, after NFC) or of a number; at most 100 code points.
    #[param(max_length = 100)]
    pub q: Option<String>,
    /// `name`: by folded name, nameless last; a rename during a walk may then repeat or skip that person.
    pub sort: Option<String>,
}

/// The people this session has seen: everyone with a direct chat and everyone seen in a group, one row a person,
/// whatever ids they were seen under; never the session's own account. In the order in which they were first seen,
/// which never changes: a walk over the pages lists everybody who matches throughout exactly once, whatever happens
/// meanwhile. Needs `read`; answered from the database, connected or not.
#[utoipa::path(get, path = "/sessions/{session}/contacts", tag = "contacts", params(Filters, Paging),
    responses((status = 200, body = List<super::Contact>)))]
pub async fn list_contacts(
    State(state): State<ApiState>,
    here: InSession<Read>,
    query: Query,
) -> ApiResult<Rendered> {
    let query = ContactQuery::parse(ContactParams {
        source: query.raw("source")?,
        group: query.raw("group")?,
        q: query.raw("q")?,
        sort: query.raw("sort")?,
        limit: query.raw("limit")?,
        cursor: query.raw("cursor")?,
    })?;
    let page = state.domain().list_contacts(here.scope, query).await?;
    Ok(Rendered(page))
}
