//! `GET /admin/audit`.

use crate::{
    error::{ApiError, ApiResult},
    extract::{Query, SuperAdmin},
    page::{List, Paging},
    state::ApiState,
};
use axum::{Json, extract::State};
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use wharf_domain::ports::store::{AuditFilter, AuditRow};
use wharf_types::Millis;

/// Which entries; all that are given must hold.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// `org_…`.
    pub organization: Option<String>,
    /// `key_…`, `user_…`, or `wharf` for the program and its commands.
    pub actor: Option<String>,
    /// As `action` of an entry, such as `api_key.create`.
    pub action: Option<String>,
    /// Not before, in milliseconds.
    pub from: Option<i64>,
    /// Not after.
    pub to: Option<i64>,
}

/// A change that was made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// What was done: `noun.verb`.
    action: String,
    /// Who: `key_…`, `user_…`, `wharf` for the program and its commands, `""` for nobody known.
    actor: String,
    /// The caller's address, `""` for none.
    address: String,
    /// When.
    at: Millis,
    /// What else there is to tell; by action.
    #[schema(value_type = Object)]
    details: Value,
    /// `aud_…`.
    id: String,
    /// `org_…`, `""` when it was about none.
    organization_id: String,
    /// `X-Request-Id` of the request, `""` when it was none.
    request_id: String,
    /// To what: its id.
    target: String,
}

impl From<AuditRow> for AuditEntry {
    fn from(row: AuditRow) -> Self {
        Self {
            action: row.action,
            actor: row.actor,
            address: row.address,
            at: row.at,
            details: serde_json::from_str(&row.details).unwrap_or_default(),
            id: row.id.to_string(),
            organization_id: row.org.map(|org| org.to_string()).unwrap_or_default(),
            request_id: row.request,
            target: row.target,
        }
    }
}

fn time(query: &Query, name: &str) -> ApiResult<Option<Millis>> {
    query
        .text(name)?
        .map(|text| {
            text.parse()
                .map_err(|_| ApiError::invalid(name, "must be a time in milliseconds"))
        })
        .transpose()
}

/// What was changed by whom, when, and from where: newest first, as long as `retention.audit_days` keeps it. Needs a login
/// token with the platform role `super_admin`.
#[utoipa::path(get, path = "/admin/audit", tag = "admin", params(AuditQuery, Paging),
    responses((status = 200, body = List<AuditEntry>)))]
pub async fn list_audit(
    State(state): State<ApiState>,
    _: SuperAdmin,
    query: Query,
    paging: Paging,
) -> ApiResult<Json<List<AuditEntry>>> {
    let organization = query.text("organization")?.map(|text| {
        text.parse()
            .map_err(|_| ApiError::invalid("organization", "must be an organization's id"))
    });
    let filter = AuditFilter {
        org: organization.transpose()?,
        actor: query.text("actor")?.map(str::to_owned),
        action: query.text("action")?.map(str::to_owned),
        from: time(&query, "from")?,
        to: time(&query, "to")?,
    };
    let page = state
        .domain()
        .list_audit(filter, paging.limit, &paging.cursor)
        .await?;
    Ok(Json(page.into()))
}
