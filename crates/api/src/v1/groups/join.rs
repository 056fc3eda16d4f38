//! `POST /sessions/{session}/groups:join`.

use super::Doer;
use crate::{
    error::{ApiError, ApiResult},
    extract::{Body, InSession, Origin, Send},
    state::ApiState,
};
use axum::{Json, extract::State};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use wharf_domain::groups::manage;

/// Where to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinGroup {
    /// The code, or the link that holds it.
    invite: String,
}

/// The group behind the invite.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "the schema of the domain's value")]
pub struct JoinedGroup {
    /// `…@g.us`.
    group_jid: String,
    /// The account asked to be let in, and an admin has to grant it.
    pending: bool,
}

/// Joins a group by its invite, or asks to; a member already is answered the same. 400 names `invite` when it is none,
/// expired or revoked. Needs `send` and a connected session.
#[utoipa::path(post, path = "/sessions/{session}/groups/~join", tag = "groups", request_body = JoinGroup,
    responses((status = 200, body = JoinedGroup),
        (status = 403, description = "`forbidden`: the account may not join")))]
pub async fn join_group(
    State(state): State<ApiState>,
    here: InSession<Send>,
    origin: Origin,
    Body(body): Body<JoinGroup>,
) -> ApiResult<Json<manage::JoinedGroup>> {
    let joined = state.domain().join_group(here.scope, &body.invite).await?;
    if !joined.pending {
        let doer = Doer {
            state: &state,
            here: &here,
            origin: &origin,
        };
        let jid = joined
            .group_jid
            .parse()
            .map_err(|_| ApiError::internal("a group's JID"))?;
        doer.did("group.join", &jid, Value::Null).await?;
    }
    Ok(Json(joined))
}
