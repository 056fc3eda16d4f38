//! People the account has never written with, while WhatsApp lets it write to nobody new.
//!
//! WhatsApp answers such a send with 463 (its name for it: reach-out timelock) until a time it tells; trying again
//! before that prolongs the lock. So the first such word holds all first contacts of the session until then. Known
//! chats go on. A queued send waits and goes afterwards; a synchronous one fails with the time, since its caller
//! wants an answer.

use super::OutboxRow;
use crate::{
    Domain, Error, Result,
    events::Log,
    ports::{
        engine::Refusal,
        store::{StoreExt, View},
    },
    sessions::{SessionNo, SessionScope},
};
use std::sync::Arc;
use wharf_types::{Millis, SendStatus};

/// The reasons under which WhatsApp refuses first contacts only: a lock, and a cap on new chats that is used up.
const LOCKED: &str = "reachout_timelocked";
const CAPPED: &str = "account_restricted";
/// WhatsApp tells the end in whole seconds: it may be that much later.
pub(super) const ROUNDED: Millis = 1_000;
/// How long a lock is taken to last when WhatsApp does not say.
const UNTOLD: Millis = 3_600_000;
/// And when the end it tells has passed by our clock: no licence to try again at once.
const PASSED: Millis = 60_000;

/// Whether the chat is a person's and holds nothing that came, or that WhatsApp ever took.
pub(super) fn first_contact(view: &dyn View, s: SessionNo, chat: i64) -> Result<bool> {
    let direct = view.chat(s, chat)?.is_some_and(|chat| chat.kind == "dm");
    Ok(direct && !view.chat_known(s, chat)?)
}

/// What a synchronous send is told.
pub(super) fn refusal(until: Option<Millis>) -> Refusal {
    Refusal {
        reason: LOCKED,
        message: "WhatsApp does not let this account begin chats with new people for now; chats that exist go on"
            .into(),
        until,
    }
}

impl Domain {
    /// Whether a refusal only means "not now": the send waits, or has failed for its caller.
    pub(super) async fn held(
        &self,
        scope: SessionScope,
        row: &OutboxRow,
        first_contact: bool,
        why: &Refusal,
    ) -> Result<bool> {
        if !first_contact || ![LOCKED, CAPPED].contains(&why.reason) {
            return Ok(false);
        }
        let now = self.clock.now();
        let until = match why.until {
            Some(end) if end > now => end,
            Some(_) => now + PASSED,
            None => now + UNTOLD,
        };
        let (id, told, sync, reason) = (row.id, why.until, row.sync, why.reason);
        let mut log = Log::new(scope, Arc::clone(&self.ids), now);
        self.store
            .write(move |tx| {
                let mut session = tx
                    .session(&scope.org, &scope.id)?
                    .ok_or(Error::NotFound("session"))?;
                if session.locked_until.is_none_or(|end| end + ROUNDED <= now) {
                    log.restricted(tx, reason, told)?;
                }
                session.locked_until = session.locked_until.max(Some(until));
                tx.update_session(&session)?;
                if let Some(mut row) = tx.outbox(scope.no, &id)?
                    && !sync
                    && row.status == SendStatus::Queued
                {
                    // WhatsApp does not have it: it can be taken back, it may run out of time, and its next
                    // handing over takes a new place in the rate. The old place still counts.
                    row.attempts = 0;
                    tx.put_outbox(scope.no, &row)?;
                }
                Ok(())
            })
            .await?;
        Ok(!sync)
    }
}
