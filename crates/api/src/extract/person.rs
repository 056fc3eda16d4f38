//! People: those who logged in, and those who are about to.

use super::{
    accept::{AnswersJson, Media},
    authenticated,
};
use crate::{
    auth::{Embedded, Principal, Subject},
    error::{ApiError, ApiResult},
    state::ApiState,
};
use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};
use std::sync::Arc;
use wharf_domain::sessions::SessionScope;
use wharf_types::{LoginId, UserId};

/// Somebody with a login token, of any issuer; a key is 403.
pub struct Person {
    /// Who.
    pub user: UserId,
    /// What their token amounts to.
    pub principal: Arc<Principal>,
}

/// Somebody who logged in here, not at an issuer of elsewhere.
pub struct Resident {
    /// Who.
    pub user: UserId,
    /// By which log-in.
    pub login: LoginId,
    /// What their token amounts to.
    pub principal: Arc<Principal>,
}

/// Anybody, for what leads to a credential; not found where nobody logs in here.
pub struct Stranger {
    /// Our own issuer.
    pub issuer: Arc<Embedded>,
}

/// A person with the platform role; anybody else is 403.
pub struct SuperAdmin {
    /// What their token amounts to.
    pub principal: Arc<Principal>,
}

/// A person with the platform role, and a session of any organization.
pub struct AnySession {
    /// The session.
    pub scope: SessionScope,
    /// What their token amounts to.
    pub principal: Arc<Principal>,
}

pub(super) fn person(principal: &Principal) -> ApiResult<UserId> {
    match principal.subject {
        Subject::Person(user) => Ok(user),
        Subject::Key(_) => Err(ApiError::forbidden("this needs a login token, not a key")),
    }
}

impl FromRequestParts<ApiState> for Person {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> ApiResult<Self> {
        let principal = authenticated(parts, state).await?;
        let user = person(&principal)?;
        AnswersJson::check(&parts.headers)?;
        Ok(Self { user, principal })
    }
}

impl FromRequestParts<ApiState> for Resident {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> ApiResult<Self> {
        let Person { user, principal } = Person::from_request_parts(parts, state).await?;
        let login = principal.login.ok_or_else(|| {
            ApiError::forbidden("this is for people who log in here, not at another issuer")
        })?;
        Ok(Self {
            user,
            login,
            principal,
        })
    }
}

impl FromRequestParts<ApiState> for Stranger {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> ApiResult<Self> {
        let issuer = state
            .auth()
            .embedded()
            .cloned()
            .ok_or_else(|| ApiError::not_found("login of this installation's own"))?;
        AnswersJson::check(&parts.headers)?;
        Ok(Self { issuer })
    }
}

impl FromRequestParts<ApiState> for SuperAdmin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> ApiResult<Self> {
        let principal = authenticated(parts, state).await?;
        if !principal.super_admin {
            return Err(ApiError::forbidden(
                "this needs the platform role super_admin",
            ));
        }
        AnswersJson::check(&parts.headers)?;
        Ok(Self { principal })
    }
}

impl FromRequestParts<ApiState> for AnySession {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> ApiResult<Self> {
        let principal = authenticated(parts, state).await?;
        if !principal.super_admin {
            return Err(ApiError::forbidden(
                "this needs the platform role super_admin",
            ));
        }
        let missing = || ApiError::not_found("session");
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| missing())?;
        let id = params
            .iter()
            .find(|(name, _)| *name == "session")
            .and_then(|(_, text)| text.parse().ok())
            .ok_or_else(missing)?;
        let scope = state.domain().session_anywhere(id).await?;
        AnswersJson::check(&parts.headers)?;
        Ok(Self { scope, principal })
    }
}
