//! Facts from WhatsApp into rows: one batch, one transaction, its events within.
//!
//! - People first: every fact names people by the ids it saw; [`Roster`] turns them into rows, and may join two rows
//!   on the way. So nothing holds a row id of a person or chat across a resolution.
//! - What history, first snapshots and first fetches bring is stored without an event a row; the rows they added
//!   are counted and told by one `session.synced` ([`synced`]).
//! - Facts come more than once (offline queue, history over live, another device's echo): each is idempotent.
//! - Chats and people that changed are told once a batch, after everything else.

mod channels;
mod chats;
mod deeds;
mod groups;
mod messages;
mod receipts;
pub mod row_ids;
mod synced;
mod tally;

use crate::{
    Domain, Error, Result,
    calls::CallPayload,
    contacts::PersonRef,
    events::Log,
    inbound::{Inbound, NameSource, Origin, Seen},
    people::identity::Roster,
    ports::{
        ids::Ids,
        store::{ChatRow, RowKind, StoreExt, Tx},
    },
    sessions::{SessionNo, SessionScope},
    show::{Own, Show},
};
use row_ids::RowIds;
use std::{collections::BTreeSet, sync::Arc};
use synced::Added;
use wharf_types::{ChatJid, Millis};

pub(crate) use channels::CHANNEL;
pub use deeds::{OwnDeed, own_deed};
pub use messages::advance;
pub use tally::Opener;
pub(crate) use tally::options as poll_options;

/// One batch in its transaction.
struct Batch<'t> {
    tx: &'t mut dyn Tx,
    scope: SessionScope,
    s: SessionNo,
    now: Millis,
    own: Own,
    people: Roster,
    log: Log,
    chat_ids: RowIds,
    message_ids: RowIds,
    group_ids: RowIds,
    member_ids: RowIds,
    /// Opens votes.
    opener: Opener,
    /// The fact at hand is part of a bulk.
    quiet: bool,
    /// Chats to tell of.
    changed_chats: BTreeSet<i64>,
    added: Added,
}

impl<'t> Batch<'t> {
    fn new(
        tx: &'t mut dyn Tx,
        scope: SessionScope,
        ids: Arc<dyn Ids>,
        now: Millis,
    ) -> Result<Self> {
        let own = Own::of(tx.view(), &scope)?;
        Ok(Self::of(tx, scope, own, ids, now))
    }

    /// One that can open votes.
    fn opening(self, opener: Opener) -> Self {
        Self { opener, ..self }
    }

    fn of(
        tx: &'t mut dyn Tx,
        scope: SessionScope,
        own: Own,
        ids: Arc<dyn Ids>,
        now: Millis,
    ) -> Self {
        let s = scope.no;
        Self {
            tx,
            scope,
            s,
            now,
            people: Roster::new(s, own.clone(), now),
            own,
            log: Log::new(scope, ids, now),
            chat_ids: RowIds::new(s, RowKind::Chat),
            message_ids: RowIds::new(s, RowKind::Message),
            group_ids: RowIds::new(s, RowKind::Group),
            member_ids: RowIds::new(s, RowKind::Member),
            opener: Opener::default(),
            quiet: false,
            changed_chats: BTreeSet::new(),
            added: Added::default(),
        }
    }

    fn show(&self) -> Show<'_> {
        Show::with(self.tx.view(), self.scope, self.own.clone())
    }

    fn set_quiet(&mut self, quiet: bool) {
        self.quiet = quiet;
        self.people.set_quiet(quiet);
    }

    fn facts(&mut self, facts: Vec<Inbound>) -> Result<()> {
        // Mappings and the like do not say how they came: they go with the batch they came in.
        let bulk = facts.iter().any(|fact| origin(fact) == Some(Origin::Bulk));
        let mut source = synced::source(&facts);
        for fact in facts {
            self.set_quiet(origin(&fact).map_or(bulk, |origin| origin == Origin::Bulk));
            if let Inbound::Synced { source: through } = fact {
                self.synced(through)?;
                source = through;
            } else {
                self.fact(fact)?;
            }
        }
        self.keep_count(source)
    }

    fn fact(&mut self, fact: Inbound) -> Result<()> {
        match fact {
            Inbound::SamePerson { lid, phone } => {
                let seen = Seen {
                    lid: Some(lid),
                    phone: Some(phone),
                };
                self.people.resolve(self.tx, &seen).map(|_| ())
            }
            Inbound::NumberChanged { old, new } => self.people.number_changed(self.tx, &old, &new),
            Inbound::PictureChanged { who } => self.people.picture_changed(self.tx, &who),
            Inbound::Name {
                who, source, name, ..
            } => {
                let row = self.people.resolve(self.tx, &who)?;
                self.people.name(self.tx, row.id, source, &name).map(|_| ())
            }
            Inbound::Message(message) => self.message(*message),
            Inbound::Receipt {
                chat,
                by,
                wa_ids,
                level,
                at,
            } => self.receipt(&chat, &by, &wa_ids, level, at),
            Inbound::ReadElsewhere { chat } => self.read_elsewhere(&chat),
            Inbound::Deed(deed) => self.deed(&deed),
            Inbound::Group { group, .. } => self.group(*group),
            Inbound::GroupsComplete { joined } => self.groups_complete(joined),
            Inbound::GroupChanged {
                jid,
                by,
                change,
                at,
            } => self.group_changed(&jid, by.as_ref(), change, at),
            Inbound::Channel { channel, .. } => self.channel(*channel),
            Inbound::ChannelsComplete { known } => self.channels_complete(&known),
            Inbound::Post(post) => self.post(*post),
            Inbound::PostCounted {
                channel,
                number,
                counts,
            } => self.post_counted(&channel, number, counts),
            Inbound::Chat {
                chat, state, at, ..
            } => self.chat_state(&chat, state, at),
            Inbound::ChatDeleted { chat } => self.chat_deleted(&chat),
            Inbound::Call(call) => {
                let from = self.people.resolve(self.tx, &call.from)?;
                let payload = CallPayload::new(*call, PersonRef::from(&from));
                self.log.event(self.tx, "call", &payload)
            }
            Inbound::Synced { .. } | Inbound::AddedBy { .. } => Ok(()),
        }
    }

    /// Writes what was collected and tells of people and chats that changed.
    fn finish(self) -> Result<()> {
        let Self {
            tx,
            scope,
            own,
            people,
            mut log,
            mut changed_chats,
            ..
        } = self;
        changed_chats.append(&mut people.finish(tx, &mut log)?);
        for id in changed_chats {
            let Some(row) = tx.chat(scope.no, id)? else {
                continue;
            };
            let chat = Show::with(tx.view(), scope, own.clone()).chat(&row)?;
            log.chat_updated(tx, &chat)?;
        }
        Ok(())
    }
}

fn origin(fact: &Inbound) -> Option<Origin> {
    match fact {
        Inbound::Name { origin, .. }
        | Inbound::Group { origin, .. }
        | Inbound::Channel { origin, .. }
        | Inbound::Chat { origin, .. } => Some(*origin),
        Inbound::Post(post) => Some(post.origin),
        Inbound::Message(message) => Some(message.origin),
        Inbound::Deed(deed) => Some(deed.origin),
        Inbound::Synced { .. } | Inbound::AddedBy { .. } => Some(Origin::Bulk),
        _ => None,
    }
}

/// A push name as a message carries it: told anew by every message, so history never replaces what is known.
fn push_name<'a>(known: &str, told: &'a str, quiet: bool) -> Option<(NameSource, &'a str)> {
    let news = !told.is_empty() && told != known && (known.is_empty() || !quiet);
    news.then_some((NameSource::Push, told))
}

/// The stored chat of a JID, made (with its person or group) when there is none, moved up and read: the account
/// is about to write in it. Callers are told of it when the message is sent ([`advance`]).
pub fn ensure_chat(
    tx: &mut dyn Tx,
    scope: SessionScope,
    ids: Arc<dyn Ids>,
    now: Millis,
    jid: &ChatJid,
) -> Result<ChatRow> {
    let mut batch = Batch::new(tx, scope, ids, now)?;
    let was = batch.chat(&chats::in_chat(jid))?;
    let is = ChatRow {
        last_at: was.last_at.max(Some(now)),
        unread: 0,
        ..was.clone()
    };
    batch.save_chat(&was, &is)?;
    batch.changed_chats.clear();
    batch.finish()?;
    Ok(is)
}

/// A caller deletes the copy of a chat that is here.
pub(crate) fn delete_chat(
    tx: &mut dyn Tx,
    scope: SessionScope,
    ids: Arc<dyn Ids>,
    now: Millis,
    jid: &ChatJid,
) -> Result<()> {
    let known = Show::new(tx.view(), scope)?.chat_at(jid)?;
    if known.is_none() {
        return Err(Error::NotFound("chat"));
    }
    let mut batch = Batch::new(tx, scope, ids, now)?;
    batch.chat_deleted(&chats::in_chat(jid))?;
    batch.finish()
}

impl Domain {
    /// Stores a batch of facts and their events in one transaction; returns after it is durable.
    pub async fn ingest_facts(
        self: &Arc<Self>,
        scope: SessionScope,
        facts: Vec<Inbound>,
    ) -> Result<()> {
        let (ids, now) = (Arc::clone(&self.ids), self.clock.now());
        let opener = Opener::of(self);
        let gone = facts
            .iter()
            .any(|fact| matches!(fact, Inbound::ChatDeleted { .. }));
        let newest = self
            .store
            .write(move |tx| {
                let mut batch = Batch::new(tx, scope, ids, now)?.opening(opener);
                batch.facts(facts)?;
                let newest = batch.message_ids.newest();
                batch.finish()?;
                Ok(newest)
            })
            .await?;
        if gone {
            self.tend_search(scope);
        } else if let Some(newest) = newest {
            self.search_grew(scope, newest);
        }
        Ok(())
    }

    /// Who the account itself is: its row enters no list, whatever it was taken for before.
    pub(crate) async fn own_account(
        &self,
        scope: SessionScope,
        seen: Seen,
        push_name: String,
    ) -> Result<()> {
        let (ids, now) = (Arc::clone(&self.ids), self.clock.now());
        self.store
            .write(move |tx| {
                let own = Own {
                    phone: seen.phone.clone(),
                    lid: seen.lid.clone(),
                    push_name,
                };
                let mut batch = Batch::of(tx, scope, own, ids, now);
                batch.people.resolve(batch.tx, &seen)?;
                batch.finish()
            })
            .await
    }
}
