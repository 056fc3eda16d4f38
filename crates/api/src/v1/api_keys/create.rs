//! `POST /api-keys`.

use super::{ApiKey, Permission};
use crate::{
    error::{ApiError, ApiResult},
    extract::{Body, Caller, Manage, Origin},
    state::ApiState,
};
use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wharf_domain::keys::NewKey;
use wharf_types::{Capability, Millis, SessionId};

/// What the key is to be.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateApiKey {
    /// At most 256 characters.
    name: String,
    /// At least one.
    #[schema(value_type = Vec<Permission>)]
    permissions: Vec<Capability>,
    /// The only sessions it is to see; absent or empty = all of the organization.
    sessions: Option<Vec<String>>,
    /// After this it opens nothing; absent = until it is revoked.
    expires_at: Option<Millis>,
}

/// A new key with its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewApiKey {
    /// When it was made.
    created_at: Millis,
    /// After this it opens nothing; `null` = until it is revoked.
    expires_at: Option<Millis>,
    /// `key_…`.
    id: String,
    /// The user's words for it.
    name: String,
    /// What it may do.
    #[schema(value_type = Vec<Permission>)]
    permissions: Vec<Capability>,
    /// The only sessions it sees; empty = all of the organization.
    sessions: Vec<String>,
    /// `wa_…`: shown this once; only its hash is kept.
    secret: String,
}

/// Makes a key and shows its secret, this once. It can grant at most what the caller's credential does: permissions,
/// sessions and, where that is a key, expiry; else 403. Needs `manage`.
#[utoipa::path(post, path = "/api-keys", tag = "keys", request_body = CreateApiKey,
    responses((status = 201, body = NewApiKey)))]
pub async fn create_api_key(
    State(state): State<ApiState>,
    caller: Caller<Manage>,
    origin: Origin,
    Body(body): Body<CreateApiKey>,
) -> ApiResult<(StatusCode, Json<NewApiKey>)> {
    let new = NewKey {
        name: body.name,
        capabilities: body.permissions.into_iter().collect(),
        sessions: sessions(body.sessions.unwrap_or_default())?,
        expires_at: body.expires_at,
    };
    let (row, secret) = state
        .domain()
        .create_key(
            caller.org,
            new,
            &caller.principal.grant(),
            &origin.by(&caller.principal),
        )
        .await?;
    let key = ApiKey::from(row);
    let made = NewApiKey {
        created_at: key.created_at,
        expires_at: key.expires_at,
        id: key.id,
        name: key.name,
        permissions: key.permissions,
        sessions: key.sessions,
        secret,
    };
    Ok((StatusCode::CREATED, Json(made)))
}

fn sessions(texts: Vec<String>) -> ApiResult<Vec<SessionId>> {
    texts
        .into_iter()
        .enumerate()
        .map(|(at, text)| {
            text.parse().map_err(|_| {
                ApiError::invalid(&format!("sessions[{at}]"), "must be a session's id")
            })
        })
        .collect()
}
