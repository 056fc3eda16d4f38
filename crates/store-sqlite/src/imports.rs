//! Imports of backups.

use crate::{
    columns::{known, ulid},
    error::Fault,
    rows::Rows,
};
use rusqlite::{Row, params};
use wharf_domain::{
    Result,
    imports::{JobStatus, Part, Place},
    ports::store::{ImportRow, ImportsTx, ImportsView},
    sessions::SessionNo,
};
use wharf_types::JobId;

impl ImportsView for Rows<'_> {
    fn import(&self, s: SessionNo, id: &JobId) -> Result<Option<ImportRow>> {
        self.one(
            "SELECT id, status, part, place, messages, progress, error, started_at, finished_at
             FROM imports WHERE session = ?1 AND id = ?2",
            params![s.0, id.ulid().to_bytes()],
            import,
        )
    }

    fn unfinished_import(&self, s: SessionNo) -> Result<Option<JobId>> {
        self.one(
            "SELECT id FROM imports WHERE session = ?1 AND status = 'running' LIMIT 1",
            [s.0],
            |row| Ok(JobId::new(ulid(row, 0)?)),
        )
    }

    fn unfinished_imports(&self) -> Result<Vec<JobId>> {
        self.whole(
            "SELECT imports.id FROM imports JOIN sessions ON sessions.no = imports.session
             WHERE imports.status = 'running' AND sessions.deleted = 0",
            [],
            |row| Ok(JobId::new(ulid(row, 0)?)),
        )
    }
}

impl ImportsTx for Rows<'_> {
    fn put_import(&mut self, s: SessionNo, row: &ImportRow) -> Result<()> {
        self.run(
            "INSERT INTO imports (session, id, status, part, place, messages, progress, error, started_at, finished_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (session, id) DO UPDATE SET status = excluded.status, part = excluded.part,
                 place = excluded.place, messages = excluded.messages, progress = excluded.progress,
                 error = excluded.error, finished_at = excluded.finished_at",
            params![
                s.0,
                row.id.ulid().to_bytes(),
                row.status.as_str(),
                row.place.part.number(),
                row.place.row,
                row.messages,
                row.progress,
                row.error,
                row.started_at,
                row.finished_at,
            ],
        )?;
        Ok(())
    }
}

fn import(row: &Row<'_>) -> Result<ImportRow, Fault> {
    let part = Part::from_number(row.get(2)?).ok_or(Fault::Corrupt("part of an import"))?;
    Ok(ImportRow {
        id: JobId::new(ulid(row, 0)?),
        status: known(row, 1, JobStatus::parse, "status of an import")?,
        place: Place {
            part,
            row: row.get(3)?,
        },
        messages: row.get(4)?,
        progress: row.get(5)?,
        error: row.get(6)?,
        started_at: row.get(7)?,
        finished_at: row.get(8)?,
    })
}
