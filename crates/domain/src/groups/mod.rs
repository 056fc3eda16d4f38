//! Groups and their members as callers see them. What callers do to groups is in [`manage`], to who is in them in
//! [`members`].

pub mod invite;
pub mod manage;
pub mod members;

use crate::{
    Domain, Error, Result,
    cursor::{Binding, Page},
    ports::store::{GroupRow, MemberRow, StoreExt},
    sessions::SessionScope,
    show::{Show, lid_text, number, person_jid},
};
use serde::Serialize;
use wharf_types::{GroupJid, Millis, SessionId};

/// The contract's Group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract's fields")]
pub struct Group {
    pub created_at_wa: Option<Millis>,
    pub description: String,
    pub first_seen_at: Millis,
    pub group_jid: String,
    pub id: i64,
    pub is_announce: bool,
    pub is_locked: bool,
    pub owner_jid: String,
    pub participant_count: u32,
    pub subject: String,
    pub updated_at: Millis,
}

/// The contract's GroupMember.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract's fields")]
pub struct GroupMember {
    pub first_seen_at: Millis,
    pub group_jid: String,
    pub id: i64,
    pub last_seen_at: Millis,
    pub lid: String,
    pub name: String,
    pub phone_number: String,
    pub role: String,
    pub session_id: SessionId,
    pub tag: String,
}

impl Show<'_> {
    /// A group.
    pub(crate) fn group(&self, row: GroupRow) -> Result<Group> {
        let owner = row.owner_id.map_or(Ok(None), |id| self.person(id))?;
        Ok(Group {
            created_at_wa: row.created_at_wa,
            description: row.description,
            first_seen_at: row.first_seen_at,
            group_jid: row.jid.as_str().to_owned(),
            id: row.id,
            is_announce: row.announce,
            is_locked: row.locked,
            owner_jid: owner.as_ref().map(person_jid).unwrap_or_default(),
            participant_count: row.participant_count,
            subject: row.subject,
            updated_at: row.updated_at,
        })
    }

    pub(crate) fn group_member(&self, row: MemberRow, group: &GroupRow) -> Result<GroupMember> {
        let person = self.person(row.person_id)?;
        Ok(GroupMember {
            first_seen_at: row.first_seen_at,
            group_jid: group.jid.as_str().to_owned(),
            id: row.id,
            last_seen_at: row.last_seen_at,
            lid: lid_text(person.as_ref().and_then(|p| p.lid.as_ref())),
            name: person
                .as_ref()
                .map(|p| p.names.shown().to_owned())
                .unwrap_or_default(),
            phone_number: number(person.as_ref().and_then(|p| p.phone.as_ref())),
            role: row.role,
            session_id: self.scope.id,
            tag: row.tag,
        })
    }
}

impl Domain {
    /// The groups this session has seen, in that order.
    pub async fn list_groups(
        &self,
        scope: SessionScope,
        limit: usize,
        cursor: &str,
    ) -> Result<Page<Group>> {
        let sealer = self.sealer(Binding::new("groups", scope.id));
        let after: Option<i64> = sealer.place(cursor)?;
        let rows = self
            .store
            .read(move |view| {
                let show = Show::new(view, scope)?;
                view.groups(scope.no, after.unwrap_or(0), limit + 1)?
                    .into_iter()
                    .map(|row| show.group(row))
                    .collect::<Result<Vec<_>>>()
            })
            .await?;
        sealer.page(rows, limit, |row| row.id, |row| row)
    }

    /// One group.
    pub async fn get_group(&self, scope: SessionScope, jid: GroupJid) -> Result<Group> {
        self.store
            .read(move |view| {
                let row = view
                    .group(scope.no, &jid)?
                    .ok_or(Error::NotFound("group"))?;
                Show::new(view, scope)?.group(row)
            })
            .await
    }

    /// The members a group has now, or had when the account was last in it.
    pub async fn list_group_members(
        &self,
        scope: SessionScope,
        jid: GroupJid,
        limit: usize,
        cursor: &str,
    ) -> Result<Page<GroupMember>> {
        let binding = Binding::new("members", scope.id).with("group", jid.as_str());
        let sealer = self.sealer(binding);
        let after: Option<i64> = sealer.place(cursor)?;
        let rows = self
            .store
            .read(move |view| {
                let group = view
                    .group(scope.no, &jid)?
                    .ok_or(Error::NotFound("group"))?;
                let show = Show::new(view, scope)?;
                view.members(scope.no, group.id, after.unwrap_or(0), limit + 1)?
                    .into_iter()
                    .map(|row| show.group_member(row, &group))
                    .collect::<Result<Vec<_>>>()
            })
            .await?;
        sealer.page(rows, limit, |row| row.id, |row| row)
    }
}
