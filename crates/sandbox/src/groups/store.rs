//! Groups and memberships in the world's database.

use anyhow::Result;
use rusqlite::{OptionalExtension, Row, params};

use super::model::{Description, Group, Identity, Member, Role, Shown};
use crate::{
    ids::{DeviceAddr, Lid, Phone},
    world::World,
};

pub const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS groups(
  gid TEXT PRIMARY KEY, owner INTEGER NOT NULL, created_at INTEGER NOT NULL,
  subject TEXT NOT NULL, subject_by INTEGER NOT NULL, subject_at INTEGER NOT NULL,
  description TEXT, description_id TEXT, description_by INTEGER, description_at INTEGER,
  announce INTEGER NOT NULL, locked INTEGER NOT NULL, admin_add INTEGER NOT NULL, by_lid INTEGER NOT NULL,
  hide_numbers INTEGER NOT NULL, approval INTEGER NOT NULL, ephemeral INTEGER NOT NULL, version INTEGER NOT NULL, invite TEXT UNIQUE) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS group_members(
  gid TEXT NOT NULL REFERENCES groups(gid), phone INTEGER NOT NULL, role INTEGER NOT NULL, hidden INTEGER NOT NULL /* Shown */,
  PRIMARY KEY(gid, phone)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS group_members_phone ON group_members(phone);";

const COLUMNS: &str = "gid, owner, created_at, subject, subject_by, subject_at, description, description_id, description_by, \
                       description_at, announce, locked, admin_add, by_lid, hide_numbers, ephemeral, version, approval";

fn read(r: &Row<'_>) -> rusqlite::Result<Group> {
    let description = match (
        r.get::<_, Option<String>>(6)?,
        r.get::<_, Option<String>>(7)?,
        r.get::<_, Option<i64>>(8)?,
    ) {
        (Some(text), Some(id), Some(by)) => Some(Description {
            id,
            text,
            by: Phone::from_row(by),
            at: r.get(9)?,
        }),
        _ => None,
    };
    Ok(Group {
        gid: r.get(0)?,
        owner: Phone::from_row(r.get(1)?),
        created_at: r.get(2)?,
        subject: r.get(3)?,
        subject_by: Phone::from_row(r.get(4)?),
        subject_at: r.get(5)?,
        description,
        announce: r.get(10)?,
        locked: r.get(11)?,
        admin_add: r.get(12)?,
        by_lid: r.get(13)?,
        hide_numbers: r.get(14)?,
        ephemeral: r.get(15)?,
        version: r.get(16)?,
        approval: r.get(17)?,
    })
}

fn read_member(r: &Row<'_>) -> rusqlite::Result<Member> {
    Ok(Member {
        who: Identity {
            phone: Phone::from_row(r.get(0)?),
            lid: Lid::from_row(r.get(1)?),
            hidden: r.get(2)?,
        },
        role: Role::of_row(r.get(3)?),
    })
}

impl World<'_> {
    pub fn group(&self, gid: &str) -> Result<Option<Group>> {
        Ok(self
            .db()
            .prepare_cached(&format!("SELECT {COLUMNS} FROM groups WHERE gid = ?1"))?
            .query_row([gid], read)
            .optional()?)
    }

    pub fn group_by_invite(&self, code: &str) -> Result<Option<Group>> {
        Ok(self
            .db()
            .prepare_cached(&format!("SELECT {COLUMNS} FROM groups WHERE invite = ?1"))?
            .query_row([code], read)
            .optional()?)
    }

    /// The groups somebody is in, by JID.
    pub fn groups_of(&self, phone: Phone) -> Result<Vec<Group>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM groups WHERE gid IN (SELECT gid FROM group_members WHERE phone = ?1) ORDER BY gid"
        );
        let mut q = self.db().prepare_cached(&sql)?;
        let rows = q
            .query_map([phone.row()], read)?
            .collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// (JID, subject, size) of every group.
    pub fn all_groups(&self) -> Result<Vec<(String, String, u32)>> {
        let mut q = self
            .db()
            .prepare_cached("SELECT gid, subject, (SELECT count(*) FROM group_members m WHERE m.gid = g.gid) FROM groups g ORDER BY gid")?;
        let rows = q
            .query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?
            .collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// The superadmin first, then admins, then by number.
    pub fn group_members(&self, gid: &str) -> Result<Vec<Member>> {
        let mut q = self.db().prepare_cached(
            "SELECT m.phone, a.lid, m.hidden, m.role FROM group_members m JOIN accounts a USING(phone) WHERE gid = ?1 ORDER BY m.role DESC, m.phone",
        )?;
        let rows = q.query_map([gid], read_member)?.collect::<Result<_, _>>()?;
        Ok(rows)
    }

    pub fn group_member(&self, gid: &str, phone: Phone) -> Result<Option<Member>> {
        let mut q = self
            .db()
            .prepare_cached("SELECT m.phone, a.lid, m.hidden, m.role FROM group_members m JOIN accounts a USING(phone) WHERE gid = ?1 AND phone = ?2")?;
        Ok(q.query_row(params![gid, phone.row()], read_member)
            .optional()?)
    }

    /// Every linked companion of every member.
    pub fn group_companions(&self, gid: &str) -> Result<Vec<DeviceAddr>> {
        let mut q = self.db().prepare_cached(
            "SELECT d.phone, d.n FROM group_members m JOIN devices d USING(phone) WHERE m.gid = ?1 AND d.adv IS NOT NULL ORDER BY d.phone, d.n",
        )?;
        let rows = q
            .query_map([gid], |r| Ok(Phone::from_row(r.get(0)?).device(r.get(1)?)))?
            .collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// Somebody as groups name them, a member or not.
    pub fn identity(&self, gid: &str, phone: Phone) -> Result<Option<Identity>> {
        if let Some(m) = self.group_member(gid, phone)? {
            return Ok(Some(m.who));
        }
        Ok(self.account(phone)?.map(|a| Identity {
            phone,
            lid: a.lid,
            hidden: false,
        }))
    }

    /// Writes a group, new or changed.
    pub fn save_group(&mut self, g: &Group) -> Result<()> {
        let d = g.description.as_ref();
        self.db()
            .prepare_cached(
                "INSERT INTO groups(gid, owner, created_at, subject, subject_by, subject_at, description, description_id, description_by,
                   description_at, announce, locked, admin_add, by_lid, hide_numbers, ephemeral, version, approval)
                 VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18)
                 ON CONFLICT DO UPDATE SET subject=?4, subject_by=?5, subject_at=?6, description=?7, description_id=?8, description_by=?9,
                   description_at=?10, announce=?11, locked=?12, admin_add=?13, by_lid=?14, hide_numbers=?15, ephemeral=?16, version=?17, approval=?18",
            )?
            .execute(params![
                g.gid,
                g.owner.row(),
                g.created_at,
                g.subject,
                g.subject_by.row(),
                g.subject_at,
                d.map(|d| &d.text),
                d.map(|d| &d.id),
                d.map(|d| d.by.row()),
                d.map(|d| d.at),
                g.announce,
                g.locked,
                g.admin_add,
                g.by_lid,
                g.hide_numbers,
                g.ephemeral,
                g.version,
                g.approval
            ])?;
        Ok(())
    }

    /// Adds somebody, or changes the role of a member; whether their number is shown stays.
    pub fn save_member(
        &mut self,
        gid: &str,
        phone: Phone,
        role: Role,
        number: Shown,
    ) -> Result<()> {
        self.db()
            .prepare_cached("INSERT INTO group_members(gid, phone, role, hidden) VALUES(?1,?2,?3,?4) ON CONFLICT DO UPDATE SET role = ?3")?
            .execute(params![gid, phone.row(), role as i64, number as i64])?;
        Ok(())
    }

    pub fn delete_member(&mut self, gid: &str, phone: Phone) -> Result<()> {
        self.db()
            .prepare_cached("DELETE FROM group_members WHERE gid = ?1 AND phone = ?2")?
            .execute(params![gid, phone.row()])?;
        Ok(())
    }

    pub fn invite_code(&self, gid: &str) -> Result<Option<String>> {
        Ok(self
            .db()
            .query_row("SELECT invite FROM groups WHERE gid = ?1", [gid], |r| {
                r.get(0)
            })
            .optional()?
            .flatten())
    }

    pub fn set_invite_code(&mut self, gid: &str, code: &str) -> Result<()> {
        self.db().execute(
            "UPDATE groups SET invite = ?2 WHERE gid = ?1",
            params![gid, code],
        )?;
        Ok(())
    }
}
