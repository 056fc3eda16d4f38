//! Tickets for the WebSocket: a browser cannot send a header with an upgrade, and a credential does not belong in a URL.
//!
//! A ticket is 256 random bits, good once and for [`LIFE`]. Kept are its SHA-256 and the credential that asked for it,
//! which is judged again when it is used. Tickets live in this process only.

use crate::auth::Held;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as B64};
use sha2::{Digest, Sha256};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};
use wharf_domain::ports::ids::Ids;
use wharf_types::{Millis, OrgId, SessionId};

/// How long a ticket waits.
pub const LIFE: Millis = 60_000;
/// Tickets that wait, of one organization; the oldest goes first.
const MOST: usize = 10_000;
const PREFIX: &str = "tkt_";

/// What a ticket opens.
#[derive(Clone)]
pub struct Opens {
    /// By whose right.
    pub held: Held,
    /// Sessions asked for; empty = all that the credential sees.
    pub sessions: Vec<SessionId>,
    /// Types asked for; `None` = all.
    pub events: Option<Vec<String>>,
}

struct Waiting {
    expires_at: Millis,
    opens: Opens,
}

#[derive(Default)]
struct Book {
    waiting: HashMap<[u8; 32], Waiting>,
    /// In the order they were made; used ones stay in here until they are at the front.
    order: HashMap<OrgId, VecDeque<([u8; 32], Millis)>>,
}

/// Tickets that were made and not used.
#[derive(Default)]
pub struct Tickets(Mutex<Book>);

fn digest(ticket: &str) -> [u8; 32] {
    Sha256::digest(ticket.as_bytes()).into()
}

impl Tickets {
    /// A new one, and until when it is good.
    pub fn make(&self, ids: &dyn Ids, org: OrgId, opens: Opens, now: Millis) -> (String, Millis) {
        let mut bits = [0; 32];
        ids.random(&mut bits);
        let ticket = format!("{PREFIX}{}", B64.encode(bits));
        let (key, expires_at) = (digest(&ticket), now + LIFE);
        let mut book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Book { waiting, order } = &mut *book;
        let queue = order.entry(org).or_default();
        while let Some((oldest, ends)) = queue.front() {
            if *ends > now && queue.len() < MOST {
                break;
            }
            waiting.remove(oldest);
            queue.pop_front();
        }
        queue.push_back((key, expires_at));
        waiting.insert(key, Waiting { expires_at, opens });
        (ticket, expires_at)
    }

    /// Uses one; a second time it is nothing.
    pub fn redeem(&self, ticket: &str, now: Millis) -> Option<Opens> {
        let mut book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = book.waiting.remove(&digest(ticket))?;
        (waiting.expires_at > now).then_some(waiting.opens)
    }
}
