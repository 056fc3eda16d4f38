//! Long work, one job of each kind a session.

use crate::{columns::ulid, error::Fault, rows::Rows};
use rusqlite::{Row, params};
use wharf_domain::{
    Result,
    ports::store::{Counted, JobRow, JobsTx, JobsView},
    sessions::{SessionNo, SessionScope},
};
use wharf_types::{JobId, OrgId, SessionId};

fn job_row(row: &Row<'_>, kind: &'static str) -> Result<JobRow, Fault> {
    Ok(JobRow {
        id: JobId::new(ulid(row, 0)?),
        kind,
        started_at: row.get(1)?,
        finished_at: row.get(2)?,
        error: row.get(3)?,
        progress: row.get(4)?,
    })
}

impl JobsView for Rows<'_> {
    fn job(&self, s: SessionNo, kind: &'static str) -> Result<Option<JobRow>> {
        self.one(
            "SELECT id, started_at, finished_at, error, progress FROM jobs
             WHERE session = ?1 AND kind = ?2",
            params![s.0, kind],
            |row| job_row(row, kind),
        )
    }

    fn jobs_running(&self, kind: &'static str) -> Result<Vec<(SessionScope, JobRow)>> {
        self.many(
            "SELECT j.id, j.started_at, j.finished_at, j.error, j.progress, s.org, s.id, s.no
             FROM jobs j JOIN sessions s ON s.no = j.session AND s.deleted = 0
             WHERE j.finished_at IS NULL AND j.kind = ?1",
            params![kind],
            |row| {
                let scope = SessionScope {
                    org: OrgId::new(ulid(row, 5)?),
                    id: SessionId::new(ulid(row, 6)?),
                    no: SessionNo(row.get(7)?),
                };
                Ok((scope, job_row(row, kind)?))
            },
        )
    }

    fn counted(&self, s: SessionNo) -> Result<Counted> {
        let counted = self.one(
            "SELECT (SELECT count(*) FROM people WHERE session = ?1 AND sort_key IS NOT NULL),
                 (SELECT count(*) FROM groups WHERE session = ?1),
                 (SELECT count(*) FROM members WHERE session = ?1 AND present = 1)",
            params![s.0],
            |row| {
                Ok(Counted {
                    contacts: row.get(0)?,
                    groups: row.get(1)?,
                    members: row.get(2)?,
                })
            },
        )?;
        Ok(counted.unwrap_or_default())
    }
}

impl JobsTx for Rows<'_> {
    fn put_job(&mut self, s: SessionNo, row: &JobRow) -> Result<()> {
        self.run(
            "INSERT INTO jobs (session, kind, id, started_at, finished_at, error, progress)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (session, kind) DO UPDATE SET id = excluded.id, started_at = excluded.started_at,
                 finished_at = excluded.finished_at, error = excluded.error, progress = excluded.progress",
            params![
                s.0,
                row.kind,
                row.id.ulid().to_bytes(),
                row.started_at,
                row.finished_at,
                row.error,
                row.progress,
            ],
        )?;
        Ok(())
    }
}
