//! What became of a send: message, outbox row and events, in one transaction.

use super::OutboxRow;
use crate::{
    Domain, Error, Result,
    events::Log,
    ingest::advance,
    ports::{engine::Refusal, store::Tx},
    sessions::SessionScope,
    show::Show,
};
use std::sync::Arc;
use wharf_types::{Millis, SendStatus};

/// Settles sends of one session within one write job.
pub(crate) struct Outcome {
    scope: SessionScope,
    log: Log,
    now: Millis,
}

impl Domain {
    pub(crate) fn outcome(&self, scope: SessionScope) -> Outcome {
        let now = self.clock.now();
        Outcome {
            scope,
            log: Log::new(scope, Arc::clone(&self.ids), now),
            now,
        }
    }
}

/// Why a send failed whose time ran out.
pub(super) fn expired_reason() -> Refusal {
    Refusal {
        reason: "expired",
        message: "expiresAt passed before it could be sent".into(),
        until: None,
    }
}

impl Outcome {
    /// Moves a send on; a status that would go back is ignored.
    pub(crate) fn settle(
        &mut self,
        tx: &mut dyn Tx,
        mut row: OutboxRow,
        to: SendStatus,
        why: Option<Refusal>,
    ) -> Result<()> {
        if !row.status.may_become(to) {
            return Ok(());
        }
        if let Some(why) = why {
            if why.reason == "account_restricted" {
                self.log.restricted(tx, why.reason, why.until)?;
            }
            row.until = why.until;
            row.error = Some((why.reason.to_owned(), why.message));
            tx.put_outbox(self.scope.no, &row)?;
        }
        let show = Show::new(tx.view(), self.scope)?;
        let own = show.own.clone();
        if to == SendStatus::Sent {
            let missing = || Error::Internal("a send lost its chat or message".into());
            let chat = tx.chat(self.scope.no, row.chat_id)?.ok_or_else(missing)?;
            let mut message = tx
                .message(self.scope.no, row.message_id)?
                .ok_or_else(missing)?;
            message.status = Some(to);
            message.ack_level = to.ack_level();
            let shown = show.message(message, &show.chat_jid(&chat)?)?;
            drop(show);
            self.log.message(tx, &shown)?;
        }
        let words = row
            .error
            .as_ref()
            .map(|(_, words)| words.clone())
            .unwrap_or_default();
        advance(
            tx,
            self.scope,
            &own,
            Some(&mut self.log),
            row.message_id,
            to,
            &words,
            self.now,
        )
        .map(|_| ())
    }
}
