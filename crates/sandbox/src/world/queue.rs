//! What waits for a companion: every message, receipt, notification and call, until it is acknowledged.
//!
//! The queue is the only way to a device for lasting stanzas, online or not: [`World::deliver`] writes
//! a row, and the device's connection sends rows in order (`net::pump`). A row goes when the client
//! acknowledges it (`<ack>`, or `<receipt>` for messages); what was sent but not acknowledged is sent
//! again, marked `offline`, after the next log-in.

use anyhow::{Context, Result};
use rusqlite::params;
use wacore_binary::{Node, marshal::marshal};

use super::{Effect, World};
use crate::ids::{DeviceAddr, Phone};

pub const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS queue(
  seq INTEGER PRIMARY KEY AUTOINCREMENT, phone INTEGER NOT NULL, n INTEGER NOT NULL,
  class TEXT NOT NULL, id TEXT NOT NULL, node BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS queue_done(
  phone INTEGER NOT NULL, n INTEGER NOT NULL, class TEXT NOT NULL, id TEXT NOT NULL,
  PRIMARY KEY(phone, n, class, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS queue_device ON queue(phone, n, seq);
CREATE INDEX IF NOT EXISTS queue_ack ON queue(phone, n, class, id);";

/// A waiting stanza.
pub struct Waiting {
    pub seq: i64,
    pub class: String,
    pub id: String,
    pub node: Vec<u8>,
}

impl World<'_> {
    /// Durable delivery to one companion. The node's tag is its class and it must carry an `id`.
    /// Device 0 is a scripted phone: it reads the world directly and gets nothing here.
    pub fn deliver(&mut self, to: DeviceAddr, node: &Node) -> Result<()> {
        if to.is_phone() {
            return Ok(());
        }
        let id = node
            .attrs
            .get("id")
            .map(|v| v.as_str().into_owned())
            .context("a stanza without id")?;
        self.db()
            .prepare_cached("INSERT INTO queue(phone, n, class, id, node) VALUES(?1,?2,?3,?4,?5)")?
            .execute(params![
                to.phone.row(),
                to.n,
                node.tag.as_ref(),
                id,
                marshal(node)?
            ])?;
        self.effects.push(Effect::Wake(to));
        Ok(())
    }

    /// The same stanza to every companion of an account but `except`.
    pub fn deliver_to_companions(
        &mut self,
        phone: Phone,
        except: Option<DeviceAddr>,
        node: &Node,
    ) -> Result<()> {
        for d in self.devices(phone)? {
            if Some(d.addr) != except {
                self.deliver(d.addr, node)?;
            }
        }
        Ok(())
    }

    /// Up to `limit` stanzas after `seq`, in order.
    pub fn waiting(&self, d: DeviceAddr, after: i64, limit: u32) -> Result<Vec<Waiting>> {
        let mut q =
            self.db().prepare_cached("SELECT seq, class, id, node FROM queue WHERE phone = ?1 AND n = ?2 AND seq > ?3 ORDER BY seq LIMIT ?4")?;
        let rows = q
            .query_map(params![d.phone.row(), d.n, after, limit], |r| {
                Ok(Waiting {
                    seq: r.get(0)?,
                    class: r.get(1)?,
                    id: r.get(2)?,
                    node: r.get(3)?,
                })
            })?
            .collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// How much waits, by class.
    pub fn waiting_by_class(&self, d: DeviceAddr) -> Result<Vec<(String, u32)>> {
        let mut q = self.db().prepare_cached(
            "SELECT class, count(*) FROM queue WHERE phone = ?1 AND n = ?2 GROUP BY class",
        )?;
        let rows = q
            .query_map(params![d.phone.row(), d.n], |r| Ok((r.get(0)?, r.get(1)?)))?
            .collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// The client has it. False: nothing such was waiting.
    pub fn acknowledged(&mut self, d: DeviceAddr, class: &str, id: &str) -> Result<bool> {
        let at = params![d.phone.row(), d.n, class, id];
        let n = self
            .db()
            .prepare_cached(
                "DELETE FROM queue WHERE phone = ?1 AND n = ?2 AND class = ?3 AND id = ?4",
            )?
            .execute(at)?;
        if n > 0 {
            self.db()
                .prepare_cached(
                    "INSERT OR IGNORE INTO queue_done(phone, n, class, id) VALUES(?1,?2,?3,?4)",
                )?
                .execute(at)?;
        }
        Ok(n > 0)
    }

    /// Whether it was acknowledged before: clients send both receipt and ack for some messages.
    pub fn was_acknowledged(&self, d: DeviceAddr, class: &str, id: &str) -> Result<bool> {
        Ok(self
            .db()
            .prepare_cached(
                "SELECT 1 FROM queue_done WHERE phone = ?1 AND n = ?2 AND class = ?3 AND id = ?4",
            )?
            .exists(params![d.phone.row(), d.n, class, id])?)
    }
}
