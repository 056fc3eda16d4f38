//! What of the outbox may go now.
//!
//! The whole queue of due sends is walked in order of acceptance, each chat represented by its oldest: so order is
//! kept per chat, and neither a chat that waits, nor a rate that is used up, nor people whom WhatsApp does not let
//! the account write to yet, hold up anybody else. Looking is reading; what may go is then marked as handed over in
//! a transaction that judges the rate once more, since a synchronous send may have taken its place meanwhile.

use super::{OutboxRow, hold, pacing, worker::AT_ONCE};
use crate::{
    Domain, Error, Result,
    ports::store::{StoreExt, View},
    sessions::SessionScope,
};
use std::collections::HashSet;
use wharf_types::{Millis, OutboxId, SendStatus};

/// Rows read at a time.
const PAGE: usize = 500;

/// A send marked as handed over.
pub(super) struct Chosen {
    pub row: OutboxRow,
    /// The account has never written with this person.
    pub first_contact: bool,
}

/// What a look led to.
#[derive(Default)]
pub(super) struct Next {
    /// To be sent now.
    pub go: Vec<Chosen>,
    /// Nothing more before this many milliseconds; `None` = not before something changes.
    pub wait: Option<Millis>,
    /// Sends that are due and wait for the rate, or for the end of a lock.
    pub waiting: Waiting,
}

/// How many wait, and for what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Waiting {
    pub rate: usize,
    pub lock: usize,
}

/// What a look found.
#[derive(Default)]
struct Look {
    go: Vec<(OutboxId, bool)>,
    /// Synchronous first contacts while WhatsApp lets the account write to nobody new.
    locked: Vec<(OutboxId, Millis)>,
    wait: Option<Millis>,
    waiting: Waiting,
}

impl Look {
    fn wait(&mut self, ms: Millis) {
        self.wait = Some(self.wait.map_or(ms, |before| before.min(ms)));
    }
}

impl Domain {
    /// Chooses what may go now, chats under way apart, and marks it as handed over.
    pub(super) async fn next_sends(
        &self,
        scope: SessionScope,
        busy: &HashSet<i64>,
    ) -> Result<Next> {
        let now = self.clock.now();
        let under_way = busy.clone();
        let room = AT_ONCE - busy.len().min(AT_ONCE);
        let look = self
            .store
            .read(move |view| look(view, scope, now, under_way, room))
            .await?;
        for (id, until) in look.locked {
            let refusal = hold::refusal(Some(until));
            self.settle(scope, id, SendStatus::Failed, Some(refusal))
                .await?;
        }
        let mut next = Next {
            go: Vec::new(),
            wait: look.wait,
            waiting: look.waiting,
        };
        if look.go.is_empty() {
            return Ok(next);
        }
        let chosen = look.go;
        (next.go, next.wait) = self
            .store
            .write(move |tx| {
                let session = tx
                    .session(&scope.org, &scope.id)?
                    .ok_or(Error::NotFound("session"))?;
                let mut times = tx.outbox_times(scope.no, now - pacing::LONGEST_WINDOW)?;
                let (mut go, mut wait) = (Vec::new(), look.wait);
                for (id, first_contact) in chosen {
                    let Some(mut row) = tx.outbox(scope.no, &id)? else {
                        continue;
                    };
                    // Taken back, or run out of time, since it was looked at.
                    if row.status != SendStatus::Queued || expired(&row, now) {
                        continue;
                    }
                    if takes_place(row.content.counted(), row.sync, row.attempts, row.handed_at) {
                        let pause = pacing::wait(&times, now, session.rates());
                        if pause > 0 {
                            wait = Some(wait.map_or(pause, |before: Millis| before.min(pause)));
                            continue;
                        }
                        row.handed_at = Some(now);
                        times.push(now);
                    }
                    row.attempts += 1;
                    tx.put_outbox(scope.no, &row)?;
                    go.push(Chosen { row, first_contact });
                }
                Ok((go, wait))
            })
            .await?;
        Ok(next)
    }
}

fn look(
    view: &dyn View,
    scope: SessionScope,
    now: Millis,
    mut taken: HashSet<i64>,
    room: usize,
) -> Result<Look> {
    let session = view
        .session(&scope.org, &scope.id)?
        .ok_or(Error::NotFound("session"))?;
    let locked = session
        .locked_until
        .filter(|until| until + hold::ROUNDED > now);
    let mut times = view.outbox_times(scope.no, now - pacing::LONGEST_WINDOW)?;
    let mut look = Look::default();
    if let Some(due) = view.outbox_next_due(scope.no, now)? {
        look.wait(due - now);
    }
    let mut after = 0;
    loop {
        let page = view.outbox_queued(scope.no, now, after, PAGE)?;
        for row in &page {
            after = row.place;
            let over = row.attempts == 0 && row.expires_at.is_some_and(|at| at <= now);
            if over || !taken.insert(row.chat_id) {
                continue;
            }
            if let Some(until) = locked
                && row.attempts == 0
                && hold::first_contact(view, scope.no, row.chat_id)?
            {
                if row.sync {
                    look.locked.push((row.id, until));
                } else {
                    look.wait(until + hold::ROUNDED - now);
                    look.waiting.lock += 1;
                }
                continue;
            }
            if takes_place(row.counted, row.sync, row.attempts, row.handed_at) {
                let pause = pacing::wait(&times, now, session.rates());
                if pause > 0 {
                    look.wait(pause);
                    look.waiting.rate += 1;
                    continue;
                }
                times.push(now);
            }
            if look.go.len() == room {
                // Whoever of those under way ends makes room, and the queue is looked at again.
                return Ok(look);
            }
            let first_contact = hold::first_contact(view, scope.no, row.chat_id)?;
            look.go.push((row.id, first_contact));
        }
        if page.len() < PAGE {
            return Ok(look);
        }
    }
}

/// Whether handing it over takes a place in the rate: not what is done to a message, not a second time for the same, and a synchronous send took
/// its own when it was accepted. What came back from WhatsApp under a lock starts afresh.
fn takes_place(counted: bool, sync: bool, attempts: u32, handed_at: Option<Millis>) -> bool {
    counted && (handed_at.is_none() || (!sync && attempts == 0))
}

fn expired(row: &OutboxRow, now: Millis) -> bool {
    row.attempts == 0 && row.expires_at.is_some_and(|at| at <= now)
}
