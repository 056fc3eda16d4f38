//! Asking to join: in a group with approval the invite link leads to a request, which an admin grants or refuses.

use anyhow::Result;
use rusqlite::{OptionalExtension, params};

use super::{
    members::Outcome,
    model::{Group, Identity},
    tell::News,
};
use crate::{
    ids::{Lid, Phone},
    iq::IqError,
    world::World,
};

pub const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS group_requests(
  gid TEXT NOT NULL REFERENCES groups(gid), phone INTEGER NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY(gid, phone)) WITHOUT ROWID;";

/// Somebody who asked, and when (Unix seconds).
pub struct Asked {
    pub who: Identity,
    pub at: i64,
}

impl World<'_> {
    /// Somebody asks to be let in; the admins are told once.
    pub fn ask_to_join(&mut self, g: &Group, who: Phone) -> Result<()> {
        let sql = "INSERT OR IGNORE INTO group_requests(gid, phone, at) VALUES(?1,?2,?3)";
        if self
            .db()
            .execute(sql, params![g.gid, who.row(), self.now()])?
            == 0
        {
            return Ok(());
        }
        let Some(asker) = self.identity(&g.gid, who)? else {
            return Ok(());
        };
        self.tell_admins(g, who, &News::Asked { who: asker })
    }

    /// Who waits, as an admin sees it, by number.
    pub fn join_requests(&self, gid: &str, by: Phone) -> Result<(Group, Vec<Asked>), IqError> {
        let group = self.group_for_admin(gid, by)?;
        let sql = "SELECT r.phone, a.lid, r.at FROM group_requests r JOIN accounts a USING(phone) WHERE r.gid = ?1 ORDER BY r.phone";
        let mut q = self.db().prepare_cached(sql).map_err(anyhow::Error::from)?;
        let read = |r: &rusqlite::Row<'_>| {
            let who = Identity {
                phone: Phone::from_row(r.get(0)?),
                lid: Lid::from_row(r.get(1)?),
                hidden: false,
            };
            Ok(Asked { who, at: r.get(2)? })
        };
        let rows = q
            .query_map([gid], read)
            .and_then(Iterator::collect)
            .map_err(anyhow::Error::from)?;
        Ok((group, rows))
    }

    /// An admin lets people in or refuses them; 404 beside who did not ask.
    pub fn answer_requests(
        &mut self,
        gid: &str,
        by: Phone,
        phones: &[Phone],
        approve: bool,
    ) -> Result<Vec<Outcome>, IqError> {
        let mut outcomes = Vec::new();
        for phone in phones {
            let g = self.group_for_admin(gid, by)?;
            if !self.forget_request(gid, *phone)? {
                outcomes.push(Some(404));
            } else if approve {
                outcomes.extend(self.enter_group(g, by, &[*phone], None)?);
            } else {
                self.tell_refused(&g, by, *phone)?;
                outcomes.push(None);
            }
        }
        Ok(outcomes)
    }

    /// The asker takes the request back.
    pub fn cancel_request(&mut self, gid: &str, who: Phone) -> Result<Outcome, IqError> {
        let g = self.group(gid)?.ok_or(crate::iq::NOT_FOUND)?;
        if !self.forget_request(gid, who)? {
            return Ok(Some(404));
        }
        self.tell_refused(&g, who, who)?;
        Ok(None)
    }

    fn forget_request(&self, gid: &str, who: Phone) -> Result<bool> {
        let sql = "DELETE FROM group_requests WHERE gid = ?1 AND phone = ?2 RETURNING 1";
        Ok(self
            .db()
            .query_row(sql, params![gid, who.row()], |_| Ok(()))
            .optional()?
            .is_some())
    }

    fn tell_refused(&mut self, g: &Group, by: Phone, whom: Phone) -> Result<()> {
        let Some(who) = self.identity(&g.gid, whom)? else {
            return Ok(());
        };
        self.tell_admins(g, by, &News::Refused { who })
    }

    fn tell_admins(&mut self, g: &Group, actor: Phone, news: &News<'_>) -> Result<()> {
        let admins: Vec<Phone> = self
            .group_members(&g.gid)?
            .iter()
            .filter(|m| m.role.is_admin())
            .map(|m| m.who.phone)
            .collect();
        self.tell_group(g, &admins, actor, news)
    }
}
