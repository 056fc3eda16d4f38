//! Pull: pages of the log, oldest first, and the wait for the next event.

use super::{Filter, Logged};
use crate::{
    Domain, Error, Result,
    ports::store::{EventRow, StoreExt, View},
};
use std::time::Duration;
use wharf_types::{EventId, OrgId};

/// Rows of the log looked at in one reading job, so that a rare type does not hold a thread for long.
const WINDOW: i64 = 50_000;

/// What a caller asks of the log.
#[derive(Debug, Clone)]
pub struct PullAsked {
    /// The last event seen; `None` = from the oldest kept.
    pub after: Option<EventId>,
    /// Which.
    pub filter: Filter,
    /// At most so many.
    pub limit: usize,
    /// How long to wait for the first.
    pub wait: Duration,
}

/// A page of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventPage {
    /// Oldest first.
    pub events: Vec<Logged>,
    /// There is more after the last.
    pub more: bool,
    /// The newest there is: for who asked where the log ends.
    pub newest: Option<EventId>,
}

impl EventPage {
    /// The id of the last event, "" when there is nothing after it.
    pub fn next_cursor(&self) -> String {
        match self.events.last() {
            Some(last) if self.more => last.id.to_string(),
            Some(_) => String::new(),
            None => self.newest.map(|id| id.to_string()).unwrap_or_default(),
        }
    }
}

/// Rows after a place that pass, and up to where the log was looked through.
pub(crate) struct Found {
    pub rows: Vec<EventRow>,
    pub seen_to: i64,
    /// The end of the log was reached.
    pub end: bool,
}

impl Found {
    /// One window's worth.
    pub(crate) fn after(
        view: &dyn View,
        org: &OrgId,
        after: i64,
        filter: &Filter,
        limit: usize,
    ) -> Result<Self> {
        let last = view.last_event(org)?;
        let to = last.min(after.saturating_add(WINDOW));
        if to <= after {
            return Ok(Self {
                rows: Vec::new(),
                seen_to: after,
                end: true,
            });
        }
        let rows = view.events_matching(org, after, to, filter, limit)?;
        let full = rows.len() >= limit;
        let seen_to = match rows.last() {
            Some(row) if full => row.place,
            _ => to,
        };
        Ok(Self {
            rows,
            seen_to,
            end: seen_to >= last,
        })
    }
}

/// Where the log begins for whoever has seen this event.
pub(crate) fn place_after(view: &dyn View, org: &OrgId, id: &EventId, field: &str) -> Result<i64> {
    if let Some(place) = view.event_place(org, id)? {
        return Ok(place);
    }
    match view.last_trimmed(org)? {
        // Nothing after it is missing.
        Some(trimmed) if trimmed == *id => Ok(0),
        Some(trimmed) if *id < trimmed => Err(Error::Gone {
            oldest: view.oldest_event(org)?,
        }),
        _ => Err(Error::invalid(field, "is not the id of an event")),
    }
}

impl Domain {
    /// A page of an organization's log; waits for the first event if there is none yet.
    pub async fn pull_events(&self, org: OrgId, asked: PullAsked) -> Result<EventPage> {
        let mut appended = self.store.appended();
        let deadline = tokio::time::Instant::now() + asked.wait;
        let after = asked.after;
        let mut place = self
            .store
            .read(move |view| after.map_or(Ok(0), |id| place_after(view, &org, &id, "after")))
            .await?;
        let mut rows: Vec<EventRow> = Vec::new();
        loop {
            appended.mark_unchanged();
            let mut end = false;
            while !end && rows.len() <= asked.limit {
                let (filter, limit) = (asked.filter.clone(), asked.limit + 1 - rows.len());
                let found = self
                    .store
                    .read(move |view| Found::after(view, &org, place, &filter, limit))
                    .await?;
                rows.extend(found.rows);
                (place, end) = (found.seen_to, found.end);
            }
            if !rows.is_empty() {
                break;
            }
            if tokio::time::timeout_at(deadline, appended.changed())
                .await
                .is_err()
            {
                break;
            }
        }
        let more = rows.len() > asked.limit;
        rows.truncate(asked.limit);
        Ok(EventPage {
            events: rows.into_iter().map(Logged::from).collect(),
            more,
            newest: None,
        })
    }

    /// A page without events that leads to the end of an organization's log; to its beginning while it is empty.
    pub async fn end_of_log(&self, org: OrgId) -> Result<EventPage> {
        let newest = self
            .store
            .read(move |view| {
                let last = view.last_event(&org)?;
                Ok(view.events(&org, last - 1, 1)?.pop())
            })
            .await?;
        Ok(EventPage {
            newest: newest.map(|row| row.id),
            ..EventPage::default()
        })
    }
}
