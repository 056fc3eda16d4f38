//! `POST /sessions/{session}/groups`.

use super::{Doer, people};
use crate::{
    error::{ApiError, ApiResult},
    extract::{InSession, LargeBody, Origin, Send},
    state::ApiState,
    v1::messages::idempotency,
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use wharf_domain::groups::manage::{self, LONGEST_SUBJECT};

/// A group to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateGroup {
    /// 1–100 characters.
    name: String,
    /// People by phone, phone JID or LID JID; 1–1,023, since the account makes it 1,024.
    #[schema(min_items = 1, max_items = 1023)]
    participants: Vec<String>,
}

/// The group as it was made.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct CreatedGroup {
    #[serde(flatten)]
    #[expect(dead_code, reason = "read by the schema alone")]
    group: super::Group,
    /// Who could not be added, and why; an invite link may help.
    #[expect(dead_code, reason = "read by the schema alone")]
    details: Vec<super::NotDone>,
    /// Whether this repeats the answer to an earlier request with the same `Idempotency-Key`.
    #[expect(dead_code, reason = "read by the schema alone")]
    replayed: bool,
}

/// A group's name: what WhatsApp takes.
pub(super) fn subject(field: &str, text: String) -> ApiResult<String> {
    let length = text.chars().count();
    if text.trim().is_empty() || length > LONGEST_SUBJECT {
        return Err(ApiError::invalid(field, "must have 1 to 100 characters"));
    }
    Ok(text)
}

/// Makes a group of the account and these people, and lists it at once. Who could not be added stands in `details` with
/// a reason: the group exists all the same. With `Idempotency-Key` a repeat makes no second group and answers with
/// `replayed: true`; a request that WhatsApp refused uses no key. Needs `send` and a connected session.
#[utoipa::path(post, path = "/sessions/{session}/groups", tag = "groups",
    params(("Idempotency-Key" = Option<String>, Header,
        description = "1–255 printable ASCII characters; remembered for 24 hours or longer.")),
    request_body = CreateGroup,
    responses((status = 201, body = CreatedGroup),
        (status = 409, description = "`conflict`: the first request with this key is still being answered"),
        (status = 422, description = "`idempotency_key_reused`: the key was seen with another request"),
        (status = 501, description = "`not_implemented`: the session is not connected"),
        (status = 502, description = "`upstream_error`: `details.reason` says why WhatsApp refused")))]
pub async fn create_group(
    State(state): State<ApiState>,
    here: InSession<Send>,
    origin: Origin,
    headers: HeaderMap,
    body: LargeBody,
) -> ApiResult<(StatusCode, Json<manage::CreatedGroup>)> {
    let key = idempotency::of(&headers, here.scope.id, "createGroup", &body.0)?;
    let body: CreateGroup = body.typed()?;
    let name = subject("name", body.name)?;
    let participants = people(&body.participants)?;
    let domain = state.domain();
    let made = domain
        .create_group(here.scope, name, participants, key)
        .await?;
    if !made.replayed {
        let doer = Doer {
            state: &state,
            here: &here,
            origin: &origin,
        };
        let jid = made
            .group
            .group_jid
            .parse()
            .map_err(|_| ApiError::internal("a group's JID"))?;
        doer.did(
            "group.create",
            &jid,
            json!({"not_added": made.details.len()}),
        )
        .await?;
    }
    Ok((StatusCode::CREATED, Json(made)))
}
