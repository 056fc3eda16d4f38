//! How far a companion's transfer has come.

use anyhow::Result;
use rusqlite::{OptionalExtension, params};

use crate::{
    ids::{DeviceAddr, Phone},
    world::World,
};

pub const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS history_plans(
  phone INTEGER NOT NULL, n INTEGER NOT NULL, props BLOB NOT NULL, ready INTEGER NOT NULL DEFAULT 0,
  phase INTEGER NOT NULL DEFAULT 0, chat INTEGER NOT NULL DEFAULT 0, skip INTEGER NOT NULL DEFAULT 0,
  chunk INTEGER NOT NULL DEFAULT 1, sent INTEGER NOT NULL DEFAULT 0, total INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(phone, n)) WITHOUT ROWID;";

/// What is sent next, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Bootstrap = 0,
    PushNames = 1,
    NonBlocking = 2,
    Recent = 3,
    Done = 4,
}

impl Phase {
    const ALL: [Self; 5] = [
        Self::Bootstrap,
        Self::PushNames,
        Self::NonBlocking,
        Self::Recent,
        Self::Done,
    ];

    pub fn next(self) -> Self {
        Self::ALL
            .into_iter()
            .find(|p| *p as i64 == self as i64 + 1)
            .unwrap_or(Self::Done)
    }
}

/// A transfer under way. Within a phase `chat` and `skip` say where the next part begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub device: DeviceAddr,
    /// The companion's `DeviceProps`, as it sent them when pairing.
    pub props: Vec<u8>,
    pub phase: Phase,
    pub chat: i64,
    pub skip: u32,
    /// Order of the next part in its phase, from 1.
    pub chunk: u32,
    pub sent: u32,
    pub total: u32,
}

impl Plan {
    /// Nothing was sent yet.
    pub fn is_new(&self) -> bool {
        (self.phase, self.chunk) == (Phase::Bootstrap, 1)
    }

    /// The beginning of the next phase.
    pub fn advance(&mut self) {
        (self.phase, self.chat, self.skip, self.chunk) = (self.phase.next(), 0, 0, 1);
    }
}

impl World<'_> {
    /// Called at pairing, with the companion's `DeviceProps`: it will be handed history.
    pub fn plan_history(&mut self, device: DeviceAddr, props: &[u8]) -> Result<()> {
        let sql = "INSERT OR IGNORE INTO history_plans(phone, n, props) VALUES(?1,?2,?3)";
        self.db()
            .execute(sql, params![device.phone.row(), device.n, props])?;
        Ok(())
    }

    /// Called when the companion has uploaded its keys, so the phone can write to it. Later calls change nothing.
    pub fn begin_history(&mut self, device: DeviceAddr) -> Result<()> {
        self.plan_history(device, &[])?;
        let sql = "UPDATE history_plans SET ready = 1 WHERE phone = ?1 AND n = ?2";
        self.db()
            .execute(sql, params![device.phone.row(), device.n])?;
        // The worker's transaction waits for this one, so it finds the row.
        self.sim.history.notify_one();
        Ok(())
    }

    /// Some transfer that is not done; plans of devices that were unlinked meanwhile are dropped.
    pub(super) fn next_plan(&mut self) -> Result<Option<Plan>> {
        self.db().execute(
            "DELETE FROM history_plans WHERE NOT EXISTS(SELECT 1 FROM devices d WHERE d.phone = history_plans.phone AND d.n = history_plans.n)",
            [],
        )?;
        let sql = "SELECT phone, n, props, phase, chat, skip, chunk, sent, total FROM history_plans
                   WHERE ready = 1 AND phase < ?1 ORDER BY phone, n LIMIT 1";
        let read = |r: &rusqlite::Row<'_>| {
            let phase: i64 = r.get(3)?;
            Ok(Plan {
                device: Phone::from_row(r.get(0)?).device(r.get(1)?),
                props: r.get(2)?,
                phase: Phase::ALL
                    .into_iter()
                    .find(|p| *p as i64 == phase)
                    .unwrap_or(Phase::Done),
                chat: r.get(4)?,
                skip: r.get(5)?,
                chunk: r.get(6)?,
                sent: r.get(7)?,
                total: r.get(8)?,
            })
        };
        Ok(self
            .db()
            .query_row(sql, [Phase::Done as i64], read)
            .optional()?)
    }

    /// Keeps the place. False: the device is gone.
    pub(super) fn keep_plan(&mut self, p: &Plan) -> Result<bool> {
        let sql = "UPDATE history_plans SET phase = ?3, chat = ?4, skip = ?5, chunk = ?6, sent = ?7, total = ?8 WHERE phone = ?1 AND n = ?2";
        let at = params![
            p.device.phone.row(),
            p.device.n,
            p.phase as i64,
            p.chat,
            p.skip,
            p.chunk,
            p.sent,
            p.total,
        ];
        Ok(self.db().execute(sql, at)? > 0)
    }
}
