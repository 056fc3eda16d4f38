//! Who is connected now. Dies with the process; nothing lasting depends on it.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::{Notify, mpsc};
use wacore_binary::{Jid, Node};

use crate::{
    ids::{DeviceAddr, Phone},
    world::lock,
};

/// One socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnId(pub u64);

impl ConnId {
    pub fn row(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }
}

/// What may be put into a connection from outside its own actor.
#[derive(Debug)]
pub enum Out {
    Node(Node),
    /// Send the node, then close the socket cleanly (stream errors, failures).
    Last(Node),
    /// Cut the TCP connection without a word.
    Drop,
    /// Stand there and say nothing more (a half-open socket).
    Mute,
}

/// Enough for every burst of presence; a connection that lags further behind is cut, as there.
pub const QUEUE: usize = 1024;

#[derive(Clone)]
struct Handle {
    tx: mpsc::Sender<Out>,
    wake: Arc<Notify>,
}

#[derive(Default)]
struct Inner {
    conns: HashMap<ConnId, Handle>,
    devices: HashMap<DeviceAddr, ConnId>,
    /// Devices whose owner is shown as available.
    available: HashSet<DeviceAddr>,
    /// Connections a fault broke: a new log-in beside them is the client's right.
    forgiven: HashSet<ConnId>,
    /// By whom an account's presence is watched, and how they name it.
    watchers: HashMap<Phone, Vec<(DeviceAddr, Jid)>>,
}

pub struct Online {
    next: AtomicU64,
    inner: Mutex<Inner>,
}

impl Default for Online {
    /// Ids are told apart across restarts too: the ledger compares them.
    fn default() -> Self {
        Self {
            next: AtomicU64::new(u64::from(rand::random::<u32>()) << 24),
            inner: Mutex::default(),
        }
    }
}

impl Online {
    /// A new socket: its id, its mailbox, and the bell that rings when its device's queue grew.
    pub fn open(&self) -> (ConnId, mpsc::Receiver<Out>, Arc<Notify>) {
        let id = ConnId(self.next.fetch_add(1, Ordering::Relaxed) + 1);
        let (tx, rx) = mpsc::channel(QUEUE);
        let wake = Arc::new(Notify::new());
        lock(&self.inner).conns.insert(
            id,
            Handle {
                tx,
                wake: Arc::clone(&wake),
            },
        );
        (id, rx, wake)
    }

    /// Binds a device to a connection; returns the connection it had before, if that still stands.
    pub fn bind(&self, d: DeviceAddr, c: ConnId) -> Option<ConnId> {
        let mut i = lock(&self.inner);
        i.devices
            .insert(d, c)
            .filter(|old| i.conns.contains_key(old) && *old != c)
    }

    pub fn close(&self, c: ConnId) {
        let mut i = lock(&self.inner);
        i.conns.remove(&c);
        i.forgiven.remove(&c);
        let gone: Vec<_> = i
            .devices
            .iter()
            .filter(|(_, x)| **x == c)
            .map(|(d, _)| *d)
            .collect();
        for d in gone {
            i.devices.remove(&d);
            i.available.remove(&d);
            for w in i.watchers.values_mut() {
                w.retain(|(x, _)| *x != d);
            }
        }
    }

    /// A device wants to be told of an account's presence, until its connection ends.
    pub fn watch(&self, whom: Phone, by: DeviceAddr, named: &Jid) {
        let mut i = lock(&self.inner);
        let all = i.watchers.entry(whom).or_default();
        all.retain(|(x, _)| *x != by);
        all.push((by, named.clone()));
    }

    pub fn unwatch(&self, whom: Phone, by: DeviceAddr) {
        if let Some(all) = lock(&self.inner).watchers.get_mut(&whom) {
            all.retain(|(x, _)| *x != by);
        }
    }

    pub fn watchers(&self, whom: Phone) -> Vec<(DeviceAddr, Jid)> {
        lock(&self.inner)
            .watchers
            .get(&whom)
            .cloned()
            .unwrap_or_default()
    }

    pub fn forgive(&self, c: ConnId) {
        lock(&self.inner).forgiven.insert(c);
    }

    pub fn is_forgiven(&self, c: ConnId) -> bool {
        lock(&self.inner).forgiven.contains(&c)
    }

    /// Whether a connection's actor ends within `t`.
    pub async fn closes_within(&self, c: ConnId, t: Duration) -> bool {
        let Some(tx) = lock(&self.inner).conns.get(&c).map(|h| h.tx.clone()) else {
            return true;
        };
        tokio::time::timeout(t, tx.closed()).await.is_ok()
    }

    pub fn is_online(&self, d: DeviceAddr) -> bool {
        lock(&self.inner).devices.contains_key(&d)
    }

    pub fn conn_of(&self, d: DeviceAddr) -> Option<ConnId> {
        lock(&self.inner).devices.get(&d).copied()
    }

    pub fn devices(&self) -> Vec<DeviceAddr> {
        lock(&self.inner).devices.keys().copied().collect()
    }

    pub fn all(&self) -> Vec<ConnId> {
        lock(&self.inner).conns.keys().copied().collect()
    }

    pub fn set_available(&self, d: DeviceAddr, yes: bool) {
        let mut i = lock(&self.inner);
        if yes {
            i.available.insert(d);
        } else {
            i.available.remove(&d);
        }
    }

    pub fn is_available(&self, d: DeviceAddr) -> bool {
        lock(&self.inner).available.contains(&d)
    }

    pub fn wake(&self, d: DeviceAddr) {
        let i = lock(&self.inner);
        if let Some(h) = i.devices.get(&d).and_then(|c| i.conns.get(c)) {
            h.wake.notify_one();
        }
    }

    pub fn to_device(&self, d: DeviceAddr, out: Out) {
        if let Some(c) = self.conn_of(d) {
            self.to_conn(c, out);
        }
    }

    /// A full mailbox means the client reads too slowly: its socket is forgotten and so closed.
    pub fn to_conn(&self, c: ConnId, out: Out) {
        let full = {
            let i = lock(&self.inner);
            let Some(h) = i.conns.get(&c) else { return };
            matches!(h.tx.try_send(out), Err(mpsc::error::TrySendError::Full(_)))
        };
        if full {
            self.close(c);
        }
    }
}
