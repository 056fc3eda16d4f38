//! The caller and the session, in the contract's order: 401 → 403 → 404 → 406.

use super::accept::{AnswersJson, Media};
use crate::{
    auth::Principal,
    error::{ApiError, ApiResult},
    state::ApiState,
};
use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};
use std::{marker::PhantomData, sync::Arc};
use wharf_domain::sessions::SessionScope;
use wharf_types::{Capability, OrgId, SessionId};

/// The capability an operation needs, as a type so that a handler's signature says it.
pub trait Needs {
    /// It.
    const CAPABILITY: Capability;
}

macro_rules! needs {
    ($($(#[$doc:meta])* $name:ident),*) => { $(
        $(#[$doc])*
        pub struct $name;
        impl Needs for $name { const CAPABILITY: Capability = Capability::$name; }
    )* };
}
needs!(
    /** `read`. */ Read,
    /** `send`. */ Send,
    /** `manage`. */ Manage
);

/// Somebody of an organization who may do `C`; for operations that name no session.
pub struct Caller<C, M = AnswersJson> {
    /// The organization.
    pub org: OrgId,
    /// Who.
    pub principal: Arc<Principal>,
    needs: PhantomData<fn() -> (C, M)>,
}

/// The same, and a session of that organization that exists for this caller.
pub struct InSession<C, M = AnswersJson> {
    /// The session.
    pub scope: SessionScope,
    /// Who.
    pub principal: Arc<Principal>,
    needs: PhantomData<fn() -> (C, M)>,
}

/// 401 or the caller; verified once a request.
pub(crate) async fn authenticated(
    parts: &mut Parts,
    state: &ApiState,
) -> ApiResult<Arc<Principal>> {
    state.auth().authenticate(&parts.headers).await
}

/// 404 or the session named in the path.
pub(crate) async fn session_of(
    parts: &mut Parts,
    state: &ApiState,
    principal: &Principal,
) -> ApiResult<Option<SessionScope>> {
    let named = match RawPathParams::from_request_parts(parts, state).await {
        Ok(params) => params
            .iter()
            .find(|(name, _)| *name == "session")
            .map(|(_, text)| text.to_owned()),
        // Some segment is no UTF-8. A session's id needs no decoding, so look at the path itself.
        Err(_) => parts
            .uri
            .path()
            .split('/')
            .skip_while(|segment| *segment != "sessions")
            .nth(1)
            .map(str::to_owned),
    };
    let Some(named) = named else {
        return Ok(None);
    };
    let missing = || ApiError::not_found("session");
    let org = principal.org.ok_or_else(missing)?;
    let id: SessionId = named.parse().map_err(|_| missing())?;
    if !principal.sees(&id) {
        return Err(missing());
    }
    Ok(Some(state.scopes().find(state.domain(), org, id).await?))
}

fn capable<C: Needs>(principal: &Principal) -> ApiResult<()> {
    if principal.capabilities.has(C::CAPABILITY) {
        return Ok(());
    }
    Err(ApiError::forbidden(match C::CAPABILITY {
        Capability::Read => "this needs the capability read",
        Capability::Send => "this needs the capability send",
        Capability::Manage => "this needs the capability manage",
    }))
}

impl<C: Needs, M: Media> FromRequestParts<ApiState> for Caller<C, M> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> ApiResult<Self> {
        let principal = authenticated(parts, state).await?;
        capable::<C>(&principal)?;
        let org = principal
            .org
            .ok_or_else(|| ApiError::not_found("organization"))?;
        M::check(&parts.headers)?;
        Ok(Self {
            org,
            principal,
            needs: PhantomData,
        })
    }
}

impl<C: Needs, M: Media> FromRequestParts<ApiState> for InSession<C, M> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> ApiResult<Self> {
        let principal = authenticated(parts, state).await?;
        capable::<C>(&principal)?;
        let scope = session_of(parts, state, &principal)
            .await?
            .ok_or_else(|| ApiError::internal("route without {session}"))?;
        M::check(&parts.headers)?;
        Ok(Self {
            scope,
            principal,
            needs: PhantomData,
        })
    }
}
