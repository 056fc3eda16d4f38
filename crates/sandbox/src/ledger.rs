//! The oracle: what was sent, delivered, acknowledged; which sockets stood when; which keys were used
//! twice. Durable like the world, because the interesting runs are those with a kill in them.

use anyhow::Result;
use rusqlite::params;

use crate::{ids::DeviceAddr, world::World};

pub const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS ledger_messages(
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, sender TEXT NOT NULL, chat TEXT NOT NULL, at INTEGER NOT NULL,
  acked INTEGER NOT NULL DEFAULT 0, resent INTEGER NOT NULL DEFAULT 0, UNIQUE(id, sender, chat));
CREATE TABLE IF NOT EXISTS ledger_bodies(message INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE(message, body));
CREATE TABLE IF NOT EXISTS ledger_deliveries(
  message INTEGER NOT NULL, device TEXT NOT NULL, count INTEGER NOT NULL DEFAULT 1, PRIMARY KEY(message, device)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledger_receipts(
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, device TEXT NOT NULL, kind TEXT NOT NULL, at INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS ledger_receipts_id ON ledger_receipts(id);
CREATE TABLE IF NOT EXISTS ledger_connections(
  seq INTEGER PRIMARY KEY AUTOINCREMENT, device TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER, end TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS ledger_violations(
  seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, device TEXT NOT NULL, detail TEXT NOT NULL, at INTEGER NOT NULL);";

/// Kinds of violation a test asks for by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// Two sockets of one device at once.
    Overlap,
    /// A message key (chain, counter) or a one-time key used twice.
    ReusedKey,
    /// Anything else WhatsApp would not take: a wrong acknowledgement, an unknown IQ, a bad digest.
    Protocol,
}

impl Violation {
    pub fn name(self) -> &'static str {
        match self {
            Self::Overlap => "overlap",
            Self::ReusedKey => "reused_key",
            Self::Protocol => "protocol",
        }
    }
}

impl World<'_> {
    /// Records a violation, in ledger and trace. The handler goes on as the real server would.
    pub fn violation(&mut self, kind: Violation, device: DeviceAddr, detail: String) -> Result<()> {
        self.db().execute(
            "INSERT INTO ledger_violations(kind, device, detail, at) VALUES(?1,?2,?3,?4)",
            params![kind.name(), device.to_string(), detail, self.now_ms()],
        )?;
        self.sim.trace.add(
            self.now_ms(),
            Some(device),
            "error",
            format!("{}: {detail}", kind.name()),
        );
        Ok(())
    }
}
