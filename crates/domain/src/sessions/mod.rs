//! A session is one WhatsApp number attached, or about to be attached, to an organization.

mod codes;
mod erasure;
mod operations;
mod passkey;
mod proxy;
mod status;

pub use operations::{DEFAULT_RATE_PER_HOUR, DEFAULT_RATE_PER_MIN, Me, SessionSettings};
pub use passkey::{Answer as PasskeyAnswer, PasskeyView};
pub use proxy::SessionProxy;

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
    /// Linked to an account now: the number stays on the row when the link is gone.
    pub linked: bool,
    /// The user wants it running: it starts again with the program.
    pub wanted: bool,
    /// The first history sync is stored whole.
    pub history_complete: bool,
    /// Its own proxy; `None` = the installation's, if there is one.
    pub proxy: Option<SessionProxy>,
    /// Until when WhatsApp lets the account write to nobody new.
    pub locked_until: Option<Millis>,
}

impl SessionRow {
    /// One that is made now: stopped, unpaired, with the contract's defaults.
    pub fn new(scope: SessionScope, now: Millis) -> Self {
        Self {
            scope,
            label: String::new(),
            created_by: None,
            created_at: now,
            updated_at: now,
            auto_read: false,
            presence_typing: false,
            mark_online: false,
            rate_per_min: DEFAULT_RATE_PER_MIN,
            rate_per_hour: DEFAULT_RATE_PER_HOUR,
            status: SessionStatus::Stopped,
            status_reason: String::new(),
            status_since: now,
            status_until: None,
            last_connected_at: None,
            phone: None,
            lid: None,
            push_name: String::new(),
            linked: false,
            wanted: false,
            history_complete: false,
            proxy: None,
            locked_until: None,
        }
    }

    /// Linked to an account now.
    pub fn paired(&self) -> bool {
        self.linked
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
    pub proxy: String,
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

impl SessionView {
    /// `connected` is the engine's evidence now: a row may say `working` for the moment it takes to write
    /// down that the socket went, and callers must not be told so.
    fn new(row: SessionRow, connected: bool, node_id: &str) -> Self {
        let stale = row.status == SessionStatus::Working && !connected;
        Self {
            auto_read: row.auto_read,
            created_at: row.created_at,
            created_by_user_id: row.created_by.map(|id| id.to_string()).unwrap_or_default(),
            gateway_id: if row.wanted {
                node_id.to_owned()
            } else {
                String::new()
            },
            id: row.scope.id,
            is_admin_session: false,
            label: row.label,
            last_connected_at: row.last_connected_at,
            mark_online: row.mark_online,
            organization_id: row.scope.org,
            phone_number: row
                .phone
                .as_ref()
                .map(|phone| phone.as_str().to_owned())
                .unwrap_or_default(),
            presence_typing: row.presence_typing,
            proxy: row.proxy.map(|proxy| proxy.shown).unwrap_or_default(),
            rate_per_hour: row.rate_per_hour,
            rate_per_min: row.rate_per_min,
            status: if stale {
                SessionStatus::Starting
            } else {
                row.status
            },
            status_reason: if stale {
                "reconnecting".to_owned()
            } else {
                row.status_reason
            },
            status_since: row.status_since,
            status_until: row.status_until,
            updated_at: row.updated_at,
            wa_jid: row.phone.as_ref().map(Phone::jid).unwrap_or_default(),
            wa_lid: row.lid.as_ref().map(Lid::jid).unwrap_or_default(),
        }
    }
}
