//! What callers set on chats (archived, pinned, muted), on its way to the phone.
//!
//! Theory of operation. A change is stored on the chat at once, and in the same transaction noted as *pending*:
//! one row a chat and kind, the newest replacing what was there. A worker, one a session, gives pending rows to
//! WhatsApp (as app state, through the engine) while there is a connection, and a row goes once the server has
//! taken it. Nothing of this is in memory alone: after SIGKILL or weeks without a connection the next login begins
//! where it was.
//!
//! The phone changes the same settings. Its word is applied when it comes, and between its word and a pending one
//! the newer counts, by the times at which they were said:
//! - Word older than the pending row is not applied: it is about to be replaced at WhatsApp too. An echo of our
//!   own earlier change is such word.
//! - Word as old as the row is the echo of the row itself: the server has it, the row goes.
//! - Newer word is applied, and the row goes: what was queued is out of date, and is never sent. So that a phone's
//!   change made while we were away is known in time, the worker asks for what is newer than stored
//!   ([`Engine::catch_up`](crate::ports::engine::Engine::catch_up)) after each login before it sends anything.
//! - Newer word that arrives while the row is *handed* (being sent, or sent with nobody knowing the outcome): the
//!   older change may land at the server after it. So the row stays, now with the phone's value and time, and is
//!   sent again: whatever order the two took there, the newer one is the last. `handed` is stored before anything
//!   is sent, so this holds across a kill as well.
//!
//! Without a pending row the server's order counts alone, and clocks do not matter: a phone whose clock is wrong is
//! obeyed. History tells no times; it never overrides what is pending.
//!
//! WhatsApp keeps these settings for direct chats and groups only. On other chats they are local.

use crate::{
    Domain, Error, Result,
    ports::{
        engine::Engine,
        store::{ChatRow, ChatSettingRow, StoreExt, Tx},
    },
    sessions::{SessionNo, SessionScope},
    show::Show,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::Notify;
use wharf_types::Millis;

/// One setting and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// In the archive.
    Archived(bool),
    /// Pinned to the top.
    Pinned(bool),
    /// Muted until then; `None` = not muted.
    MutedUntil(Option<Millis>),
}

/// Which setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is a variant of Setting")]
pub enum SettingKind {
    Archived,
    Pinned,
    Muted,
}

impl SettingKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Archived, Self::Pinned, Self::Muted];

    /// The stored text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Archived => "archived",
            Self::Pinned => "pinned",
            Self::Muted => "muted",
        }
    }

    /// From the stored text.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl Setting {
    /// Which it is.
    pub const fn kind(self) -> SettingKind {
        match self {
            Self::Archived(_) => SettingKind::Archived,
            Self::Pinned(_) => SettingKind::Pinned,
            Self::MutedUntil(_) => SettingKind::Muted,
        }
    }

    /// Sets it on a chat.
    pub(crate) const fn on(self, row: &mut ChatRow) {
        match self {
            Self::Archived(yes) => row.archived = yes,
            Self::Pinned(yes) => row.pinned = yes,
            Self::MutedUntil(until) => row.muted_until = until,
        }
    }
}

/// Notes a caller's change for WhatsApp.
pub(super) fn want(
    tx: &mut dyn Tx,
    s: SessionNo,
    chat: &ChatRow,
    setting: Setting,
    now: Millis,
) -> Result<()> {
    if !matches!(chat.kind, "dm" | "group") {
        return Ok(());
    }
    let before = tx.chat_setting(s, chat.id, setting.kind())?;
    let row = ChatSettingRow {
        chat_id: chat.id,
        setting,
        // Two changes within a millisecond, or a clock set back: the later one is the newer one all the same.
        at: before.as_ref().map_or(now, |before| now.max(before.at + 1)),
        handed: before.is_some_and(|before| before.handed),
    };
    tx.put_chat_setting(s, &row)
}

/// The phone's word on a chat: whether it is to be applied.
pub(crate) fn hear(
    tx: &mut dyn Tx,
    s: SessionNo,
    chat_id: i64,
    setting: Setting,
    at: Option<Millis>,
) -> Result<bool> {
    let Some(pending) = tx.chat_setting(s, chat_id, setting.kind())? else {
        return Ok(true);
    };
    let Some(at) = at.filter(|at| *at >= pending.at) else {
        return Ok(false);
    };
    if pending.handed && at > pending.at {
        let again = ChatSettingRow {
            setting,
            at,
            ..pending
        };
        tx.put_chat_setting(s, &again)?;
    } else {
        tx.delete_chat_setting(s, chat_id, setting.kind())?;
    }
    Ok(true)
}

/// Two chats became one: of each kind the newer pending row counts, and is what the chat says.
pub(crate) fn join(tx: &mut dyn Tx, s: SessionNo, stays: &mut ChatRow, goes: i64) -> Result<()> {
    for kind in SettingKind::ALL {
        let ours = tx.chat_setting(s, stays.id, kind)?;
        let theirs = tx.chat_setting(s, goes, kind)?;
        let handed = [&ours, &theirs].into_iter().flatten().any(|row| row.handed);
        if let Some(newest) = ours.into_iter().chain(theirs).max_by_key(|row| row.at) {
            newest.setting.on(stays);
            let row = ChatSettingRow {
                chat_id: stays.id,
                handed,
                ..newest
            };
            tx.put_chat_setting(s, &row)?;
        }
    }
    Ok(())
}

/// Rows given to WhatsApp in one pass.
const PASS: usize = 256;
/// Before a second try of what WhatsApp did not take; doubled each time.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(300);

/// Sessions with a worker, in memory; losing it loses nothing.
#[derive(Default)]
pub(crate) struct Keepers(Mutex<HashMap<SessionNo, Keeper>>);

#[derive(Default)]
struct Keeper {
    running: bool,
    /// Somebody set something, or logged in, since the worker looked.
    rung: bool,
    /// What the phone did until now is known: nothing was missed since the worker last asked.
    abreast: bool,
    bell: Arc<Notify>,
}

impl Keepers {
    fn with<T>(&self, session: SessionNo, work: impl FnOnce(&mut Keeper) -> T) -> T {
        let mut keepers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        work(keepers.entry(session).or_default())
    }

    /// Rings; `true` = no worker runs, the caller starts one.
    fn ring(&self, session: SessionNo, behind: bool) -> bool {
        self.with(session, |keeper| {
            keeper.rung = true;
            keeper.abreast &= !behind;
            keeper.bell.notify_one();
            !std::mem::replace(&mut keeper.running, true)
        })
    }

    /// Begins a look: whether the worker must catch up first, and the bell.
    fn look(&self, session: SessionNo) -> (bool, Arc<Notify>) {
        self.with(session, |keeper| {
            keeper.rung = false;
            (!keeper.abreast, Arc::clone(&keeper.bell))
        })
    }

    fn set_abreast(&self, session: SessionNo, abreast: bool) {
        self.with(session, |keeper| keeper.abreast = abreast);
    }

    /// The worker ends, unless it was rung since it last looked.
    fn end(&self, session: SessionNo) -> bool {
        self.with(session, |keeper| {
            keeper.running = keeper.rung;
            !keeper.rung
        })
    }

    /// The session is gone.
    pub(crate) fn forget(&self, session: SessionNo) {
        let mut keepers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keepers.remove(&session);
    }
}

impl Domain {
    /// There may be settings to give to WhatsApp. `behind`: the phone may have changed some unheard, so ask first.
    pub(crate) fn poke_chats(self: &Arc<Self>, scope: SessionScope, behind: bool) {
        if self.keepers.ring(scope.no, behind) {
            let domain = Arc::clone(self);
            tokio::spawn(async move { domain.keep_chats(scope).await });
        }
    }

    async fn keep_chats(&self, scope: SessionScope) {
        let mut pause = PAUSE;
        loop {
            let (behind, bell) = self.keepers.look(scope.no);
            let done = self.give_settings(scope, behind).await;
            let connected = self.engine().is_ok_and(|engine| engine.connected(&scope));
            if let Err(error) = &done
                && connected
            {
                tracing::warn!(session = %scope.id, %error, "chat settings stay queued");
            }
            if !connected {
                self.keepers.set_abreast(scope.no, false);
            }
            if matches!(done, Ok(true)) || !connected {
                // Without a connection the next login rings.
                if self.keepers.end(scope.no) {
                    return;
                }
                pause = PAUSE;
                continue;
            }
            let _ = tokio::time::timeout(pause, bell.notified()).await;
            pause = (pause * 2).min(LONGEST);
        }
    }

    /// One pass over what is pending; `true` when nothing is left.
    async fn give_settings(&self, scope: SessionScope, behind: bool) -> Result<bool> {
        let pending =
            move |view: &dyn crate::ports::store::View| view.chat_settings(scope.no, PASS);
        if self.store.read(pending).await?.is_empty() {
            return Ok(true);
        }
        let engine = self.engine()?;
        if !engine.connected(&scope) {
            return Err(Error::NotConnected);
        }
        if behind {
            engine.catch_up(&scope).await?;
            self.keepers.set_abreast(scope.no, true);
        }
        let mut failed = None;
        for row in self.store.read(pending).await? {
            match self.give_setting(scope, &**engine, row).await {
                Ok(()) => {}
                Err(Error::NotConnected) => return Err(Error::NotConnected),
                // One that is not taken holds up no other.
                Err(error) => failed = Some(error),
            }
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(self.store.read(pending).await?.is_empty()),
        }
    }

    async fn give_setting(
        &self,
        scope: SessionScope,
        engine: &dyn Engine,
        row: ChatSettingRow,
    ) -> Result<()> {
        let (chat_id, kind, now) = (row.chat_id, row.setting.kind(), self.clock.now());
        let handed = self
            .store
            .write(move |tx| {
                let Some(mut row) = tx.chat_setting(scope.no, chat_id, kind)? else {
                    return Ok(None);
                };
                let Some(chat) = tx.chat(scope.no, chat_id)? else {
                    tx.delete_chat_setting(scope.no, chat_id, kind)?;
                    return Ok(None);
                };
                row.handed = true;
                tx.put_chat_setting(scope.no, &row)?;
                let jid = Show::new(tx.view(), scope)?.chat_jid(&chat)?;
                Ok(Some((row, jid)))
            })
            .await?;
        let Some((row, jid)) = handed else {
            return Ok(());
        };
        let setting = match row.setting {
            // It ended while it waited: the phone is to be as quiet as the caller meant it to be by now.
            Setting::MutedUntil(Some(until)) if until <= now => Setting::MutedUntil(None),
            other => other,
        };
        engine.set_chat(&scope, &jid, setting, row.at).await?;
        self.store
            .write(move |tx| {
                let Some(mut now) = tx.chat_setting(scope.no, chat_id, kind)? else {
                    return Ok(());
                };
                if now.at == row.at {
                    return tx.delete_chat_setting(scope.no, chat_id, kind);
                }
                // Something newer was said meanwhile; what became of the older is known now.
                now.handed = false;
                tx.put_chat_setting(scope.no, &now)
            })
            .await
    }
}
