//! What callers do to chats: settings, the unread counter, deletion.

use super::{
    Chat,
    settings::{self, Setting},
};
use crate::{
    Domain, Error, Result, events::Log, ingest, ports::store::StoreExt, sessions::SessionScope,
    show::Show,
};
use std::sync::Arc;
use wharf_types::{ChatJid, Millis};

/// The end of the year 9999: later times are mistakes.
const LAST: Millis = 253_402_300_799_999;

/// The body of updateChat.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the contract's fields")]
pub struct ChatPatch {
    pub archived: Option<bool>,
    pub muted_until: Option<Millis>,
    pub pinned: Option<bool>,
    /// Wins over `muted_until`.
    pub unmute: bool,
}

impl ChatPatch {
    fn settings(self, now: Millis) -> Result<Vec<Setting>> {
        let muted = match self.muted_until {
            _ if self.unmute => Some(None),
            Some(until) if until <= now => {
                return Err(Error::invalid(
                    "mutedUntil",
                    "must be a time to come, in Unix milliseconds; unmute ends a mute",
                ));
            }
            Some(until) if until > LAST => {
                return Err(Error::invalid(
                    "mutedUntil",
                    "must be before the year 10000",
                ));
            }
            Some(until) => Some(Some(until)),
            None => None,
        };
        let settings = [
            self.archived.map(Setting::Archived),
            muted.map(Setting::MutedUntil),
            self.pinned.map(Setting::Pinned),
        ];
        Ok(settings.into_iter().flatten().collect())
    }
}

impl Domain {
    /// Archives, pins, mutes: stored at once, given to the phone when there is a connection. Nothing named,
    /// nothing changed.
    pub async fn update_chat(
        self: &Arc<Self>,
        scope: SessionScope,
        jid: ChatJid,
        patch: ChatPatch,
    ) -> Result<Chat> {
        let now = self.clock.now();
        let wanted = patch.settings(now)?;
        let away = !self.engine().is_ok_and(|engine| engine.connected(&scope));
        let mut log = Log::new(scope, Arc::clone(&self.ids), now);
        let chat = self
            .store
            .write(move |tx| {
                let was = Show::new(tx.view(), scope)?
                    .chat_at(&jid)?
                    .ok_or(Error::NotFound("chat"))?;
                let mut is = was.clone();
                for setting in wanted {
                    setting.on(&mut is);
                    settings::want(tx, scope.no, &was, setting, now)?;
                }
                if is != was {
                    tx.put_chat(scope.no, &is)?;
                }
                let chat = Show::new(tx.view(), scope)?.chat(&is)?;
                if is != was {
                    log.chat_updated(tx, &chat)?;
                }
                Ok(chat)
            })
            .await?;
        self.poke_chats(scope, away);
        Ok(chat)
    }

    /// Forgets a chat and its messages here; the phone keeps them, and new activity brings the chat back.
    pub async fn delete_chat(self: &Arc<Self>, scope: SessionScope, jid: ChatJid) -> Result<()> {
        let (ids, now) = (Arc::clone(&self.ids), self.clock.now());
        self.store
            .write(move |tx| ingest::delete_chat(tx, scope, ids, now, &jid))
            .await?;
        self.tend_search(scope);
        Ok(())
    }

    /// Clears the gateway's unread counter; nobody else learns of it. Repeating is a no-op.
    pub async fn read_chat(&self, scope: SessionScope, jid: ChatJid) -> Result<Chat> {
        let mut log = Log::new(scope, Arc::clone(&self.ids), self.clock.now());
        self.store
            .write(move |tx| {
                let mut row = Show::new(tx.view(), scope)?
                    .chat_at(&jid)?
                    .ok_or(Error::NotFound("chat"))?;
                let cleared = std::mem::take(&mut row.unread) > 0;
                if cleared {
                    tx.put_chat(scope.no, &row)?;
                }
                let chat = Show::new(tx.view(), scope)?.chat(&row)?;
                if cleared {
                    log.chat_updated(tx, &chat)?;
                }
                Ok(chat)
            })
            .await
    }
}
