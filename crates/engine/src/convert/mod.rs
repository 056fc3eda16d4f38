//! The library's events in the domain's words, one file a kind. Nothing here decides; nothing here waits.

pub(crate) mod addons;
pub(crate) mod app_state;
pub(crate) mod channel;
pub(crate) mod content;
mod deeds;
pub(crate) mod group;
pub(crate) mod history;
pub(crate) mod message;
mod outgoing;
pub(crate) mod passing;
pub(crate) mod person;
pub(crate) mod receipt;
#[cfg(test)]
mod tests;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::sync::Arc;
use wacore_binary::{Jid, JidExt, Server};
use wharf_domain::{
    inbound::{InChat, Seen},
    ports::secrets::Secrets,
    sessions::SessionScope,
};
use wharf_types::Millis;

/// Facts handed over in one transaction at most.
pub(crate) const BATCH: usize = 500;

/// "For ever" where WhatsApp says so: the last second that every calendar can show.
pub(crate) const FOREVER: Millis = 253_402_300_799_000;

/// What a conversion needs to know of the session.
#[derive(Clone)]
pub(crate) struct Converter {
    pub scope: SessionScope,
    pub secrets: Arc<dyn Secrets>,
    /// The account's own ids.
    pub own: Seen,
}

impl Converter {
    /// Seals bytes that must not be readable in the database, bound to session and message.
    fn seal(&self, wa_id: &str, plain: &[u8]) -> String {
        STANDARD.encode(self.secrets.seal(&self.sealed_for(wa_id), plain))
    }

    /// The bytes again; `None` when they are not this message's.
    fn open(&self, wa_id: &str, sealed: &str) -> Option<Vec<u8>> {
        let sealed = STANDARD.decode(sealed).ok()?;
        self.secrets.open(&self.sealed_for(wa_id), &sealed).ok()
    }

    /// A message of ours, sealed like one that came.
    pub(crate) fn sealed(&self, wa_id: &str, message: &waproto::whatsapp::Message) -> String {
        self.seal(wa_id, &waproto::codec::message_to_vec(message))
    }

    /// The bytes again, for what stands outside this module.
    pub(crate) fn opened(&self, wa_id: &str, sealed: &str) -> Option<Vec<u8>> {
        self.open(wa_id, sealed)
    }

    fn sealed_for(&self, wa_id: &str) -> Vec<u8> {
        [
            &self.scope.id.ulid().to_bytes()[..],
            b"message",
            wa_id.as_bytes(),
        ]
        .concat()
    }

    fn is_own(&self, who: &Seen) -> bool {
        (who.lid.is_some() && who.lid == self.own.lid)
            || (who.phone.is_some() && who.phone == self.own.phone)
    }
}

/// The ids one JID shows; a JID that is no person shows none.
pub(crate) fn seen(jid: &Jid) -> Seen {
    let user = jid.user_base();
    match jid.server {
        Server::Pn | Server::Hosted | Server::Legacy => Seen {
            lid: None,
            phone: user.parse().ok(),
        },
        Server::Lid | Server::HostedLid => Seen {
            lid: format!("{user}@lid").parse().ok(),
            phone: None,
        },
        _ => Seen::default(),
    }
}

/// The ids several JIDs of one person show together.
pub(crate) fn seen_all<'a>(jids: impl IntoIterator<Item = &'a Jid>) -> Seen {
    jids.into_iter()
        .map(seen)
        .fold(Seen::default(), |all, one| Seen {
            lid: all.lid.or(one.lid),
            phone: all.phone.or(one.phone),
        })
}

pub(crate) fn known(who: &Seen) -> bool {
    who.lid.is_some() || who.phone.is_some()
}

pub(crate) fn parse(text: &str) -> Option<Jid> {
    text.parse().ok()
}

/// The chat a JID names; `other` is the person's other id, if the stanza carries it.
pub(crate) fn chat(jid: &Jid, other: Option<&Jid>) -> Option<InChat> {
    if jid.is_status_broadcast() {
        return Some(InChat::Status);
    }
    match jid.server {
        Server::Group => jid.to_non_ad_string().parse().ok().map(InChat::Group),
        Server::Newsletter => jid.to_non_ad_string().parse().ok().map(InChat::Channel),
        _ => {
            let who = seen_all([Some(jid), other].into_iter().flatten());
            known(&who).then_some(InChat::Person(who))
        }
    }
}

/// Seconds or milliseconds, whichever the sender used: WhatsApp's fields do both.
fn millis(time: i64) -> Millis {
    match time {
        i64::MIN..0 => FOREVER,
        0..100_000_000_000 => time * 1000,
        _ => time,
    }
}

/// Facts in batches small enough for one transaction.
pub(crate) fn batches<T>(mut facts: Vec<T>) -> Vec<Vec<T>> {
    let mut all = Vec::new();
    while facts.len() > BATCH {
        let rest = facts.split_off(BATCH);
        all.push(std::mem::replace(&mut facts, rest));
    }
    if !facts.is_empty() {
        all.push(facts);
    }
    all
}
