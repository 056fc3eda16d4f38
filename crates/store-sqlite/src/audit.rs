//! The audit log.

use crate::{
    columns::{limit, ulid, ulid_opt},
    error::Fault,
    rows::Rows,
};
use rusqlite::{Row, params};
use wharf_domain::{
    Result,
    ports::store::{AuditFilter, AuditRow, AuditTx, AuditView},
};
use wharf_types::{AuditId, Millis, OrgId};

fn audit_row(row: &Row<'_>) -> Result<AuditRow, Fault> {
    Ok(AuditRow {
        place: row.get(0)?,
        id: AuditId::new(ulid(row, 1)?),
        at: row.get(2)?,
        org: ulid_opt(row, 3)?.map(OrgId::new),
        actor: row.get(4)?,
        action: row.get(5)?,
        target: row.get(6)?,
        address: row.get(7)?,
        request: row.get(8)?,
        details: row.get(9)?,
    })
}

impl AuditView for Rows<'_> {
    fn audit(
        &self,
        filter: &AuditFilter,
        before: Option<i64>,
        rows: usize,
    ) -> Result<Vec<AuditRow>> {
        let before = before.unwrap_or(i64::MAX);
        let (from, to) = (
            filter.from.unwrap_or(i64::MIN),
            filter.to.unwrap_or(i64::MAX),
        );
        let (actor, action) = (&filter.actor, &filter.action);
        match filter.org {
            Some(org) => self.many(
                "SELECT place, id, at, org, actor, action, target, address, request, details FROM audit
                 WHERE org = ?1 AND place < ?2 AND +at BETWEEN ?3 AND ?4
                     AND (?5 IS NULL OR actor = ?5) AND (?6 IS NULL OR action = ?6)
                 ORDER BY place DESC LIMIT ?7",
                params![org.ulid().to_bytes(), before, from, to, actor, action, limit(rows)],
                audit_row,
            ),
            None => self.many(
                "SELECT place, id, at, org, actor, action, target, address, request, details FROM audit
                 WHERE place < ?1 AND +at BETWEEN ?2 AND ?3
                     AND (?4 IS NULL OR actor = ?4) AND (?5 IS NULL OR action = ?5)
                 ORDER BY place DESC LIMIT ?6",
                params![before, from, to, actor, action, limit(rows)],
                audit_row,
            ),
        }
    }
}

impl AuditTx for Rows<'_> {
    fn append_audit(&mut self, row: &AuditRow) -> Result<()> {
        self.run(
            "INSERT INTO audit (id, at, org, actor, action, target, address, request, details)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                row.id.ulid().to_bytes(),
                row.at,
                row.org.map(|org| org.ulid().to_bytes()),
                row.actor,
                row.action,
                row.target,
                row.address,
                row.request,
                row.details,
            ],
        )?;
        Ok(())
    }

    fn trim_audit(&mut self, before: Millis, rows: usize) -> Result<usize> {
        let old: Vec<i64> = self.many(
            "SELECT place FROM audit WHERE at < ?1 ORDER BY at LIMIT ?2",
            params![before, limit(rows)],
            |row| Ok(row.get(0)?),
        )?;
        for place in &old {
            self.run("DELETE FROM audit WHERE place = ?1", [place])?;
        }
        Ok(old.len())
    }
}
