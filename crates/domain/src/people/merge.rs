//! Joining two rows that turn out to be one person.
//!
//! Only a row with a LID and no number and a row with a number and no LID are ever joined. In one transaction:
//! the older row id stays, chats and memberships of both become one, messages are deduplicated by (sender, id),
//! unread counters add up, and the dropped id, LID or number leads to the kept row from then on.

use super::{Names, buffer::Key, flags, identity::Roster, index};
use crate::{
    Result,
    chats::settings,
    ports::store::{ChatPeer, MemberRow, PersonRow, Tx},
    search::keep,
};

impl Roster {
    /// Joins the holder of a LID and the holder of a number.
    pub(super) fn merge(
        &mut self,
        tx: &mut dyn Tx,
        a: PersonRow,
        b: PersonRow,
    ) -> Result<PersonRow> {
        let (kept, dropped) = if a.id < b.id { (a, b) } else { (b, a) };
        self.join_chats(tx, kept.id, dropped.id)?;
        self.join_memberships(tx, kept.id, dropped.id)?;
        tx.repoint_person(self.s, dropped.id, kept.id)?;
        tx.put_person_alias(self.s, &dropped, kept.id)?;
        tx.delete_person(self.s, dropped.id)?;
        index::update(tx, &mut self.postings, Some(&dropped), None)?;
        let joined = PersonRow {
            id: kept.id,
            lid: kept.lid.clone().or_else(|| dropped.lid.clone()),
            phone: kept.phone.clone().or_else(|| dropped.phone.clone()),
            names: join_names(&kept, &dropped),
            flags: kept.flags | dropped.flags,
            first_seen_at: kept.first_seen_at.min(dropped.first_seen_at),
            updated_at: kept.updated_at,
        };
        let joined = self.put(tx, Some(&kept), joined)?;
        for member in tx.memberships(self.s, joined.id)? {
            self.member(tx, member.group_id, &joined, member.present)?;
        }
        self.merged.push((joined.id, dropped));
        Ok(joined)
    }

    fn join_chats(&mut self, tx: &mut dyn Tx, kept: i64, dropped: i64) -> Result<()> {
        let theirs = tx.chat_of(self.s, &ChatPeer::Person(dropped))?;
        let Some(theirs) = theirs else {
            return Ok(());
        };
        let Some(ours) = tx.chat_of(self.s, &ChatPeer::Person(kept))? else {
            self.chats.insert(theirs.id);
            return Ok(());
        };
        let (mut stays, goes) = if ours.id < theirs.id {
            (ours, theirs)
        } else {
            (theirs, ours)
        };
        tx.move_messages(self.s, goes.id, stays.id)?;
        keep::moved(tx, self.s, goes.id, stays.id)?;
        stays.peer = ChatPeer::Person(kept);
        stays.archived &= goes.archived;
        stays.pinned |= goes.pinned;
        stays.muted_until = stays.muted_until.max(goes.muted_until);
        stays.unread = stays.unread.saturating_add(goes.unread);
        stays.last_at = stays.last_at.max(goes.last_at);
        if stays.name.is_empty() {
            stays.name = goes.name;
        }
        settings::join(tx, self.s, &mut stays, goes.id)?;
        tx.delete_chat(self.s, goes.id)?;
        tx.put_chat(self.s, &stays)?;
        self.chats.remove(&goes.id);
        self.chats.insert(stays.id);
        Ok(())
    }

    fn join_memberships(&mut self, tx: &mut dyn Tx, kept: i64, dropped: i64) -> Result<()> {
        for theirs in tx.memberships(self.s, dropped)? {
            self.postings
                .set(tx, Key::Members(theirs.group_id), dropped, false)?;
            let Some(ours) = tx.member(self.s, theirs.group_id, kept)? else {
                continue;
            };
            let both_present = ours.present && theirs.present;
            let (stays, goes) = if ours.id < theirs.id {
                (ours, theirs)
            } else {
                (theirs, ours)
            };
            tx.delete_member(self.s, goes.id)?;
            // Whoever was seen later knows role and nickname better.
            let newest = if goes.last_seen_at > stays.last_seen_at {
                &goes
            } else {
                &stays
            };
            let joined = MemberRow {
                id: stays.id,
                group_id: stays.group_id,
                person_id: kept,
                role: newest.role.clone(),
                tag: newest.tag.clone(),
                present: stays.present || goes.present,
                first_seen_at: stays.first_seen_at.min(goes.first_seen_at),
                last_seen_at: newest.last_seen_at,
            };
            tx.put_member(self.s, &joined)?;
            if both_present && let Some(mut group) = tx.group_by_id(self.s, joined.group_id)? {
                group.participant_count = group.participant_count.saturating_sub(1);
                tx.put_group(self.s, &group)?;
            }
        }
        Ok(())
    }
}

/// Of each source the name of the row that changed last, if it has one.
fn join_names(kept: &PersonRow, dropped: &PersonRow) -> Names {
    let (newer, older) = if dropped.updated_at > kept.updated_at {
        (&dropped.names, &kept.names)
    } else {
        (&kept.names, &dropped.names)
    };
    let best = |newer: &String, older: &String| {
        if newer.is_empty() {
            older.clone()
        } else {
            newer.clone()
        }
    };
    // Out of the address book means without its name.
    let book = |row: &PersonRow| row.flags & flags::ADDRESS_BOOK != 0;
    Names {
        address_book: if book(kept) || book(dropped) {
            best(&newer.address_book, &older.address_book)
        } else {
            String::new()
        },
        business: best(&newer.business, &older.business),
        push: best(&newer.push, &older.push),
    }
}
