//! Telling a webhook again: one event, a range, what failed; and a test.

use super::{WebhookRow, WebhookScope};
use crate::{
    Domain, Error, Result,
    audit::By,
    events::{WebhookTestPayload, rendered},
    log::{Found, Head, envelope},
    ports::{
        courier::{Post, Told},
        store::{OwedRow, StoreExt},
    },
};
use std::collections::BTreeSet;
use wharf_types::{DeliveryId, EventId, Millis, WebhookId};

/// Events replayed by one call.
const MOST: usize = 10_000;
const STEP: usize = 500;

/// What to tell again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayAsked {
    /// Everything from one time up to another, if it passes the webhook's filter.
    Range(Millis, Millis),
    /// Everything that was given up.
    Failed,
}

fn too_many() -> Error {
    Error::invalid("from", format!("the range holds more than {MOST} events"))
}

/// An attempt at an event: signed now, with what the caller set.
pub fn post(domain: &Domain, row: &WebhookRow, id: &str, body: String) -> Result<Post> {
    let now = domain.clock.now();
    let seconds = now / 1_000;
    let signatures: Vec<String> = row
        .open_secrets(&*domain.secrets, now)?
        .iter()
        .map(|secret| secret.sign(id, seconds, &body))
        .collect();
    let mut headers = vec![
        (
            "user-agent".to_owned(),
            concat!("wharf/", env!("CARGO_PKG_VERSION")).to_owned(),
        ),
        ("accept".to_owned(), "*/*".to_owned()),
    ];
    headers.extend(row.open_headers(&*domain.secrets)?);
    headers.extend([
        ("content-type".to_owned(), "application/json".to_owned()),
        ("webhook-id".to_owned(), id.to_owned()),
        ("webhook-timestamp".to_owned(), seconds.to_string()),
        ("webhook-signature".to_owned(), signatures.join(" ")),
    ]);
    Ok(Post {
        url: row.url.clone(),
        headers,
        body,
    })
}

impl Domain {
    /// Sends a test event, once and now, also to a webhook that is not active; and what became of it.
    pub async fn test_webhook(&self, scope: &WebhookScope, id: WebhookId) -> Result<Told> {
        let row = self.webhook_row(scope, id).await?;
        let event = EventId::new(self.ids.ulid()).to_string();
        const KIND: &str = "webhook.test";
        let payload = rendered(KIND, &WebhookTestPayload { webhook_id: id })?;
        let body = envelope(&Head {
            id: &event,
            kind: KIND,
            org: row.org,
            session: None,
            seq: None,
            at: self.clock.now(),
            payload: &payload,
        });
        let post = post(self, &row, &event, body)?;
        Ok(self.hands.carry(post).await)
    }

    async fn owe(&self, row: &WebhookRow, owed: Vec<OwedRow>) -> Result<()> {
        for step in owed.chunks(STEP) {
            let (id, step) = (row.id, step.to_vec());
            self.store.write(move |tx| tx.owe(&id, &step)).await?;
        }
        self.hands.changed(row.id);
        Ok(())
    }

    async fn active_webhook(&self, scope: &WebhookScope, id: WebhookId) -> Result<WebhookRow> {
        let row = self.webhook_row(scope, id).await?;
        if row.active {
            return Ok(row);
        }
        Err(Error::Conflict("the webhook is not active".into()))
    }

    /// Tells the event of a delivery again, now.
    pub async fn retry_delivery(
        &self,
        scope: &WebhookScope,
        id: WebhookId,
        delivery: DeliveryId,
    ) -> Result<()> {
        let row = self.active_webhook(scope, id).await?;
        let org = row.org;
        let event = self
            .store
            .read(move |view| {
                let made = view
                    .delivery(&id, &delivery)?
                    .ok_or(Error::NotFound("delivery"))?;
                view.event_at(&org, made.place)?
                    .ok_or(Error::NotFound("event"))
            })
            .await?;
        let owed = OwedRow {
            place: event.place,
            session: event.session,
            attempts: 0,
            due: self.clock.now(),
        };
        self.owe(&row, vec![owed]).await
    }

    /// Tells events again, and how many.
    pub async fn replay_webhook(
        &self,
        scope: &WebhookScope,
        id: WebhookId,
        asked: ReplayAsked,
        by: &By,
    ) -> Result<usize> {
        let row = self.active_webhook(scope, id).await?;
        let now = self.clock.now();
        let owed = match asked {
            ReplayAsked::Range(from, to) => self.range(&row, from, to, now).await?,
            ReplayAsked::Failed => self.given_up(&row, now).await?,
        };
        let count = owed.len();
        let (trail, org) = (self.trail(by), row.org);
        self.store
            .write(move |tx| {
                let details = serde_json::json!({"events": count});
                trail.note(tx, Some(org), "webhook.replay", id, details)
            })
            .await?;
        self.owe(&row, owed).await?;
        Ok(count)
    }

    async fn range(
        &self,
        row: &WebhookRow,
        from: Millis,
        to: Millis,
        now: Millis,
    ) -> Result<Vec<OwedRow>> {
        if from > to {
            return Err(Error::invalid("to", "must not be before `from`"));
        }
        let (org, filter) = (row.org, row.filter());
        let mut place = self.store.read(move |view| view.place_at(from)).await? - 1;
        let mut owed = Vec::new();
        loop {
            let filter = filter.clone();
            let found = self
                .store
                .read(move |view| Found::after(view, &org, place, &filter, STEP))
                .await?;
            place = found.seen_to;
            let beyond = found.rows.iter().any(|event| event.at > to);
            owed.extend(
                found
                    .rows
                    .into_iter()
                    // What it has not been told at all comes by itself.
                    .filter(|event| (from..=to).contains(&event.at) && event.place <= row.place)
                    .map(|event| OwedRow {
                        place: event.place,
                        session: event.session,
                        attempts: 0,
                        due: now,
                    }),
            );
            if owed.len() > MOST {
                return Err(too_many());
            }
            if found.end || beyond {
                return Ok(owed);
            }
        }
    }

    async fn given_up(&self, row: &WebhookRow, now: Millis) -> Result<Vec<OwedRow>> {
        let (id, org) = (row.id, row.org);
        let (mut before, mut places) = (None, BTreeSet::new());
        loop {
            let (page, last) = self
                .store
                .read(move |view| {
                    let rows = view.deliveries(&id, Some(false), before, STEP)?;
                    let last = (rows.len() == STEP).then(|| rows.last().map(|row| row.id));
                    let mut found = Vec::new();
                    for row in rows.into_iter().filter(|row| row.next_at.is_none()) {
                        if !view.was_delivered(&id, row.place)? {
                            found.push(row.place);
                        }
                    }
                    Ok((found, last.flatten()))
                })
                .await?;
            places.extend(page);
            if places.len() > MOST {
                return Err(too_many());
            }
            if last.is_none() {
                break;
            }
            before = last;
        }
        self.store
            .read(move |view| {
                let mut owed = Vec::new();
                for place in places {
                    if let Some(event) = view.event_at(&org, place)? {
                        owed.push(OwedRow {
                            place,
                            session: event.session,
                            attempts: 0,
                            due: now,
                        });
                    }
                }
                Ok(owed)
            })
            .await
    }
}
