//! Organizations, the people in them, and invitations. All of it is for people: a key is 403.

pub mod create;
pub mod delete;
pub mod export;
pub mod get;
pub mod invitations;
pub mod invite;
pub mod list;
pub mod members;
pub mod remove_member;
pub mod update;
pub mod update_member;
pub mod withdraw;

use super::auth::RoleName;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wharf_domain::{
    organizations::Member as DomainMember,
    ports::store::{InvitationRow, OrgRow},
};
use wharf_types::{Millis, Role};

/// An organization, as one of its people sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Organization {
    /// When it was made.
    created_at: Millis,
    /// `org_…`.
    id: String,
    /// Its name.
    name: String,
    /// What the caller is in it.
    #[schema(value_type = RoleName)]
    role: Role,
}

impl From<(OrgRow, Role)> for Organization {
    fn from((row, role): (OrgRow, Role)) -> Self {
        Self {
            created_at: row.created_at,
            id: row.id.to_string(),
            name: row.name,
            role,
        }
    }
}

/// An organization's name.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrganizationName {
    /// At most 256 characters.
    name: String,
}

/// A person in an organization.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// When they came in.
    created_at: Millis,
    /// What they log in by.
    email: String,
    /// `""` when none is known.
    name: String,
    /// What they are.
    #[schema(value_type = RoleName)]
    role: Role,
    /// `user_…`.
    user_id: String,
}

impl From<DomainMember> for Member {
    fn from(member: DomainMember) -> Self {
        Self {
            created_at: member.membership.created_at,
            email: member.user.email,
            name: member.user.name,
            role: member.membership.role,
            user_id: member.user.id.to_string(),
        }
    }
}

/// Somebody is asked in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// When.
    created_at: Millis,
    /// By whom; `""` when not by a person.
    created_by_user_id: String,
    /// Who.
    email: String,
    /// After this the link is refused.
    expires_at: Millis,
    /// `inv_…`.
    id: String,
    /// As what.
    #[schema(value_type = RoleName)]
    role: Role,
}

impl From<InvitationRow> for Invitation {
    fn from(row: InvitationRow) -> Self {
        Self {
            created_at: row.created_at,
            created_by_user_id: row.created_by.map(|id| id.to_string()).unwrap_or_default(),
            email: row.email,
            expires_at: row.expires_at,
            id: row.id.to_string(),
            role: row.role,
        }
    }
}
