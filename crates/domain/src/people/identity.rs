//! Whose row it is: resolves the ids a person was seen under, within one write job.
//!
//! The LID is the identity; a number belongs to whoever holds it now.
//! - A known row learns the id it lacks.
//! - A number seen under another LID moves: the old row keeps LID, history and chat and loses the number.
//! - A row with only a number and a row with only a LID that turn out to be one person are joined ([`super::merge`]).
//! - Two LIDs never merge. A LID seen with another number has changed its number.
//!
//! Rows are written through at once, so the store always answers for them; lists are collected in the
//! [`PostingBuffer`] and written by [`Roster::finish`], which also logs what changed.

use super::{
    Contact,
    buffer::{Key, PostingBuffer},
    flags, index,
};
use crate::{
    Error, Result,
    contacts::PersonRef,
    events::Log,
    inbound::{NameSource, Seen},
    ingest::row_ids::RowIds,
    ports::store::{PersonRow, RowKind, Tx},
    sessions::SessionNo,
    show::Own,
};
use std::collections::{BTreeMap, BTreeSet};
use wharf_types::{Millis, Phone};

/// The people of one session during one write job.
pub struct Roster {
    pub(super) s: SessionNo,
    pub(super) now: Millis,
    pub(super) postings: PostingBuffer,
    /// Rows that were joined: the kept one, and the dropped one as it was.
    pub(super) merged: Vec<(i64, PersonRow)>,
    /// Chats that joining changed.
    pub(super) chats: BTreeSet<i64>,
    own: Own,
    row_ids: RowIds,
    /// Changes are part of a bulk: nobody is told row by row.
    quiet: bool,
    /// Rows as they were before they changed loudly; `None` = there was none.
    before: BTreeMap<i64, Option<PersonRow>>,
    /// People who can be found now and could not before.
    found: BTreeSet<i64>,
    /// People whose picture changed, which no row holds.
    pictured: BTreeSet<i64>,
}

impl Roster {
    /// For one job.
    pub fn new(s: SessionNo, own: Own, now: Millis) -> Self {
        Self {
            s,
            now,
            postings: PostingBuffer::new(s),
            merged: Vec::new(),
            chats: BTreeSet::new(),
            own,
            row_ids: RowIds::new(s, RowKind::Person),
            quiet: false,
            before: BTreeMap::new(),
            found: BTreeSet::new(),
            pictured: BTreeSet::new(),
        }
    }

    /// Whether what follows is part of a bulk.
    pub fn set_quiet(&mut self, quiet: bool) {
        self.quiet = quiet;
    }

    /// The session's account.
    pub fn own(&self) -> &Own {
        &self.own
    }

    /// How many people this job made findable.
    pub fn found(&self) -> usize {
        self.found.len()
    }

    /// The row of a person, made when there is none. May join two rows: ids held from before can be gone then.
    pub fn resolve(&mut self, tx: &mut dyn Tx, seen: &Seen) -> Result<PersonRow> {
        let by_lid = match &seen.lid {
            Some(lid) => tx.person_by_lid(self.s, lid)?,
            None => None,
        };
        let by_lid = by_lid.map_or(Ok(None), |id| tx.person(self.s, id))?;
        let by_phone = match &seen.phone {
            Some(phone) => self.holder(tx, phone)?,
            None => None,
        };
        let row = match (by_lid, by_phone) {
            (None, None) => self.create(tx, seen)?,
            (Some(row), None) => match &seen.phone {
                Some(phone) => self.give_number(tx, row, phone)?,
                None => row,
            },
            (None, Some(row)) => match &seen.lid {
                None => row,
                Some(lid) if row.lid.is_none() => {
                    let mut known = row.clone();
                    known.lid = Some(lid.clone());
                    self.put(tx, Some(&row), known)?
                }
                Some(_) => {
                    self.take_number(tx, row)?;
                    self.create(tx, seen)?
                }
            },
            (Some(row), Some(holder)) if row.id == holder.id => row,
            (Some(row), Some(holder)) => match &seen.phone {
                Some(phone) if holder.lid.is_some() => {
                    self.take_number(tx, holder)?;
                    self.give_number(tx, row, phone)?
                }
                _ => {
                    // A LID has one number at a time: the one it had is stale, so it is a row without a number.
                    let row = if row.phone.is_some() {
                        self.take_number(tx, row)?
                    } else {
                        row
                    };
                    self.merge(tx, row, holder)?
                }
            },
        };
        self.check_own(tx, row)
    }

    /// Rows of several people as they are once all of them are resolved.
    pub fn resolve_all<'a>(
        &mut self,
        tx: &mut dyn Tx,
        seen: impl Iterator<Item = &'a Seen>,
    ) -> Result<Vec<PersonRow>> {
        let mut ids = Vec::new();
        for seen in seen {
            ids.push(self.resolve(tx, seen)?.id);
        }
        ids.into_iter().map(|id| self.current(tx, id)).collect()
    }

    /// The person that a row resolved before is now: others resolved since may have joined or changed it.
    pub fn current(&self, tx: &dyn Tx, id: i64) -> Result<PersonRow> {
        let mut at = id;
        loop {
            if let Some(row) = tx.person(self.s, at)? {
                return Ok(row);
            }
            at = tx.person_alias(self.s, at)?.ok_or_else(|| {
                Error::Internal("a person's row is gone and leads nowhere".into())
            })?;
        }
    }

    /// A number change that WhatsApp reports keeps the row.
    pub fn number_changed(&mut self, tx: &mut dyn Tx, old: &Seen, new: &Seen) -> Result<()> {
        let known = match (&old.lid, &old.phone) {
            (Some(lid), _) => tx
                .person_by_lid(self.s, lid)?
                .map_or(Ok(None), |id| tx.person(self.s, id))?,
            (None, Some(phone)) => self.holder(tx, phone)?,
            (None, None) => None,
        };
        let Some(row) = known else {
            return self.resolve(tx, new).map(|_| ());
        };
        if let (Some(had), Some(has)) = (&row.lid, &new.lid)
            && had != has
        {
            // Two LIDs never merge: the new one is somebody of their own.
            return self.resolve(tx, new).map(|_| ());
        }
        let Some(phone) = &new.phone else {
            return self.resolve(tx, new).map(|_| ());
        };
        if let Some(lid) = row.lid.clone().or_else(|| new.lid.clone()) {
            let both = Seen {
                lid: Some(lid.clone()),
                phone: row.phone.clone(),
            };
            self.resolve(tx, &both)?;
            let both = Seen {
                lid: Some(lid),
                phone: Some(phone.clone()),
            };
            return self.resolve(tx, &both).map(|_| ());
        }
        // Neither side has a LID: where the new number is somebody's already, nothing proves them one.
        if self.holder(tx, phone)?.is_none() {
            self.give_number(tx, row, phone)?;
        }
        Ok(())
    }

    /// Sets or (with "") takes away a name; the address book's also decides who is in it.
    pub fn name(
        &mut self,
        tx: &mut dyn Tx,
        id: i64,
        source: NameSource,
        name: &str,
    ) -> Result<PersonRow> {
        let row = self.current(tx, id)?;
        let mut named = row.clone();
        match source {
            NameSource::AddressBook => {
                named.names.address_book = name.to_owned();
                if name.is_empty() {
                    named.flags &= !flags::ADDRESS_BOOK;
                } else {
                    named.flags |= flags::ADDRESS_BOOK;
                }
            }
            NameSource::Business => named.names.business = name.to_owned(),
            NameSource::Push => named.names.push = name.to_owned(),
        }
        self.put(tx, Some(&row), named)
    }

    /// Sets or clears a list flag.
    pub fn flag(&mut self, tx: &mut dyn Tx, id: i64, flag: u8, on: bool) -> Result<PersonRow> {
        let row = self.current(tx, id)?;
        let mut flagged = row.clone();
        flagged.flags = if on {
            row.flags | flag
        } else {
            row.flags & !flag
        };
        self.put(tx, Some(&row), flagged)
    }

    /// Puts a person on a group's list of present members, or takes them off.
    pub fn member(
        &mut self,
        tx: &mut dyn Tx,
        group: i64,
        row: &PersonRow,
        present: bool,
    ) -> Result<()> {
        let on = present && row.flags & flags::SELF == 0;
        self.postings.set(tx, Key::Members(group), row.id, on)
    }

    /// Who holds the number now; a number that has moved on leads nowhere here.
    fn holder(&self, tx: &dyn Tx, phone: &Phone) -> Result<Option<PersonRow>> {
        let Some(id) = tx.person_by_phone(self.s, phone)? else {
            return Ok(None);
        };
        Ok(tx
            .person(self.s, id)?
            .filter(|row| row.phone.as_ref() == Some(phone)))
    }

    /// A known person's picture changed; nobody is met by that alone.
    pub fn picture_changed(&mut self, tx: &mut dyn Tx, seen: &Seen) -> Result<()> {
        let by_lid = match &seen.lid {
            Some(lid) => tx.person_by_lid(self.s, lid)?,
            None => None,
        };
        let id = match (by_lid, &seen.phone) {
            (None, Some(phone)) => self.holder(tx, phone)?.map(|row| row.id),
            (id, _) => id,
        };
        if let Some(id) = id {
            let row = self.current(tx, id)?;
            self.pictured.insert(id);
            self.before.entry(id).or_insert(Some(row));
        }
        Ok(())
    }

    fn create(&mut self, tx: &mut dyn Tx, seen: &Seen) -> Result<PersonRow> {
        let row = PersonRow {
            id: self.row_ids.give(tx)?,
            lid: seen.lid.clone(),
            phone: seen.phone.clone(),
            names: super::Names::default(),
            flags: 0,
            first_seen_at: self.now,
            updated_at: self.now,
        };
        self.put(tx, None, row)
    }

    fn give_number(&mut self, tx: &mut dyn Tx, row: PersonRow, phone: &Phone) -> Result<PersonRow> {
        let mut reachable = row.clone();
        reachable.phone = Some(phone.clone());
        self.put(tx, Some(&row), reachable)
    }

    fn take_number(&mut self, tx: &mut dyn Tx, row: PersonRow) -> Result<PersonRow> {
        let mut without = row.clone();
        without.phone = None;
        self.put(tx, Some(&row), without)
    }

    /// The account itself is on no list, however late it is recognised.
    fn check_own(&mut self, tx: &mut dyn Tx, row: PersonRow) -> Result<PersonRow> {
        if self.is_own(&row) == (row.flags & flags::SELF != 0) {
            return Ok(row);
        }
        self.put(tx, Some(&row.clone()), row)
    }

    fn is_own(&self, row: &PersonRow) -> bool {
        self.own.is(row.lid.as_ref(), row.phone.as_ref())
    }

    /// Writes a row and moves it between lists; nothing happens when it stays as it was.
    pub(super) fn put(
        &mut self,
        tx: &mut dyn Tx,
        was: Option<&PersonRow>,
        mut row: PersonRow,
    ) -> Result<PersonRow> {
        row.flags = if self.is_own(&row) {
            row.flags | flags::SELF
        } else {
            row.flags & !flags::SELF
        };
        if was == Some(&row) {
            return Ok(row);
        }
        row.updated_at = self.now;
        tx.put_person(self.s, &row, index::sort_key(&row).as_deref())?;
        index::update(tx, &mut self.postings, was, Some(&row))?;
        if was.is_some_and(|was| (was.flags ^ row.flags) & flags::SELF != 0) {
            for member in tx.memberships(self.s, row.id)? {
                self.member(tx, member.group_id, &row, member.present)?;
            }
        }
        if index::findable(&row) && !was.is_some_and(index::findable) {
            self.found.insert(row.id);
        }
        if !self.quiet {
            self.before.entry(row.id).or_insert_with(|| was.cloned());
        }
        Ok(row)
    }

    /// Writes the lists and logs what became of people. Chats that joining changed are handed over.
    pub fn finish(mut self, tx: &mut dyn Tx, log: &mut Log) -> Result<BTreeSet<i64>> {
        self.postings.flush(tx)?;
        for (kept, dropped) in &self.merged {
            let row = self.current(tx, *kept)?;
            let refs = (PersonRef::from(&row), PersonRef::from(dropped));
            log.contact_merged(tx, &refs.0, &refs.1, &Contact::of(&row, None))?;
        }
        for (id, was) in &self.before {
            let Some(is) = tx.person(self.s, *id)? else {
                continue;
            };
            let shown = Contact::of(&is, None);
            let item = |row: &PersonRow| Contact {
                source: shown.source,
                ..Contact::of(row, None)
            };
            let news =
                was.as_ref().map(item).as_ref() != Some(&shown) || self.pictured.contains(id);
            if index::findable(&is) && news {
                log.contact_updated(tx, *id, &shown)?;
            }
        }
        Ok(self.chats)
    }
}
