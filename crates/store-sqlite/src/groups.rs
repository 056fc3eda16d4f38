//! Groups and memberships, present and past.

use crate::{
    columns::{limit, parsed},
    error::Fault,
    rows::Rows,
};
use rusqlite::{Row, params};
use wharf_domain::{
    Result,
    ports::store::{GroupRow, GroupsTx, GroupsView, MemberRow},
    sessions::SessionNo,
};
use wharf_types::GroupJid;

macro_rules! select_group {
    ($rest:literal) => {
        concat!(
            "SELECT id, jid, subject, description, created_at_wa, owner, announce, locked, joined,
                    participant_count, first_seen_at, updated_at
             FROM groups ",
            $rest
        )
    };
}

macro_rules! select_member {
    ($rest:literal) => {
        concat!(
            "SELECT id, grp, person, role, tag, present, first_seen_at, last_seen_at FROM members ",
            $rest
        )
    };
}

pub(crate) fn group_row(row: &Row<'_>) -> Result<GroupRow, Fault> {
    Ok(GroupRow {
        id: row.get(0)?,
        jid: parsed(row, 1, "group JID")?,
        subject: row.get(2)?,
        description: row.get(3)?,
        created_at_wa: row.get(4)?,
        owner_id: row.get(5)?,
        announce: row.get(6)?,
        locked: row.get(7)?,
        joined: row.get(8)?,
        participant_count: row.get(9)?,
        first_seen_at: row.get(10)?,
        updated_at: row.get(11)?,
    })
}

fn member_row(row: &Row<'_>) -> Result<MemberRow, Fault> {
    Ok(MemberRow {
        id: row.get(0)?,
        group_id: row.get(1)?,
        person_id: row.get(2)?,
        role: row.get(3)?,
        tag: row.get(4)?,
        present: row.get(5)?,
        first_seen_at: row.get(6)?,
        last_seen_at: row.get(7)?,
    })
}

impl GroupsView for Rows<'_> {
    fn group(&self, s: SessionNo, jid: &GroupJid) -> Result<Option<GroupRow>> {
        self.one(
            select_group!("WHERE session = ?1 AND jid = ?2"),
            params![s.0, jid.as_str()],
            group_row,
        )
    }

    fn group_by_id(&self, s: SessionNo, id: i64) -> Result<Option<GroupRow>> {
        self.one(
            select_group!("WHERE session = ?1 AND id = ?2"),
            params![s.0, id],
            group_row,
        )
    }

    fn groups(&self, s: SessionNo, after: i64, rows: usize) -> Result<Vec<GroupRow>> {
        self.many(
            select_group!("WHERE session = ?1 AND id > ?2 ORDER BY id LIMIT ?3"),
            params![s.0, after, limit(rows)],
            group_row,
        )
    }

    fn members(
        &self,
        s: SessionNo,
        group_id: i64,
        after: i64,
        rows: usize,
    ) -> Result<Vec<MemberRow>> {
        self.many(
            select_member!(
                "WHERE session = ?1 AND grp = ?2 AND present = 1 AND id > ?3 ORDER BY id LIMIT ?4"
            ),
            params![s.0, group_id, after, limit(rows)],
            member_row,
        )
    }

    fn member(&self, s: SessionNo, group_id: i64, person_id: i64) -> Result<Option<MemberRow>> {
        self.one(
            select_member!("WHERE session = ?1 AND person = ?3 AND grp = ?2"),
            params![s.0, group_id, person_id],
            member_row,
        )
    }

    fn memberships(&self, s: SessionNo, person_id: i64) -> Result<Vec<MemberRow>> {
        self.many(
            select_member!("WHERE session = ?1 AND person = ?2 ORDER BY grp"),
            params![s.0, person_id],
            member_row,
        )
    }
}

impl GroupsTx for Rows<'_> {
    fn put_group(&mut self, s: SessionNo, row: &GroupRow) -> Result<()> {
        self.run(
            "INSERT INTO groups
                 (session, id, jid, subject, description, created_at_wa, owner, announce, locked, joined,
                  participant_count, first_seen_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
             ON CONFLICT (session, id) DO UPDATE SET
                 jid = excluded.jid, subject = excluded.subject, description = excluded.description,
                 created_at_wa = excluded.created_at_wa, owner = excluded.owner, announce = excluded.announce,
                 locked = excluded.locked, joined = excluded.joined,
                 participant_count = excluded.participant_count, first_seen_at = excluded.first_seen_at,
                 updated_at = excluded.updated_at",
            params![
                s.0,
                row.id,
                row.jid.as_str(),
                row.subject,
                row.description,
                row.created_at_wa,
                row.owner_id,
                row.announce,
                row.locked,
                row.joined,
                row.participant_count,
                row.first_seen_at,
                row.updated_at,
            ],
        )?;
        Ok(())
    }

    fn put_member(&mut self, s: SessionNo, row: &MemberRow) -> Result<()> {
        self.run(
            "INSERT INTO members
                 (session, id, grp, person, role, tag, present, first_seen_at, last_seen_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (session, id) DO UPDATE SET
                 grp = excluded.grp, person = excluded.person, role = excluded.role, tag = excluded.tag,
                 present = excluded.present, first_seen_at = excluded.first_seen_at,
                 last_seen_at = excluded.last_seen_at",
            params![
                s.0,
                row.id,
                row.group_id,
                row.person_id,
                row.role,
                row.tag,
                row.present,
                row.first_seen_at,
                row.last_seen_at,
            ],
        )?;
        Ok(())
    }

    fn delete_member(&mut self, s: SessionNo, id: i64) -> Result<()> {
        self.run(
            "DELETE FROM members WHERE session = ?1 AND id = ?2",
            params![s.0, id],
        )?;
        Ok(())
    }
}
