//! Calls: told as events when they begin and end, and rejected on demand. Media of calls are not touched.

use crate::{Domain, Result, contacts::PersonRef, inbound::Seen, sessions::SessionScope};
use serde::Serialize;
use wharf_types::{GroupJid, Millis};

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CallState {
    /// It rings.
    Offer,
    /// Nobody took it, or it rang while the session was away.
    Missed,
    /// It is over: taken or rejected on another device, rejected here.
    Ended,
}

/// Word of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InCall {
    /// WhatsApp's id of the call: what `:reject` takes.
    pub id: String,
    /// Who calls.
    pub from: Seen,
    /// In which group, for a call of a group.
    pub group: Option<GroupJid>,
    /// With picture; `None` when not told.
    pub video: Option<bool>,
    /// Where it stands.
    pub state: CallState,
    /// Why it ended: `accepted_elsewhere`, `rejected_elsewhere`, `rejected`; else "".
    pub reason: &'static str,
    /// When.
    pub at: Millis,
}

/// The contract's payload of `call`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallPayload {
    /// What `:reject` takes.
    pub id: String,
    pub contact_id: i64,
    pub from: PersonRef,
    /// "" for a call between two.
    pub group_jid: String,
    /// `audio`, `video`, "" when not told.
    pub kind: &'static str,
    pub state: CallState,
    pub reason: &'static str,
    pub timestamp: Millis,
}

impl CallPayload {
    pub(crate) fn new(call: InCall, from: PersonRef) -> Self {
        Self {
            id: call.id,
            contact_id: from.contact_id,
            from,
            group_jid: call
                .group
                .map(|group| group.as_str().to_owned())
                .unwrap_or_default(),
            kind: match call.video {
                Some(true) => "video",
                Some(false) => "audio",
                None => "",
            },
            state: call.state,
            reason: call.reason,
            timestamp: call.at,
        }
    }
}

impl Domain {
    /// Rejects a call that rings. Only a connected session knows which do.
    pub async fn reject_call(&self, scope: SessionScope, id: &str) -> Result<()> {
        self.engine()?.reject_call(&scope, id).await
    }
}
