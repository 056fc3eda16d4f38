//! `POST /sessions`.

use super::{Session, UpdateSession};
use crate::{
    error::{ApiError, ApiResult},
    extract::{Body, Caller, Manage, Origin},
    state::ApiState,
};
use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

/// A new session's settings.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateSession {
    /// At most 256 characters.
    label: Option<String>,
    /// Default false.
    auto_read: Option<bool>,
    /// Default false.
    presence_typing: Option<bool>,
    /// Default false.
    mark_online: Option<bool>,
    /// 1–60,000; default 20.
    rate_per_min: Option<i64>,
    /// 1–1,000,000; default 600.
    rate_per_hour: Option<i64>,
    /// `socks5://[user:password@]host:port` or `http://[user:password@]host:port`: the session's connections to
    /// WhatsApp go through it. Kept encrypted. Off the public internet it is dialled only where
    /// `outbound.allow_subnets` of the configuration permits. Default: the installation's, if there is one.
    proxy: Option<String>,
    /// Begin QR pairing at once.
    start: Option<bool>,
}

impl CreateSession {
    fn split(self) -> (UpdateSession, bool) {
        let settings = UpdateSession {
            label: self.label,
            auto_read: self.auto_read,
            presence_typing: self.presence_typing,
            mark_online: self.mark_online,
            rate_per_min: self.rate_per_min,
            rate_per_hour: self.rate_per_hour,
            proxy: self.proxy,
        };
        (settings, self.start.unwrap_or(false))
    }
}

/// Makes a session. Not idempotent. With `start: true` the answer is already `starting` and a QR code follows.
/// Needs `manage`; a key limited to sessions may not.
#[utoipa::path(post, path = "/sessions", tag = "sessions", request_body = CreateSession,
    responses((status = 201, body = Session)))]
pub async fn create_session(
    State(state): State<ApiState>,
    caller: Unlimited,
    origin: Origin,
    Body(body): Body<CreateSession>,
) -> ApiResult<(StatusCode, Json<Session>)> {
    let Unlimited(caller) = caller;
    let (settings, start) = body.split();
    let session = state
        .domain()
        .create_session(
            caller.org,
            settings.into(),
            start,
            &origin.by(&caller.principal),
        )
        .await?;
    Ok((StatusCode::CREATED, Json(session.into())))
}

/// A caller with `manage` to whom all sessions of the organization exist.
pub struct Unlimited(Caller<Manage>);

impl axum::extract::FromRequestParts<ApiState> for Unlimited {
    type Rejection = ApiError;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        state: &ApiState,
    ) -> ApiResult<Self> {
        let caller = Caller::from_request_parts(parts, state).await?;
        if caller.principal.sessions.is_empty() {
            Ok(Self(caller))
        } else {
            Err(ApiError::forbidden(
                "a key limited to sessions cannot create one",
            ))
        }
    }
}
