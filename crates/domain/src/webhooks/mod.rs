//! Webhooks: who is told of which events, signed by what, and how often again.
//!
//! A webhook is a place in the event log and what it owes. Everything up to its place was delivered, or is a row of what
//! is owed (it failed, or waits behind one that did); everything after its place is still to be told. Both move in one
//! transaction after attempts were made, so a process that dies makes attempts again, with the same id, and loses none.
//! The attempts themselves are the business of the crate `delivery`.

mod change;
mod hands;
pub mod headers;
pub mod policy;
mod replay;
pub mod secret;
mod view;

pub use change::{MadeWebhook, WebhookChange, WebhookScope};
pub use hands::Hands;
pub use policy::RetryPolicy;
pub use replay::{ReplayAsked, post};
pub use secret::HookSecret;
pub use view::{DeliveryItem, WebhookView};

use crate::{
    Error, Result,
    log::{Filter, kinds},
    ports::secrets::Secrets,
};
use std::collections::BTreeMap;
use wharf_types::{Millis, OrgId, SessionId, WebhookId};

/// How long the former secret signs too.
pub const ROTATION: Millis = 24 * 3_600_000;
/// Failures and nothing else for this long disable a webhook.
pub const PATIENCE: Millis = 5 * 24 * 3_600_000;

/// A webhook as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookRow {
    /// Its id.
    pub id: WebhookId,
    /// Whose.
    pub org: OrgId,
    /// Where.
    pub url: String,
    /// Of this session alone.
    pub session: Option<SessionId>,
    /// Types, or `*`.
    pub events: Vec<String>,
    /// Told at all.
    pub active: bool,
    /// What fails holds up what follows it in its session.
    pub ordered: bool,
    /// The caller's headers, sealed.
    pub headers: Vec<u8>,
    /// What it signs with, sealed.
    pub secret: Vec<u8>,
    /// The former one, and until when it signs too.
    pub old_secret: Option<(Vec<u8>, Millis)>,
    /// When it is tried again.
    pub policy: RetryPolicy,
    /// When it was made.
    pub created_at: Millis,
    /// When it was last changed.
    pub updated_at: Millis,
    /// Where it stands in the log.
    pub place: i64,
    /// Since when it has done nothing but fail.
    pub failing_since: Option<Millis>,
}

fn secret_context(id: WebhookId) -> Vec<u8> {
    format!("webhook/{id}/secret").into_bytes()
}

fn headers_context(id: WebhookId) -> Vec<u8> {
    format!("webhook/{id}/headers").into_bytes()
}

fn seal_headers(
    secrets: &dyn Secrets,
    id: WebhookId,
    headers: &BTreeMap<String, String>,
) -> Result<Vec<u8>> {
    let plain = serde_json::to_vec(headers)
        .map_err(|error| Error::Internal(format!("headers of a webhook: {error}")))?;
    Ok(secrets.seal(&headers_context(id), &plain))
}

impl WebhookRow {
    /// Which events it is told.
    pub fn filter(&self) -> Filter {
        let mut filter = Filter::all(true);
        let all = self.events.iter().any(|name| name == "*");
        filter.kinds.retain(|kind| {
            kinds::LOGGED.contains(kind) && (all || self.events.iter().any(|name| name == kind))
        });
        match self.session {
            Some(session) => filter.within(&[session]),
            None => filter,
        }
    }

    /// The caller's headers.
    pub fn open_headers(&self, secrets: &dyn Secrets) -> Result<BTreeMap<String, String>> {
        let plain = secrets.open(&headers_context(self.id), &self.headers)?;
        serde_json::from_slice(&plain)
            .map_err(|error| Error::Internal(format!("headers of a webhook: {error}")))
    }

    /// What signs at a moment: the secret, and for a day the one before it.
    pub fn open_secrets(&self, secrets: &dyn Secrets, now: Millis) -> Result<Vec<HookSecret>> {
        let context = secret_context(self.id);
        let open = |sealed: &[u8]| secrets.open(&context, sealed).map(HookSecret::of_bytes);
        let mut all = vec![open(&self.secret)?];
        if let Some((sealed, until)) = &self.old_secret
            && *until > now
        {
            all.push(open(sealed)?);
        }
        Ok(all)
    }
}
