//! Keeping the index in step with rows, and the background work on it.

use super::segment::{self, Built, Docs, chat_term, terms};
use crate::{
    Domain, Result,
    people::posting::{Bits, Chunk},
    ports::store::{MessageRow, StoreExt, Tx},
    sessions::{SessionNo, SessionScope},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Between two jobs, so that others get at the writer.
const BREATH: Duration = Duration::from_millis(5);
/// After a failure of the store.
const PAUSE: Duration = Duration::from_secs(5);

/// A message's text changed: its bits follow, if it is in a segment already.
pub(crate) fn reworded(
    tx: &mut dyn Tx,
    s: SessionNo,
    was: &MessageRow,
    is: &MessageRow,
) -> Result<()> {
    let segment = segment::of(was.id);
    if segment >= tx.next_segment(s)? {
        return Ok(());
    }
    let (old, new) = (terms(&super::text_of(was)), terms(&super::text_of(is)));
    if old == new {
        return Ok(());
    }
    let Some(docs) = tx.segment_docs(s, segment)? else {
        return Ok(());
    };
    let Some(place) = Docs::decode(segment, &docs)?.place(was.id) else {
        return Ok(());
    };
    let gone = old.iter().filter(|term| new.binary_search(term).is_err());
    let come = new.iter().filter(|term| old.binary_search(term).is_err());
    for (term, on) in gone.map(|t| (t, false)).chain(come.map(|t| (t, true))) {
        let stored = tx.search_bits(s, segment, *term)?.unwrap_or_default();
        let mut chunk = Chunk::decode(&stored)?;
        let changed = if on {
            chunk.insert(place)
        } else {
            chunk.remove(place)
        };
        if changed {
            tx.put_search_bits(s, segment, *term, &chunk.encode())?;
        }
    }
    Ok(())
}

/// All messages of one chat went into another.
pub(crate) fn moved(tx: &mut dyn Tx, s: SessionNo, from: i64, to: i64) -> Result<()> {
    for segment in 0..tx.next_segment(s)? {
        let Some(theirs) = tx.search_bits(s, segment, chat_term(from))? else {
            continue;
        };
        let ours = tx.search_bits(s, segment, chat_term(to))?;
        let mut both = Chunk::decode(&ours.unwrap_or_default())?;
        for place in Bits::decode(&theirs)?.iter() {
            both.insert(place);
        }
        tx.put_search_bits(s, segment, chat_term(to), &both.encode())?;
        tx.put_search_bits(s, segment, chat_term(from), &[])?;
    }
    Ok(())
}

/// A chat is being deleted: its messages are to be taken out of segments.
pub(crate) fn chat_gone(tx: &mut dyn Tx, s: SessionNo, chat: i64) -> Result<()> {
    if tx.next_segment(s)? > 0 {
        tx.put_search_purge(s, chat)?;
    }
    Ok(())
}

/// Takes a deleted chat's messages out of the first segment that has any; `false` when there is none left.
fn purge(tx: &mut dyn Tx, s: SessionNo, chat: i64) -> Result<bool> {
    for segment in 0..tx.next_segment(s)? {
        let Some(mask) = tx.search_bits(s, segment, chat_term(chat))? else {
            continue;
        };
        let mask: Vec<u16> = Bits::decode(&mask)?.iter().collect();
        for (term, bytes) in tx.segment_bits(s, segment)? {
            let mut chunk = Chunk::decode(&bytes)?;
            let mut changed = false;
            for place in &mask {
                changed |= chunk.remove(*place);
            }
            if changed {
                tx.put_search_bits(s, segment, term, &chunk.encode())?;
            }
        }
        return Ok(true);
    }
    tx.delete_search_purge(s, chat)?;
    Ok(false)
}

/// Sessions whose index is being worked on, and how far it is known to be built. In memory; losing it loses nothing.
#[derive(Default)]
pub(crate) struct Tenders(Mutex<HashMap<SessionNo, Tender>>);

#[derive(Default)]
struct Tender {
    running: bool,
    rung: bool,
    /// The next segment to build, once known.
    next: Option<i64>,
}

impl Tenders {
    fn with<T>(&self, session: SessionNo, work: impl FnOnce(&mut Tender) -> T) -> T {
        let mut tenders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        work(tenders.entry(session).or_default())
    }

    /// The session is gone.
    pub(crate) fn forget(&self, session: SessionNo) {
        let mut tenders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tenders.remove(&session);
    }
}

impl Domain {
    /// A message of this row id was stored: a segment may be over.
    pub(crate) fn search_grew(self: &Arc<Self>, scope: SessionScope, newest: i64) {
        let next = self.tenders.with(scope.no, |tender| tender.next);
        if next.is_none_or(|next| segment::of(newest) > next) {
            self.tend_search(scope);
        }
    }

    /// There may be something to build or to purge.
    pub(crate) fn tend_search(self: &Arc<Self>, scope: SessionScope) {
        let free = self.tenders.with(scope.no, |tender| {
            tender.rung = true;
            !std::mem::replace(&mut tender.running, true)
        });
        if free {
            let domain = Arc::clone(self);
            tokio::spawn(async move { domain.tend(scope).await });
        }
    }

    async fn tend(&self, scope: SessionScope) {
        loop {
            self.tenders.with(scope.no, |tender| tender.rung = false);
            match self.tend_once(scope).await {
                Ok(true) => {
                    tokio::time::sleep(BREATH).await;
                    continue;
                }
                Ok(false) => {}
                Err(crate::Error::NotFound(_)) => {
                    self.tenders.forget(scope.no);
                    return;
                }
                Err(error) => {
                    tracing::warn!(session = %scope.id, %error, "the search index waits");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            }
            let over = self.tenders.with(scope.no, |tender| {
                tender.running = tender.rung;
                !tender.rung
            });
            if over {
                return;
            }
        }
    }

    /// One small job; `false` when there is none.
    async fn tend_once(&self, scope: SessionScope) -> Result<bool> {
        let s = scope.no;
        let (gone, due) = self
            .store
            .read(move |view| {
                // A session that was deleted meanwhile has nothing to tend.
                view.session(&scope.org, &scope.id)?
                    .ok_or(crate::Error::NotFound("session"))?;
                let gone = view.search_purges(s, 1)?;
                let due = segment::due(view, s)?;
                let sources =
                    due.map(|next| segment::sources(view, s, next).map(|found| (next, found)));
                Ok((gone, sources.transpose()?))
            })
            .await?;
        if let Some(chat) = gone.first().copied() {
            self.store.write(move |tx| purge(tx, s, chat)).await?;
            return Ok(true);
        }
        let Some((next, sources)) = due else {
            let next = self.store.read(move |view| view.next_segment(s)).await?;
            self.tenders.with(s, |tender| tender.next = Some(next));
            return Ok(false);
        };
        let built = tokio::task::spawn_blocking(move || Built::new(next, sources));
        let built = built
            .await
            .map_err(|_| crate::Error::Internal("a search segment was not built".into()))?;
        self.store.write(move |tx| built.write(tx, s)).await?;
        Ok(true)
    }
}
