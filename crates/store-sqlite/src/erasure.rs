//! Erasing what a deleted session left, a bounded number of rows a job.
//!
//! Which tables hold session data is asked of the schema: all that refer to `sessions`. A table that comes later is
//! erased without being named here.

use crate::{columns::limit, rows::Rows};
use rusqlite::params;
use wharf_domain::{Result, sessions::SessionScope};

/// A table of session data and the rest of its key.
struct Table {
    name: String,
    key: Vec<String>,
}

impl Rows<'_> {
    /// See `SessionsTx::erase_session`.
    pub(crate) fn erase(&mut self, scope: &SessionScope, rows: usize) -> Result<bool> {
        let (org, id) = (scope.org.ulid().to_bytes(), scope.id.ulid().to_bytes());
        let erased_to: Option<i64> = self.one(
            "SELECT erased_to FROM sessions WHERE no = ?1 AND id = ?2 AND org = ?3 AND deleted = 1",
            params![scope.no.0, id, org],
            |row| Ok(row.get(0)?),
        )?;
        let Some(erased_to) = erased_to else {
            let there = self.one(
                "SELECT 1 FROM sessions WHERE no = ?1 AND id = ?2 AND org = ?3",
                params![scope.no.0, id, org],
                |_| Ok(()),
            )?;
            return Ok(there.is_none());
        };
        let mut left = rows;
        left -= self.erase_events(scope, erased_to, left)?;
        left -= self.run(
            "DELETE FROM idempotency WHERE (org, key) IN
                 (SELECT org, key FROM idempotency WHERE session = ?1 LIMIT ?2)",
            params![id, limit(left)],
        )?;
        for table in self.session_tables()? {
            if left == 0 {
                return Ok(false);
            }
            left -= self.erase_rows(&table, scope, left)?;
        }
        if left == 0 {
            return Ok(false);
        }
        self.run("DELETE FROM sessions WHERE no = ?1", params![scope.no.0])?;
        Ok(true)
    }

    fn erase_events(&self, scope: &SessionScope, erased_to: i64, rows: usize) -> Result<usize> {
        let id = scope.id.ulid().to_bytes();
        let seqs: Vec<i64> = self.many(
            "SELECT seq FROM events WHERE session = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
            params![id, erased_to, limit(rows)],
            |row| Ok(row.get(0)?),
        )?;
        let Some(to) = seqs.last() else {
            return Ok(0);
        };
        self.run(
            r#"UPDATE events SET payload = '{"erased":true}'
             WHERE session = ?1 AND seq > ?2 AND seq <= ?3"#,
            params![id, erased_to, to],
        )?;
        self.run(
            "UPDATE sessions SET erased_to = ?2 WHERE no = ?1",
            params![scope.no.0, to],
        )?;
        Ok(seqs.len())
    }

    fn erase_rows(&self, table: &Table, scope: &SessionScope, rows: usize) -> Result<usize> {
        let (name, key) = (&table.name, table.key.join("\", \""));
        self.run_by_schema(
            &format!(
                "DELETE FROM \"{name}\" WHERE session = ?1 AND (\"{key}\") IN
                     (SELECT \"{key}\" FROM \"{name}\" WHERE session = ?1 LIMIT ?2)"
            ),
            params![scope.no.0, limit(rows)],
        )
    }

    /// Tables that refer to `sessions`, without those of one row a session: these go with it.
    fn session_tables(&self) -> Result<Vec<Table>> {
        let columns = self.whole(
            "SELECT t.name, c.name FROM pragma_table_list t JOIN pragma_table_info(t.name) c
             WHERE t.schema = 'main' AND c.pk > 0 AND c.name <> 'session' AND EXISTS
                 (SELECT 1 FROM pragma_foreign_key_list(t.name)
                  WHERE \"table\" = 'sessions' AND \"from\" = 'session')
             ORDER BY t.name, c.pk",
            [],
            |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)),
        )?;
        let mut tables: Vec<Table> = Vec::new();
        for (name, column) in columns {
            match tables.last_mut() {
                Some(table) if table.name == name => table.key.push(column),
                _ => tables.push(Table {
                    name,
                    key: vec![column],
                }),
            }
        }
        Ok(tables)
    }
}
