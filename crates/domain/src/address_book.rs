//! Who is in the address book: the engine asks, to learn who left it.

use crate::{
    Domain, Result,
    inbound::Seen,
    people::{
        ListKey,
        posting::{Bits, id_at},
    },
    ports::store::{StoreExt, View},
    sessions::{SessionNo, SessionScope},
};

/// Chunks of the list read at a time.
const CHUNKS: usize = 16;

impl Domain {
    /// The ids of everybody who has an address-book name.
    pub(crate) async fn address_book(&self, scope: SessionScope) -> Result<Vec<Seen>> {
        self.store.read(move |view| people(view, scope.no)).await
    }
}

fn people(view: &dyn View, s: SessionNo) -> Result<Vec<Seen>> {
    let (mut all, mut from) = (Vec::new(), 0);
    loop {
        let chunks = view.postings_from(s, &ListKey::AddressBook, from, CHUNKS)?;
        for (chunk, bytes) in &chunks {
            let ids: Vec<i64> = Bits::decode(bytes)?
                .iter()
                .map(|offset| id_at(*chunk, offset))
                .collect();
            all.extend(view.people_by_ids(s, &ids)?.into_iter().map(|row| Seen {
                lid: row.lid,
                phone: row.phone,
            }));
            from = chunk.saturating_add(1);
        }
        if chunks.len() < CHUNKS {
            return Ok(all);
        }
    }
}
