//! A session's send worker: runs while there is something to send and a connection to send it on.
//!
//! Order is kept per chat: the oldest queued send of each chat goes, chats beside each other, up to
//! [`AT_ONCE`]. A send is marked as handed over *before* it is handed over, so a crash at any point leads to
//! the same id and content being sent again, never to another. An unknown outcome (the socket went) ends the
//! round; the next connection begins a new one.

use super::{OutboxRow, Outgoing, pacing};
use crate::{
    Domain, Error, Result,
    ports::{
        engine::{Handed, Refusal},
        store::StoreExt,
    },
    sessions::SessionScope,
};
use std::{collections::HashSet, sync::Arc, time::Duration};
use tokio::{sync::Notify, task::JoinSet};
use wharf_types::{Millis, OutboxId, SendStatus};

/// Sends of one session under way at once.
const AT_ONCE: usize = 16;
/// Queued sends looked at in one round.
const ROUND: usize = 200;
/// After a failure of the store, and at the latest between two looks at times to come.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// What a look at the outbox found.
enum Next {
    /// Marked as handed over, to be sent now.
    Go(Vec<OutboxRow>),
    /// Nothing before this many milliseconds.
    Wait(Millis),
    /// Nothing at all.
    Empty,
}

impl Domain {
    /// There may be something to send.
    pub(crate) fn poke_outbox(self: &Arc<Self>, scope: SessionScope) {
        if let Some(bell) = self.outbox.ring(scope.no) {
            let domain = Arc::clone(self);
            tokio::spawn(async move { domain.work(scope, bell).await });
        }
    }

    async fn work(self: Arc<Self>, scope: SessionScope, bell: Arc<Notify>) {
        let mut under_way = JoinSet::new();
        let mut busy = HashSet::new();
        loop {
            let connected = self.engine().is_ok_and(|engine| engine.connected(&scope));
            let next = if connected && busy.len() < AT_ONCE {
                self.next_sends(scope, &busy).await
            } else {
                Ok(Next::Empty)
            };
            let pause = match next {
                Ok(Next::Go(rows)) => {
                    for row in rows {
                        busy.insert(row.chat_id);
                        let domain = Arc::clone(&self);
                        under_way.spawn(async move { domain.hand_over(scope, row).await });
                    }
                    None
                }
                Ok(Next::Wait(ms)) => {
                    Some(Duration::from_millis(u64::try_from(ms).unwrap_or(0)).min(LOOK_AGAIN))
                }
                Ok(Next::Empty) if under_way.is_empty() => {
                    if self.outbox.end(scope.no, &bell) {
                        return;
                    }
                    continue;
                }
                Ok(Next::Empty) => None,
                Err(error) => {
                    tracing::warn!(session = %scope.id, %error, "the outbox cannot be read");
                    Some(LOOK_AGAIN)
                }
            };
            tokio::select! {
                () = bell.notified() => {}
                Some(done) = under_way.join_next() => {
                    if let Ok(chat) = done {
                        busy.remove(&chat);
                    } else {
                        // A panic in a send: forget what was busy, the rows are still queued.
                        busy.clear();
                    }
                }
                () = tokio::time::sleep(pause.unwrap_or(LOOK_AGAIN)) => {}
            }
        }
    }

    /// Takes what may go now: within the rates, due, the oldest of its chat, the chat not busy.
    async fn next_sends(&self, scope: SessionScope, busy: &HashSet<i64>) -> Result<Next> {
        let now = self.clock.now();
        let mut taken_chats = busy.clone();
        let mut room = AT_ONCE - busy.len().min(AT_ONCE);
        let mut outcome = self.outcome(scope);
        let (next, expired) = self
            .store
            .write(move |tx| {
                let session = tx
                    .session(&scope.org, &scope.id)?
                    .ok_or(Error::NotFound("session"))?;
                let mut times = tx.outbox_times(scope.no, now - pacing::LONGEST_WINDOW)?;
                let mut wait = tx.outbox_next_due(scope.no, now)?.map(|at| at - now);
                let (mut go, mut expired) = (Vec::new(), Vec::new());
                for mut row in tx.outbox_queued(scope.no, now, ROUND)? {
                    if row.attempts == 0 && row.expires_at.is_some_and(|at| at <= now) {
                        expired.push(row.id);
                        outcome.settle(tx, row, SendStatus::Failed, Some(expired_reason()))?;
                        continue;
                    }
                    if room == 0 || !taken_chats.insert(row.chat_id) {
                        continue;
                    }
                    if row.handed_at.is_none() {
                        let pause = pacing::wait(&times, now, session.rates());
                        if pause > 0 {
                            wait = Some(wait.map_or(pause, |before| before.min(pause)));
                            continue;
                        }
                        row.handed_at = Some(now);
                        times.push(now);
                    }
                    row.attempts += 1;
                    tx.put_outbox(scope.no, &row)?;
                    room -= 1;
                    go.push(row);
                }
                let next = match (go.is_empty(), wait) {
                    (false, _) => Next::Go(go),
                    (true, Some(ms)) => Next::Wait(ms),
                    (true, None) => Next::Empty,
                };
                Ok((next, expired))
            })
            .await?;
        for id in expired {
            self.outbox.settled(id);
        }
        Ok(next)
    }

    /// Hands one send to WhatsApp and writes down its word; returns the chat, free again.
    async fn hand_over(&self, scope: SessionScope, row: OutboxRow) -> i64 {
        let (id, chat, attempts) = (row.id, row.chat_id, row.attempts);
        let settled = self.try_hand_over(scope, row).await;
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

    /// Whether the send is over; otherwise it stays queued.
    async fn try_hand_over(&self, scope: SessionScope, row: OutboxRow) -> Result<bool> {
        let secret = self
            .secrets
            .open(&super::secret_context(&scope, &row.id), &row.secret)?;
        let first_contact = self.first_contact(scope, &row).await?;
        let outgoing = Outgoing {
            to: row.to.clone(),
            wa_id: row.wa_id.clone(),
            content: row.content.clone(),
            secret,
            at: row.accepted_at,
            resend: row.attempts > 1,
            first_contact,
        };
        let (to, why) = match self.engine()?.send(&scope, &outgoing).await {
            Handed::Acknowledged(_) => (SendStatus::Sent, None),
            Handed::Refused(why) => (SendStatus::Failed, Some(why)),
            Handed::Unknown => return Ok(false),
        };
        self.settle(scope, row.id, to, why).await?;
        Ok(true)
    }

    async fn settle(
        &self,
        scope: SessionScope,
        id: OutboxId,
        to: SendStatus,
        why: Option<Refusal>,
    ) -> Result<()> {
        let mut outcome = self.outcome(scope);
        self.store
            .write(move |tx| match tx.outbox(scope.no, &id)? {
                Some(row) => outcome.settle(tx, row, to, why),
                None => Ok(()),
            })
            .await?;
        self.outbox.settled(id);
        Ok(())
    }

    /// Whether this chat never held anything but what still waits to be sent.
    async fn first_contact(&self, scope: SessionScope, row: &OutboxRow) -> Result<bool> {
        let chat = row.chat_id;
        let newest = self
            .store
            .read(move |view| view.messages(scope.no, chat, None, 20))
            .await?;
        Ok(!newest
            .iter()
            .any(|message| !message.from_me || message.ack_level > 0))
    }
}

/// One second, doubled with each attempt, up to [`LOOK_AGAIN`].
fn pause_after(attempts: u32) -> Duration {
    Duration::from_secs(1 << attempts.saturating_sub(1).min(5)).min(LOOK_AGAIN)
}

fn expired_reason() -> Refusal {
    Refusal {
        reason: "expired",
        message: "expiresAt passed before it could be sent".into(),
        until: None,
    }
}
