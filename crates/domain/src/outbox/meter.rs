//! Sends in figures, for `/metrics`. No figure names a tenant.

use super::choose::Waiting;
use wharf_types::SendStatus;

/// A send came to its outcome: acknowledged, refused with a reason, run out of time, or taken back.
pub(super) fn settled(to: SendStatus, reason: Option<&'static str>) {
    let reason = reason.unwrap_or_default();
    metrics::counter!("wharf_sends_total", "outcome" => to.as_str(), "reason" => reason)
        .increment(1);
}

/// Sends queued in all sessions.
pub(super) fn queued(count: u64) {
    metrics::gauge!("wharf_outbox_queued").set(count as f64);
}

/// Sends that are due and wait, over all sessions.
pub(super) fn waiting(all: Waiting) {
    metrics::gauge!("wharf_outbox_waiting", "for" => "rate").set(all.rate as f64);
    metrics::gauge!("wharf_outbox_waiting", "for" => "lock").set(all.lock as f64);
}
