//! `sendMessage` as callers meet it: accept, and when synchronous, wait for WhatsApp's word.

use super::{
    NewAct, NewForward, NewSend, OutboxRow,
    accept::{Accepted, Wish, replayed},
};
use crate::{
    Domain, Error, Result,
    cursor::{Binding, Page},
    ports::{engine::Refusal, store::StoreExt},
    sessions::SessionScope,
};
use serde::Serialize;
use std::{sync::Arc, time::Duration};
use wharf_types::{Millis, OutboxId, SendStatus};

/// A synchronous send without an answer by then is answered 202; it goes on.
const SYNC_WAIT: Duration = Duration::from_secs(30);

/// The contract's SendResult.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract's fields")]
pub struct SendResult {
    pub mode: &'static str,
    pub outbox_id: OutboxId,
    pub replayed: bool,
    pub status: SendStatus,
    pub timestamp: Millis,
    pub wa_message_id: String,
}

/// An item of the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract's fields")]
pub struct OutboxItem {
    #[serde(flatten)]
    pub result: SendResult,
    pub to: String,
    pub reference: String,
    /// Why it failed, "" otherwise.
    pub error: String,
    pub accepted_at: Millis,
    pub send_at: Option<Millis>,
    pub expires_at: Option<Millis>,
}

/// An answer and its HTTP status: 200 or 202.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// 200 or 202.
    pub http_status: u16,
    /// The body.
    pub result: SendResult,
}

impl SendResult {
    pub(super) fn of(row: &OutboxRow, replayed: bool) -> Self {
        Self {
            mode: row.mode(),
            outbox_id: row.id,
            replayed,
            status: row.status,
            timestamp: if row.status == SendStatus::Queued {
                row.accepted_at
            } else {
                row.updated_at
            },
            wa_message_id: row.wa_id.clone(),
        }
    }
}

/// A stored failure as the error it was; anything else as a result.
fn answer(row: &OutboxRow, http_status: u16, replayed: bool) -> Result<Answer> {
    match &row.error {
        Some((reason, message)) if row.status == SendStatus::Failed && row.sync => {
            Err(Error::Upstream(Refusal {
                reason: super::known_reason(reason),
                message: message.clone(),
                until: row.until,
            }))
        }
        _ => Ok(Answer {
            http_status,
            result: SendResult::of(row, replayed),
        }),
    }
}

fn nothing() -> Error {
    Error::Internal("a message that is nothing to send".into())
}

impl Domain {
    /// Accepts a send and, when it is synchronous, waits for the server's acknowledgement.
    pub async fn send_message(
        self: &Arc<Self>,
        scope: SessionScope,
        new: NewSend,
    ) -> Result<Answer> {
        self.submit(scope, Wish::Message(Box::new(new)))
            .await?
            .ok_or_else(nothing)
    }

    /// Passes a stored message on.
    pub async fn forward_message(
        self: &Arc<Self>,
        scope: SessionScope,
        mut new: NewForward,
    ) -> Result<Answer> {
        new.file = self.copied_file(scope, &new.of, &new.to).await?;
        self.submit(scope, Wish::Forward(Box::new(new)))
            .await?
            .ok_or_else(nothing)
    }

    /// Does something to a stored message; `None` when there was nothing to do.
    pub async fn act_on_message(
        self: &Arc<Self>,
        scope: SessionScope,
        new: NewAct,
    ) -> Result<Option<Answer>> {
        self.submit(scope, Wish::Act(new)).await
    }

    async fn submit(self: &Arc<Self>, scope: SessionScope, wish: Wish) -> Result<Option<Answer>> {
        let (sync, key) = (wish.sync(), wish.idempotency().cloned());
        // While a live process is still answering the first request under a key, a second is told so.
        let _answering = match &key {
            None => None,
            Some(key) => match self.outbox.answer_once(scope.org, &key.key) {
                Some(guard) => Some(guard),
                None => {
                    let key = key.clone();
                    self.store
                        .write(move |tx| replayed(tx, &scope, &key).map(|_| ()))
                        .await?;
                    return Err(Error::Conflict(
                        "the first request under this Idempotency-Key is still being answered"
                            .into(),
                    ));
                }
            },
        };
        let row = match self.accept_send(scope, wish).await? {
            Accepted::Replay(row, status) => return answer(&row, status, true).map(Some),
            Accepted::New(row) => row,
            Accepted::Nothing => return Ok(None),
        };
        self.search_grew(scope, row.message_id);
        if !sync {
            if row.content.counted() {
                self.poke_accepted(scope);
            } else {
                // What the rate does not count may go although it is used up.
                self.poke_outbox(scope);
            }
            return answer(&row, 202, false).map(Some);
        }
        let settled = self.outbox.watch(row.id);
        self.poke_outbox(scope);
        let waited = tokio::time::timeout(SYNC_WAIT, settled.wait()).await;
        let id = row.id;
        let late = waited.is_err();
        let key = key.map(|key| key.key);
        let row = self
            .store
            .write(move |tx| {
                let row = tx.outbox(scope.no, &id)?.ok_or(Error::NotFound("send"))?;
                // The status answered is the status a replay repeats.
                if late
                    && row.status == SendStatus::Queued
                    && let Some(key) = key
                    && let Some(mut remembered) = tx.idempotency(&scope.org, &key)?
                {
                    remembered.http_status = 202;
                    tx.put_idempotency(&scope.org, &key, &remembered)?;
                }
                Ok(row)
            })
            .await?;
        answer(
            &row,
            if row.status == SendStatus::Queued {
                202
            } else {
                200
            },
            false,
        )
        .map(Some)
    }

    /// One send.
    pub async fn get_outbox(&self, scope: SessionScope, id: OutboxId) -> Result<OutboxItem> {
        let row = self
            .store
            .read(move |view| view.outbox(scope.no, &id))
            .await?;
        row.map(|row| OutboxItem::of(&row))
            .ok_or(Error::NotFound("send"))
    }

    /// Sends, newest accepted first; of one status if asked for.
    pub async fn list_outbox(
        &self,
        scope: SessionScope,
        status: Option<SendStatus>,
        limit: usize,
        cursor: &str,
    ) -> Result<Page<OutboxItem>> {
        let filter = status.map(SendStatus::as_str).unwrap_or_default();
        let sealer = self.sealer(Binding::new("outbox", scope.id).with("status", filter));
        let before: Option<(Millis, OutboxId)> = sealer.place(cursor)?;
        let rows = self
            .store
            .read(move |view| view.outbox_list(scope.no, status, before, limit + 1))
            .await?;
        sealer.page(
            rows,
            limit,
            |row| (row.accepted_at, row.id),
            |row| OutboxItem::of(&row),
        )
    }

    /// Takes a send back that was not yet handed to WhatsApp. Repeating is fine.
    pub async fn cancel_outbox(self: &Arc<Self>, scope: SessionScope, id: OutboxId) -> Result<()> {
        let mut outcome = self.outcome(scope);
        let moved = self
            .store
            .write(move |tx| {
                let row = tx.outbox(scope.no, &id)?.ok_or(Error::NotFound("send"))?;
                match row.status {
                    SendStatus::Cancelled => Ok(false),
                    SendStatus::Queued if row.attempts == 0 => outcome
                        .settle(tx, row, SendStatus::Cancelled, None)
                        .map(|()| true),
                    _ => Err(Error::Conflict("it was handed to WhatsApp already".into())),
                }
            })
            .await?;
        if moved {
            super::meter::settled(SendStatus::Cancelled, None);
        }
        self.outbox.settled(id);
        // Whoever waited behind it in its chat may go.
        self.poke_outbox(scope);
        Ok(())
    }
}

impl OutboxItem {
    fn of(row: &OutboxRow) -> Self {
        Self {
            result: SendResult::of(row, false),
            to: row.to.clone(),
            reference: row.reference.clone(),
            error: row
                .error
                .as_ref()
                .map(|(_, message)| message.clone())
                .unwrap_or_default(),
            accepted_at: row.accepted_at,
            send_at: row.send_at,
            expires_at: row.expires_at,
        }
    }
}
