//! Accepting a send: one transaction makes message, outbox row and idempotency row, with the final WhatsApp id.
//!
//! The order of refusals is the contract's: 422 and 409 of the idempotency key, then 501, then 429. A refusal
//! writes nothing and uses no key.

use super::{Content, Idempotency, NewSend, OutboxRow, Quoted, pacing};
use crate::{
    Domain, Error, Result,
    ingest::{ensure_chat, row_ids::RowIds},
    ports::{
        ids::Ids,
        store::{IdempotencyRow, MessageRow, RowKind, StoreExt, Tx},
    },
    sessions::{SessionRow, SessionScope},
    show::Show,
};
use std::sync::Arc;
use wharf_types::{ChatJid, Millis, OutboxId, SendStatus};

/// How long a remembered answer lives at least.
const KEY_LIFE: Millis = 24 * 3_600_000;

/// What accepting a send came to.
pub(super) enum Accepted {
    /// A new row, durable.
    New(Box<OutboxRow>),
    /// The key was seen before, with the status answered then.
    Replay(Box<OutboxRow>, u16),
}

struct Job {
    scope: SessionScope,
    new: NewSend,
    now: Millis,
    id: OutboxId,
    wa_id: String,
    secret: Vec<u8>,
    connected: bool,
    ids: Arc<dyn Ids>,
}

impl Domain {
    /// Accepts a send; returns after it is durable.
    pub(super) async fn accept_send(&self, scope: SessionScope, new: NewSend) -> Result<Accepted> {
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
            new,
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
        if let Some(key) = &self.new.idempotency
            && let Some((row, status)) = replayed(tx, &scope, key)?
        {
            return Ok(Accepted::Replay(Box::new(row), status));
        }
        if !session.paired() {
            return Err(Error::NotPaired);
        }
        if self.new.sync {
            self.refuse_sync(tx, &session)?;
        }
        let row = self.store(tx)?;
        Ok(Accepted::New(Box::new(row)))
    }

    /// A synchronous send needs a connection and room within the rates, now.
    fn refuse_sync(&self, tx: &dyn Tx, session: &SessionRow) -> Result<()> {
        if !self.connected {
            return Err(Error::NotConnected);
        }
        let times = tx.outbox_times(self.scope.no, self.now - pacing::LONGEST_WINDOW)?;
        match pacing::wait(&times, self.now, session.rates()) {
            0 => Ok(()),
            retry_after_ms => Err(Error::RateLimited { retry_after_ms }),
        }
    }

    fn store(&self, tx: &mut dyn Tx) -> Result<OutboxRow> {
        let (scope, now) = (self.scope, self.now);
        let quoted = match &self.new.reply_to {
            None => None,
            Some(wa_id) => Some(quoted(tx, scope, &self.new.to, wa_id)?),
        };
        let chat = ensure_chat(tx, scope, Arc::clone(&self.ids), now, &self.new.to)?;
        let content = Content {
            mentions: self.new.mentions.clone(),
            quoted,
            ..self.new.what.clone().into()
        };
        let shown = content.shown();
        let message = MessageRow {
            id: RowIds::new(scope.no, RowKind::Message).give(tx)?,
            chat_id: chat.id,
            sender_id: 0,
            wa_id: self.wa_id.clone(),
            from_me: true,
            at: now,
            created_at: now,
            kind: shown.kind.into(),
            body: shown.body,
            extra: shown.extra,
            ack_level: SendStatus::Queued.ack_level(),
            status: Some(SendStatus::Queued),
            error: String::new(),
            edited: false,
            deleted: false,
        };
        tx.put_message(scope.no, &message)?;
        let row = OutboxRow {
            id: self.id,
            to: self.new.to.jid(),
            chat_id: chat.id,
            message_id: message.id,
            wa_id: self.wa_id.clone(),
            content,
            secret: self.secret.clone(),
            status: SendStatus::Queued,
            error: None,
            until: None,
            sync: self.new.sync,
            reference: self.new.reference.clone(),
            send_at: self.new.send_at,
            expires_at: self.new.expires_at,
            accepted_at: now,
            // A synchronous send takes its place in the rate here, where it was judged.
            handed_at: self.new.sync.then_some(now),
            attempts: 0,
            updated_at: now,
        };
        tx.put_outbox(scope.no, &row)?;
        if let Some(key) = &self.new.idempotency {
            tx.trim_idempotency(now - KEY_LIFE)?;
            let remembered = IdempotencyRow {
                fingerprint: key.fingerprint,
                session: scope.id,
                outbox: row.id,
                http_status: if self.new.sync { 200 } else { 202 },
                at: now,
            };
            tx.put_idempotency(&scope.org, &key.key, &remembered)?;
        }
        Ok(row)
    }
}

/// The message replied to, as much of it as WhatsApp shows.
fn quoted(tx: &dyn Tx, scope: SessionScope, to: &ChatJid, wa_id: &str) -> Result<Quoted> {
    let missing = || Error::NotFound("message");
    let show = Show::new(tx.view(), scope)?;
    let chat = show.chat_at(to)?.ok_or_else(missing)?;
    let row = tx
        .messages_by_wa_id(scope.no, chat.id, wa_id)?
        .into_iter()
        .next()
        .ok_or_else(missing)?;
    let chat_jid = show.chat_jid(&chat)?;
    let sealed = row.extra.sealed.clone();
    let message = show.message(row, &chat_jid)?;
    Ok(Quoted {
        wa_id: wa_id.to_owned(),
        sender_jid: message.sender_jid,
        body: message.body,
        sealed,
    })
}
