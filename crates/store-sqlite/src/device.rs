//! Device state: opaque bytes under a session, a space and a key.

use crate::rows::Rows;
use rusqlite::params;
use wharf_domain::{
    Result,
    ports::store::{DeviceTx, DeviceView},
    sessions::SessionNo,
};

/// The least key after all that start with `prefix`; `None` when there is none.
fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let (last, rest) = prefix.split_last()?;
    match last.checked_add(1) {
        Some(next) => Some([rest, &[next]].concat()),
        None => after_prefix(rest),
    }
}

impl DeviceView for Rows<'_> {
    fn device_get(&self, s: SessionNo, space: u8, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.one(
            "SELECT value FROM device_state WHERE session = ?1 AND space = ?2 AND key = ?3",
            params![s.0, space, key],
            |row| Ok(row.get(0)?),
        )
    }

    fn device_scan(
        &self,
        s: SessionNo,
        space: u8,
        prefix: &[u8],
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        match after_prefix(prefix) {
            Some(end) => self.many(
                "SELECT key, value FROM device_state
                 WHERE session = ?1 AND space = ?2 AND key >= ?3 AND key < ?4 ORDER BY key",
                params![s.0, space, prefix, end],
                |row| Ok((row.get(0)?, row.get(1)?)),
            ),
            None => self.many(
                "SELECT key, value FROM device_state
                 WHERE session = ?1 AND space = ?2 AND key >= ?3 ORDER BY key",
                params![s.0, space, prefix],
                |row| Ok((row.get(0)?, row.get(1)?)),
            ),
        }
    }
}

impl DeviceTx for Rows<'_> {
    fn device_put(&mut self, s: SessionNo, space: u8, key: &[u8], value: &[u8]) -> Result<()> {
        self.run(
            "INSERT INTO device_state (session, space, key, value) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (session, space, key) DO UPDATE SET value = excluded.value",
            params![s.0, space, key, value],
        )?;
        Ok(())
    }

    fn device_delete(&mut self, s: SessionNo, space: u8, key: &[u8]) -> Result<()> {
        self.run(
            "DELETE FROM device_state WHERE session = ?1 AND space = ?2 AND key = ?3",
            params![s.0, space, key],
        )?;
        Ok(())
    }

    fn device_clear(&mut self, s: SessionNo, space: Option<u8>) -> Result<()> {
        match space {
            Some(space) => self.run(
                "DELETE FROM device_state WHERE session = ?1 AND space = ?2",
                params![s.0, space],
            )?,
            None => self.run("DELETE FROM device_state WHERE session = ?1", params![s.0])?,
        };
        Ok(())
    }
}
