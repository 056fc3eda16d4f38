//! The world and the one way to change it.
//!
//! [`Sim`] is the running network: the database, who is online, faults, trace. [`World`] is one
//! transaction on it, given to every handler (an IQ, a message, a control call). What a handler
//! writes to `db()` commits as a whole or not at all; what it sends waits in `effects` until the
//! commit is durable. So nobody is ever told of something a crash could take back.
//!
//! Handlers are synchronous and must not call [`Sim::act`] (the lock is not re-entrant).

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::Result;
use rusqlite::{Connection, TransactionBehavior};
use wacore_binary::Node;

use crate::{
    clock::Clock,
    faults::Faults,
    ids::DeviceAddr,
    keys::Seed,
    net::online::{ConnId, Online, Out},
    trace::Trace,
};

pub mod account;
pub mod device;
pub mod queue;

/// The running network. Shared by every connection and the control API.
pub struct Sim {
    db: Mutex<Connection>,
    pub seed: Seed,
    pub clock: Clock,
    pub online: Online,
    pub pairing: crate::phone::pairing::Pending,
    pub link_codes: crate::phone::linkcode::LinkCodes,
    pub passkeys: crate::phone::passkey::Attempts,
    pub faults: Faults,
    pub trace: Trace,
    pub noise: crate::net::certs::NoiseIdentity,
    /// Shared with the media server, which runs beside the world.
    pub media: Arc<crate::media::Media>,
    /// Rings when a companion is due its history.
    pub history: tokio::sync::Notify,
}

/// What happens once the transaction is durable.
pub enum Effect {
    /// The device's queue grew: its connection, if any, sends what is new.
    Wake(DeviceAddr),
    /// To the device if it is online, else lost: presence, typing, `ib`.
    Push(DeviceAddr, Node),
    /// To one connection, paired or not.
    Conn(ConnId, Out),
    /// As `Conn`, later (the 515 after pairing).
    Later(Duration, ConnId, Out),
    /// To the connection of a device, e.g. closing it with a stream error.
    Device(DeviceAddr, Out),
}

impl Sim {
    pub fn new(db: Connection, seed: Seed) -> Result<Self> {
        let noise = crate::net::certs::NoiseIdentity::load(&db)?;
        let media = crate::media::Media::open(crate::store::data_dir(&db))?;
        Ok(Self {
            db: Mutex::new(db),
            seed,
            clock: Clock::default(),
            online: Online::default(),
            pairing: Default::default(),
            link_codes: Default::default(),
            passkeys: Default::default(),
            faults: Faults::default(),
            trace: Trace::default(),
            noise,
            media: Arc::new(media),
            history: tokio::sync::Notify::new(),
        })
    }

    /// Runs `f` in one transaction, commits, then lets its effects out. An error rolls all of it back.
    pub fn act<T, E: From<anyhow::Error>>(
        self: &Arc<Self>,
        f: impl FnOnce(&mut World<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut db = lock(&self.db);
        let tx = db
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|e| E::from(e.into()))?;
        let mut w = World {
            db: &tx,
            sim: self,
            effects: Vec::new(),
        };
        let out = f(&mut w)?;
        let effects = w.effects;
        tx.commit().map_err(|e| E::from(e.into()))?;
        drop(db);
        self.let_out(effects);
        Ok(out)
    }

    fn let_out(self: &Arc<Self>, effects: Vec<Effect>) {
        for e in effects {
            match e {
                Effect::Wake(d) => self.online.wake(d),
                Effect::Push(d, n) => self.online.to_device(d, Out::Node(n)),
                Effect::Device(d, o) => self.online.to_device(d, o),
                Effect::Conn(c, o) => self.online.to_conn(c, o),
                Effect::Later(after, c, o) => {
                    let sim = Arc::clone(self);
                    tokio::spawn(async move {
                        tokio::time::sleep(after).await;
                        sim.online.to_conn(c, o);
                    });
                }
            }
        }
    }
}

/// A poisoned lock is still the data: every transaction that panicked was rolled back.
pub fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One transaction on the world. See the module's head.
pub struct World<'a> {
    db: &'a Connection,
    pub sim: &'a Arc<Sim>,
    pub effects: Vec<Effect>,
}

impl World<'_> {
    /// The open transaction. Tables of other modules are read through their functions.
    pub fn db(&self) -> &Connection {
        self.db
    }
    pub fn seed(&self) -> &Seed {
        &self.sim.seed
    }
    /// Unix seconds, as in `t` attributes.
    pub fn now(&self) -> i64 {
        self.sim.clock.now()
    }
    pub fn now_ms(&self) -> i64 {
        self.sim.clock.now_ms()
    }
    /// A fresh stanza id of the server's.
    pub fn stanza_id(&self) -> String {
        format!("{:016x}", rand::random::<u64>())
    }
    /// Lost when the device is offline; for what lasts use [`World::deliver`].
    pub fn push(&mut self, to: DeviceAddr, n: Node) {
        self.effects.push(Effect::Push(to, n));
    }
    /// A line for the trace.
    pub fn note(&self, d: DeviceAddr, text: String) {
        self.sim.trace.add(self.now_ms(), Some(d), "note", text);
    }
    pub fn is_online(&self, d: DeviceAddr) -> bool {
        self.sim.online.is_online(d)
    }
}
