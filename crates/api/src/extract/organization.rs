//! The organization named in the path, and what the caller is in it: 401 → 403 (a key) → 404 (not theirs) → 403 (too
//! little) → 406.

use super::{
    accept::{AnswersJson, Media},
    authenticated,
    person::person,
};
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
use wharf_domain::organizations::Place;
use wharf_types::{OrgId, Role};

/// The role an operation needs at least, as a type so that a handler's signature says it.
pub trait AtLeast {
    /// It.
    const ROLE: Role;
}

macro_rules! roles {
    ($($(#[$doc:meta])* $name:ident = $role:ident),*) => { $(
        $(#[$doc])*
        pub struct $name;
        impl AtLeast for $name { const ROLE: Role = Role::$role; }
    )* };
}
roles!(
    /** Anybody who belongs to it. */ AsMember = Member,
    /** Admins and owners. */ AsAdmin = Admin,
    /** Owners. */ AsOwner = Owner
);

/// A person who is at least `R` in the organization of the path.
pub struct InOrganization<R, M = AnswersJson> {
    /// Their place in it.
    pub place: Place,
    /// What their token amounts to.
    pub principal: Arc<Principal>,
    needs: PhantomData<fn() -> (R, M)>,
}

impl<R: AtLeast, M: Media> FromRequestParts<ApiState> for InOrganization<R, M> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> ApiResult<Self> {
        let principal = authenticated(parts, state).await?;
        let user = person(&principal)?;
        let missing = || ApiError::not_found("organization");
        let named = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| missing())?;
        let org: OrgId = named
            .iter()
            .find(|(name, _)| *name == "id")
            .and_then(|(_, text)| text.parse().ok())
            .ok_or_else(missing)?;
        // Who logs in here may belong to many, whatever organization their token is for. Who comes from another issuer has
        // the one their claim is bound to.
        let role = match principal.login {
            Some(_) => state.domain().role_in(org, user).await?,
            None => principal.role.filter(|_| principal.org == Some(org)),
        };
        let role = role.ok_or_else(missing)?;
        if role < R::ROLE {
            return Err(ApiError::forbidden(match R::ROLE {
                Role::Member => "this needs the role member",
                Role::Admin => "this needs the role admin",
                Role::Owner => "this needs the role owner",
            }));
        }
        M::check(&parts.headers)?;
        Ok(Self {
            place: Place { org, user, role },
            principal,
            needs: PhantomData,
        })
    }
}
