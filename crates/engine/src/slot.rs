//! One session's place in the engine, and the lives of its connection one after another.

use crate::actor::{Actor, End, Shared, launch};
use futures_util::future::BoxFuture;
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::mpsc;
use wharf_domain::{Error, ports::engine::Connection, sessions::SessionScope};

/// One session's place: commands on it run one after another.
#[derive(Default)]
pub(crate) struct Slot {
    /// The current WhatsApp Web version was asked for after a refusal, and no login has succeeded since.
    version_renewed: AtomicBool,
    pub turn: tokio::sync::Mutex<()>,
    live: Mutex<Option<Arc<Actor>>>,
}

impl Slot {
    pub(crate) fn actor(&self) -> Option<Arc<Actor>> {
        self.live
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
            .filter(|actor| !actor.over())
    }

    pub(crate) fn put(&self, actor: Option<Arc<Actor>>) -> Option<Arc<Actor>> {
        std::mem::replace(
            &mut *self.live.lock().unwrap_or_else(PoisonError::into_inner),
            actor,
        )
    }
}

/// Starts a life, if the slot has none. The caller holds the slot's turn.
pub(crate) async fn begin(
    shared: &Arc<Shared>,
    slot: &Arc<Slot>,
    scope: SessionScope,
) -> Result<Arc<Actor>, Error> {
    if let Some(actor) = slot.actor() {
        return Ok(actor);
    }
    let (ends, verdicts) = mpsc::unbounded_channel();
    let actor = launch(shared, scope, ends).await?;
    slot.put(Some(Arc::clone(&actor)));
    tokio::spawn(mind(
        Arc::clone(shared),
        Arc::downgrade(slot),
        Arc::downgrade(&actor),
        verdicts,
    ));
    actor.report(Connection::Connecting { again: false }).await;
    actor.dial();
    Ok(actor)
}

/// [`begin`] from within a life's own aftermath, where its type would contain itself.
fn begin_boxed(
    shared: Arc<Shared>,
    slot: &Arc<Slot>,
    scope: SessionScope,
) -> BoxFuture<'_, Result<Arc<Actor>, Error>> {
    Box::pin(async move { begin(&shared, slot, scope).await })
}

/// Acts on the verdict that ends an actor's life.
async fn mind(
    shared: Arc<Shared>,
    slot: std::sync::Weak<Slot>,
    actor: std::sync::Weak<Actor>,
    mut verdicts: mpsc::UnboundedReceiver<End>,
) {
    let Some(end) = verdicts.recv().await else {
        return;
    };
    let (Some(slot), Some(actor)) = (slot.upgrade(), actor.upgrade()) else {
        return;
    };
    if !actor.finish().await {
        return;
    }
    let _turn = slot.turn.lock().await;
    if actor.was_connected() {
        slot.version_renewed.store(false, Ordering::Release);
    }
    let end = match end {
        // WhatsApp refuses the version: ask once for the current one before giving up.
        End::Told(Connection::Outdated)
            if shared.config.version.is_none()
                && !slot.version_renewed.swap(true, Ordering::AcqRel) =>
        {
            actor.forget_version().await;
            End::Later(Duration::from_secs(1))
        }
        other => other,
    };
    match end {
        End::Told(state) => {
            actor.report(state).await;
            actor.shut().await;
        }
        End::Unlinked => {
            actor.report(Connection::LoggedOut).await;
            actor.shut().await;
            wipe(&actor).await;
        }
        End::Later(pause) => {
            actor.report(Connection::Connecting { again: true }).await;
            actor.shut().await;
            let scope = actor.scope;
            let weak = Arc::downgrade(&slot);
            tokio::spawn(async move {
                tokio::time::sleep(pause).await;
                let Some(slot) = weak.upgrade() else { return };
                let _turn = slot.turn.lock().await;
                // A command has been here meanwhile.
                let mine = slot
                    .live
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .is_some();
                if mine && let Err(error) = begin_boxed(shared, &slot, scope).await {
                    tracing::error!(session = %scope.id, %error, "session not started again");
                }
            });
            return;
        }
    }
    slot.put(None);
}

pub(crate) async fn wipe(actor: &Actor) {
    for pause in [100, 1000, 5000] {
        match actor.device.wipe().await {
            Ok(()) => return,
            Err(error) => {
                tracing::error!(session = %actor.scope.id, %error, "device state not wiped")
            }
        }
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
}
