//! Sends that wait for the server's word. The library returns once a stanza is written; only the server's
//! `<ack>` says whether it was taken.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};
use tokio::sync::oneshot;
use wacore::types::events::ServerAck;
use wacore_binary::OwnedNodeRef;
use wharf_types::Millis;

/// The server's word on one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word {
    /// Taken.
    Taken {
        /// The server's time, if told.
        at: Option<Millis>,
        /// The number a channel's post was given.
        number: Option<u64>,
    },
    /// Refused with a code.
    Refused(String),
}

/// Waiters by message id.
#[derive(Default)]
pub(crate) struct Acks(Mutex<HashMap<String, oneshot::Sender<Word>>>);

impl Acks {
    /// Registers before the stanza goes out: the word may come before the library returns. An earlier waiter for
    /// the same id is given up.
    pub(crate) fn expect(&self, wa_id: &str) -> oneshot::Receiver<Word> {
        let (give, take) = oneshot::channel();
        self.lock().insert(wa_id.to_owned(), give);
        take
    }

    /// A send gave up.
    pub(crate) fn forget(&self, wa_id: &str) {
        self.lock().remove(wa_id);
    }

    /// The server spoke; called from the library's dispatch, so it never waits.
    pub(crate) fn heard(&self, ack: &ServerAck) {
        if ack.class.as_deref().is_some_and(|class| class != "message") {
            return;
        }
        if let Some(waiter) = self.lock().remove(&ack.id) {
            let word = match &ack.error {
                Some(code) => Word::Refused(code.clone()),
                None => Word::Taken {
                    at: ack.timestamp.map(|at| at.timestamp_millis()),
                    number: None,
                },
            };
            let _ = waiter.send(word);
        }
    }

    /// The same of what was written to a channel, from the stanza: the library's event has no number.
    pub(crate) fn heard_of_post(&self, ack: &OwnedNodeRef) {
        let ack = ack.get();
        let text = |name: &str| ack.get_attr(name).map(|value| value.as_str().into_owned());
        let Some(id) = text("id").filter(|_| text("class").is_none_or(|class| class == "message"))
        else {
            return;
        };
        if let Some(waiter) = self.lock().remove(&id) {
            let word = match text("error") {
                Some(code) => Word::Refused(code),
                None => Word::Taken {
                    at: text("t").and_then(|t| t.parse::<Millis>().ok()?.checked_mul(1000)),
                    number: text("server_id").and_then(|number| number.parse().ok()),
                },
            };
            let _ = waiter.send(word);
        }
    }

    /// The connection is gone: nobody will hear a word any more.
    pub(crate) fn drop_all(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, oneshot::Sender<Word>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ack(id: &str, class: &str, error: Option<&str>) -> ServerAck {
        ServerAck::builder()
            .id(id.to_owned())
            .class(class.to_owned())
            .maybe_error(error.map(str::to_owned))
            .build()
    }

    #[tokio::test]
    async fn only_a_message_ack_with_the_same_id_counts() {
        let acks = Acks::default();
        let mut one = acks.expect("A");
        acks.heard(&ack("A", "receipt", None));
        acks.heard(&ack("B", "message", None));
        assert!(one.try_recv().is_err());
        acks.heard(&ack("A", "message", Some("463")));
        assert_eq!(one.await, Ok(Word::Refused("463".into())));
    }

    #[tokio::test]
    async fn a_lost_connection_is_no_word() {
        let acks = Acks::default();
        let one = acks.expect("A");
        acks.drop_all();
        assert!(one.await.is_err());
    }
}
