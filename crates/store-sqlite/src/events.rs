//! The event log. `place` is the writer's order: one writer, so no reader is ever shown a place while an
//! earlier one could still commit.

use crate::{
    columns::{limit, to_json, ulid, ulid_opt},
    error::Fault,
    rows::Rows,
};
use rusqlite::{Row, params};
use std::collections::HashMap;
use wharf_domain::{
    Error, Result,
    log::{Filter, Sessions},
    ports::store::{EventRow, EventsTx, EventsView},
    sessions::SessionScope,
};
use wharf_types::{EventId, Millis, OrgId, SessionId};

/// Of a deleted session every payload is erased, also those the eraser has not come to yet.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, place, org, session, seq, kind, at,
                 CASE WHEN EXISTS (SELECT 1 FROM sessions WHERE sessions.id = events.session AND deleted = 1)
                     THEN '{\"erased\":true}' ELSE payload END
             FROM events WHERE ",
            $rest
        )
    };
}

fn event(row: &Row<'_>) -> Result<EventRow, Fault> {
    Ok(EventRow {
        id: EventId::new(ulid(row, 0)?),
        place: row.get(1)?,
        org: OrgId::new(ulid(row, 2)?),
        session: ulid_opt(row, 3)?.map(SessionId::new),
        seq: row.get(4)?,
        kind: row.get(5)?,
        at: row.get(6)?,
        payload: row.get(7)?,
    })
}

/// Sessions as SQLite's `hex` writes them, a JSON list; `None` = all.
fn named(sessions: &Sessions) -> Result<Option<String>> {
    let Sessions::Only(these) = sessions else {
        return Ok(None);
    };
    let hex = |id: &SessionId| format!("{:032X}", id.ulid().0);
    to_json(&these.iter().map(hex).collect::<Vec<_>>()).map(Some)
}

impl EventsView for Rows<'_> {
    fn events(&self, org: &OrgId, after: i64, rows: usize) -> Result<Vec<EventRow>> {
        self.many(
            select!("org = ?1 AND place > ?2 ORDER BY place LIMIT ?3"),
            params![org.ulid().to_bytes(), after, limit(rows)],
            event,
        )
    }

    fn events_matching(
        &self,
        org: &OrgId,
        after: i64,
        to: i64,
        filter: &Filter,
        rows: usize,
    ) -> Result<Vec<EventRow>> {
        let kinds = (!filter.every_kind())
            .then(|| to_json(&filter.kinds))
            .transpose()?;
        self.many(
            select!(
                "org = ?1 AND place > ?2 AND place <= ?3
                   AND (?4 IS NULL OR kind IN (SELECT value FROM json_each(?4)))
                   AND (?5 IS NULL OR hex(session) IN (SELECT value FROM json_each(?5)))
                 ORDER BY place LIMIT ?6"
            ),
            params![
                org.ulid().to_bytes(),
                after,
                to,
                kinds,
                named(&filter.sessions)?,
                limit(rows)
            ],
            event,
        )
    }

    fn events_everywhere(&self, after: i64, rows: usize) -> Result<Vec<EventRow>> {
        self.many(
            select!("place > ?1 ORDER BY place LIMIT ?2"),
            params![after, limit(rows)],
            event,
        )
    }

    fn last_event(&self, org: &OrgId) -> Result<i64> {
        let last = self.one(
            "SELECT place FROM events WHERE org = ?1 ORDER BY place DESC LIMIT 1",
            params![org.ulid().to_bytes()],
            |row| Ok(row.get(0)?),
        )?;
        Ok(last.unwrap_or(0))
    }

    fn oldest_event(&self, org: &OrgId) -> Result<Option<EventId>> {
        self.one(
            "SELECT id FROM events WHERE org = ?1 ORDER BY place LIMIT 1",
            params![org.ulid().to_bytes()],
            |row| Ok(EventId::new(ulid(row, 0)?)),
        )
    }

    fn last_trimmed(&self, org: &OrgId) -> Result<Option<EventId>> {
        self.one(
            "SELECT id FROM trimmed WHERE org = ?1",
            params![org.ulid().to_bytes()],
            |row| Ok(EventId::new(ulid(row, 0)?)),
        )
    }

    fn event_place(&self, org: &OrgId, id: &EventId) -> Result<Option<i64>> {
        self.one(
            "SELECT place FROM events WHERE id = ?2 AND org = ?1",
            params![org.ulid().to_bytes(), id.ulid().to_bytes()],
            |row| Ok(row.get(0)?),
        )
    }
}

impl EventsTx for Rows<'_> {
    fn append_event(
        &mut self,
        scope: &SessionScope,
        id: EventId,
        kind: &str,
        at: Millis,
        payload: &str,
    ) -> Result<i64> {
        let seq: i64 = self
            .one(
                "UPDATE counters SET seq = seq + 1 WHERE session = ?1 RETURNING seq",
                params![scope.no.0],
                |row| Ok(row.get(0)?),
            )?
            .ok_or(Error::NotFound("session"))?;
        let place: i64 = self
            .one(
                "INSERT INTO events (id, org, session, seq, kind, at, payload)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING place",
                params![
                    id.ulid().to_bytes(),
                    scope.org.ulid().to_bytes(),
                    scope.id.ulid().to_bytes(),
                    seq,
                    kind,
                    at,
                    payload,
                ],
                |row| Ok(row.get(0)?),
            )?
            .ok_or_else(|| Error::Internal("a new event got no place".to_owned()))?;
        self.note_appended(place);
        Ok(place)
    }

    fn append_org_event(
        &mut self,
        org: &OrgId,
        id: EventId,
        kind: &str,
        at: Millis,
        payload: &str,
    ) -> Result<i64> {
        let place: i64 = self
            .one(
                "INSERT INTO events (id, org, kind, at, payload) VALUES (?1, ?2, ?3, ?4, ?5) RETURNING place",
                params![
                    id.ulid().to_bytes(),
                    org.ulid().to_bytes(),
                    kind,
                    at,
                    payload
                ],
                |row| Ok(row.get(0)?),
            )?
            .ok_or_else(|| Error::Internal("a new event got no place".to_owned()))?;
        self.note_appended(place);
        Ok(place)
    }

    fn trim_events(&mut self, before: Millis, rows: usize) -> Result<usize> {
        let oldest = self.many(
            "SELECT place, at, org, id FROM events WHERE place > 0 ORDER BY place LIMIT ?1",
            params![limit(rows)],
            |row| {
                let at: Millis = row.get(1)?;
                Ok((row.get::<_, i64>(0)?, at, ulid(row, 2)?, ulid(row, 3)?))
            },
        )?;
        let old: Vec<_> = oldest
            .into_iter()
            .take_while(|(_, at, ..)| *at < before)
            .collect();
        let Some((last, ..)) = old.last() else {
            return Ok(0);
        };
        let last_of: HashMap<_, _> = old.iter().map(|(_, _, org, id)| (*org, *id)).collect();
        for (org, id) in last_of {
            self.run(
                "INSERT INTO trimmed (org, id) VALUES (?1, ?2)
                 ON CONFLICT (org) DO UPDATE SET id = excluded.id",
                params![org.to_bytes(), id.to_bytes()],
            )?;
        }
        self.run("DELETE FROM events WHERE place <= ?1", params![last])?;
        Ok(old.len())
    }
}
