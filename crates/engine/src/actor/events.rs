//! The event task: what the library tells, in its order, as facts in batches and connection states between them.

use super::{
    Actor, app_state as collections, calls, channels as followed, groups, passkey, presence,
};
use crate::channels;
use crate::convert::{
    BATCH, app_state,
    channel::live_counts,
    group, known, passing, person,
    receipt::{own_read, receipt},
};
use std::{
    sync::{
        Arc, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::mpsc;
use wacore::types::events::{ConnectFailureReason, Event, UnavailableType};
use wharf_domain::{
    inbound::Inbound,
    ports::engine::{Connection, LinkCode},
};

/// By then the half-applied state of the failed sync has been dropped.
const AFTER_LOSS: Duration = Duration::from_secs(90);

/// Long enough for the fetch that was in the way to be through, usually.
const AFTER_SKIP: Duration = Duration::from_millis(300);

/// Before pairing begins anew.
const AFTER_PASSKEY: Duration = Duration::from_secs(1);

/// How the connection ended for good.
pub(crate) enum End {
    /// Tell this and keep the device.
    Told(Connection),
    /// Unlinked: tell it and wipe the device.
    Unlinked,
    /// WhatsApp refused the login in a way that may pass: dial again later with a fresh client.
    Later(Duration),
}

/// Receives ends; the engine acts on them, since an actor cannot shut itself down from its own task.
pub(crate) type Ends = mpsc::UnboundedSender<End>;

/// Runs until the queue closes.
pub(super) async fn run(
    actor: Weak<Actor>,
    mut events: mpsc::UnboundedReceiver<Arc<Event>>,
    ends: Ends,
) {
    let mut batch = Vec::new();
    let fetched = AtomicBool::new(false);
    while events.recv_many(&mut batch, BATCH).await > 0 {
        let Some(actor) = actor.upgrade() else { return };
        let mut facts = Facts::default();
        for event in batch.drain(..) {
            if !facts.take(&actor, &event) {
                facts.store(&actor).await;
                state(&actor, &event, &ends, &fetched).await;
            }
        }
        facts.store(&actor).await;
    }
}

/// Facts gathered so far, and how many events a version waits for are among them.
#[derive(Default)]
struct Facts {
    facts: Vec<Inbound>,
    counted: u64,
}

impl Facts {
    /// Takes an event that is about facts; `false` for one about the connection.
    fn take(&mut self, actor: &Arc<Actor>, event: &Event) -> bool {
        match event {
            Event::Receipt(event) => self.facts.extend(receipt(event)),
            Event::RawNode(node) => {
                let now = actor.shared.clock.now();
                self.facts.extend(own_read(node, &actor.own()));
                self.facts.extend(channels::taken_back(node, now));
            }
            Event::NewsletterLiveUpdate(update) => self.facts.extend(live_counts(update)),
            Event::IncomingCall(call) => {
                let own = actor.own();
                let mut calls = actor.calls.lock().unwrap_or_else(PoisonError::into_inner);
                let words = calls.heard(call, &own).into_iter();
                self.facts
                    .extend(words.map(|word| Inbound::Call(Box::new(word))));
            }
            Event::MissedCall(call) => {
                let word = calls::missed(call);
                self.facts
                    .extend(word.map(|word| Inbound::Call(Box::new(word))));
            }
            Event::PictureUpdate(update) => self.facts.extend(person::picture(update)),
            Event::BusinessStatusUpdate(update) => self.facts.extend(person::business(update)),
            Event::ContactNumberChanged(change) => {
                self.facts.extend(person::number_changed(change))
            }
            Event::GroupUpdate(update) => {
                let own = actor.own();
                let is_own = |who: &wharf_domain::inbound::Seen| {
                    (who.lid.is_some() && who.lid == own.lid)
                        || (who.phone.is_some() && who.phone == own.phone)
                };
                match group::update(update, is_own) {
                    group::Word::Facts(facts) => self.facts.extend(facts),
                    group::Word::Fetch(jid) => {
                        actor.keep(tokio::spawn(groups::one(Arc::clone(actor), jid)));
                    }
                }
            }
            // Channels and messages recovered from the phone: no hook stored them.
            Event::Messages(batch) => {
                let converter = actor.converter();
                for message in batch {
                    converter.live(message, &mut self.facts);
                }
            }
            Event::UndecryptableMessage(message)
                if message.unavailable_type == UnavailableType::ViewOnce =>
            {
                actor.converter().once(&message.info, &mut self.facts);
            }
            mutation if app_state::is_mutation(mutation) => {
                app_state::mutation(mutation, &mut self.facts);
                self.counted += 1;
            }
            _ => return false,
        }
        true
    }

    async fn store(&mut self, actor: &Arc<Actor>) {
        let counted = std::mem::take(&mut self.counted);
        let stored = actor.ingest(std::mem::take(&mut self.facts)).await;
        if stored {
            actor.device.flow.committed(counted);
        } else {
            actor.device.flow.lost(counted);
            if counted > 0 && !actor.over() {
                collections::catch_up(actor, collections::ALL, AFTER_LOSS);
            }
        }
    }
}

async fn state(actor: &Arc<Actor>, event: &Event, ends: &Ends, fetched: &AtomicBool) {
    match event {
        Event::PairingQrCode(qr) if passkey::is_held(&qr.code) => {}
        Event::PairPasskeyRequest(asked) => {
            actor.passkey_asked(&asked.request_options_json).await;
        }
        Event::PairPasskeyConfirmation(answered) => {
            actor
                .passkey_answered(&answered.code, answered.skip_handoff_ux)
                .await;
        }
        Event::PairPasskeyError(failed) => actor.passkey_failed(&failed.error),
        Event::PairingQrCode(qr) => {
            let life = i64::try_from(qr.timeout.as_millis()).unwrap_or(0);
            let code = LinkCode {
                code: qr.code.clone(),
                expires_at: actor.shared.clock.now() + life,
            };
            actor.set_code(Some(code.clone()));
            actor.shared.inbox.qr(&actor.scope, &code);
            actor.tell(Connection::AwaitingScan).await;
        }
        Event::PairingCode(_) => actor.tell(Connection::AwaitingScan).await,
        Event::PairSuccess(_) => {
            actor.set_code(None);
            actor.passkey_done();
            actor.learn_own();
            // First the device, then the word of it: the library writes it down in its own time.
            if let Err(error) = actor.client.persistence_manager().flush().await {
                tracing::error!(session = %actor.scope.id, %error, "a new device was not stored yet");
            }
            actor.tell_paired().await;
        }
        Event::PairError(error) => {
            tracing::warn!(session = %actor.scope.id, error = error.error, "pairing failed");
            if actor.passkey_now().is_some() {
                actor.passkey_failed("WhatsApp's word on the new device does not verify");
            }
        }
        Event::Connected(_) => {
            // The library may have replaced a dead socket without a word: what waited on that one is lost, and who
            // sends must hear that there is a connection again.
            actor.lost(actor.logins.load(Ordering::Acquire)).await;
            actor.learn_own();
            actor.logins.fetch_add(1, Ordering::AcqRel);
            actor.tell(Connection::Connected).await;
            collections::resume(actor);
            if known(&actor.own()) && !fetched.swap(true, Ordering::AcqRel) {
                actor.keep(tokio::spawn(groups::all(Arc::clone(actor))));
                collections::catch_up(actor, collections::ALL, Duration::ZERO);
            }
            actor.keep(tokio::spawn(followed::follow(Arc::clone(actor))));
            actor.online.notify_waiters();
            actor.keep(tokio::spawn(presence::settle(Arc::downgrade(actor))));
        }
        Event::SelfPushNameUpdated(named) => {
            actor
                .tell(Connection::Named {
                    push_name: named.new_name.clone(),
                })
                .await;
            actor.keep(tokio::spawn(presence::settle(Arc::downgrade(actor))));
        }
        Event::Presence(_) | Event::ChatPresence(_) => {
            if let Some(passing) = passing::passing(event)
                && let Err(error) = actor.shared.inbox.passing(&actor.scope, passing).await
            {
                tracing::debug!(session = %actor.scope.id, %error, "presence not told");
            }
        }
        Event::AppStateSyncFailed(failed) => {
            collections::catch_up(actor, collections::skipped(failed), AFTER_SKIP);
        }
        Event::Disconnected(_) => {
            let login = actor.logins.load(Ordering::Acquire);
            actor.lost(login).await;
            // The handshake dies with its connection, but the library would remember it on the next.
            if actor.passkey_done() {
                let _ = ends.send(End::Later(AFTER_PASSKEY));
            }
        }
        verdict => {
            if let Some(end) = end(actor, verdict) {
                let _ = ends.send(end);
            }
        }
    }
}

/// The final verdicts. The library has stopped dialling when it tells one of these.
fn end(actor: &Actor, event: &Event) -> Option<End> {
    Some(match event {
        Event::LoggedOut(_) => End::Unlinked,
        Event::StreamReplaced(_) => End::Told(Connection::Replaced),
        Event::ClientOutdated(_) => End::Told(Connection::Outdated),
        Event::TemporaryBan(ban) => End::Told(Connection::Banned {
            until: Some(actor.shared.clock.now() + ban.expire.num_milliseconds()),
        }),
        Event::PairingQrCodesExhausted(spent) if spent.disconnected => {
            End::Told(Connection::QrTimeout)
        }
        Event::ConnectFailure(failure) => match &failure.reason {
            ConnectFailureReason::TempBanned => End::Told(Connection::Banned { until: None }),
            ConnectFailureReason::BadUserAgent => End::Told(Connection::Outdated),
            reason if reason.should_reconnect() => return None,
            _ => End::Later(Duration::from_secs(60)),
        },
        _ => return None,
    })
}
