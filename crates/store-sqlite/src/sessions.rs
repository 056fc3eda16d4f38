//! Sessions, and the counters of their rows.

use crate::{
    columns::{known, lid_opt, limit, parsed_opt, ulid, ulid_opt},
    error::Fault,
    rows::Rows,
};
use rusqlite::{Row, params};
use wharf_domain::{
    Error, Result,
    ports::store::{RowKind, SessionsTx, SessionsView},
    sessions::{SessionNo, SessionProxy, SessionRow, SessionScope},
};
use wharf_types::{OrgId, SessionId, SessionStatus, UserId};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT no, org, id, label, created_by, created_at, updated_at, auto_read, presence_typing, mark_online,
                    rate_per_min, rate_per_hour, status, status_reason, status_since, status_until,
                    last_connected_at, phone, lid, push_name, wanted, history_complete,
                    proxy, proxy_shown, locked_until, linked
             FROM sessions ",
            $rest
        )
    };
}

fn session_row(row: &Row<'_>) -> Result<SessionRow, Fault> {
    Ok(SessionRow {
        scope: SessionScope {
            no: SessionNo(row.get(0)?),
            org: OrgId::new(ulid(row, 1)?),
            id: SessionId::new(ulid(row, 2)?),
        },
        label: row.get(3)?,
        created_by: ulid_opt(row, 4)?.map(UserId::new),
        created_at: row.get(5)?,
        updated_at: row.get(6)?,
        auto_read: row.get(7)?,
        presence_typing: row.get(8)?,
        mark_online: row.get(9)?,
        rate_per_min: row.get(10)?,
        rate_per_hour: row.get(11)?,
        status: known(row, 12, SessionStatus::parse, "session status")?,
        status_reason: row.get(13)?,
        status_since: row.get(14)?,
        status_until: row.get(15)?,
        last_connected_at: row.get(16)?,
        phone: parsed_opt(row, 17, "phone")?,
        lid: lid_opt(row, 18)?,
        push_name: row.get(19)?,
        wanted: row.get(20)?,
        history_complete: row.get(21)?,
        proxy: proxy(row)?,
        locked_until: row.get(24)?,
        linked: row.get(25)?,
    })
}

fn proxy(row: &Row<'_>) -> Result<Option<SessionProxy>, Fault> {
    let sealed: Option<Vec<u8>> = row.get(22)?;
    let shown = row.get(23)?;
    Ok(sealed.map(|sealed| SessionProxy { sealed, shown }))
}

impl SessionsView for Rows<'_> {
    fn session(&self, org: &OrgId, id: &SessionId) -> Result<Option<SessionRow>> {
        self.one(
            select!("WHERE id = ?2 AND org = ?1 AND deleted = 0"),
            params![org.ulid().to_bytes(), id.ulid().to_bytes()],
            session_row,
        )
    }

    fn session_anywhere(&self, id: &SessionId) -> Result<Option<SessionScope>> {
        self.one(
            "SELECT no, org FROM sessions WHERE id = ?1 AND deleted = 0",
            params![id.ulid().to_bytes()],
            |row| {
                Ok(SessionScope {
                    no: SessionNo(row.get(0)?),
                    org: OrgId::new(ulid(row, 1)?),
                    id: *id,
                })
            },
        )
    }

    fn sessions(
        &self,
        org: &OrgId,
        after: Option<SessionNo>,
        rows: usize,
    ) -> Result<Vec<SessionRow>> {
        self.many(
            select!("WHERE org = ?1 AND no > ?2 AND deleted = 0 ORDER BY no LIMIT ?3"),
            params![
                org.ulid().to_bytes(),
                after.map_or(0, |no| no.0),
                limit(rows)
            ],
            session_row,
        )
    }

    fn sessions_everywhere(
        &self,
        after: Option<SessionNo>,
        rows: usize,
    ) -> Result<Vec<SessionRow>> {
        self.many(
            select!("WHERE no > ?1 AND deleted = 0 ORDER BY no LIMIT ?2"),
            params![after.map_or(0, |no| no.0), limit(rows)],
            session_row,
        )
    }

    fn sessions_deleted(&self) -> Result<Vec<SessionScope>> {
        self.whole(
            "SELECT no, org, id FROM sessions WHERE deleted = 1 ORDER BY no",
            [],
            |row| {
                Ok(SessionScope {
                    no: SessionNo(row.get(0)?),
                    org: OrgId::new(ulid(row, 1)?),
                    id: SessionId::new(ulid(row, 2)?),
                })
            },
        )
    }
}

impl SessionsTx for Rows<'_> {
    fn insert_session(&mut self, row: &SessionRow) -> Result<SessionNo> {
        let no = self
            .one(
                "INSERT INTO sessions
                     (org, id, label, created_by, created_at, updated_at, auto_read, presence_typing, mark_online,
                      rate_per_min, rate_per_hour, status, status_reason, status_since, status_until,
                      last_connected_at, phone, lid, push_name, wanted, history_complete, proxy, proxy_shown,
                      locked_until, linked)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
                         ?20, ?21, ?22, ?23, ?24, ?25)
                 RETURNING no",
                params![
                    row.scope.org.ulid().to_bytes(),
                    row.scope.id.ulid().to_bytes(),
                    row.label,
                    row.created_by.map(|user| user.ulid().to_bytes()),
                    row.created_at,
                    row.updated_at,
                    row.auto_read,
                    row.presence_typing,
                    row.mark_online,
                    row.rate_per_min,
                    row.rate_per_hour,
                    row.status.as_str(),
                    row.status_reason,
                    row.status_since,
                    row.status_until,
                    row.last_connected_at,
                    row.phone.as_ref().map(wharf_types::Phone::as_str),
                    row.lid.as_ref().map(wharf_types::Lid::as_str),
                    row.push_name,
                    row.wanted,
                    row.history_complete,
                    row.proxy.as_ref().map(|proxy| &proxy.sealed),
                    row.proxy.as_ref().map_or("", |proxy| &proxy.shown),
                    row.locked_until,
                    row.linked,
                ],
                |row| Ok(row.get(0)?),
            )
            .map_err(|error| match error {
                Error::NotFound(_) => Error::NotFound("organization"),
                other => other,
            })?
            .map(SessionNo)
            .ok_or_else(|| Error::Internal("a new session got no number".to_owned()))?;
        self.run("INSERT INTO counters (session) VALUES (?1)", params![no.0])?;
        Ok(no)
    }

    fn update_session(&mut self, row: &SessionRow) -> Result<()> {
        let updated = self.run(
            "UPDATE sessions SET
                 label = ?4, updated_at = ?5, auto_read = ?6, presence_typing = ?7, mark_online = ?8,
                 rate_per_min = ?9, rate_per_hour = ?10, status = ?11, status_reason = ?12, status_since = ?13,
                 status_until = ?14, last_connected_at = ?15, phone = ?16, lid = ?17, push_name = ?18,
                 wanted = ?19, history_complete = ?20, proxy = ?21, proxy_shown = ?22, locked_until = ?23,
                 linked = ?24
             WHERE no = ?1 AND id = ?2 AND org = ?3 AND deleted = 0",
            params![
                row.scope.no.0,
                row.scope.id.ulid().to_bytes(),
                row.scope.org.ulid().to_bytes(),
                row.label,
                row.updated_at,
                row.auto_read,
                row.presence_typing,
                row.mark_online,
                row.rate_per_min,
                row.rate_per_hour,
                row.status.as_str(),
                row.status_reason,
                row.status_since,
                row.status_until,
                row.last_connected_at,
                row.phone.as_ref().map(wharf_types::Phone::as_str),
                row.lid.as_ref().map(wharf_types::Lid::as_str),
                row.push_name,
                row.wanted,
                row.history_complete,
                row.proxy.as_ref().map(|proxy| &proxy.sealed),
                row.proxy.as_ref().map_or("", |proxy| &proxy.shown),
                row.locked_until,
                row.linked,
            ],
        )?;
        found(updated)
    }

    fn delete_session(&mut self, scope: &SessionScope) -> Result<()> {
        let (org, id) = (scope.org.ulid().to_bytes(), scope.id.ulid().to_bytes());
        let deleted = self.run(
            "UPDATE sessions SET deleted = 1, wanted = 0, proxy = NULL, proxy_shown = ''
             WHERE no = ?1 AND id = ?2 AND org = ?3 AND deleted = 0",
            params![scope.no.0, id, org],
        )?;
        found(deleted)?;
        // Without its counters nothing new gets an id, and nothing is logged.
        self.run(
            "DELETE FROM counters WHERE session = ?1",
            params![scope.no.0],
        )?;
        Ok(())
    }

    fn erase_session(&mut self, scope: &SessionScope, rows: usize) -> Result<bool> {
        self.erase(scope, rows)
    }

    fn take_ids(&mut self, session: SessionNo, kind: RowKind, count: i64) -> Result<i64> {
        let sql = match kind {
            RowKind::Person => {
                "UPDATE counters SET person = person + ?2 WHERE session = ?1 RETURNING person"
            }
            RowKind::Chat => {
                "UPDATE counters SET chat = chat + ?2 WHERE session = ?1 RETURNING chat"
            }
            RowKind::Message => {
                "UPDATE counters SET message = message + ?2 WHERE session = ?1 RETURNING message"
            }
            RowKind::Group => "UPDATE counters SET grp = grp + ?2 WHERE session = ?1 RETURNING grp",
            RowKind::Member => {
                "UPDATE counters SET member = member + ?2 WHERE session = ?1 RETURNING member"
            }
        };
        let last: i64 = self
            .one(sql, params![session.0, count], |row| Ok(row.get(0)?))?
            .ok_or(Error::NotFound("session"))?;
        Ok(last - count + 1)
    }
}

/// A session that went meanwhile is not there, whatever the caller still holds of it.
fn found(rows: usize) -> Result<()> {
    if rows == 1 {
        Ok(())
    } else {
        Err(Error::NotFound("session"))
    }
}
