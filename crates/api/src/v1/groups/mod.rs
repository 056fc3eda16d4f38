//! Groups: as stored, and what is done to them at WhatsApp. Schemas of the domain's own values, as in
//! [`super::contacts`].

pub mod add;
pub mod create;
pub mod get;
pub mod invite;
pub mod join;
pub mod leave;
pub mod list;
pub mod member;
pub mod members;
pub mod picture;
pub mod requests;
pub mod update;

use crate::{
    error::{ApiError, ApiResult},
    extract::{InSession, Origin, Send},
    state::ApiState,
};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use wharf_domain::{
    Error,
    groups::{manage::MOST_MEMBERS, members::MembersChanged},
    ports::{engine::Refusal, groups::MemberChange},
};
use wharf_types::{Address, AddressError, GroupJid};

/// Who changes a group, for the audit log, which names it by its row.
struct Doer<'a> {
    state: &'a ApiState,
    here: &'a InSession<Send>,
    origin: &'a Origin,
}

impl Doer<'_> {
    async fn did(&self, action: &'static str, group: &GroupJid, what: Value) -> ApiResult<()> {
        let (domain, scope) = (self.state.domain(), self.here.scope);
        let row = domain.get_group(scope, group.clone()).await?;
        let details = serde_json::json!({"group": row.id, "what": what});
        let by = self.origin.by(&self.here.principal);
        Ok(domain.note_done(&by, scope, action, details).await?)
    }

    /// Changes members, and notes of how many it took effect.
    async fn change(
        &self,
        group: GroupJid,
        change: MemberChange,
        people: Vec<Address>,
    ) -> ApiResult<MembersChanged> {
        let domain = self.state.domain();
        let scope = self.here.scope;
        let changed = domain
            .change_members(scope, group.clone(), change, people)
            .await?;
        if !changed.applied.is_empty() {
            let what = serde_json::json!({"people": changed.applied.len()});
            self.did(action(change), &group, what).await?;
        }
        Ok(changed)
    }
}

const fn action(change: MemberChange) -> &'static str {
    match change {
        MemberChange::Add => "group_member.add",
        MemberChange::Remove => "group_member.remove",
        MemberChange::Promote => "group_member.promote",
        MemberChange::Demote => "group_member.demote",
        MemberChange::Approve => "group_member.approve",
        MemberChange::Reject => "group_member.reject",
    }
}

/// People, by whatever id.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Participants {
    /// Phones, phone JIDs or LID JIDs; 1–1,023.
    #[schema(min_items = 1, max_items = 1023)]
    participants: Vec<String>,
}

/// Somebody to whom it could not be done.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the schema of the domain's value")]
pub struct NotDone {
    /// Their JID, as the request names them.
    participant: String,
    /// `recipient_not_on_whatsapp`, `invite_needed` (their privacy wants a link), `blocked`, `left_recently`,
    /// `group_full`, `group_owner`, `not_a_member`, `no_request` or `rejected`.
    reason: String,
}

/// The account is one of the members a group may have.
fn people(texts: &[String]) -> ApiResult<Vec<Address>> {
    if texts.is_empty() || texts.len() >= MOST_MEMBERS {
        return Err(ApiError::invalid(
            "participants",
            "must name 1 to 1023 people",
        ));
    }
    let address = |(place, text): (usize, &String)| {
        text.parse().map_err(|error: AddressError| {
            ApiError::invalid(&format!("participants[{place}]"), error.to_string())
        })
    };
    texts.iter().enumerate().map(address).collect()
}

fn refused(reason: &'static str, message: &str) -> ApiError {
    Error::Upstream(Refusal {
        reason,
        message: message.to_owned(),
        until: None,
    })
    .into()
}

/// 204, or who could not be changed.
fn each(changed: MembersChanged) -> ApiResult<StatusCode> {
    if changed.not_done.is_empty() {
        return Ok(StatusCode::NO_CONTENT);
    }
    const ABSENT: &str = "recipient_not_on_whatsapp";
    let reason = match changed.not_done.iter().all(|one| one.reason == ABSENT) {
        true => ABSENT,
        false => "rejected",
    };
    let participants = serde_json::to_value(&changed.not_done)
        .map_err(|error| ApiError::internal(error.to_string()))?;
    let error = refused(
        reason,
        "WhatsApp did not do it for everybody: see details.participants",
    );
    Err(error
        .detail("participants", participants)
        .detail("applied", changed.applied))
}

/// The same of one person.
fn one(changed: MembersChanged) -> ApiResult<StatusCode> {
    match changed.not_done.first().map(|one| one.reason.as_str()) {
        None => Ok(StatusCode::NO_CONTENT),
        Some("not_a_member") => Err(ApiError::not_found("member")),
        Some("group_owner") => Err(Error::Forbidden("group_owner").into()),
        Some(_) => Err(refused("rejected", "WhatsApp refused the change")),
    }
}

/// A group this session has seen.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Group {
    /// When WhatsApp says it was made.
    #[schema(required)]
    pub created_at_wa: Option<i64>,
    /// Its description.
    pub description: String,
    /// When first seen.
    pub first_seen_at: i64,
    /// `…@g.us`.
    pub group_jid: String,
    /// Row id.
    pub id: i64,
    /// Only admins write.
    pub is_announce: bool,
    /// Only admins edit.
    pub is_locked: bool,
    /// The owner's JID; `""` while unknown.
    pub owner_jid: String,
    /// Members now, or when the account was last in it.
    pub participant_count: u32,
    /// Its name.
    pub subject: String,
    /// When the row last changed.
    pub updated_at: i64,
}

/// A member of a group.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct GroupMember {
    /// When first seen in it.
    pub first_seen_at: i64,
    /// `…@g.us`.
    pub group_jid: String,
    /// Row id.
    pub id: i64,
    /// When last seen in it.
    pub last_seen_at: i64,
    /// `…@lid`; `""` while unknown.
    pub lid: String,
    /// The best known name.
    pub name: String,
    /// Digits; `""` while only the LID is known.
    pub phone_number: String,
    /// `member`, `admin` or `superadmin`.
    pub role: String,
    /// `sess_…`.
    pub session_id: String,
    /// Nickname in this group, `""` if none.
    pub tag: String,
}
