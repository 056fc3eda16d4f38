//! Faults on demand: what `POST /faults` arms and connections meet. Kept in memory: a restarted
//! network is a healthy one.

use std::sync::Mutex;

use crate::{ids::Phone, world::lock};

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    DropSocket,
    HalfOpen,
    Delay,
    DuplicateFrame,
    StreamError,
    ConnectFailure,
    Timelock,
    Ban,
    MediaGone,
    BadCiphertext,
    Slow,
    Nack,
}

/// An armed fault.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    pub kind: FaultKind,
    /// None: whoever comes first.
    pub phone: Option<Phone>,
    /// How many times it still strikes; None: until deleted.
    pub count: Option<u32>,
    /// Milliseconds, for `delay` and `slow`.
    pub ms: u64,
    /// `timelock`: its end by the world's clock, in Unix milliseconds.
    pub until: Option<i64>,
    /// `stream_error`, `connect_failure` and `nack`: the code, `replaced` included.
    pub code: String,
}

#[derive(Default)]
pub struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    pub fn arm(&self, f: Fault) {
        lock(&self.0).push(f);
    }
    pub fn clear(&self) {
        lock(&self.0).clear();
    }
    pub fn armed(&self) -> Vec<Fault> {
        lock(&self.0).clone()
    }
    /// Whether a fault of this kind strikes `phone` now; a counted one is used up by it.
    pub fn strike(&self, kind: FaultKind, phone: Option<Phone>) -> Option<Fault> {
        self.strike_if(kind, phone, |_| true)
    }

    /// As [`Faults::strike`], for faults that `fits` picks.
    pub fn strike_if(
        &self,
        kind: FaultKind,
        phone: Option<Phone>,
        fits: impl Fn(&Fault) -> bool,
    ) -> Option<Fault> {
        let mut all = lock(&self.0);
        let at = all
            .iter()
            .position(|f| f.kind == kind && (f.phone.is_none() || f.phone == phone) && fits(f))?;
        let f = all.get_mut(at)?;
        let hit = f.clone();
        match f.count {
            Some(0 | 1) => {
                all.remove(at);
            }
            Some(n) => f.count = Some(n - 1),
            None => {}
        }
        Some(hit)
    }
}
