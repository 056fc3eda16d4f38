//! Something made at WhatsApp once under a caller's `Idempotency-Key`: what is no send, and so has no place in the outbox.
//!
//! The answer is remembered when it is known. A process that dies between WhatsApp's word and that moment leaves the key
//! unused: WhatsApp takes no id from us for what it makes, so nobody could tell afterwards.

use crate::{
    Domain, Error, Result,
    outbox::Idempotency,
    ports::store::{IdempotencyRow, StoreExt},
    sessions::SessionScope,
};
use serde::{Serialize, de::DeserializeOwned};
use std::future::Future;
use ulid::Ulid;
use wharf_types::{Millis, OutboxId};

/// How long an answer is remembered at least.
const KEY_LIFE: Millis = 24 * 3_600_000;

impl Domain {
    /// Makes it, unless the key led to one already; whether it did.
    pub(crate) async fn once<T: Serialize + DeserializeOwned>(
        &self,
        scope: SessionScope,
        key: Option<Idempotency>,
        make: impl Future<Output = Result<T>>,
    ) -> Result<(T, bool)> {
        let Some(key) = key else {
            return Ok((make.await?, false));
        };
        let answering = self.outbox.answer_once(scope.org, &key.key);
        let name = key.key.clone();
        let seen = self
            .store
            .read(move |view| view.idempotency(&scope.org, &name))
            .await?;
        if let Some(seen) = seen {
            if seen.fingerprint != key.fingerprint {
                return Err(Error::KeyReused);
            }
            let made = serde_json::from_str(&seen.answer)
                .map_err(|error| Error::Internal(format!("a remembered answer: {error}")))?;
            return Ok((made, true));
        }
        if answering.is_none() {
            return Err(Error::Conflict(
                "the first request under this Idempotency-Key is still being answered".into(),
            ));
        }
        let made = make.await?;
        let row = IdempotencyRow {
            fingerprint: key.fingerprint,
            session: scope.id,
            outbox: OutboxId::new(Ulid::nil()),
            answer: serde_json::to_string(&made)
                .map_err(|error| Error::Internal(format!("an answer: {error}")))?,
            http_status: 201,
            at: self.clock.now(),
        };
        self.store
            .write(move |tx| {
                tx.trim_idempotency(row.at - KEY_LIFE)?;
                tx.put_idempotency(&scope.org, &key.key, &row)
            })
            .await?;
        Ok((made, false))
    }
}
