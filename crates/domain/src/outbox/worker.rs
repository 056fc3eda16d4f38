//! A session's send worker: runs while there is something to send and a connection to send it on.
//!
//! Order is kept per chat: the oldest queued send of each chat goes, chats beside each other, up to
//! [`AT_ONCE`] ([`super::choose`]). A send is marked as handed over *before* it is handed over, so a crash at any
//! point leads to the same id and content being sent again, never to another. An unknown outcome (the socket went)
//! ends the round; the next connection begins a new one.

use super::{
    OutboxRow, Outgoing,
    choose::{Chosen, Next},
    meter,
    outcome::Outcome,
    workers::Bell,
};
use crate::{
    Domain, Result,
    ports::{
        engine::{Handed, Refusal},
        store::StoreExt,
    },
    sessions::SessionScope,
};
use std::{collections::HashSet, sync::Arc, time::Duration};
use tokio::{task::JoinSet, time::Instant};
use wharf_types::{Millis, OutboxId, SendStatus};

/// Sends of one session under way at once.
pub(super) const AT_ONCE: usize = 16;
/// After a failure of the store, and at the latest between two looks at times to come.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

impl Domain {
    /// There may be something to send, or to send sooner.
    pub(crate) fn poke_outbox(self: &Arc<Self>, scope: SessionScope) {
        self.ring(scope, true);
    }

    /// A send was accepted that takes its place in the rate only when it goes.
    pub(crate) fn poke_accepted(self: &Arc<Self>, scope: SessionScope) {
        self.ring(scope, false);
    }

    fn ring(self: &Arc<Self>, scope: SessionScope, anything: bool) {
        if let Some(bell) = self.outbox.ring(scope.no, anything) {
            let domain = Arc::clone(self);
            tokio::spawn(async move { domain.work(scope, bell).await });
        }
    }

    async fn work(self: Arc<Self>, scope: SessionScope, bell: Arc<Bell>) {
        let mut under_way = JoinSet::new();
        let mut busy = HashSet::new();
        loop {
            let connected = self.engine().is_ok_and(|engine| engine.connected(&scope));
            let next = if connected && busy.len() < AT_ONCE {
                self.next_sends(scope, &busy).await
            } else {
                Ok(Next::default())
            };
            let (pause, held_by_rate) = match next {
                Ok(next) => {
                    meter::waiting(self.outbox.waiting(scope.no, next.waiting));
                    let held = next.go.is_empty() && next.waiting.rate > 0;
                    for chosen in next.go {
                        busy.insert(chosen.row.chat_id);
                        let domain = Arc::clone(&self);
                        under_way.spawn(async move { domain.hand_over(scope, chosen).await });
                    }
                    if under_way.is_empty() && next.wait.is_none() {
                        if self.outbox.end(scope.no, &bell) {
                            return;
                        }
                        continue;
                    }
                    (next.wait.map_or(LOOK_AGAIN, duration), held)
                }
                Err(error) => {
                    tracing::warn!(session = %scope.id, %error, "the outbox cannot be read");
                    (LOOK_AGAIN, false)
                }
            };
            let until = Instant::now() + pause.min(LOOK_AGAIN);
            loop {
                tokio::select! {
                    anything = bell.rung() => {
                        // What was just accepted cannot go before the rate allows the next: no need to look.
                        if held_by_rate && !anything {
                            continue;
                        }
                    }
                    Some(done) = under_way.join_next() => {
                        if let Ok(chat) = done {
                            busy.remove(&chat);
                        } else {
                            // A panic in a send: forget what was busy, the rows are still queued.
                            busy.clear();
                        }
                    }
                    () = tokio::time::sleep_until(until) => {}
                }
                break;
            }
        }
    }

    /// Hands one send to WhatsApp and writes down its word; returns the chat, free again.
    async fn hand_over(&self, scope: SessionScope, chosen: Chosen) -> i64 {
        let (id, chat, attempts) = (chosen.row.id, chosen.row.chat_id, chosen.row.attempts);
        let settled = self.try_hand_over(scope, chosen).await;
        if let Err(error) = &settled {
            tracing::warn!(session = %scope.id, send = %id, %error, "a send stays queued");
        }
        let connected = || self.engine().is_ok_and(|engine| engine.connected(&scope));
        if !settled.unwrap_or(false) && connected() {
            // Trouble at the server's end, or at ours: not at once again.
            tokio::time::sleep(pause_after(attempts)).await;
        }
        chat
    }

    /// Whether WhatsApp has spoken; otherwise it stays queued and goes again.
    async fn try_hand_over(&self, scope: SessionScope, chosen: Chosen) -> Result<bool> {
        let Chosen { row, first_contact } = chosen;
        let outgoing = self.outgoing(scope, &row, first_contact)?;
        let (to, why) = match self.engine()?.send(&scope, &outgoing).await {
            Handed::Acknowledged(_) => (SendStatus::Sent, None),
            Handed::Posted { number, .. } => {
                let outcome = self.outcome(scope).numbered(number);
                self.settle_as(scope, row.id, outcome, SendStatus::Sent, None, |_| true)
                    .await?;
                return Ok(true);
            }
            Handed::Refused(why) => {
                if self.held(scope, &row, first_contact, &why).await? {
                    return Ok(true);
                }
                (SendStatus::Failed, Some(why))
            }
            Handed::Unknown => return Ok(false),
        };
        self.settle(scope, row.id, to, why).await?;
        Ok(true)
    }

    fn outgoing(
        &self,
        scope: SessionScope,
        row: &OutboxRow,
        first_contact: bool,
    ) -> Result<Outgoing> {
        let secret = self
            .secrets
            .open(&super::secret_context(&scope, &row.id), &row.secret)?;
        Ok(Outgoing {
            to: row.to.clone(),
            wa_id: row.wa_id.clone(),
            content: row.content.clone(),
            secret,
            at: row.accepted_at,
            resend: row.attempts > 1,
            first_contact,
        })
    }

    pub(super) async fn settle(
        &self,
        scope: SessionScope,
        id: OutboxId,
        to: SendStatus,
        why: Option<Refusal>,
    ) -> Result<()> {
        self.settle_if(scope, id, to, why, |_| true).await
    }

    /// Writes down an outcome, if the send still is as it must be for that.
    pub(super) async fn settle_if(
        &self,
        scope: SessionScope,
        id: OutboxId,
        to: SendStatus,
        why: Option<Refusal>,
        fits: impl FnOnce(&OutboxRow) -> bool + Send + 'static,
    ) -> Result<()> {
        let outcome = self.outcome(scope);
        self.settle_as(scope, id, outcome, to, why, fits).await
    }

    async fn settle_as(
        &self,
        scope: SessionScope,
        id: OutboxId,
        mut outcome: Outcome,
        to: SendStatus,
        why: Option<Refusal>,
        fits: impl FnOnce(&OutboxRow) -> bool + Send + 'static,
    ) -> Result<()> {
        let reason = why.as_ref().map(|why| why.reason);
        let moved = self
            .store
            .write(move |tx| match tx.outbox(scope.no, &id)? {
                Some(row) if row.status.may_become(to) && fits(&row) => {
                    outcome.settle(tx, row, to, why).map(|()| true)
                }
                _ => Ok(false),
            })
            .await?;
        if moved {
            meter::settled(to, reason);
        }
        self.outbox.settled(id);
        Ok(())
    }
}

fn duration(ms: Millis) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

/// One second, doubled with each attempt, up to [`LOOK_AGAIN`].
fn pause_after(attempts: u32) -> Duration {
    Duration::from_secs(1 << attempts.saturating_sub(1).min(5)).min(LOOK_AGAIN)
}
