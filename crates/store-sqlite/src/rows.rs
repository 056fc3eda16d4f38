//! The one way to run a statement. The nouns' verbs are `impl` blocks on [`Rows`].
//!
//! - Statements are prepared once a connection and kept.
//! - The first statement that fails dooms the job: every later call fails, and the writer rolls the job back
//!   even when it swallowed the error. PostgreSQL does the same by nature, and SQLite by itself would go on
//!   in a transaction that a full disk has already ended.
//! - In debug builds a statement that walks a whole table or sorts is a failed assertion: every verb of session
//!   data has an index made for it. Listings of what an installation has few of say [`Rows::whole`].

use crate::error::Fault;
use rusqlite::{CachedStatement, Connection, Params, Row, StatementStatus};
use std::cell::Cell;
use wharf_domain::{Result, ports::store};

/// A transaction under way on one connection: a snapshot to readers, also the way to write for the writer,
/// since a reader is only ever handed it as a `View`.
pub(crate) struct Rows<'c> {
    conn: &'c Connection,
    doomed: Cell<bool>,
    appended: Cell<Option<i64>>,
}

impl<'c> Rows<'c> {
    pub(crate) fn new(conn: &'c Connection) -> Self {
        let doomed = Cell::new(false);
        let appended = Cell::new(None);
        Self {
            conn,
            doomed,
            appended,
        }
    }

    /// Place of the last event this job appended.
    pub(crate) fn appended(&self) -> Option<i64> {
        self.appended.get()
    }

    pub(crate) fn note_appended(&self, place: i64) {
        self.appended.set(Some(place));
    }

    /// A statement of this job has failed.
    pub(crate) fn doomed(&self) -> bool {
        self.doomed.get()
    }

    /// The first row; statements here give at most one.
    pub(crate) fn one<T>(
        &self,
        sql: &'static str,
        params: impl Params,
        map: impl FnOnce(&Row<'_>) -> Result<T, Fault>,
    ) -> Result<Option<T>> {
        self.guarded(sql, |statement| {
            let mut rows = statement.query(params)?;
            let found = rows.next()?.map(map).transpose()?;
            // To its end: only there does a statement that writes and returns check its foreign keys.
            while rows.next()?.is_some() {}
            Ok(found)
        })
    }

    /// All rows, in the statement's order.
    pub(crate) fn many<T>(
        &self,
        sql: &'static str,
        params: impl Params,
        map: impl FnMut(&Row<'_>) -> Result<T, Fault>,
    ) -> Result<Vec<T>> {
        let found = self.guarded(sql, |statement| collect(statement, params, map))?;
        Ok(found)
    }

    /// One row at most for each key, in the keys' order; absent ones are left out.
    pub(crate) fn each<K, P: Params, T>(
        &self,
        sql: &'static str,
        keys: &[K],
        params: impl Fn(&K) -> P,
        mut map: impl FnMut(&Row<'_>) -> Result<T, Fault>,
    ) -> Result<Vec<T>> {
        self.guarded(sql, |statement| {
            let mut found = Vec::with_capacity(keys.len());
            for key in keys {
                let mut rows = statement.query(params(key))?;
                if let Some(row) = rows.next()? {
                    found.push(map(row)?);
                }
            }
            Ok(found)
        })
    }

    /// All rows of a table that an installation has few of.
    pub(crate) fn whole<T>(
        &self,
        sql: &'static str,
        params: impl Params,
        map: impl FnMut(&Row<'_>) -> Result<T, Fault>,
    ) -> Result<Vec<T>> {
        self.unguarded(sql, |statement| collect(statement, params, map))
    }

    /// Writes; how many rows it touched.
    pub(crate) fn run(&self, sql: &'static str, params: impl Params) -> Result<usize> {
        self.guarded(sql, |statement| Ok(statement.execute(params)?))
    }

    /// Writes by a statement made of names that the schema itself gave, never of anything a caller said.
    pub(crate) fn run_by_schema(&self, sql: &str, params: impl Params) -> Result<usize> {
        self.guarded(sql, |statement| Ok(statement.execute(params)?))
    }

    fn guarded<T>(
        &self,
        sql: &str,
        work: impl FnOnce(&mut CachedStatement<'_>) -> Result<T, Fault>,
    ) -> Result<T> {
        self.unguarded(sql, |statement| {
            let done = work(statement);
            if cfg!(debug_assertions) {
                let scanned = statement.reset_status(StatementStatus::FullscanStep);
                let sorted = statement.reset_status(StatementStatus::Sort);
                let again = statement.reset_status(StatementStatus::RePrepare);
                debug_assert!(scanned == 0 && sorted == 0, "no index serves: {sql}");
                debug_assert!(again == 0, "planned anew at each use: {sql}");
            }
            done
        })
    }

    fn unguarded<T>(
        &self,
        sql: &str,
        work: impl FnOnce(&mut CachedStatement<'_>) -> Result<T, Fault>,
    ) -> Result<T> {
        if self.doomed.get() {
            return Err(Fault::Doomed.into());
        }
        let done = match self.conn.prepare_cached(sql) {
            Ok(mut statement) => work(&mut statement),
            Err(error) => Err(error.into()),
        };
        done.map_err(|fault| {
            self.doomed.set(true);
            fault.into()
        })
    }
}

fn collect<T>(
    statement: &mut CachedStatement<'_>,
    params: impl Params,
    mut map: impl FnMut(&Row<'_>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(map(row)?);
    }
    Ok(found)
}

impl store::Tx for Rows<'_> {
    fn view(&self) -> &dyn store::View {
        self
    }
}
