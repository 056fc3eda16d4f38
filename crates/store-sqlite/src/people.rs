//! People: their rows, the ids they had before, the name index, the posting lists.

use crate::{
    columns::{lid_opt, limit, parsed_opt},
    error::Fault,
    rows::Rows,
};
use rusqlite::{Row, params};
use wharf_domain::{
    Result,
    people::{ListKey, Names},
    ports::store::{PeopleTx, PeopleView, PersonRow},
    sessions::SessionNo,
};
use wharf_types::{Lid, Phone};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, lid, phone, address_book, business, push, flags, first_seen_at, updated_at FROM people ",
            $rest
        )
    };
}

const BY_ID: &str = select!("WHERE session = ?1 AND id = ?2");

fn person_row(row: &Row<'_>) -> Result<PersonRow, Fault> {
    Ok(PersonRow {
        id: row.get(0)?,
        lid: lid_opt(row, 1)?,
        phone: parsed_opt(row, 2, "phone")?,
        names: Names {
            address_book: row.get(3)?,
            business: row.get(4)?,
            push: row.get(5)?,
        },
        flags: row.get(6)?,
        first_seen_at: row.get(7)?,
        updated_at: row.get(8)?,
    })
}

fn only_id(row: &Row<'_>) -> Result<i64, Fault> {
    Ok(row.get(0)?)
}

impl Rows<'_> {
    fn alias(&self, s: SessionNo, kind: &str, dropped: &str) -> Result<Option<i64>> {
        self.one(
            "SELECT kept FROM person_aliases WHERE session = ?1 AND kind = ?2 AND dropped = ?3",
            params![s.0, kind, dropped],
            only_id,
        )
    }

    fn put_alias(&self, s: SessionNo, kind: &str, dropped: &str, kept: i64) -> Result<()> {
        self.run(
            "INSERT INTO person_aliases (session, kind, dropped, kept) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (session, kind, dropped) DO UPDATE SET kept = excluded.kept",
            params![s.0, kind, dropped, kept],
        )?;
        Ok(())
    }
}

/// The part of a block's place that is the block.
const BLOCK: i64 = 0xffff_ffff;

/// Where a session's block of contact items lies: blocks of one session follow one another.
fn item_place(s: SessionNo, block: u32) -> i64 {
    (s.0 << 32) | i64::from(block)
}

impl PeopleView for Rows<'_> {
    fn person(&self, s: SessionNo, id: i64) -> Result<Option<PersonRow>> {
        self.one(BY_ID, params![s.0, id], person_row)
    }

    fn last_person_id(&self, s: SessionNo) -> Result<i64> {
        let last = self.one(
            "SELECT id FROM people WHERE session = ?1 ORDER BY id DESC LIMIT 1",
            params![s.0],
            |row| Ok(row.get(0)?),
        )?;
        Ok(last.unwrap_or(0))
    }

    fn person_by_lid(&self, s: SessionNo, lid: &Lid) -> Result<Option<i64>> {
        let held = self.one(
            "SELECT id FROM people WHERE session = ?1 AND lid = ?2",
            params![s.0, lid.as_str()],
            only_id,
        )?;
        match held {
            None => self.alias(s, "l", lid.as_str()),
            held => Ok(held),
        }
    }

    fn person_by_phone(&self, s: SessionNo, phone: &Phone) -> Result<Option<i64>> {
        let held = self.one(
            "SELECT id FROM people WHERE session = ?1 AND phone = ?2",
            params![s.0, phone.as_str()],
            only_id,
        )?;
        match held {
            None => self.alias(s, "p", phone.as_str()),
            held => Ok(held),
        }
    }

    fn person_alias(&self, s: SessionNo, dropped: i64) -> Result<Option<i64>> {
        self.alias(s, "i", &dropped.to_string())
    }

    fn people_between(&self, s: SessionNo, from: i64, to: i64) -> Result<Vec<PersonRow>> {
        self.many(
            select!("WHERE session = ?1 AND id BETWEEN ?2 AND ?3 ORDER BY id"),
            params![s.0, from, to],
            person_row,
        )
    }

    fn people_by_ids(&self, s: SessionNo, ids: &[i64]) -> Result<Vec<PersonRow>> {
        self.each(BY_ID, ids, |id| (s.0, *id), person_row)
    }

    fn item_blocks(
        &self,
        s: SessionNo,
        blocks: &[u32],
        each: &mut dyn FnMut(u32, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let mut show = |row: &Row<'_>| {
            let block = u32::try_from(row.get::<_, i64>(0)? & BLOCK)
                .map_err(|_| Fault::Corrupt("place of contact items"))?;
            each(block, row.get_ref(1)?.as_blob()?)
                .map_err(|_| Fault::Corrupt("block of contact items"))
        };
        // A page's blocks mostly follow one another: one statement that walks costs less than one start for each.
        if let [first, .., last] = blocks
            && usize::try_from(last - first).is_ok_and(|span| span + 1 == blocks.len())
        {
            self.many(
                "SELECT place, items FROM item_blocks WHERE place BETWEEN ?1 AND ?2 ORDER BY place",
                (item_place(s, *first), item_place(s, *last)),
                &mut show,
            )?;
        } else {
            self.each(
                "SELECT place, items FROM item_blocks WHERE place = ?1",
                blocks,
                |block| (item_place(s, *block),),
                &mut show,
            )?;
        }
        Ok(())
    }

    fn people_by_name(
        &self,
        s: SessionNo,
        after: Option<(&str, i64)>,
        rows: usize,
    ) -> Result<Vec<(String, i64)>> {
        let (key, id) = after.unwrap_or(("", i64::MIN));
        self.many(
            "SELECT sort_key, id FROM people
             WHERE session = ?1 AND sort_key IS NOT NULL AND (sort_key, id) > (?2, ?3)
             ORDER BY sort_key, id LIMIT ?4",
            params![s.0, key, id, limit(rows)],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
    }

    fn posting(&self, s: SessionNo, list: &ListKey, chunk: u32) -> Result<Option<Vec<u8>>> {
        self.one(
            "SELECT bits FROM postings WHERE session = ?1 AND list = ?2 AND chunk = ?3",
            params![s.0, list.encode(), chunk],
            |row| Ok(row.get(0)?),
        )
    }

    fn postings_from(
        &self,
        s: SessionNo,
        list: &ListKey,
        from: u32,
        chunks: usize,
    ) -> Result<Vec<(u32, Vec<u8>)>> {
        self.many(
            "SELECT chunk, bits FROM postings WHERE session = ?1 AND list = ?2 AND chunk >= ?3
             ORDER BY chunk LIMIT ?4",
            params![s.0, list.encode(), from, limit(chunks)],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
    }

    fn posting_chunks(&self, s: SessionNo, list: &ListKey, at_most: usize) -> Result<usize> {
        let chunks = self.one(
            "SELECT count(*) FROM
                 (SELECT 1 FROM postings WHERE session = ?1 AND list = ?2 ORDER BY chunk LIMIT ?3)",
            params![s.0, list.encode(), limit(at_most)],
            only_id,
        )?;
        Ok(usize::try_from(chunks.unwrap_or(0)).unwrap_or(0))
    }
}

impl PeopleTx for Rows<'_> {
    fn put_person(&mut self, s: SessionNo, row: &PersonRow, sort_key: Option<&str>) -> Result<()> {
        self.run(
            "INSERT INTO people
                 (session, id, lid, phone, address_book, business, push, flags, first_seen_at, updated_at, sort_key)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (session, id) DO UPDATE SET
                 lid = excluded.lid, phone = excluded.phone, address_book = excluded.address_book,
                 business = excluded.business, push = excluded.push, flags = excluded.flags,
                 first_seen_at = excluded.first_seen_at, updated_at = excluded.updated_at,
                 sort_key = excluded.sort_key",
            params![
                s.0,
                row.id,
                row.lid.as_ref().map(Lid::as_str),
                row.phone.as_ref().map(Phone::as_str),
                row.names.address_book,
                row.names.business,
                row.names.push,
                row.flags,
                row.first_seen_at,
                row.updated_at,
                sort_key,
            ],
        )?;
        Ok(())
    }

    fn delete_person(&mut self, s: SessionNo, id: i64) -> Result<()> {
        self.run(
            "DELETE FROM people WHERE session = ?1 AND id = ?2",
            params![s.0, id],
        )?;
        Ok(())
    }

    fn put_item_block(&mut self, s: SessionNo, block: u32, bytes: &[u8]) -> Result<()> {
        if bytes.is_empty() {
            self.run(
                "DELETE FROM item_blocks WHERE place = ?1",
                [item_place(s, block)],
            )?;
        } else {
            self.run(
                "INSERT INTO item_blocks (place, session, items) VALUES (?1, ?2, ?3)
                 ON CONFLICT (place) DO UPDATE SET items = excluded.items",
                params![item_place(s, block), s.0, bytes],
            )?;
        }
        Ok(())
    }

    fn put_person_alias(&mut self, s: SessionNo, dropped: &PersonRow, kept: i64) -> Result<()> {
        // What led to the dropped row leads on, so that a look-up is always one step.
        self.run(
            "UPDATE person_aliases SET kept = ?3 WHERE session = ?1 AND kept = ?2",
            params![s.0, dropped.id, kept],
        )?;
        self.put_alias(s, "i", &dropped.id.to_string(), kept)?;
        if let Some(lid) = &dropped.lid {
            self.put_alias(s, "l", lid.as_str(), kept)?;
        }
        if let Some(phone) = &dropped.phone {
            self.put_alias(s, "p", phone.as_str(), kept)?;
        }
        Ok(())
    }

    fn put_posting(&mut self, s: SessionNo, list: &ListKey, chunk: u32, bits: &[u8]) -> Result<()> {
        if bits.is_empty() {
            self.run(
                "DELETE FROM postings WHERE session = ?1 AND list = ?2 AND chunk = ?3",
                params![s.0, list.encode(), chunk],
            )?;
        } else {
            self.run(
                "INSERT INTO postings (session, list, chunk, bits) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (session, list, chunk) DO UPDATE SET bits = excluded.bits",
                params![s.0, list.encode(), chunk, bits],
            )?;
        }
        Ok(())
    }

    fn repoint_person(&mut self, s: SessionNo, from: i64, to: i64) -> Result<()> {
        if from == to {
            return Ok(());
        }
        self.repoint_messages(s, from, to)?;
        for sql in [
            "UPDATE chats SET person = ?3 WHERE session = ?1 AND person = ?2",
            "UPDATE groups SET owner = ?3 WHERE session = ?1 AND owner = ?2",
            "UPDATE members SET person = ?3 WHERE session = ?1 AND person = ?2",
            "INSERT INTO receipts (session, message, member, level, at)
                 SELECT session, message, ?3, level, at FROM receipts WHERE session = ?1 AND member = ?2
                 ON CONFLICT (session, message, member) DO UPDATE SET level = excluded.level, at = excluded.at
                     WHERE excluded.level > level",
        ] {
            self.run(sql, params![s.0, from, to])?;
        }
        self.run(
            "DELETE FROM receipts WHERE session = ?1 AND member = ?2",
            params![s.0, from],
        )?;
        Ok(())
    }
}
