//! The oracle: what was sent, delivered, acknowledged; which sockets stood when; which keys were used
//! twice. Durable like the world, because the interesting runs are those with a kill in them.

use anyhow::Result;
use rusqlite::params;

use crate::{ids::DeviceAddr, net::online::ConnId, world::World};

pub const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS ledger_messages(
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, sender TEXT NOT NULL, chat TEXT NOT NULL, at INTEGER NOT NULL,
  peer INTEGER NOT NULL, dest TEXT NOT NULL, conn INTEGER NOT NULL,
  acked INTEGER NOT NULL DEFAULT 0, resent INTEGER NOT NULL DEFAULT 0, UNIQUE(id, sender, chat));
CREATE TABLE IF NOT EXISTS ledger_bodies(message INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE(message, body));
CREATE TABLE IF NOT EXISTS ledger_deliveries(
  message INTEGER NOT NULL, device TEXT NOT NULL, count INTEGER NOT NULL DEFAULT 1, PRIMARY KEY(message, device)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledger_receipts(
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, device TEXT NOT NULL, kind TEXT NOT NULL, at INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS ledger_receipts_id ON ledger_receipts(id);
CREATE TABLE IF NOT EXISTS ledger_connections(
  seq INTEGER PRIMARY KEY AUTOINCREMENT, device TEXT NOT NULL, conn INTEGER NOT NULL, since INTEGER NOT NULL, until INTEGER, end TEXT NOT NULL DEFAULT '');
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

    pub fn connected(&mut self, d: DeviceAddr, c: ConnId) -> Result<()> {
        self.db().execute(
            "INSERT INTO ledger_connections(device, conn, since) VALUES(?1, ?2, ?3)",
            params![d.to_string(), c.row(), self.now_ms()],
        )?;
        Ok(())
    }

    pub fn disconnected(&mut self, c: ConnId, why: &str) -> Result<()> {
        self.db().execute(
            "UPDATE ledger_connections SET until = ?2, end = ?3 WHERE conn = ?1 AND until IS NULL",
            params![c.row(), self.now_ms(), why],
        )?;
        Ok(())
    }

    /// Connections of the process before: they ended with it.
    pub fn close_ledger(&mut self) -> Result<()> {
        self.db().execute(
            "UPDATE ledger_connections SET until = ?1, end = 'the network stopped' WHERE until IS NULL",
            [self.now_ms()],
        )?;
        Ok(())
    }

    /// A message was handed in: its row. Again with the same id: `resent` when it comes over another
    /// connection than before (the acknowledgement may have been lost with the old one).
    pub fn record_sent(&mut self, s: &Sent<'_>) -> Result<i64> {
        Ok(self.db().query_row(
            "INSERT INTO ledger_messages(id, sender, chat, at, peer, dest, conn) VALUES(?1,?2,?3,?4,?5,?6,?7)
             ON CONFLICT(id, sender, chat) DO UPDATE SET resent = resent OR conn <> excluded.conn, conn = excluded.conn
             RETURNING seq",
            params![s.id, s.from.to_string(), s.chat, self.now_ms(), s.peer, s.to, s.conn.row()],
            |r| r.get(0),
        )?)
    }

    pub fn record_acked(&mut self, message: i64) -> Result<()> {
        self.db().execute(
            "UPDATE ledger_messages SET acked = 1 WHERE seq = ?1",
            [message],
        )?;
        Ok(())
    }

    pub fn record_body(&mut self, message: i64, body: &str) -> Result<()> {
        self.db().execute(
            "INSERT OR IGNORE INTO ledger_bodies(message, body) VALUES(?1, ?2)",
            params![message, body],
        )?;
        Ok(())
    }

    pub fn record_delivery(&mut self, message: i64, to: DeviceAddr) -> Result<()> {
        self.db().execute(
            "INSERT INTO ledger_deliveries(message, device) VALUES(?1, ?2) ON CONFLICT DO UPDATE SET count = count + 1",
            params![message, to.to_string()],
        )?;
        Ok(())
    }

    pub fn record_receipt(&mut self, id: &str, by: DeviceAddr, kind: &str) -> Result<()> {
        let kind = if kind.is_empty() { "delivery" } else { kind };
        self.db().execute(
            "INSERT INTO ledger_receipts(id, device, kind, at) VALUES(?1, ?2, ?3, ?4)",
            params![id, by.to_string(), kind, self.now_ms()],
        )?;
        Ok(())
    }
}

/// A message as it was handed in.
pub struct Sent<'a> {
    pub id: &'a str,
    pub from: DeviceAddr,
    /// The chat's phone or group JID.
    pub chat: &'a str,
    /// The address the sender used.
    pub to: &'a str,
    /// `ConnId(0)` for scripted people.
    pub conn: ConnId,
    pub peer: bool,
}
