//! Making, changing and removing webhooks.

use super::{
    HookSecret, ROTATION, RetryPolicy, WebhookRow, WebhookView, headers, seal_headers,
    secret_context,
};
use crate::{
    Domain, Error, Result,
    audit::By,
    events::{WebhookDisabledPayload, rendered},
    log::kinds,
    ports::store::{StoreExt, Tx},
};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use wharf_types::{OrgId, SessionId, WebhookId};

/// Of one organization.
const MOST: usize = 1_000;
const LONGEST_URL: usize = 2_048;

/// Which webhooks exist for a caller.
#[derive(Debug, Clone)]
pub struct WebhookScope {
    /// Of this organization.
    pub org: OrgId,
    /// The only sessions the caller sees; empty = all. Such a caller's webhooks name one of them.
    pub sessions: Vec<SessionId>,
}

impl WebhookScope {
    pub(super) fn sees(&self, row: &WebhookRow) -> bool {
        self.sessions.is_empty() || row.session.is_some_and(|id| self.sessions.contains(&id))
    }
}

/// What is to be set; `None` stays as it is, or takes its default.
#[derive(Default)]
#[expect(missing_docs, reason = "the contract's fields")]
pub struct WebhookChange {
    pub url: Option<String>,
    pub events: Option<Vec<String>>,
    pub session: Option<String>,
    pub active: Option<bool>,
    pub ordered: Option<bool>,
    pub headers: Option<BTreeMap<String, String>>,
    pub policy: Option<RetryPolicy>,
    pub secret: Option<String>,
}

/// A webhook and its secret, shown this once.
#[derive(Debug, Clone, Serialize)]
pub struct MadeWebhook {
    /// The webhook.
    #[serde(flatten)]
    pub webhook: WebhookView,
    /// `whsec_…`.
    pub secret: String,
}

/// A change that has passed its rules, but for what only the transaction can say.
struct Checked {
    change: WebhookChange,
    session: Option<Option<SessionId>>,
    secret: Option<HookSecret>,
}

impl Domain {
    async fn checked(&self, scope: &WebhookScope, change: WebhookChange) -> Result<Checked> {
        if let Some(url) = &change.url {
            if url.len() > LONGEST_URL {
                let what = format!("must be at most {LONGEST_URL} bytes");
                return Err(Error::invalid("url", what));
            }
            self.hands
                .check(url)
                .await
                .map_err(|what| Error::invalid("url", what))?;
        }
        for name in change.events.iter().flatten() {
            if name != "*" && !kinds::LOGGED.contains(&name.as_str()) {
                let name: String = name.chars().take(64).collect();
                let what = format!("{name} is not a type of event that is logged");
                return Err(Error::invalid("events", what));
            }
        }
        if let Some(set) = &change.headers {
            headers::check(set)?;
        }
        let session = match change.session.as_deref() {
            None => None,
            Some("") => Some(None),
            Some(text) => {
                let unknown = || Error::invalid("sessionId", "is not a session that is there");
                let id: SessionId = text.parse().map_err(|_| unknown())?;
                let org = scope.org;
                let row = self.store.read(move |view| view.session(&org, &id)).await?;
                row.ok_or_else(unknown)?;
                Some(Some(id))
            }
        };
        if let Some(session) = session
            && !scope.sessions.is_empty()
            && !session.is_some_and(|id| scope.sessions.contains(&id))
        {
            let what = "must be one of the sessions this key is limited to";
            return Err(Error::invalid("sessionId", what));
        }
        let secret = change
            .secret
            .as_deref()
            .map(HookSecret::parse)
            .transpose()?;
        Ok(Checked {
            change,
            session,
            secret,
        })
    }

    /// Makes a webhook; it is told what comes from now on.
    pub async fn create_webhook(
        &self,
        scope: &WebhookScope,
        mut change: WebhookChange,
        by: &By,
    ) -> Result<MadeWebhook> {
        if change.url.is_none() {
            return Err(Error::invalid("url", "is required"));
        }
        change.session.get_or_insert_default();
        let checked = self.checked(scope, change).await?;
        let id = WebhookId::new(self.ids.ulid());
        let now = self.clock.now();
        let secret = checked
            .secret
            .clone()
            .unwrap_or_else(|| HookSecret::fresh(&*self.ids));
        let mut row = WebhookRow {
            id,
            org: scope.org,
            url: String::new(),
            session: None,
            events: vec!["*".to_owned()],
            active: true,
            ordered: false,
            headers: seal_headers(&*self.secrets, id, &BTreeMap::new())?,
            secret: self.secrets.seal(&secret_context(id), secret.bytes()),
            old_secret: None,
            policy: RetryPolicy::default(),
            created_at: now,
            updated_at: now,
            place: 0,
            failing_since: None,
        };
        self.fit(&mut row, &checked)?;
        let (stored, trail) = (row.clone(), self.trail(by));
        self.store
            .write(move |tx| {
                if tx.count_webhooks(&stored.org)? >= MOST {
                    let what = format!("an organization has at most {MOST} webhooks");
                    return Err(Error::Conflict(what));
                }
                let org = stored.org;
                let place = tx.last_event(&org)?;
                tx.put_webhook(&WebhookRow { place, ..stored })?;
                trail.note(tx, Some(org), "webhook.create", id, json!({}))
            })
            .await?;
        self.hands.changed(id);
        Ok(MadeWebhook {
            webhook: WebhookView::new(row, &*self.secrets)?,
            secret: secret.text(),
        })
    }

    fn fit(&self, row: &mut WebhookRow, checked: &Checked) -> Result<()> {
        let change = &checked.change;
        if let Some(url) = &change.url {
            row.url.clone_from(url);
        }
        if let Some(events) = &change.events {
            row.events.clone_from(events);
        }
        if let Some(session) = checked.session {
            row.session = session;
        }
        if let Some(set) = &change.headers {
            row.headers = seal_headers(&*self.secrets, row.id, set)?;
        }
        row.active = change.active.unwrap_or(row.active);
        row.ordered = change.ordered.unwrap_or(row.ordered);
        row.policy = change.policy.unwrap_or(row.policy);
        Ok(())
    }

    /// Changes a webhook. One that is active again is told what comes from now on.
    pub async fn update_webhook(
        &self,
        scope: &WebhookScope,
        id: WebhookId,
        change: WebhookChange,
        by: &By,
    ) -> Result<WebhookView> {
        self.webhook_row(scope, id).await?;
        let checked = self.checked(scope, change).await?;
        let now = self.clock.now();
        let sealed = checked
            .secret
            .as_ref()
            .map(|secret| self.secrets.seal(&secret_context(id), secret.bytes()));
        let mut row = self.webhook_row(scope, id).await?;
        let was = row.clone();
        self.fit(&mut row, &checked)?;
        row.updated_at = now;
        if let Some(sealed) = sealed {
            row.old_secret = Some((std::mem::replace(&mut row.secret, sealed), now + ROTATION));
        }
        let begins = row.active && !was.active;
        let (stored, trail) = (row.clone(), self.trail(by));
        self.store
            .write(move |tx| {
                tx.webhook(&stored.org, &id)?
                    .ok_or(Error::NotFound("webhook"))?;
                tx.put_webhook(&stored)?;
                if begins {
                    let last = tx.last_event(&stored.org)?;
                    tx.place_webhook(&id, last)?;
                }
                trail.note(tx, Some(stored.org), "webhook.update", id, json!({}))
            })
            .await?;
        self.hands.changed(id);
        WebhookView::new(row, &*self.secrets)
    }

    /// A new secret; the former one signs too for a day.
    pub async fn rotate_webhook(
        &self,
        scope: &WebhookScope,
        id: WebhookId,
        by: &By,
    ) -> Result<MadeWebhook> {
        let secret = HookSecret::fresh(&*self.ids);
        let change = WebhookChange {
            secret: Some(secret.text()),
            ..WebhookChange::default()
        };
        let webhook = self.update_webhook(scope, id, change, by).await?;
        Ok(MadeWebhook {
            webhook,
            secret: secret.text(),
        })
    }

    /// Removes a webhook with what it owes and the log of its deliveries.
    pub async fn delete_webhook(&self, scope: &WebhookScope, id: WebhookId, by: &By) -> Result<()> {
        let row = self.webhook_row(scope, id).await?;
        let trail = self.trail(by);
        let gone = self
            .store
            .write(move |tx| {
                let gone = tx.delete_webhook(&row.org, &id)?;
                if gone {
                    trail.note(tx, Some(row.org), "webhook.delete", id, json!({}))?;
                }
                Ok(gone)
            })
            .await?;
        self.hands.changed(id);
        if gone {
            Ok(())
        } else {
            Err(Error::NotFound("webhook"))
        }
    }

    /// Stops telling a webhook, with an event that says why.
    pub async fn disable_webhook(
        &self,
        org: OrgId,
        id: WebhookId,
        reason: &'static str,
    ) -> Result<()> {
        let now = self.clock.now();
        let event = wharf_types::EventId::new(self.ids.ulid());
        self.store
            .write(move |tx| disable(tx, org, id, reason, now, event))
            .await?;
        self.hands.changed(id);
        Ok(())
    }
}

fn disable(
    tx: &mut dyn Tx,
    org: OrgId,
    id: WebhookId,
    reason: &str,
    now: wharf_types::Millis,
    event: wharf_types::EventId,
) -> Result<()> {
    let Some(mut row) = tx.webhook(&org, &id)?.filter(|row| row.active) else {
        return Ok(());
    };
    row.active = false;
    row.updated_at = now;
    tx.put_webhook(&row)?;
    const KIND: &str = "webhook.disabled";
    let payload = WebhookDisabledPayload {
        webhook_id: id,
        reason,
    };
    tx.append_org_event(&org, event, KIND, now, &rendered(KIND, &payload)?)?;
    Ok(())
}
