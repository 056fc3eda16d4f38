//! A reader that follows the log: first what it has missed, then what comes, with no gap and no duplicate in between.
//!
//! Why there is none: its mailbox is registered before the log is read. What is committed after the reading that found
//! nothing more is in the mailbox; what the mailbox holds besides was read from the log already, and has a place that
//! is not after the reader's. A mailbox that overflowed is emptied, and the log is read again from the reader's place.

use super::{
    Filter,
    hub::{Mailbox, Registered, Taken, Told},
    page::{Found, place_after},
};
use crate::{Domain, Result, ports::store::StoreExt};
use std::sync::{Arc, atomic::Ordering};
use wharf_types::{EventId, OrgId};

/// Rows of the log at a time: bounds what a reader of much holds in memory.
const PAGE: usize = 200;
/// Events taken out of the mailbox at a time.
const HAND: usize = 64;

/// Where a reader begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// With what comes.
    Now,
    /// After this event.
    After(EventId),
    /// After this place.
    Place(i64),
}

/// What a follower is told next.
#[derive(Debug)]
pub enum Next {
    /// Events in order; never none.
    Events(Vec<Told>),
    /// More came than its mailbox holds while it was not looking.
    Behind,
}

/// A reader of one organization's log.
pub struct Follower {
    domain: Arc<Domain>,
    org: OrgId,
    registered: Registered,
    place: i64,
}

impl Domain {
    /// Follows an organization's log; at most `holds` events wait for the reader while it is not looking.
    pub async fn follow(
        self: &Arc<Self>,
        org: OrgId,
        filter: Filter,
        from: Begin,
        holds: usize,
    ) -> Result<Follower> {
        let registered = self.register(org, filter, holds);
        let (place, live) = match from {
            Begin::Now => (registered.from, true),
            Begin::Place(place) => (place, false),
            Begin::After(id) => {
                let place = self
                    .store
                    .read(move |view| place_after(view, &org, &id, "since"))
                    .await?;
                (place, false)
            }
        };
        registered.mailbox.live.store(live, Ordering::Release);
        Ok(Follower {
            domain: Arc::clone(self),
            org,
            registered,
            place,
        })
    }
}

/// A reader's side door.
#[derive(Clone)]
pub struct Handle(Arc<Mailbox>);

impl Handle {
    /// From now on only what passes this; it must not let through more than the filter it began with.
    pub fn narrow(&self, filter: Filter) {
        self.0.set_filter(filter);
    }

    /// Returns once a live reader that is busy has more waiting than its mailbox holds. While it still reads what it
    /// missed from the log, nothing waits anywhere.
    pub async fn overwhelmed(&self) {
        loop {
            self.0.burst().await;
            if self.0.lost() {
                return;
            }
        }
    }
}

impl Follower {
    fn live(&self) -> bool {
        self.registered.mailbox.live.load(Ordering::Acquire)
    }

    fn set_live(&self, live: bool) {
        self.registered.mailbox.live.store(live, Ordering::Release);
    }

    /// What comes next, as soon as there is something. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Result<Next> {
        loop {
            if !self.live() {
                if let Some(events) = self.page().await? {
                    return Ok(Next::Events(events));
                }
                continue;
            }
            match self.registered.mailbox.take(HAND) {
                Taken::Overflowed => {
                    self.set_live(false);
                    return Ok(Next::Behind);
                }
                Taken::Told(told) => {
                    let new = self.new_ones(told);
                    if !new.is_empty() {
                        return Ok(Next::Events(new));
                    }
                }
            }
            self.registered.mailbox.came().await;
        }
    }

    /// What can be done to the reader while it waits for what comes next.
    pub fn handle(&self) -> Handle {
        Handle(Arc::clone(&self.registered.mailbox))
    }

    /// Everything of the log up to here was told, if it passed.
    pub fn told_to(&self) -> i64 {
        if !self.live() {
            return self.place;
        }
        // In this order: what is put into the mailbox after the look at the hub only makes it not empty.
        let handed_out = self.domain.hub.place();
        if self.registered.mailbox.is_empty() {
            self.place.max(handed_out)
        } else {
            self.place
        }
    }

    async fn page(&mut self) -> Result<Option<Vec<Told>>> {
        let (org, place) = (self.org, self.place);
        let filter = self.registered.mailbox.filter();
        let found = self
            .domain
            .store
            .read(move |view| Found::after(view, &org, place, &filter, PAGE))
            .await?;
        self.place = found.seen_to;
        if found.rows.is_empty() {
            // What overflowed meanwhile is in the log.
            if found.end && !self.registered.mailbox.reset() {
                self.set_live(true);
            }
            return Ok(None);
        }
        let told = found.rows.into_iter();
        Ok(Some(
            told.map(|row| Told::Logged(Arc::new(row.into()))).collect(),
        ))
    }

    fn new_ones(&mut self, told: Vec<Told>) -> Vec<Told> {
        let mut new = Vec::with_capacity(told.len());
        for one in told {
            if let Told::Logged(event) = &one {
                if event.place <= self.place {
                    continue;
                }
                self.place = event.place;
            }
            new.push(one);
        }
        new
    }
}
