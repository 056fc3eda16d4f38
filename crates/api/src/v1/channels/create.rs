//! `POST /sessions/{session}/channels`.

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
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

const LONGEST_NAME: usize = 100;
const LONGEST_DESCRIPTION: usize = 2_048;

/// A new channel.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateChannel {
    /// 1 to 100 characters, not only white space.
    name: String,
    /// At most 2,048 characters.
    description: Option<String>,
}

/// The channel made.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedChannel {
    /// `…@newsletter`.
    jid: String,
    /// The answer to a repeated `Idempotency-Key`: nothing was made.
    replayed: bool,
}

/// Makes a channel, owned by the session's account. With `Idempotency-Key` a repeat makes nothing and answers as the first
/// did, with `replayed: true`. Needs `send` and a connected session.
#[utoipa::path(post, path = "/sessions/{session}/channels", tag = "channels",
    params(("Idempotency-Key" = Option<String>, Header,
        description = "1–255 printable ASCII characters; remembered for 24 hours or longer.")),
    request_body = CreateChannel,
    responses((status = 201, body = CreatedChannel),
        (status = 409, description = "`conflict`: the first request with this key is still being answered"),
        (status = 422, description = "`idempotency_key_reused`: the key was seen with another request"),
        (status = 501, description = "`not_implemented`: the session is not connected"),
        (status = 502, description = "`upstream_error`: `details.reason` says why WhatsApp refused"),
        (status = 504, description = "`timeout`: WhatsApp did not answer in time")))]
pub async fn create_channel(
    State(state): State<ApiState>,
    here: InSession<Send>,
    origin: Origin,
    headers: HeaderMap,
    body: LargeBody,
) -> ApiResult<(StatusCode, Json<CreatedChannel>)> {
    let key = idempotency::of(&headers, here.scope.id, "createChannel", &body.0)?;
    let body: CreateChannel = body.typed()?;
    let description = body.description.unwrap_or_default();
    let name = body.name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(ApiError::invalid(
            "name",
            "must be 1 to 100 characters, not only white space",
        ));
    }
    if description.chars().count() > LONGEST_DESCRIPTION {
        return Err(ApiError::invalid(
            "description",
            "must be at most 2048 characters",
        ));
    }
    let domain = state.domain();
    let (made, replayed) = domain
        .create_channel(here.scope, name, &description, key)
        .await?;
    if !replayed {
        let (by, what) = (origin.by(&here.principal), json!({"channel": made.jid}));
        domain
            .note_done(&by, here.scope, "channel.create", what)
            .await?;
    }
    let made = CreatedChannel {
        jid: made.jid.as_str().to_owned(),
        replayed,
    };
    Ok((StatusCode::CREATED, Json(made)))
}
