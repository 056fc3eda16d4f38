//! The search index: segments of messages and their postings.

use crate::{columns::limit, rows::Rows};
use rusqlite::params;
use wharf_domain::{
    Result,
    ports::store::{SearchTx, SearchView, SegmentRow},
    sessions::SessionNo,
};
use wharf_types::Millis;

impl SearchView for Rows<'_> {
    fn next_segment(&self, s: SessionNo) -> Result<i64> {
        let last = self.one(
            "SELECT segment FROM search_segments WHERE session = ?1 ORDER BY segment DESC LIMIT 1",
            params![s.0],
            |row| Ok(row.get::<_, i64>(0)?),
        )?;
        Ok(last.map_or(0, |last| last + 1))
    }

    fn segments_by_newest(
        &self,
        s: SessionNo,
        after: Option<(Millis, i64)>,
        rows: usize,
    ) -> Result<Vec<SegmentRow>> {
        let (newest, segment) = after.unwrap_or((Millis::MAX, i64::MAX));
        self.many(
            "SELECT segment, newest, oldest FROM search_segments
             WHERE session = ?1 AND (newest, segment) < (?2, ?3)
             ORDER BY newest DESC, segment DESC LIMIT ?4",
            params![s.0, newest, segment, limit(rows)],
            |row| {
                Ok(SegmentRow {
                    segment: row.get(0)?,
                    newest: row.get(1)?,
                    oldest: row.get(2)?,
                })
            },
        )
    }

    fn segment_docs(&self, s: SessionNo, segment: i64) -> Result<Option<Vec<u8>>> {
        self.one(
            "SELECT docs FROM search_segments WHERE session = ?1 AND segment = ?2",
            params![s.0, segment],
            |row| Ok(row.get(0)?),
        )
    }

    fn search_bits(&self, s: SessionNo, segment: i64, term: i64) -> Result<Option<Vec<u8>>> {
        self.one(
            "SELECT bits FROM search_postings WHERE session = ?1 AND segment = ?2 AND term = ?3",
            params![s.0, segment, term],
            |row| Ok(row.get(0)?),
        )
    }

    fn segment_bits(&self, s: SessionNo, segment: i64) -> Result<Vec<(i64, Vec<u8>)>> {
        self.many(
            "SELECT term, bits FROM search_postings WHERE session = ?1 AND segment = ?2 ORDER BY term",
            params![s.0, segment],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
    }

    fn search_purges(&self, s: SessionNo, rows: usize) -> Result<Vec<i64>> {
        self.many(
            "SELECT chat FROM search_purges WHERE session = ?1 ORDER BY chat LIMIT ?2",
            params![s.0, limit(rows)],
            |row| Ok(row.get(0)?),
        )
    }
}

impl SearchTx for Rows<'_> {
    fn put_segment(
        &mut self,
        s: SessionNo,
        segment: i64,
        newest: Millis,
        oldest: Millis,
        docs: &[u8],
    ) -> Result<()> {
        self.run(
            "INSERT INTO search_segments (session, segment, newest, oldest, docs) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![s.0, segment, newest, oldest, docs],
        )?;
        Ok(())
    }

    fn put_search_bits(
        &mut self,
        s: SessionNo,
        segment: i64,
        term: i64,
        bits: &[u8],
    ) -> Result<()> {
        if bits.is_empty() {
            self.run(
                "DELETE FROM search_postings WHERE session = ?1 AND segment = ?2 AND term = ?3",
                params![s.0, segment, term],
            )?;
        } else {
            self.run(
                "INSERT INTO search_postings (session, segment, term, bits) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (session, segment, term) DO UPDATE SET bits = excluded.bits",
                params![s.0, segment, term, bits],
            )?;
        }
        Ok(())
    }

    fn put_search_purge(&mut self, s: SessionNo, chat: i64) -> Result<()> {
        self.run(
            "INSERT INTO search_purges (session, chat) VALUES (?1, ?2) ON CONFLICT (session, chat) DO NOTHING",
            params![s.0, chat],
        )?;
        Ok(())
    }

    fn delete_search_purge(&mut self, s: SessionNo, chat: i64) -> Result<()> {
        self.run(
            "DELETE FROM search_purges WHERE session = ?1 AND chat = ?2",
            params![s.0, chat],
        )?;
        Ok(())
    }
}
