//! The event log. `place` is the writer's order: one writer, so no reader is ever shown a place while an
//! earlier one could still commit.

use crate::{
    columns::{limit, ulid, ulid_opt},
    rows::Rows,
};
use rusqlite::params;
use wharf_domain::{
    Error, Result,
    ports::store::{EventRow, EventsTx, EventsView},
    sessions::SessionScope,
};
use wharf_types::{EventId, Millis, OrgId, SessionId};

impl EventsView for Rows<'_> {
    fn events(&self, org: &OrgId, after: i64, rows: usize) -> Result<Vec<EventRow>> {
        self.many(
            // Of a deleted session every payload is erased, also those the eraser has not come to yet.
            r#"SELECT id, place, org, session, seq, kind, at,
                    CASE WHEN EXISTS (SELECT 1 FROM sessions WHERE sessions.id = events.session AND deleted = 1)
                        THEN '{"erased":true}' ELSE payload END
             FROM events WHERE org = ?1 AND place > ?2 ORDER BY place LIMIT ?3"#,
            params![org.ulid().to_bytes(), after, limit(rows)],
            |row| {
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
            },
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
        self.one(
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
        .ok_or_else(|| Error::Internal("a new event got no place".to_owned()))
    }
}
