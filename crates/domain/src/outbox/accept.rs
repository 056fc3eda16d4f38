//! Accepting a send: one transaction makes message, outbox row and idempotency row, with the final WhatsApp id.
//!
//! The order of refusals is the contract's: what the request names (400, 404), 422 and 409 of the idempotency key,
//! then 501, then 429. A refusal
//! writes nothing and uses no key.

use super::{Idempotency, NewAct, NewForward, NewSend, OutboxRow, pacing, prepare::Ready};
use crate::{
    Domain, Error, Result,
    ingest::{ensure_chat, row_ids::RowIds},
    ports::{
        engine::Engine,
        ids::Ids,
        secrets::Secrets,
        store::{IdempotencyRow, MessageRow, RowKind, StoreExt, Tx},
    },
    sessions::{SessionRow, SessionScope},
};
use std::sync::Arc;
use wharf_types::{Millis, OutboxId, SendStatus};

/// How long a remembered answer lives at least.
const KEY_LIFE: Millis = 24 * 3_600_000;

/// What accepting a send came to.
pub(super) enum Accepted {
    /// A new row, durable.
    New(Box<OutboxRow>),
    /// The key was seen before, with the status answered then.
    Replay(Box<OutboxRow>, u16),
    /// There is nothing to do.
    Nothing,
}

/// What a caller wants sent.
pub(super) enum Wish {
    /// A message.
    Message(Box<NewSend>),
    /// A stored message passed on.
    Forward(Box<NewForward>),
    /// Something done to a message.
    Act(NewAct),
}

impl Wish {
    pub(super) const fn sync(&self) -> bool {
        match self {
            Self::Message(new) => new.sync,
            Self::Forward(new) => new.sync,
            Self::Act(new) => new.sync,
        }
    }

    pub(super) const fn idempotency(&self) -> Option<&Idempotency> {
        match self {
            Self::Message(new) => new.idempotency.as_ref(),
            Self::Forward(new) => new.idempotency.as_ref(),
            Self::Act(_) => None,
        }
    }
}

/// One acceptance.
pub(super) struct Job {
    pub scope: SessionScope,
    pub wish: Wish,
    pub now: Millis,
    pub id: OutboxId,
    wa_id: String,
    secret: Vec<u8>,
    connected: bool,
    ids: Arc<dyn Ids>,
    pub secrets: Arc<dyn Secrets>,
    pub engine: Option<Arc<dyn Engine>>,
}

impl Domain {
    /// Accepts a send; returns after it is durable.
    pub(super) async fn accept_send(&self, scope: SessionScope, wish: Wish) -> Result<Accepted> {
        let mut random = [0; 9];
        self.ids.random(&mut random);
        let mut secret = [0; 32];
        self.ids.random(&mut secret);
        let id = OutboxId::new(self.ids.ulid());
        let job = Job {
            scope,
            now: self.clock.now(),
            id,
            wa_id: random
                .iter()
                .fold("3EB0".to_owned(), |text, byte| format!("{text}{byte:02X}")),
            secret: self
                .secrets
                .seal(&super::secret_context(&scope, &id), &secret),
            connected: self.engine().is_ok_and(|engine| engine.connected(&scope)),
            ids: Arc::clone(&self.ids),
            secrets: Arc::clone(&self.secrets),
            engine: self.engine().ok().cloned(),
            wish,
        };
        self.store.write(move |tx| job.run(tx)).await
    }
}

/// The row a key led to before; the error of another request under it.
pub(super) fn replayed(
    tx: &dyn Tx,
    scope: &SessionScope,
    key: &Idempotency,
) -> Result<Option<(OutboxRow, u16)>> {
    let Some(seen) = tx.idempotency(&scope.org, &key.key)? else {
        return Ok(None);
    };
    if seen.fingerprint != key.fingerprint {
        return Err(Error::KeyReused);
    }
    let row = tx
        .outbox(scope.no, &seen.outbox)?
        .ok_or_else(|| Error::Internal("a remembered answer lost its send".into()))?;
    Ok(Some((row, seen.http_status)))
}

impl Job {
    fn run(self, tx: &mut dyn Tx) -> Result<Accepted> {
        let scope = self.scope;
        let session = tx
            .session(&scope.org, &scope.id)?
            .ok_or(Error::NotFound("session"))?;
        let ready = self.prepare(tx.view())?;
        if let Some(key) = self.wish.idempotency()
            && let Some((row, status)) = replayed(tx, &scope, key)?
        {
            return Ok(Accepted::Replay(Box::new(row), status));
        }
        if !session.paired() {
            return Err(Error::NotPaired);
        }
        let Some(ready) = ready else {
            return Ok(Accepted::Nothing);
        };
        if self.wish.sync() {
            self.refuse_sync(tx, &session, ready.content.counted())?;
        }
        let row = self.store(tx, ready)?;
        Ok(Accepted::New(Box::new(row)))
    }

    /// A synchronous send needs a connection and room within the rates, now.
    fn refuse_sync(&self, tx: &dyn Tx, session: &SessionRow, counted: bool) -> Result<()> {
        if !self.connected {
            return Err(Error::NotConnected);
        }
        if !counted {
            return Ok(());
        }
        let times = tx.outbox_times(self.scope.no, self.now - pacing::LONGEST_WINDOW)?;
        match pacing::wait(&times, self.now, session.rates()) {
            0 => Ok(()),
            retry_after_ms => Err(Error::RateLimited { retry_after_ms }),
        }
    }

    fn store(&self, tx: &mut dyn Tx, ready: Ready) -> Result<OutboxRow> {
        let (scope, now, sync) = (self.scope, self.now, self.wish.sync());
        let (chat_id, message_id) = match ready.message {
            // Done to a message of a stored chat: no message of its own.
            None => (ready.chat_id, 0),
            Some((to, shown)) => {
                let chat = ensure_chat(tx, scope, Arc::clone(&self.ids), now, &to)?;
                let message = MessageRow {
                    id: RowIds::new(scope.no, RowKind::Message).give(tx)?,
                    chat_id: chat.id,
                    sender_id: 0,
                    wa_id: self.wa_id.clone(),
                    from_me: true,
                    at: now,
                    created_at: now,
                    kind: shown.kind,
                    body: shown.body,
                    extra: shown.extra,
                    ack_level: SendStatus::Queued.ack_level(),
                    status: Some(SendStatus::Queued),
                    error: String::new(),
                    edited: false,
                    deleted: false,
                };
                tx.put_message(scope.no, &message)?;
                (chat.id, message.id)
            }
        };
        let counted = ready.content.counted();
        let row = OutboxRow {
            id: self.id,
            to: ready.to,
            chat_id,
            message_id,
            wa_id: self.wa_id.clone(),
            content: ready.content,
            secret: self.secret.clone(),
            status: SendStatus::Queued,
            error: None,
            until: None,
            sync,
            reference: ready.reference,
            send_at: ready.send_at,
            expires_at: ready.expires_at,
            accepted_at: now,
            // A synchronous send takes its place in the rate here, where it was judged.
            handed_at: (sync && counted).then_some(now),
            attempts: 0,
            updated_at: now,
        };
        tx.put_outbox(scope.no, &row)?;
        if let Some(key) = self.wish.idempotency() {
            tx.trim_idempotency(now - KEY_LIFE)?;
            let remembered = IdempotencyRow {
                fingerprint: key.fingerprint,
                session: scope.id,
                outbox: row.id,
                answer: String::new(),
                http_status: if sync { 200 } else { 202 },
                at: now,
            };
            tx.put_idempotency(&scope.org, &key.key, &remembered)?;
        }
        Ok(row)
    }
}
