//! Collections in the world: what the server keeps of each, and the phone writing to them.
//!
//! A patch is stored, and its records take the place of those they replace, in the transaction of
//! whoever sent it; the other companions are told after the commit.

use anyhow::{Context, Result};
use buffa::Message as _;
use rusqlite::{OptionalExtension, params};
use std::collections::{BTreeMap, HashMap};
use wacore_binary::builder::NodeBuilder;
use waproto::whatsapp as wa;

use super::{
    Action, Collection, Mutation, Operation, SyncKey,
    action::{self, ContactNames},
    lthash::LtHash,
    mutation::{MAC, SealedRecord, index_mac},
    patch::{self, Applied, State},
    transfer,
};
use crate::{
    ids::{DeviceAddr, Phone},
    node::SERVER,
    world::World,
};

pub const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS appstate_keys(phone INTEGER NOT NULL, epoch INTEGER NOT NULL, made_at_ms INTEGER NOT NULL,
  PRIMARY KEY(phone, epoch)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS appstate_collections(
  phone INTEGER NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, hash BLOB NOT NULL,
  mac BLOB NOT NULL, key_id BLOB NOT NULL, PRIMARY KEY(phone, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS appstate_records(
  phone INTEGER NOT NULL, name TEXT NOT NULL, index_mac BLOB NOT NULL, blob BLOB NOT NULL, key_id BLOB NOT NULL,
  PRIMARY KEY(phone, name, index_mac)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS appstate_patches(
  phone INTEGER NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, patch BLOB NOT NULL,
  PRIMARY KEY(phone, name, version)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS appstate_snapshots(
  phone INTEGER NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, reference BLOB NOT NULL,
  PRIMARY KEY(phone, name)) WITHOUT ROWID;";

/// Mutations of one patch of the phone's. A long list becomes several patches.
const PATCH_MUTATIONS: usize = 1000;
/// A snapshot is made anew when this many patches lie after it.
const SNAPSHOT_AGE: u64 = 30;

/// Patches of one answer, and whether more follow.
pub struct Page {
    pub patches: Vec<Vec<u8>>,
    pub more: bool,
}

impl World<'_> {
    /// The phone's sync keys, oldest first; the last is the active one. Draws the first when there is none.
    pub fn sync_keys(&mut self, phone: Phone) -> Result<Vec<SyncKey>> {
        let keys = self.drawn_sync_keys(phone)?;
        if keys.is_empty() {
            Ok(vec![self.draw_sync_key(phone, 1)?])
        } else {
            Ok(keys)
        }
    }

    /// Draws the next key, as a phone does after it removed a companion: that one knows the old.
    pub fn rotate_sync_key(&mut self, phone: Phone) -> Result<SyncKey> {
        let last = self.sync_keys(phone)?.last().map_or(0, |k| k.epoch);
        self.draw_sync_key(phone, last + 1)
    }

    fn draw_sync_key(&mut self, phone: Phone, epoch: u32) -> Result<SyncKey> {
        let key = SyncKey::derive(self.seed(), phone, epoch, self.now_ms());
        self.db().execute(
            "INSERT INTO appstate_keys(phone, epoch, made_at_ms) VALUES(?1,?2,?3)",
            params![phone.row(), epoch, key.made_at_ms],
        )?;
        Ok(key)
    }

    fn drawn_sync_keys(&self, phone: Phone) -> Result<Vec<SyncKey>> {
        let mut q = self.db().prepare_cached(
            "SELECT epoch, made_at_ms FROM appstate_keys WHERE phone = ?1 ORDER BY epoch",
        )?;
        let keys = q
            .query_map([phone.row()], |r| {
                Ok(SyncKey::derive(self.seed(), phone, r.get(0)?, r.get(1)?))
            })?
            .collect::<Result<_, _>>()?;
        Ok(keys)
    }

    /// The version of a collection; 0: nothing was ever written.
    pub fn app_state_version(&self, phone: Phone, c: Collection) -> Result<u64> {
        Ok(self.app_state(phone, c)?.version)
    }

    fn app_state(&self, phone: Phone, c: Collection) -> Result<State> {
        let sql = "SELECT version, hash FROM appstate_collections WHERE phone = ?1 AND name = ?2";
        let read = |r: &rusqlite::Row<'_>| {
            Ok(State {
                version: version(r, 0)?,
                hash: LtHash::from_bytes(r.get(1)?),
            })
        };
        let found = self
            .db()
            .prepare_cached(sql)?
            .query_row(params![phone.row(), c.as_str()], read)
            .optional()?;
        Ok(found.unwrap_or_default())
    }

    fn held(&self, phone: Phone, c: Collection, index: &[u8; MAC]) -> Result<Option<Vec<u8>>> {
        let sql =
            "SELECT blob FROM appstate_records WHERE phone = ?1 AND name = ?2 AND index_mac = ?3";
        let blob: Option<Vec<u8>> = self
            .db()
            .prepare_cached(sql)?
            .query_row(params![phone.row(), c.as_str(), index], |r| r.get(0))
            .optional()?;
        blob.map(|b| {
            b.last_chunk::<MAC>()
                .map(|m| m.to_vec())
                .context("a stored value without MAC")
        })
        .transpose()
    }

    /// The phone writes: one patch (or several) for each collection, and its companions are told.
    /// Of two actions on one index the later counts.
    pub fn author(&mut self, phone: Phone, actions: Vec<Action>) -> Result<()> {
        let mut by_collection: BTreeMap<Collection, Vec<Mutation>> = BTreeMap::new();
        for a in actions {
            by_collection
                .entry(a.collection)
                .or_default()
                .push(a.mutation);
        }
        let keys = self.sync_keys(phone)?;
        let mut changed = Vec::new();
        for (c, mutations) in by_collection {
            let mut version = None;
            for part in last_of_each(mutations).chunks(PATCH_MUTATIONS) {
                version = self.author_patch(phone, c, &keys, part)?.or(version);
            }
            changed.extend(version.map(|v| (c, v)));
        }
        self.tell_app_state(phone, None, &changed)
    }

    /// None: nothing was there to remove, so there is no patch.
    fn author_patch(
        &mut self,
        phone: Phone,
        c: Collection,
        keys: &[SyncKey],
        part: &[Mutation],
    ) -> Result<Option<u64>> {
        let (active, former) = keys.split_last().context("a phone without sync key")?;
        let mut records = Vec::with_capacity(part.len());
        // Under another key the same index has another name: what stands under that one goes.
        for key in former {
            let expanded = key.expand()?;
            for m in part {
                if self
                    .held(phone, c, &index_mac(&expanded, &m.index)?)?
                    .is_some()
                {
                    let gone = Mutation {
                        operation: Operation::Remove,
                        ..m.clone()
                    };
                    records.extend(patch::seal_all(&[gone], key)?);
                }
            }
        }
        let expanded = active.expand()?;
        for m in part {
            if m.operation == Operation::Set
                || self
                    .held(phone, c, &index_mac(&expanded, &m.index)?)?
                    .is_some()
            {
                records.push(super::mutation::seal(m, active, &expanded)?);
            }
        }
        if records.is_empty() {
            return Ok(None);
        }
        let from = self.app_state(phone, c)?;
        let mut applied =
            patch::author(c, &from, active, records, &mut |i| self.held(phone, c, i))?;
        transfer::externalise(&self.sim.media, &mut applied.patch)?;
        self.keep_patch(phone, c, &applied)?;
        Ok(Some(applied.state.version))
    }

    /// Verifies a companion's patch and applies it. An error says what is wrong with it.
    pub fn accept_patch(
        &mut self,
        from: DeviceAddr,
        c: Collection,
        patch: wa::SyncdPatch,
    ) -> Result<u64> {
        let phone = from.phone;
        let keys = self.sync_keys(phone)?;
        let key_of = |id: &[u8]| keys.iter().find(|k| k.id() == id).cloned();
        let mutations = transfer::mutations(&self.sim.media, &patch)?;
        let state = self.app_state(phone, c)?;
        let (applied, clear) = patch::verify(c, &state, patch, mutations, &key_of, &mut |i| {
            self.held(phone, c, i)
        })?;
        for m in &clear {
            action::check(c, m)?;
        }
        self.keep_patch(phone, c, &applied)?;
        for m in clear.iter().filter(|m| m.operation == Operation::Set) {
            if let Some(name) = m
                .value
                .push_name_setting
                .as_option()
                .and_then(|p| p.name.as_deref())
            {
                self.set_profile(phone, Some(name), None)?;
            }
        }
        self.tell_app_state(phone, Some(from), &[(c, applied.state.version)])?;
        Ok(applied.state.version)
    }

    fn keep_patch(&mut self, phone: Phone, c: Collection, a: &Applied) -> Result<()> {
        let (p, name) = (phone.row(), c.as_str());
        for r in &a.records {
            let sql = match r.operation {
                Operation::Set => {
                    "INSERT INTO appstate_records(phone, name, index_mac, blob, key_id) VALUES(?1,?2,?3,?4,?5)
                     ON CONFLICT DO UPDATE SET blob = excluded.blob, key_id = excluded.key_id"
                }
                Operation::Remove => "DELETE FROM appstate_records WHERE phone = ?1 AND name = ?2 AND index_mac = ?3",
            };
            let mut q = self.db().prepare_cached(sql)?;
            match r.operation {
                Operation::Set => q.execute(params![p, name, r.index_mac, r.blob, r.key_id])?,
                Operation::Remove => q.execute(params![p, name, r.index_mac])?,
            };
        }
        self.db()
            .prepare_cached(
                "INSERT INTO appstate_patches(phone, name, version, patch) VALUES(?1,?2,?3,?4)",
            )?
            .execute(params![
                p,
                name,
                row(a.state.version)?,
                a.patch.encode_to_vec()
            ])?;
        self.db()
            .prepare_cached(
                "INSERT INTO appstate_collections(phone, name, version, hash, mac, key_id) VALUES(?1,?2,?3,?4,?5,?6)
                 ON CONFLICT DO UPDATE SET version = excluded.version, hash = excluded.hash, mac = excluded.mac,
                   key_id = excluded.key_id",
            )?
            .execute(params![p, name, row(a.state.version)?, a.state.hash.as_bytes(), a.snapshot_mac, a.key_id])?;
        Ok(())
    }

    /// Patches after a version, as many as one answer holds.
    pub fn app_state_patches(
        &self,
        phone: Phone,
        c: Collection,
        after: u64,
        page: (u32, usize),
    ) -> Result<Page> {
        let (count, bytes) = page;
        let mut q = self.db().prepare_cached(
            "SELECT patch FROM appstate_patches WHERE phone = ?1 AND name = ?2 AND version > ?3 ORDER BY version LIMIT ?4",
        )?;
        let mut rows = q.query(params![phone.row(), c.as_str(), row(after)?, count + 1])?;
        let (mut patches, mut size) = (Vec::<Vec<u8>>::new(), 0usize);
        while let Some(row) = rows.next()? {
            let patch: Vec<u8> = row.get(0)?;
            if patches.len() >= count as usize
                || (!patches.is_empty() && size + patch.len() > bytes)
            {
                return Ok(Page {
                    patches,
                    more: true,
                });
            }
            size += patch.len();
            patches.push(patch);
        }
        Ok(Page {
            patches,
            more: false,
        })
    }

    /// The version of a recent snapshot and the reference to its blob.
    pub fn app_state_snapshot(&mut self, phone: Phone, c: Collection) -> Result<(u64, Vec<u8>)> {
        let at = params![phone.row(), c.as_str()];
        let current = self.app_state_version(phone, c)?;
        let sql =
            "SELECT version, reference FROM appstate_snapshots WHERE phone = ?1 AND name = ?2";
        let kept: Option<(u64, Vec<u8>)> = self
            .db()
            .query_row(sql, at, |r| Ok((version(r, 0)?, r.get(1)?)))
            .optional()?;
        if let Some(kept) = kept.filter(|(v, _)| current - v < SNAPSHOT_AGE) {
            return Ok(kept);
        }
        let records = self.app_state_records(phone, c)?;
        let (mac, key_id) = self.db().query_row(
            "SELECT mac, key_id FROM appstate_collections WHERE phone = ?1 AND name = ?2",
            at,
            |r| Ok((r.get(0)?, r.get(1)?)),
        )?;
        let reference = transfer::store(
            &self.sim.media,
            &patch::snapshot(current, &records, mac, key_id),
        )?
        .encode_to_vec();
        self.db().execute(
            "INSERT OR REPLACE INTO appstate_snapshots(phone, name, version, reference) VALUES(?1,?2,?3,?4)",
            params![phone.row(), c.as_str(), row(current)?, reference],
        )?;
        Ok((current, reference))
    }

    fn app_state_records(&self, phone: Phone, c: Collection) -> Result<Vec<SealedRecord>> {
        let sql = "SELECT index_mac, blob, key_id FROM appstate_records WHERE phone = ?1 AND name = ?2 ORDER BY index_mac";
        let mut q = self.db().prepare_cached(sql)?;
        let read = |r: &rusqlite::Row<'_>| {
            Ok(SealedRecord {
                operation: Operation::Set,
                index_mac: r.get(0)?,
                blob: r.get(1)?,
                key_id: r.get(2)?,
            })
        };
        let records = q
            .query_map(params![phone.row(), c.as_str()], read)?
            .collect::<Result<_, _>>()?;
        Ok(records)
    }

    /// What a collection says, in clear: the phone reads its own state.
    pub fn app_state_actions(&mut self, phone: Phone, c: Collection) -> Result<Vec<Mutation>> {
        let keys = self.sync_keys(phone)?;
        let expanded = keys
            .iter()
            .map(|k| Ok((k.id(), k.expand()?)))
            .collect::<Result<HashMap<_, _>>>()?;
        let records = self.app_state_records(phone, c)?;
        records
            .iter()
            .map(|r| r.open(expanded.get(&r.key_id).context("a record under no key")?))
            .collect()
    }

    /// Tells every companion but the author that collections moved.
    fn tell_app_state(
        &mut self,
        phone: Phone,
        except: Option<DeviceAddr>,
        changed: &[(Collection, u64)],
    ) -> Result<()> {
        if changed.is_empty() {
            return Ok(());
        }
        let collections = changed.iter().map(|(c, v)| {
            NodeBuilder::new("collection")
                .attr("name", c.as_str())
                .attr("version", *v)
                .build()
        });
        let node = NodeBuilder::new("notification")
            .attr("from", SERVER)
            .attr("type", "server_sync")
            .attr("id", self.stanza_id())
            .attr("t", self.now())
            .children(collections)
            .build();
        self.deliver_to_companions(phone, except, &node)
    }

    /// The owner changed their name: companions hear of it, if the phone has written of itself at all.
    pub fn author_push_name(&mut self, phone: Phone) -> Result<()> {
        if self.app_state_version(phone, Collection::CriticalBlock)? == 0 {
            return Ok(());
        }
        let name = self.account(phone)?.context("an account")?.name;
        self.author(phone, vec![Action::push_name(&name, self.now_ms())?])
    }

    /// What a phone has written before it ever links a companion: a name, settings, an address book that was
    /// used. Later calls change nothing. No collection stays at version 0: a companion could not tell that from
    /// one it never fetched, and would take the first change for the past.
    pub fn begin_app_state(&mut self, phone: Phone) -> Result<()> {
        if self.app_state_version(phone, Collection::CriticalBlock)? > 0 {
            return Ok(());
        }
        let name = self.account(phone)?.context("an account")?.name;
        let now = self.now_ms();
        let mut actions = vec![
            Action::locale("en_US", now)?,
            Action::unarchive_chats(false, now)?,
            Action::link_previews(true, now)?,
            Action::no_favorites(now)?,
        ];
        if !name.is_empty() {
            actions.push(Action::push_name(&name, now)?);
        }
        self.author(phone, actions)?;
        if self.app_state_version(phone, Collection::CriticalUnblockLow)? == 0 {
            let forgotten = Action::contact(
                Some(&phone.jid()),
                None,
                &ContactNames::from_full("Me"),
                now,
            )?;
            self.author(phone, vec![forgotten.clone()])?;
            self.author(phone, vec![forgotten.removed()])?;
        }
        Ok(())
    }
}

/// Versions are unsigned on the wire and signed in SQLite.
fn row(version: u64) -> Result<i64> {
    i64::try_from(version).context("a version beyond 63 bits")
}

fn version(r: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    r.get::<_, i64>(column).map(i64::unsigned_abs)
}

/// The last mutation of each index, in order.
fn last_of_each(mutations: Vec<Mutation>) -> Vec<Mutation> {
    let last: HashMap<Vec<String>, usize> = mutations
        .iter()
        .enumerate()
        .map(|(i, m)| (m.index.clone(), i))
        .collect();
    let is_last = |(i, m): (usize, Mutation)| (last.get(&m.index) == Some(&i)).then_some(m);
    mutations
        .into_iter()
        .enumerate()
        .filter_map(is_last)
        .collect()
}
