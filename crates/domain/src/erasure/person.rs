//! One person's data: their row and what led to it, the chat with them, what they wrote and did in groups, their receipts
//! and memberships, sends to them, their files, and the payloads of events about them. The row goes last, since everything
//! else is found by it: an erasure that was cut off is finished by asking for it again.
//!
//! What others wrote stays, also where it speaks of them. Keys of the encryption with their devices go too: what they send
//! next is asked for again, and a new session begins. WhatsApp tells of them again when they write or when a group they are
//! in is fetched; a connected session has some of it in memory, and the members of a group as WhatsApp told them stay sealed
//! in the device's state until it is fetched anew.

use super::{MESSAGES, PAGE, ROWS, drop_message};
use crate::{
    Domain, Error, Result,
    audit::By,
    inbound::MessageExtra,
    ingest,
    people::{
        buffer::{Key, PostingBuffer},
        flags, index,
    },
    ports::store::{Aliases, ChatPeer, MessageRow, PersonRow, StoreExt, Tx},
    rounds::BREATH,
    sessions::SessionScope,
    show::Show,
};
use serde::Serialize;
use serde_json::{Value, json};
use std::{collections::BTreeSet, sync::Arc};
use wharf_types::{Address, ChatJid, Millis};

/// How much was taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ErasureReport {
    /// Direct chats: 0 or 1.
    pub chats: u64,
    /// Messages, of the direct chat and theirs in groups.
    pub messages: u64,
    /// Messages of others that held their reaction, their vote or a mention of them.
    pub reactions: u64,
    /// Sends to them, queued ones included.
    pub sends: u64,
    /// Receipts of theirs.
    pub receipts: u64,
    /// Memberships in groups.
    pub memberships: u64,
    /// Events whose payload was about them.
    pub events: u64,
    /// Files.
    pub files: u64,
    /// Keys of the encryption with their devices, and what else the device knew of them.
    pub device_keys: u64,
}

/// By what they are recognised.
#[derive(Clone)]
struct Known {
    ids: Vec<i64>,
    /// Phone JIDs and LID JIDs.
    jids: Vec<String>,
    /// Digits of numbers.
    phones: Vec<String>,
    chat: Option<i64>,
}

impl Known {
    fn of(row: &PersonRow, aliases: Aliases, chat: Option<i64>) -> Self {
        let mut ids = aliases.ids;
        ids.push(row.id);
        let mut phones = aliases.phones;
        phones.extend(row.phone.as_ref().map(|phone| phone.as_str().to_owned()));
        let mut lids = aliases.lids;
        lids.extend(row.lid.as_ref().map(|lid| lid.as_str().to_owned()));
        let jids = phones
            .iter()
            .map(|phone| format!("{phone}@s.whatsapp.net"))
            .chain(lids.iter().map(|lid| format!("{lid}@lid")))
            .collect();
        Self {
            ids,
            jids,
            phones,
            chat,
        }
    }

    /// Whether a payload is about them: a text that is theirs, or a row id under a name that says whose it is.
    fn in_payload(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => {
                self.phones.contains(text)
                    || self.jids.iter().any(|jid| text.contains(jid.as_str()))
            }
            Value::Array(items) => items.iter().any(|item| self.in_payload(item)),
            Value::Object(fields) => fields.iter().any(|(name, value)| {
                let id = value.as_i64();
                match name.as_str() {
                    "contactId" | "senderContactId" => id.is_some_and(|id| self.ids.contains(&id)),
                    "chatId" => id.is_some() && id == self.chat,
                    _ => self.in_payload(value),
                }
            }),
            _ => false,
        }
    }

    /// Others' message without what is theirs on it; `None` when nothing is.
    fn cleaned(&self, extra: &MessageExtra) -> Option<MessageExtra> {
        let theirs = |by: i64| self.ids.contains(&by);
        let named = |jid: &String| self.jids.contains(jid);
        let touched = extra.reactions.iter().any(|one| theirs(one.by))
            || extra.votes.iter().any(|one| theirs(one.by))
            || extra.mentions.iter().any(named);
        touched.then(|| {
            let mut extra = extra.clone();
            extra.reactions.retain(|one| !theirs(one.by));
            extra.votes.retain(|one| !theirs(one.by));
            extra.mentions.retain(|jid| !named(jid));
            extra
        })
    }

    fn wrote(&self, row: &MessageRow) -> bool {
        !row.from_me && self.ids.contains(&row.sender_id) || self.chat == Some(row.chat_id)
    }
}

impl Domain {
    /// Erases a person from a session. Runs on when the caller goes away.
    pub async fn erase_contact(
        self: &Arc<Self>,
        scope: SessionScope,
        address: Address,
        by: &By,
    ) -> Result<ErasureReport> {
        let (domain, by) = (Arc::clone(self), by.clone());
        let at_work = async move { domain.erase_person(scope, address, by).await };
        tokio::spawn(at_work)
            .await
            .map_err(|error| Error::Internal(format!("erasure: {error}")))?
    }

    async fn erase_person(
        self: Arc<Self>,
        scope: SessionScope,
        address: Address,
        by: By,
    ) -> Result<ErasureReport> {
        let s = scope.no;
        let (person, known, jid) = self
            .store
            .read(move |view| {
                let show = Show::new(view, scope)?;
                let row = show
                    .person_at(&address)?
                    .ok_or(Error::NotFound("contact"))?;
                let own = show.own.is(row.lid.as_ref(), row.phone.as_ref());
                if own || row.flags & flags::SELF != 0 {
                    return Err(Error::invalid("lid", "is the session's own account"));
                }
                let chat = view.chat_of(s, &ChatPeer::Person(row.id))?;
                let jid = chat.as_ref().map(|chat| show.chat_jid(chat)).transpose()?;
                let known = Known::of(&row, view.aliases_of(s, row.id)?, chat.map(|chat| chat.id));
                Ok((row, known, jid))
            })
            .await?;
        let mut report = ErasureReport {
            device_keys: self.erase_device_keys(scope, &known).await?,
            ..ErasureReport::default()
        };
        if let Some(chat) = known.chat {
            report.sends = self
                .take_out(ROWS, move |tx| tx.erase_sends(s, chat, ROWS))
                .await? as u64;
        }
        let files = self.erase_messages(scope, &known, &mut report).await?;
        if let Some(jid) = jid {
            self.erase_chat(scope, &jid).await?;
            report.chats = 1;
        }
        let id = person.id;
        report.receipts = self
            .take_out(ROWS, move |tx| tx.erase_receipts(s, id, ROWS))
            .await? as u64;
        report.files = self.erase_files(files).await?;
        let (events, last) = self.erase_events(scope, &known, 0).await?;
        report.memberships = self.erase_row(scope, person, &known, &by).await?;
        // What was told while the others were gone through.
        let (late, _) = self.erase_events(scope, &known, last).await?;
        report.events = events + late;
        Ok(report)
    }

    async fn erase_device_keys(&self, scope: SessionScope, known: &Known) -> Result<u64> {
        let mut gone = 0;
        for jid in known.jids.clone() {
            let user = jid.split('@').next().unwrap_or_default().to_owned();
            let erase = move |tx: &mut dyn Tx| tx.erase_device_keys(scope.no, &user);
            gone += self.store.write(erase).await? as u64;
        }
        Ok(gone)
    }

    /// What they wrote goes, what of theirs hangs on others' goes; the files that named are returned.
    async fn erase_messages(
        &self,
        scope: SessionScope,
        known: &Known,
        report: &mut ErasureReport,
    ) -> Result<BTreeSet<String>> {
        let s = scope.no;
        let mut files = BTreeSet::new();
        let mut from = 1;
        let last = self.store.read(move |view| view.last_message_id(s)).await?;
        while from <= last {
            let to = from + PAGE - 1;
            let rows = self
                .store
                .read(move |view| view.messages_between(s, from, to))
                .await?;
            from = to + 1;
            let (mut theirs, mut touched) = (Vec::new(), Vec::new());
            for row in rows {
                if known.wrote(&row) {
                    theirs.push(row.id);
                    files.insert(row.extra.file);
                } else {
                    touched.extend(known.cleaned(&row.extra).map(|_| row.id));
                }
            }
            report.messages += theirs.len() as u64;
            report.reactions += touched.len() as u64;
            let mut work = theirs.into_iter().chain(touched).peekable();
            while work.peek().is_some() {
                let (step, known) = (
                    work.by_ref().take(MESSAGES).collect::<Vec<_>>(),
                    known.clone(),
                );
                // Read again: somebody may have written since.
                self.store
                    .write(move |tx| {
                        tx.session(&scope.org, &scope.id)?
                            .ok_or(Error::NotFound("session"))?;
                        for row in tx.messages_by_ids(s, &step)? {
                            if known.wrote(&row) {
                                drop_message(tx, s, &row)?;
                            } else if let Some(extra) = known.cleaned(&row.extra) {
                                tx.put_message(s, &MessageRow { extra, ..row })?;
                            }
                        }
                        Ok(())
                    })
                    .await?;
                tokio::time::sleep(BREATH).await;
            }
        }
        files.remove("");
        Ok(files)
    }

    async fn erase_chat(self: &Arc<Self>, scope: SessionScope, jid: &str) -> Result<()> {
        let jid: ChatJid = jid
            .parse()
            .map_err(|_| Error::Internal("a chat's JID does not parse".into()))?;
        let (ids, now) = (Arc::clone(&self.ids), self.clock.now());
        let gone = self
            .store
            .write(move |tx| ingest::delete_chat(tx, scope, ids, now, &jid))
            .await;
        match gone {
            Ok(()) | Err(Error::NotFound("chat")) => {}
            Err(error) => return Err(error),
        }
        self.tend_search(scope);
        Ok(())
    }

    /// Files that another row names, of whatever session, stay.
    async fn erase_files(&self, files: BTreeSet<String>) -> Result<u64> {
        if files.is_empty() {
            return Ok(0);
        }
        let loose = self.store.read(|view| view.loose_files()).await?;
        let mut gone = 0;
        for file in loose {
            if !file.named
                && files.contains(&file.sha256)
                && self.media.blobs.remove(&file.sha256, Millis::MAX).await?
            {
                gone += 1;
            }
        }
        Ok(gone)
    }

    /// Memberships, lists, and the row itself; how many memberships.
    async fn erase_row(
        &self,
        scope: SessionScope,
        person: PersonRow,
        known: &Known,
        by: &By,
    ) -> Result<u64> {
        let (s, trail, jids) = (scope.no, self.trail(by), known.jids.clone());
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                // It may have learnt something since.
                let Some(row) = tx.person(s, person.id)? else {
                    return Ok(0);
                };
                for jid in &jids {
                    // As a whole text, or as the user of a JID.
                    let user = jid.split('@').next().unwrap_or(jid);
                    tx.erase_waiting_deeds(s, &format!("\"{user}\""))?;
                    tx.erase_waiting_deeds(s, &format!("\"{user}@"))?;
                }
                let mut lists = PostingBuffer::new(s);
                let memberships = tx.memberships(s, row.id)?;
                for member in &memberships {
                    lists.set(tx, Key::Members(member.group_id), row.id, false)?;
                    tx.delete_member(s, member.id)?;
                    if member.present
                        && let Some(mut group) = tx.group_by_id(s, member.group_id)?
                    {
                        group.participant_count = group.participant_count.saturating_sub(1);
                        tx.put_group(s, &group)?;
                    }
                }
                for mut group in tx.groups_owned(s, row.id)? {
                    group.owner_id = None;
                    group.updated_at = now;
                    tx.put_group(s, &group)?;
                }
                if let Some(left) = tx.chat_of(s, &ChatPeer::Person(row.id))? {
                    // They wrote meanwhile.
                    tx.delete_chat(s, left.id)?;
                }
                index::update(tx, &mut lists, Some(&row), None)?;
                lists.flush(tx)?;
                tx.erase_aliases(s, row.id)?;
                tx.delete_person(s, row.id)?;
                let target = format!("{}/{}", scope.id, row.id);
                trail.note(tx, Some(scope.org), "contact.erase", target, json!({}))?;
                Ok(memberships.len() as u64)
            })
            .await
    }

    /// How many after the event of this number, and the number of the last.
    async fn erase_events(
        &self,
        scope: SessionScope,
        known: &Known,
        mut after: i64,
    ) -> Result<(u64, i64)> {
        let mut gone = 0;
        let limit = usize::try_from(PAGE).unwrap_or(usize::MAX);
        loop {
            let rows = self
                .store
                .read(move |view| view.event_payloads(&scope.id, after, limit))
                .await?;
            let Some((last, _)) = rows.last() else {
                return Ok((gone, after));
            };
            after = *last;
            let about: Vec<i64> = rows
                .iter()
                .filter(|(_, text)| {
                    let value: Value = serde_json::from_str(text).unwrap_or_default();
                    known.in_payload(&value)
                })
                .map(|(seq, _)| *seq)
                .collect();
            gone += about.len() as u64;
            for step in about.chunks(ROWS) {
                let step = step.to_vec();
                self.store
                    .write(move |tx| tx.erase_payloads(&scope.id, &step))
                    .await?;
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}
