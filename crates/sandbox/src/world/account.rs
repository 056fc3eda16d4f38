//! Accounts: a number, its LID, what its owner shows. Every person of the world is one; a person
//! without companions is just an account nobody linked a device to.

use anyhow::{Context, Result, bail};
use rusqlite::{OptionalExtension, Row, params};
use wacore_binary::{Jid, Server};

use super::World;
use crate::{
    ids::{DeviceAddr, Lid, Phone},
    keys::PhoneKeys,
};

pub const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS accounts(
  phone INTEGER PRIMARY KEY, lid INTEGER NOT NULL UNIQUE, name TEXT NOT NULL, about TEXT NOT NULL DEFAULT '',
  business INTEGER NOT NULL DEFAULT 0, picture BLOB, picture_id TEXT,
  lid_migrated INTEGER NOT NULL DEFAULT 1, on_whatsapp INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL, next_prekey INTEGER NOT NULL DEFAULT 1, next_device INTEGER NOT NULL DEFAULT 1);";

/// A number with its primary phone.
#[derive(Clone, Debug)]
pub struct Account {
    pub phone: Phone,
    pub lid: Lid,
    /// The push name; of a business also its verified name.
    pub name: String,
    pub about: String,
    pub business: bool,
    /// Writes as its LID (`from` = LID with `sender_pn`) when true, else as its number.
    pub lid_migrated: bool,
    /// False: a number that exists nowhere on the network (messages to it are refused).
    pub on_whatsapp: bool,
    pub created_at: i64,
    pub picture_id: Option<String>,
}

const COLUMNS: &str =
    "phone, lid, name, about, business, lid_migrated, on_whatsapp, created_at, picture_id";

impl Account {
    fn read(r: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            phone: Phone::from_row(r.get(0)?),
            lid: Lid::from_row(r.get(1)?),
            name: r.get(2)?,
            about: r.get(3)?,
            business: r.get(4)?,
            lid_migrated: r.get(5)?,
            on_whatsapp: r.get(6)?,
            created_at: r.get(7)?,
            picture_id: r.get(8)?,
        })
    }
    pub fn pn_jid(&self) -> Jid {
        self.phone.jid()
    }
    pub fn lid_jid(&self) -> Jid {
        self.lid.jid()
    }
    /// The JID this account writes under: its LID once migrated, its number before.
    pub fn wire_jid(&self) -> Jid {
        if self.lid_migrated {
            self.lid_jid()
        } else {
            self.pn_jid()
        }
    }
    /// This account in the addressing of `other`: as a LID beside a LID, as a number beside a number.
    pub fn jid_beside(&self, other: &Jid) -> Jid {
        if other.is_lid() {
            self.lid_jid()
        } else {
            self.pn_jid()
        }
    }
}

impl World<'_> {
    /// Adds an account. `lid` None: derived from the seed, so a number has the same LID in every run.
    pub fn add_account(&mut self, a: NewAccount) -> Result<Account> {
        let lid = a.lid.unwrap_or_else(|| self.derived_lid(a.phone));
        let n = self
            .db()
            .prepare_cached("INSERT OR IGNORE INTO accounts(phone, lid, name, about, business, lid_migrated, on_whatsapp, created_at) VALUES(?1,?2,?3,?4,?5,?6,?7,?8)")?
            .execute(params![a.phone.row(), lid.row(), a.name, a.about, a.business, a.lid_migrated, a.on_whatsapp, self.now()])?;
        if n == 0 {
            bail!("phone {} or lid {lid} is taken", a.phone);
        }
        self.account(a.phone)?.context("the account just added")
    }

    fn derived_lid(&self, phone: Phone) -> Lid {
        let d = self.seed().derive(&format!("lid {phone}"));
        let n = d.iter().take(8).fold(0u64, |a, b| a << 8 | u64::from(*b));
        // 15 digits, as real ones mostly have; never colliding with a phone matters to nobody.
        Lid::from_row(
            i64::try_from(100_000_000_000_000 + n % 900_000_000_000_000).unwrap_or(i64::MAX),
        )
    }

    pub fn account(&self, phone: Phone) -> Result<Option<Account>> {
        Ok(self
            .db()
            .prepare_cached(&format!("SELECT {COLUMNS} FROM accounts WHERE phone = ?1"))?
            .query_row([phone.row()], Account::read)
            .optional()?)
    }

    pub fn account_by_lid(&self, lid: Lid) -> Result<Option<Account>> {
        Ok(self
            .db()
            .prepare_cached(&format!("SELECT {COLUMNS} FROM accounts WHERE lid = ?1"))?
            .query_row([lid.row()], Account::read)
            .optional()?)
    }

    pub fn accounts(&self) -> Result<Vec<Account>> {
        let mut q = self
            .db()
            .prepare_cached(&format!("SELECT {COLUMNS} FROM accounts ORDER BY phone"))?;
        let rows = q.query_map([], Account::read)?.collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// The account a user JID names, in number or LID form, whatever its device part.
    pub fn account_of(&self, jid: &Jid) -> Result<Option<Account>> {
        match jid.server {
            Server::Pn | Server::Legacy => {
                jid.user.parse().ok().map_or(Ok(None), |p| self.account(p))
            }
            Server::Lid => jid
                .user
                .parse()
                .ok()
                .map_or(Ok(None), |l| self.account_by_lid(l)),
            _ => Ok(None),
        }
    }

    /// The device a JID names; the device need not exist.
    pub fn resolve(&self, jid: &Jid) -> Result<Option<DeviceAddr>> {
        Ok(self.account_of(jid)?.map(|a| a.phone.device(jid.device)))
    }

    /// The keys of an account's primary phone.
    pub fn phone_keys(&self, phone: Phone) -> Result<PhoneKeys> {
        PhoneKeys::of(self.seed(), phone)
    }

    /// Takes the next one-time prekey id of a phone.
    pub fn next_phone_prekey(&mut self, phone: Phone) -> Result<u32> {
        Ok(self
            .db()
            .prepare_cached("UPDATE accounts SET next_prekey = next_prekey % 16777214 + 1 WHERE phone = ?1 RETURNING next_prekey")?
            .query_row([phone.row()], |r| r.get(0))?)
    }

    /// Stores a profile picture (JPEG bytes) and returns its new id; None removes it.
    pub fn set_picture(&mut self, phone: Phone, jpeg: Option<&[u8]>) -> Result<Option<String>> {
        let id = jpeg.map(|_| self.now_ms().to_string());
        self.db().execute(
            "UPDATE accounts SET picture = ?2, picture_id = ?3 WHERE phone = ?1",
            params![phone.row(), jpeg, id],
        )?;
        Ok(id)
    }

    pub fn picture(&self, phone: Phone) -> Result<Option<Vec<u8>>> {
        Ok(self
            .db()
            .query_row(
                "SELECT picture FROM accounts WHERE phone = ?1",
                [phone.row()],
                |r| r.get(0),
            )
            .optional()?
            .flatten())
    }

    pub fn set_profile(
        &mut self,
        phone: Phone,
        name: Option<&str>,
        about: Option<&str>,
    ) -> Result<()> {
        self.db().execute(
            "UPDATE accounts SET name = coalesce(?2, name), about = coalesce(?3, about) WHERE phone = ?1",
            params![phone.row(), name, about],
        )?;
        Ok(())
    }
}

pub struct NewAccount {
    pub phone: Phone,
    pub lid: Option<Lid>,
    pub name: String,
    pub about: String,
    pub business: bool,
    pub lid_migrated: bool,
    pub on_whatsapp: bool,
}

impl NewAccount {
    pub fn new(phone: Phone, name: impl Into<String>) -> Self {
        Self {
            phone,
            lid: None,
            name: name.into(),
            about: String::new(),
            business: false,
            lid_migrated: true,
            on_whatsapp: true,
        }
    }
}
