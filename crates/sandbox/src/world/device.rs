//! Companions linked to an account, and the prekey bundles they uploaded.

use std::collections::HashSet;

use anyhow::Result;
use rusqlite::{OptionalExtension, Row, params};

use super::World;
use crate::ids::{DeviceAddr, Phone};

pub const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS devices(
  phone INTEGER NOT NULL REFERENCES accounts(phone), n INTEGER NOT NULL, noise BLOB NOT NULL UNIQUE,
  identity BLOB NOT NULL, adv BLOB, key_index INTEGER NOT NULL, platform TEXT NOT NULL DEFAULT '', created_at INTEGER NOT NULL,
  registration INTEGER, spk_id INTEGER, spk BLOB, spk_sig BLOB, low_told INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(phone, n)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS prekeys(
  phone INTEGER NOT NULL, n INTEGER NOT NULL, id INTEGER NOT NULL, key BLOB NOT NULL, taken INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(phone, n, id)) WITHOUT ROWID;";

/// A companion. `adv` is what it answered in `<pair-device-sign>`: contacts verify those very bytes,
/// and until they are here the device is not linked.
#[derive(Clone, Debug)]
pub struct Device {
    pub addr: DeviceAddr,
    pub noise: [u8; 32],
    pub identity: [u8; 32],
    pub adv: Option<Vec<u8>>,
    pub key_index: u32,
    pub platform: String,
    pub created_at: i64,
    /// None until the client uploaded its keys.
    pub keys: Option<DeviceKeys>,
}

/// The lasting half of a bundle; one-time prekeys are rows of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceKeys {
    pub registration: u32,
    pub signed: SignedPreKey,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedPreKey {
    pub id: u32,
    pub key: [u8; 32],
    pub signature: Vec<u8>,
}

const COLUMNS: &str = "phone, n, noise, identity, adv, key_index, platform, created_at, registration, spk_id, spk, spk_sig";

fn read(r: &Row<'_>) -> rusqlite::Result<Device> {
    let keys = match (
        r.get::<_, Option<u32>>(8)?,
        r.get::<_, Option<u32>>(9)?,
        r.get::<_, Option<[u8; 32]>>(10)?,
        r.get::<_, Option<Vec<u8>>>(11)?,
    ) {
        (Some(registration), Some(id), Some(key), Some(signature)) => Some(DeviceKeys {
            registration,
            signed: SignedPreKey { id, key, signature },
        }),
        _ => None,
    };
    Ok(Device {
        addr: Phone::from_row(r.get(0)?).device(r.get(1)?),
        noise: r.get(2)?,
        identity: r.get(3)?,
        adv: r.get(4)?,
        key_index: r.get(5)?,
        platform: r.get(6)?,
        created_at: r.get(7)?,
        keys,
    })
}

impl World<'_> {
    /// Links a device under the next free number; numbers of removed devices are never used again.
    pub fn add_device(
        &mut self,
        phone: Phone,
        noise: [u8; 32],
        identity: [u8; 32],
        platform: &str,
    ) -> Result<Device> {
        let n: u16 =
            self.db().query_row("UPDATE accounts SET next_device = next_device + 1 WHERE phone = ?1 RETURNING next_device - 1", [phone.row()], |r| r.get(0))?;
        let d = Device {
            addr: phone.device(n),
            noise,
            identity,
            adv: None,
            key_index: u32::from(n),
            platform: platform.into(),
            created_at: self.now(),
            keys: None,
        };
        self.db().execute(
            "INSERT INTO devices(phone, n, noise, identity, key_index, platform, created_at) VALUES(?1,?2,?3,?4,?5,?6,?7)",
            params![phone.row(), n, noise, identity, d.key_index, platform, d.created_at],
        )?;
        Ok(d)
    }

    pub fn set_adv(&mut self, d: DeviceAddr, adv: &[u8]) -> Result<()> {
        self.db().execute(
            "UPDATE devices SET adv = ?3 WHERE phone = ?1 AND n = ?2",
            params![d.phone.row(), d.n, adv],
        )?;
        Ok(())
    }

    /// Forgets a companion, its keys, its queue and every session people hold with it.
    pub fn remove_device(&mut self, d: DeviceAddr) -> Result<bool> {
        let at = params![d.phone.row(), d.n];
        let gone = self
            .db()
            .execute("DELETE FROM devices WHERE phone = ?1 AND n = ?2", at)?
            > 0;
        for t in ["prekeys", "queue"] {
            self.db()
                .execute(&format!("DELETE FROM {t} WHERE phone = ?1 AND n = ?2"), at)?;
        }
        self.db().execute(
            "DELETE FROM signal_sessions WHERE remote = ?1 AND remote_n = ?2",
            at,
        )?;
        Ok(gone)
    }

    pub fn device(&self, d: DeviceAddr) -> Result<Option<Device>> {
        let sql = format!("SELECT {COLUMNS} FROM devices WHERE phone = ?1 AND n = ?2");
        Ok(self
            .db()
            .prepare_cached(&sql)?
            .query_row(params![d.phone.row(), d.n], read)
            .optional()?)
    }

    pub fn device_by_noise(&self, noise: &[u8; 32]) -> Result<Option<Device>> {
        let sql = format!("SELECT {COLUMNS} FROM devices WHERE noise = ?1");
        Ok(self
            .db()
            .prepare_cached(&sql)?
            .query_row([noise], read)
            .optional()?)
    }

    /// Linked companions (not the phone), by number. A device between scan and signature is not one yet.
    pub fn devices(&self, phone: Phone) -> Result<Vec<Device>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM devices WHERE phone = ?1 AND adv IS NOT NULL ORDER BY n"
        );
        let mut q = self.db().prepare_cached(&sql)?;
        let rows = q
            .query_map([phone.row()], read)?
            .collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// Every phone with a companion.
    pub fn linked_phones(&self) -> Result<HashSet<Phone>> {
        let mut q = self
            .db()
            .prepare_cached("SELECT DISTINCT phone FROM devices WHERE adv IS NOT NULL")?;
        let rows = q
            .query_map([], |r| Ok(Phone::from_row(r.get(0)?)))?
            .collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// Companions that can be written to: they have uploaded their keys.
    pub fn ready_devices(&self, phone: Phone) -> Result<Vec<Device>> {
        let mut all = self.devices(phone)?;
        all.retain(|d| d.keys.is_some());
        Ok(all)
    }

    pub fn set_device_keys(&mut self, d: DeviceAddr, k: &DeviceKeys) -> Result<()> {
        self.db().execute(
            "UPDATE devices SET registration = ?3, spk_id = ?4, spk = ?5, spk_sig = ?6 WHERE phone = ?1 AND n = ?2",
            params![d.phone.row(), d.n, k.registration, k.signed.id, k.signed.key, k.signed.signature],
        )?;
        Ok(())
    }

    /// Adds one-time prekeys; an id already on file with another key is refused by the primary key.
    pub fn add_prekey(&mut self, d: DeviceAddr, id: u32, key: &[u8; 32]) -> Result<bool> {
        let n = self
            .db()
            .prepare_cached("INSERT OR IGNORE INTO prekeys(phone, n, id, key) VALUES(?1,?2,?3,?4)")?
            .execute(params![d.phone.row(), d.n, id, key])?;
        Ok(n > 0)
    }

    /// One-time prekeys nobody took yet, by id.
    pub fn prekeys(&self, d: DeviceAddr) -> Result<Vec<(u32, [u8; 32])>> {
        let mut q = self.db().prepare_cached(
            "SELECT id, key FROM prekeys WHERE phone = ?1 AND n = ?2 AND taken = 0 ORDER BY id",
        )?;
        let rows = q
            .query_map(params![d.phone.row(), d.n], |r| Ok((r.get(0)?, r.get(1)?)))?
            .collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// Hands out one prekey, once.
    pub fn take_prekey(&mut self, d: DeviceAddr) -> Result<Option<(u32, [u8; 32])>> {
        let k: Option<(u32, [u8; 32])> = self
            .db()
            .prepare_cached("SELECT id, key FROM prekeys WHERE phone = ?1 AND n = ?2 AND taken = 0 ORDER BY id LIMIT 1")?
            .query_row(params![d.phone.row(), d.n], |r| Ok((r.get(0)?, r.get(1)?)))
            .optional()?;
        if let Some((id, _)) = k {
            self.db().execute(
                "UPDATE prekeys SET taken = 1 WHERE phone = ?1 AND n = ?2 AND id = ?3",
                params![d.phone.row(), d.n, id],
            )?;
        }
        Ok(k)
    }
}
