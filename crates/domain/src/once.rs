//! Something made at WhatsApp once under a caller's `Idempotency-Key`: what is no send, and so has no place in the outbox.
//!
//! The key is taken before WhatsApp is asked, the answer is remembered when it is known, and a refusal gives the key back.
//! WhatsApp takes no id from us for what it makes: a process that died in between, or an answer that did not come, leaves a
//! key without answer. Nobody could tell what became of it, so it makes nothing a second time and says so.

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

/// What stands in the place of an answer that is not known.
const UNKNOWN: &str = "";

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
            if seen.answer == UNKNOWN {
                let what = match answering {
                    None => "the first request under this Idempotency-Key is still being answered",
                    Some(_) => {
                        "the first request under this Idempotency-Key was cut off: look whether it was made, and use another key"
                    }
                };
                return Err(Error::Conflict(what.into()));
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
        if !self.engine()?.connected(&scope) {
            return Err(Error::NotConnected);
        }
        let mut row = IdempotencyRow {
            fingerprint: key.fingerprint,
            session: scope.id,
            outbox: OutboxId::new(Ulid::nil()),
            answer: UNKNOWN.to_owned(),
            http_status: 201,
            at: self.clock.now(),
        };
        self.remember(scope, &key.key, row.clone()).await?;
        let made = match make.await {
            Ok(made) => made,
            Err(error) => {
                if !unknown(&error) {
                    self.forget_key(scope, &key.key).await?;
                }
                return Err(error);
            }
        };
        row.answer = serde_json::to_string(&made)
            .map_err(|error| Error::Internal(format!("an answer: {error}")))?;
        self.remember(scope, &key.key, row).await?;
        Ok((made, false))
    }

    async fn remember(&self, scope: SessionScope, key: &str, row: IdempotencyRow) -> Result<()> {
        let key = key.to_owned();
        self.store
            .write(move |tx| {
                tx.trim_idempotency(row.at - KEY_LIFE)?;
                tx.put_idempotency(&scope.org, &key, &row)
            })
            .await
    }

    async fn forget_key(&self, scope: SessionScope, key: &str) -> Result<()> {
        let key = key.to_owned();
        self.store
            .write(move |tx| tx.drop_idempotency(&scope.org, &key))
            .await
    }
}

/// Whether WhatsApp may have done it all the same; a connection that is lost meanwhile is one of those.
const fn unknown(error: &Error) -> bool {
    matches!(
        error,
        Error::NotConnected | Error::Timeout | Error::Unavailable(_) | Error::Internal(_)
    )
}
