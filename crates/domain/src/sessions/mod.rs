//! A session is one WhatsApp number attached, or about to be attached, to an organization.

use serde::Serialize;
use wharf_types::{Lid, Millis, OrgId, Phone, SessionId, SessionStatus, UserId};

/// A session's short number inside the store: leads every key of session data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionNo(pub i64);

/// Proof that a session belongs to an organization: made only by a look-up that named both.
/// Functions on session data take it, so there is no query without the organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionScope {
    /// The organization that owns the session.
    pub org: OrgId,
    /// The public id.
    pub id: SessionId,
    /// The store's key.
    pub no: SessionNo,
}

/// A session as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Who it is, and whose.
    pub scope: SessionScope,
    /// The user's words for it, "" if none.
    pub label: String,
    /// Who made it; `None` for an API key.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: Millis,
    /// When the row last changed.
    pub updated_at: Millis,
    /// Send read receipts on its own.
    pub auto_read: bool,
    /// Show "typing…" before a send.
    pub presence_typing: bool,
    /// Appear online while connected.
    pub mark_online: bool,
    /// Sends in any 60 s.
    pub rate_per_min: u32,
    /// Sends in any 3,600 s.
    pub rate_per_hour: u32,
    /// As last computed.
    pub status: SessionStatus,
    /// Machine code, "" when well.
    pub status_reason: String,
    /// Since when.
    pub status_since: Millis,
    /// Until when, for a ban.
    pub status_until: Option<Millis>,
    /// Last time it was connected.
    pub last_connected_at: Option<Millis>,
    /// The account's number, once paired.
    pub phone: Option<Phone>,
    /// The account's LID, once paired.
    pub lid: Option<Lid>,
    /// The account's own push name.
    pub push_name: String,
    /// The user wants it running: it starts again with the program.
    pub wanted: bool,
    /// The first history sync is stored whole.
    pub history_complete: bool,
}

impl SessionRow {
    /// Linked to an account now.
    pub fn paired(&self) -> bool {
        self.phone.is_some() && self.status != SessionStatus::LoggedOut
    }
}

/// The contract's `Session`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract's fields")]
pub struct SessionView {
    pub auto_read: bool,
    pub created_at: Millis,
    pub created_by_user_id: String,
    pub gateway_id: String,
    pub id: SessionId,
    pub is_admin_session: bool,
    pub label: String,
    pub last_connected_at: Option<Millis>,
    pub mark_online: bool,
    pub organization_id: OrgId,
    pub phone_number: String,
    pub presence_typing: bool,
    pub rate_per_hour: u32,
    pub rate_per_min: u32,
    pub status: SessionStatus,
    pub status_reason: String,
    pub status_since: Millis,
    pub status_until: Option<Millis>,
    pub updated_at: Millis,
    pub wa_jid: String,
    pub wa_lid: String,
}

