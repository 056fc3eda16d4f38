//! Groups and who is in them, now and before.
//!
//! A person once seen in a group stays listed as such; leaving only takes them off the group's own list. When the
//! account leaves, the group keeps its members as last known.

use super::Batch;
use crate::{
    Result,
    contacts::PersonRef,
    events::GroupMembersPayload,
    inbound::{GroupChange, InChat, InGroup, InMember, Seen},
    people::flags,
    ports::store::{GroupRow, MemberRow, PersonRow},
};
use std::collections::BTreeMap;
use wharf_types::{GroupJid, Millis};

/// Rows read at once.
const BATCH: usize = 500;

/// What becomes of a membership.
struct Membership<'a> {
    /// `None` leaves what is.
    role: Option<&'a str>,
    /// `None` leaves what is.
    tag: Option<&'a str>,
    /// `None` leaves what is (a new one: not a member now).
    present: Option<bool>,
    at: Millis,
}

impl Batch<'_> {
    /// The group's row, made when there is none.
    pub(super) fn group_row(&mut self, jid: &GroupJid) -> Result<GroupRow> {
        if let Some(known) = self.tx.group(self.s, jid)? {
            return Ok(known);
        }
        let row = GroupRow {
            id: self.group_ids.give(self.tx)?,
            jid: jid.clone(),
            subject: String::new(),
            description: String::new(),
            created_at_wa: None,
            owner_id: None,
            announce: false,
            locked: false,
            joined: true,
            participant_count: 0,
            first_seen_at: self.now,
            updated_at: self.now,
        };
        self.tx.put_group(self.s, &row)?;
        self.added.groups += 1;
        Ok(row)
    }

    fn save_group(&mut self, was: &GroupRow, mut is: GroupRow) -> Result<bool> {
        if *was == is {
            return Ok(false);
        }
        is.updated_at = self.now;
        self.tx.put_group(self.s, &is)?;
        if was.subject != is.subject {
            self.name_chat(&is)?;
        }
        Ok(true)
    }

    fn name_chat(&mut self, group: &GroupRow) -> Result<()> {
        let Some(was) = self.known_chat(&InChat::Group(group.jid.clone()))? else {
            return Ok(());
        };
        let mut is = was.clone();
        is.name.clone_from(&group.subject);
        self.save_chat(&was, &is)
    }

    /// Writes one membership and keeps flag, list and count in step; says whether the person came or went.
    fn membership(
        &mut self,
        group: i64,
        person: &PersonRow,
        told: &Membership<'_>,
    ) -> Result<bool> {
        let known = self.tx.member(self.s, group, person.id)?;
        let was_present = known.as_ref().is_some_and(|row| row.present);
        let mut row = match &known {
            Some(row) => row.clone(),
            None => MemberRow {
                id: self.member_ids.give(self.tx)?,
                group_id: group,
                person_id: person.id,
                role: "member".to_owned(),
                tag: String::new(),
                present: false,
                first_seen_at: told.at,
                last_seen_at: told.at,
            },
        };
        if let Some(role) = told.role {
            row.role = role.to_owned();
        }
        if let Some(tag) = told.tag {
            row.tag = tag.to_owned();
        }
        row.present = told.present.unwrap_or(row.present);
        row.first_seen_at = row.first_seen_at.min(told.at);
        row.last_seen_at = row.last_seen_at.max(told.at);
        if known.as_ref() != Some(&row) {
            self.tx.put_member(self.s, &row)?;
        }
        let person = self.people.flag(self.tx, person.id, flags::GROUP, true)?;
        if was_present == row.present {
            return Ok(false);
        }
        self.people.member(self.tx, group, &person, row.present)?;
        Ok(true)
    }

    /// Who writes in a group is seen in it, even before its metadata is known.
    pub(super) fn seen_in_group(
        &mut self,
        group: &GroupRow,
        person: &PersonRow,
        at: Millis,
        live: bool,
    ) -> Result<()> {
        let known = self.tx.member(self.s, group.id, person.id)?;
        // Somebody who left and writes later than that is back; old messages prove nothing.
        let back = live && known.is_none_or(|row| row.present || at > row.last_seen_at);
        let told = Membership {
            role: None,
            tag: None,
            present: back.then_some(true),
            at,
        };
        if self.membership(group.id, person, &told)? {
            self.count_members(group.id, 1)?;
        }
        Ok(())
    }

    fn count_members(&mut self, group: i64, by: i32) -> Result<()> {
        if let Some(mut row) = self.tx.group_by_id(self.s, group)? {
            row.participant_count = row.participant_count.saturating_add_signed(by);
            self.tx.put_group(self.s, &row)?;
        }
        Ok(())
    }

    fn present_members(&self, group: i64) -> Result<BTreeMap<i64, MemberRow>> {
        let (mut all, mut after) = (BTreeMap::new(), 0);
        loop {
            let members = self.tx.members(self.s, group, after, BATCH)?;
            let full = members.len() == BATCH;
            for member in members {
                after = member.id;
                all.insert(member.person_id, member);
            }
            if !full {
                return Ok(all);
            }
        }
    }

    /// A group as it is now. Members that are not named have left; when none are named nothing is known of them.
    pub(super) fn group(&mut self, told: InGroup) -> Result<()> {
        let owner = match &told.owner {
            Some(owner) => Some(self.people.resolve(self.tx, owner)?.id),
            None => None,
        };
        let people = self
            .people
            .resolve_all(self.tx, told.members.iter().map(|member| &member.who))?;
        let new = self.tx.group(self.s, &told.jid)?.is_none();
        let row = self.group_row(&told.jid)?;
        let mut gone = self.present_members(row.id)?;
        let (mut joined, mut left) = (Vec::new(), Vec::new());
        for (member, person) in told.members.iter().zip(&people) {
            gone.remove(&person.id);
            let now = Membership {
                role: Some(member.role),
                tag: Some(&member.tag),
                present: Some(true),
                at: self.now,
            };
            if self.membership(row.id, person, &now)? {
                joined.push(PersonRef::from(person));
            }
        }
        if told.members.is_empty() {
            gone.clear();
        }
        for (id, member) in gone {
            if let Some(person) = self.tx.person(self.s, id)? {
                let now = Membership {
                    role: None,
                    tag: None,
                    present: Some(false),
                    at: member.last_seen_at,
                };
                self.membership(row.id, &person, &now)?;
                left.push(PersonRef::from(&person));
            }
        }
        // Joining rows may have counted already: read what is.
        let was = self.group_row(&told.jid)?;
        let mut is = was.clone();
        is.subject = told.subject;
        is.description = told.description;
        is.created_at_wa = told.created_at.or(is.created_at_wa);
        is.owner_id = owner.or(is.owner_id);
        is.announce = told.announce;
        is.locked = told.locked;
        is.joined = true;
        if !told.members.is_empty() {
            is.participant_count =
                u32::try_from(self.present_members(row.id)?.len()).unwrap_or(u32::MAX);
        }
        let changed = self.save_group(&was, is)?;
        if new {
            self.chat(&InChat::Group(told.jid.clone()))?;
        }
        if self.quiet {
            return Ok(());
        }
        if changed || new {
            self.tell_group(&told.jid)?;
        }
        // A group seen for the first time is told whole, not member by member.
        if !new {
            self.tell_members(&told.jid, "joined", joined, None)?;
            self.tell_members(&told.jid, "left", left, None)?;
        }
        Ok(())
    }

    /// Groups that are not named were left.
    pub(super) fn groups_complete(&mut self, joined: Vec<GroupJid>) -> Result<()> {
        let mut after = 0;
        loop {
            let rows = self.tx.groups(self.s, after, BATCH)?;
            let full = rows.len() == BATCH;
            for was in rows {
                after = was.id;
                let is = GroupRow {
                    joined: joined.contains(&was.jid),
                    ..was.clone()
                };
                if self.save_group(&was, is)? && !self.quiet {
                    self.tell_group(&was.jid)?;
                }
            }
            if !full {
                return Ok(());
            }
        }
    }

    pub(super) fn group_changed(
        &mut self,
        jid: &GroupJid,
        by: Option<&Seen>,
        change: GroupChange,
        at: Millis,
    ) -> Result<()> {
        let was = self.group_row(jid)?;
        let mut is = was.clone();
        match change {
            GroupChange::Subject(subject) => is.subject = subject,
            GroupChange::Description(description) => is.description = description,
            GroupChange::Announce(on) => is.announce = on,
            GroupChange::Locked(on) => is.locked = on,
            GroupChange::Deleted => is.joined = false,
            GroupChange::Picture if self.quiet => return Ok(()),
            GroupChange::Picture => return self.tell_group(jid),
            GroupChange::Tagged(who, tag) => return self.tagged(&was, &who, &tag, at),
            GroupChange::Joined(members) => return self.joined(&was, by, &members, at),
            GroupChange::Left(people) => return self.left(&was, by, &people, at),
            GroupChange::Promoted(people) => {
                return self.ranked(&was, by, &people, at, "promoted", "admin");
            }
            GroupChange::Demoted(people) => {
                return self.ranked(&was, by, &people, at, "demoted", "member");
            }
        }
        if self.save_group(&was, is)? && !self.quiet {
            self.tell_group(jid)?;
        }
        Ok(())
    }

    fn joined(
        &mut self,
        group: &GroupRow,
        by: Option<&Seen>,
        members: &[InMember],
        at: Millis,
    ) -> Result<()> {
        let by = self.actor(by)?;
        let people = self
            .people
            .resolve_all(self.tx, members.iter().map(|member| &member.who))?;
        let mut came = Vec::new();
        for (member, person) in members.iter().zip(&people) {
            // A notification names no nickname; the metadata that follows does.
            let tag = Some(member.tag.as_str()).filter(|tag| !tag.is_empty());
            let now = Membership {
                role: Some(member.role),
                tag,
                present: Some(true),
                at,
            };
            if self.membership(group.id, person, &now)? {
                self.count_members(group.id, 1)?;
                came.push(PersonRef::from(person));
            }
            if person.flags & flags::SELF != 0 {
                self.set_joined(&group.jid, true)?;
            }
        }
        self.tell_members(&group.jid, "joined", came, by)
    }

    fn left(
        &mut self,
        group: &GroupRow,
        by: Option<&Seen>,
        people: &[Seen],
        at: Millis,
    ) -> Result<()> {
        let by = self.actor(by)?;
        let people = self.people.resolve_all(self.tx, people.iter())?;
        let mut went = Vec::new();
        for person in &people {
            let now = Membership {
                role: Some("member"),
                tag: None,
                present: Some(false),
                at,
            };
            if self.membership(group.id, person, &now)? {
                self.count_members(group.id, -1)?;
                went.push(PersonRef::from(person));
            }
            if person.flags & flags::SELF != 0 {
                self.set_joined(&group.jid, false)?;
            }
        }
        self.tell_members(&group.jid, "left", went, by)
    }

    fn ranked(
        &mut self,
        group: &GroupRow,
        by: Option<&Seen>,
        people: &[Seen],
        at: Millis,
        action: &'static str,
        role: &str,
    ) -> Result<()> {
        let by = self.actor(by)?;
        let people = self.people.resolve_all(self.tx, people.iter())?;
        let mut ranked = Vec::new();
        for person in &people {
            let was = self.tx.member(self.s, group.id, person.id)?;
            let was = was.filter(|row| row.present).map(|row| row.role);
            // Nobody makes the owner less by calling them an admin.
            if was.as_deref() == Some(role)
                || (role == "admin" && was.as_deref() == Some("superadmin"))
            {
                continue;
            }
            let now = Membership {
                role: Some(role),
                tag: None,
                present: Some(true),
                at,
            };
            if self.membership(group.id, person, &now)? {
                self.count_members(group.id, 1)?;
            }
            ranked.push(PersonRef::from(person));
        }
        self.tell_members(&group.jid, action, ranked, by)
    }

    /// A member calls themselves something in this group; "" = nothing.
    fn tagged(&mut self, group: &GroupRow, who: &Seen, tag: &str, at: Millis) -> Result<()> {
        let person = self.people.resolve(self.tx, who)?;
        let now = Membership {
            role: None,
            tag: Some(tag),
            present: None,
            at,
        };
        self.membership(group.id, &person, &now).map(drop)
    }

    fn actor(&mut self, by: Option<&Seen>) -> Result<Option<PersonRef>> {
        let row = match by {
            Some(by) => Some(self.people.resolve(self.tx, by)?),
            None => None,
        };
        Ok(row.as_ref().map(PersonRef::from))
    }

    fn set_joined(&mut self, jid: &GroupJid, joined: bool) -> Result<()> {
        let was = self.group_row(jid)?;
        let is = GroupRow {
            joined,
            ..was.clone()
        };
        if self.save_group(&was, is)? && !self.quiet {
            self.tell_group(jid)?;
        }
        Ok(())
    }

    fn tell_group(&mut self, jid: &GroupJid) -> Result<()> {
        let row = self.group_row(jid)?;
        let shown = self.show().group(row)?;
        self.log.group_updated(self.tx, &shown)
    }

    fn tell_members(
        &mut self,
        jid: &GroupJid,
        action: &'static str,
        members: Vec<PersonRef>,
        by: Option<PersonRef>,
    ) -> Result<()> {
        if self.quiet || members.is_empty() {
            return Ok(());
        }
        let payload = GroupMembersPayload {
            group_jid: jid.as_str().to_owned(),
            action,
            members,
            by,
        };
        self.log.group_members(self.tx, &payload)
    }
}
