//! What became of a send: message, outbox row and events, in one transaction.

use super::{OutboxRow, What};
use crate::{
    Domain, Error, Result,
    events::{Log, MessageStatusPayload},
    ingest::{OwnDeed, advance, own_deed},
    ports::{engine::Refusal, ids::Ids, store::Tx},
    sessions::SessionScope,
    show::Show,
};
use std::sync::Arc;
use wharf_types::{Millis, SendStatus};

/// Settles sends of one session within one write job.
pub(crate) struct Outcome {
    scope: SessionScope,
    log: Log,
    ids: Arc<dyn Ids>,
    now: Millis,
    /// The number a channel's post was given.
    number: Option<u64>,
}

impl Domain {
    pub(crate) fn outcome(&self, scope: SessionScope) -> Outcome {
        let now = self.clock.now();
        Outcome {
            scope,
            log: Log::new(scope, Arc::clone(&self.ids), now),
            ids: Arc::clone(&self.ids),
            now,
            number: None,
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
    /// Of a channel's post, with the number the server gave it.
    pub(super) fn numbered(self, number: u64) -> Self {
        Self {
            number: Some(number),
            ..self
        }
    }

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
        if row.content.target().is_some() {
            return self.settle_act(tx, row, to);
        }
        if let Some(number) = self.number.filter(|number| *number > 0)
            && let Some(mut message) = tx.message(self.scope.no, row.message_id)?
        {
            message.extra.number = number;
            tx.put_message(self.scope.no, &message)?;
            tx.put_post(self.scope.no, row.chat_id, number, message.id)?;
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

    /// What is done to a message takes effect here too once WhatsApp has it.
    fn settle_act(&mut self, tx: &mut dyn Tx, mut row: OutboxRow, to: SendStatus) -> Result<()> {
        row.status = to;
        row.updated_at = self.now;
        tx.put_outbox(self.scope.no, &row)?;
        if to == SendStatus::Sent
            && let Some((message, deed)) = deed(&row.content.what)
        {
            let ids = Arc::clone(&self.ids);
            own_deed(
                tx,
                self.scope,
                ids,
                self.now,
                message,
                deed,
                row.accepted_at,
            )?;
        }
        let show = Show::new(tx.view(), self.scope)?;
        let chat = tx.chat(self.scope.no, row.chat_id)?;
        let chat_jid = match &chat {
            Some(chat) => show.chat_jid(chat)?,
            None => row.to.clone(),
        };
        drop(show);
        let payload = MessageStatusPayload {
            chat_id: row.chat_id,
            chat_jid,
            mode: row.mode(),
            outbox_id: row.id.to_string(),
            error: row.error.map(|(_, words)| words).unwrap_or_default(),
            reference: row.reference,
            replayed: false,
            status: to,
            timestamp: self.now,
            wa_message_id: row.wa_id,
        };
        self.log.message_status(tx, &payload)
    }
}

fn deed(what: &What) -> Option<(i64, OwnDeed)> {
    Some(match what {
        What::Edit { target, text } => (target.message, OwnDeed::Edited(text.clone())),
        What::Revoke { target } => (target.message, OwnDeed::Revoked),
        What::Reaction { target, emoji } => (target.message, OwnDeed::Reacted(emoji.clone())),
        What::Vote {
            target, options, ..
        } => (target.message, OwnDeed::Voted(options.clone())),
        _ => return None,
    })
}
