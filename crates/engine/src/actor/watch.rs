//! Proof of life. A socket can be open and dead (half-open after a lost link, a frozen peer); the library notices
//! within minutes, the contract wants a bounded time. So: after some silence, and as soon as somebody waits for
//! WhatsApp's word for longer than usual, a ping of our own with a deadline; no answer means that the session is not
//! connected, and the socket is replaced.

use super::{Actor, Standing};
use std::{
    sync::{Arc, Weak, atomic::Ordering},
    time::{Duration, Instant},
};
use wacore::iq::keepalive::KeepaliveSpec;

/// Runs until the actor is over.
pub(super) async fn watch(actor: Weak<Actor>) {
    let mut heard = 0;
    let mut alive = Instant::now();
    let mut owed_since: Option<Instant> = None;
    loop {
        let Some((tick, doubt)) = actor.upgrade().map(|a| (tick(&a), Arc::clone(&a.doubt))) else {
            return;
        };
        let doubted = tokio::time::timeout(tick, doubt.notified()).await.is_ok();
        let Some(actor) = actor.upgrade() else { return };
        if actor.over() {
            return;
        }
        if *actor.standing.lock().await != Standing::Up {
            alive = Instant::now();
            continue;
        }
        let login = actor.logins.load(Ordering::Acquire);
        // The library reconnects by itself after some losses without a word.
        if !actor.client.is_connected() || !actor.client.is_logged_in() {
            actor.lost(login).await;
            continue;
        }
        owed(&actor, &mut owed_since, login).await;
        let last = actor.client.stats().last_data_received_ms;
        if last != heard {
            heard = last;
            alive = Instant::now();
            continue;
        }
        let timings = actor.shared.config.timings;
        if !doubted && alive.elapsed() < timings.silence {
            continue;
        }
        let ping = actor
            .client
            .execute(KeepaliveSpec::with_timeout(timings.answer));
        match tokio::time::timeout(timings.answer, ping).await {
            Ok(Ok(())) => alive = Instant::now(),
            _ => {
                tracing::info!(session = %actor.scope.id, "no sign of life, dialling again");
                actor.lost(login).await;
                actor.client.reconnect_immediately().await;
            }
        }
    }
}

fn tick(actor: &Arc<Actor>) -> Duration {
    let timings = actor.shared.config.timings;
    (timings.silence.min(timings.answer) / 4)
        .clamp(Duration::from_millis(20), Duration::from_secs(3))
}

/// Messages that could not be stored come again only on a new connection: make one when the store writes again.
async fn owed(actor: &Arc<Actor>, since: &mut Option<Instant>, login: u64) {
    const PAUSE: Duration = Duration::from_secs(10);
    if !actor.owed.load(Ordering::Acquire) {
        *since = None;
        return;
    }
    let started = *since.get_or_insert_with(Instant::now);
    if started.elapsed() >= PAUSE && actor.shared.store.health().await.is_ok() {
        actor.owed.store(false, Ordering::Release);
        *since = None;
        actor.lost(login).await;
        actor.client.reconnect_immediately().await;
    }
}
