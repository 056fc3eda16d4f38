//! The client library's device state on our own store.
//!
//! One [`DeviceStore`] is one session's `Backend`: a thin view on the store's sealed key–value half. The contract
//! that matters (the library's Signal durability rules): a put is durable when it returns, because ciphertext
//! follows it onto the wire; so every method is one write job and every batch is one job as well.
//!
//! Beyond keeping bytes it closes four windows that the library leaves open between the wire and our database:
//! - app-state versions are committed only after the facts they stand for ([`staged`]);
//! - who leaves the address book is told, which the library does not ([`removed`]);
//! - LID mappings become facts before the library may rely on having told us ([`protocol`]);
//! - a retired store (logged out, deleted) refuses writes, so a late flush cannot resurrect wiped keys.

mod app_sync;
mod device;
pub(crate) mod flow;
mod msg_secret;
mod protocol;
mod removed;
mod signal;
mod staged;
#[cfg(test)]
mod tests;

use flow::Flow;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use wacore::store::error::StoreError;
use wharf_domain::{
    Error,
    ports::{
        clock::Clock,
        engine::Inbox,
        secrets::Secrets,
        store::{Store, StoreExt},
    },
    sessions::SessionScope,
};

type Result<T, E = StoreError> = std::result::Result<T, E>;

/// What kind of thing a row is; part of its key and of what its seal authenticates. Numbers are stored: never reuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Space {
    Device = 1,
    Identity = 2,
    Session = 3,
    PreKey = 4,
    SignedPreKey = 5,
    SenderKey = 6,
    SyncKey = 7,
    LatestSyncKey = 8,
    Version = 9,
    MutationMac = 10,
    SenderKeyDevice = 11,
    LidMapping = 12,
    PnToLid = 13,
    BaseKey = 14,
    DeviceList = 15,
    GroupMetadata = 16,
    TcToken = 17,
    SentMessage = 18,
    PendingInbound = 19,
    MsgSecret = 20,
    /// History notifications acknowledged but not yet stored: ours, not the library's.
    PendingHistory = 21,
    /// Small facts of the engine about this device: ours, not the library's.
    Marks = 22,
}

/// One change of a write job.
#[derive(Clone)]
pub(crate) enum Write {
    Put(Space, Vec<u8>, Vec<u8>),
    Delete(Space, Vec<u8>),
    /// Every row of the space whose key starts so.
    DeletePrefix(Space, Vec<u8>),
}

/// How often a sweep for expired rows really looks: it must open every row of a space.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);

/// One session's device state.
pub(crate) struct DeviceStore {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) secrets: Arc<dyn Secrets>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) inbox: Arc<dyn Inbox>,
    pub(crate) scope: SessionScope,
    pub(crate) flow: Arc<Flow>,
    staged: Mutex<HashMap<String, staged::Staged>>,
    swept: Mutex<HashMap<Space, Instant>>,
    sweep_every: Duration,
    retired: AtomicBool,
}

impl DeviceStore {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        secrets: Arc<dyn Secrets>,
        clock: Arc<dyn Clock>,
        inbox: Arc<dyn Inbox>,
        scope: SessionScope,
    ) -> Self {
        Self {
            store,
            secrets,
            clock,
            inbox,
            scope,
            flow: Arc::default(),
            staged: Mutex::default(),
            swept: Mutex::default(),
            sweep_every: SWEEP_EVERY,
            retired: AtomicBool::new(false),
        }
    }

    /// Refuses every write from now on.
    pub(crate) fn retire(&self) {
        self.retired.store(true, Ordering::Release);
        self.flow.close();
    }

    /// Removes all device state of the session; only on a store nobody writes to any more.
    pub(crate) async fn wipe(&self) -> Result<(), Error> {
        let no = self.scope.no;
        self.store.write(move |tx| tx.device_clear(no, None)).await
    }

    /// Seconds since the epoch.
    fn now_secs(&self) -> i64 {
        self.clock.now() / 1000
    }

    fn context(&self, space: Space, key: &[u8]) -> Vec<u8> {
        seal_context(&self.scope, space, key)
    }

    fn seal(&self, space: Space, key: &[u8], plain: &[u8]) -> Vec<u8> {
        self.secrets.seal(&self.context(space, key), plain)
    }

    fn open(&self, space: Space, key: &[u8], sealed: &[u8]) -> Result<Vec<u8>> {
        self.secrets
            .open(&self.context(space, key), sealed)
            .map_err(database)
    }

    fn writable(&self) -> Result<()> {
        if self.retired.load(Ordering::Acquire) {
            return Err(StoreError::Validation("the device was unlinked".into()));
        }
        Ok(())
    }

    /// One value.
    pub(crate) async fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let (no, owned) = (self.scope.no, key.to_vec());
        let sealed = self
            .store
            .read(move |view| view.device_get(no, space as u8, &owned))
            .await
            .map_err(database)?;
        sealed.map(|s| self.open(space, key, &s)).transpose()
    }

    /// Several values in one read, in the order asked; absent ones are `None`.
    async fn get_many(&self, space: Space, keys: Vec<Vec<u8>>) -> Result<Vec<Option<Vec<u8>>>> {
        let (no, asked) = (self.scope.no, keys.clone());
        let rows = self
            .store
            .read(move |view| {
                asked
                    .iter()
                    .map(|key| view.device_get(no, space as u8, key))
                    .collect::<Result<Vec<_>, Error>>()
            })
            .await
            .map_err(database)?;
        keys.iter()
            .zip(rows)
            .map(|(key, row)| row.map(|s| self.open(space, key, &s)).transpose())
            .collect()
    }

    /// All pairs whose key starts so, in key order.
    pub(crate) async fn scan(
        &self,
        space: Space,
        prefix: &[u8],
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let (no, prefix) = (self.scope.no, prefix.to_vec());
        let rows = self
            .store
            .read(move |view| view.device_scan(no, space as u8, &prefix))
            .await
            .map_err(database)?;
        rows.into_iter()
            .map(|(key, sealed)| {
                let plain = self.open(space, &key, &sealed)?;
                Ok((key, plain))
            })
            .collect()
    }

    /// Applies the changes in one durable transaction.
    pub(crate) async fn apply(&self, writes: Vec<Write>) -> Result<()> {
        self.writable()?;
        if writes.is_empty() {
            return Ok(());
        }
        let no = self.scope.no;
        // Sealing is work for this task, not for the store's one writer.
        let writes: Vec<Write> = writes
            .into_iter()
            .map(|write| match write {
                Write::Put(space, key, plain) => {
                    let sealed = self.seal(space, &key, &plain);
                    Write::Put(space, key, sealed)
                }
                other => other,
            })
            .collect();
        self.store
            .write(move |tx| {
                for write in &writes {
                    match write {
                        Write::Put(space, key, sealed) => {
                            tx.device_put(no, *space as u8, key, sealed)?;
                        }
                        Write::Delete(space, key) => tx.device_delete(no, *space as u8, key)?,
                        Write::DeletePrefix(space, prefix) => {
                            for (key, _) in tx.device_scan(no, *space as u8, prefix)? {
                                tx.device_delete(no, *space as u8, &key)?;
                            }
                        }
                    }
                }
                Ok(())
            })
            .await
            .map_err(database)
    }

    pub(crate) async fn put(&self, space: Space, key: Vec<u8>, value: Vec<u8>) -> Result<()> {
        self.apply(vec![Write::Put(space, key, value)]).await
    }

    pub(crate) async fn delete(&self, space: Space, key: Vec<u8>) -> Result<()> {
        self.apply(vec![Write::Delete(space, key)]).await
    }

    /// Reads, changes and writes rows in one transaction; `None` from `change` leaves a row as it is.
    async fn update(
        &self,
        space: Space,
        keys: Vec<Vec<u8>>,
        mut change: impl FnMut(usize, Option<Vec<u8>>) -> Result<Option<Vec<u8>>, Error>
        + Send
        + 'static,
    ) -> Result<()> {
        self.writable()?;
        let (no, scope, secrets) = (self.scope.no, self.scope, Arc::clone(&self.secrets));
        self.store
            .write(move |tx| {
                for (nth, key) in keys.iter().enumerate() {
                    let context = seal_context(&scope, space, key);
                    let old = tx
                        .device_get(no, space as u8, key)?
                        .map(|sealed| secrets.open(&context, &sealed))
                        .transpose()?;
                    if let Some(new) = change(nth, old)? {
                        tx.device_put(no, space as u8, key, &secrets.seal(&context, &new))?;
                    }
                }
                Ok(())
            })
            .await
            .map_err(database)
    }

    /// Deletes the rows that `expired` says so about; looks at most once an hour.
    async fn sweep(&self, space: Space, expired: impl Fn(&[u8]) -> bool) -> Result<u32> {
        {
            let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            if swept
                .get(&space)
                .is_some_and(|last| now.duration_since(*last) < self.sweep_every)
            {
                return Ok(0);
            }
            swept.insert(space, now);
        }
        let gone: Vec<Write> = self
            .scan(space, b"")
            .await?
            .into_iter()
            .filter(|(_, value)| expired(value))
            .map(|(key, _)| Write::Delete(space, key))
            .collect();
        let count = u32::try_from(gone.len()).unwrap_or(u32::MAX);
        self.apply(gone).await?;
        Ok(count)
    }
}

/// Session, space and key: a sealed value opens nowhere else.
fn seal_context(scope: &SessionScope, space: Space, key: &[u8]) -> Vec<u8> {
    let mut context = Vec::with_capacity(17 + key.len());
    context.extend_from_slice(&scope.id.ulid().to_bytes());
    context.push(space as u8);
    context.extend_from_slice(key);
    context
}

/// Parts of a composite key; none of them may contain NUL (JIDs and message ids do not).
fn key(parts: &[&str]) -> Vec<u8> {
    parts.join("\0").into_bytes()
}

/// The key of an index MAC of a collection.
fn mac_key(name: &str, index_mac: &[u8]) -> Vec<u8> {
    let mut key = first(name);
    key.extend_from_slice(index_mac);
    key
}

/// The key of all composite keys with this first part.
fn first(part: &str) -> Vec<u8> {
    let mut prefix = part.as_bytes().to_vec();
    prefix.push(0);
    prefix
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A time in seconds before the rest of a value.
fn stamped(at: i64, rest: &[u8]) -> Vec<u8> {
    let mut value = at.to_be_bytes().to_vec();
    value.extend_from_slice(rest);
    value
}

fn unstamped(value: &[u8]) -> Option<(i64, &[u8])> {
    let (at, rest) = value.split_first_chunk::<8>()?;
    Some((i64::from_be_bytes(*at), rest))
}

/// Trouble of the store that time may cure, such as a full disk.
fn passes(error: &StoreError) -> bool {
    matches!(error, StoreError::Database(cause) if matches!(cause.downcast_ref::<Error>(), Some(Error::Unavailable(_))))
}

fn database(error: Error) -> StoreError {
    StoreError::Database(Box::new(error))
}

fn encode<T: serde::Serialize>(value: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|e| StoreError::Serialization(Box::new(e)))
}

fn decode<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|e| StoreError::Serialization(Box::new(e)))
}

fn corrupt(what: &str) -> StoreError {
    StoreError::Validation(format!("stored {what} has the wrong shape"))
}
