//! Sessions: one WhatsApp number each, attached or about to be.

pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub mod logout;
pub mod me;
pub mod pairing_code;
pub mod passkey;
mod picture;
pub mod qr;
pub mod restart;
pub mod start;
pub mod stop;
pub mod update;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wharf_domain::{
    ports::engine::LinkCode,
    sessions::{SessionSettings, SessionView},
};
use wharf_types::{Millis, SessionStatus};

/// A WhatsApp number attached, or about to be attached, to an organization.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Sends read receipts on its own.
    auto_read: bool,
    /// When it was made.
    created_at: Millis,
    /// The person who made it; `""` for an API key.
    created_by_user_id: String,
    /// The gateway that holds it; `""` when none does.
    gateway_id: String,
    /// `sess_…`.
    id: String,
    /// Reserved for the platform's own sessions.
    is_admin_session: bool,
    /// The user's words for it.
    label: String,
    /// The last time it was connected.
    last_connected_at: Option<Millis>,
    /// Appears online while connected; an always-online gateway silences the phone.
    mark_online: bool,
    /// `org_…`.
    organization_id: String,
    /// Digits; `""` before pairing.
    phone_number: String,
    /// Shows "typing…" before a send.
    presence_typing: bool,
    /// Its own proxy, without credentials; `""` = the installation's, if there is one.
    proxy: String,
    /// Sends in any 3,600 s.
    rate_per_hour: u32,
    /// Sends in any 60 s.
    rate_per_min: u32,
    /// Computed from evidence: last frame seen, ping answered.
    #[schema(value_type = SessionState)]
    status: SessionStatus,
    /// Machine code, `""` when well: `reconnecting`, `qr_timeout`, `client_outdated`, `cannot_start`, `replaced`, `banned`,
    /// `history_incomplete`; while a passkey is demanded `passkey_request` or `passkey_confirm`, and after that
    /// `passkey_timeout` or `passkey_refused`.
    status_reason: String,
    /// Since when.
    status_since: Millis,
    /// Until when, for a ban.
    status_until: Option<Millis>,
    /// When the row last changed.
    updated_at: Millis,
    /// `…@s.whatsapp.net`; `""` before pairing.
    wa_jid: String,
    /// `…@lid`; `""` while unknown.
    wa_lid: String,
}

/// Where a session stands.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum SessionState {
    /// Not running, by wish or because QR codes ran out.
    Stopped,
    /// Connecting, reconnecting or waiting for the first QR.
    Starting,
    /// A code waits for the phone, or a passkey for a person.
    ScanQrCode,
    /// Connected, with recent proof of life.
    Working,
    /// Needs a person.
    Failed,
    /// Unlinked.
    LoggedOut,
}

impl From<SessionView> for Session {
    fn from(view: SessionView) -> Self {
        Self {
            auto_read: view.auto_read,
            created_at: view.created_at,
            created_by_user_id: view.created_by_user_id,
            gateway_id: view.gateway_id,
            id: view.id.to_string(),
            is_admin_session: view.is_admin_session,
            label: view.label,
            last_connected_at: view.last_connected_at,
            mark_online: view.mark_online,
            organization_id: view.organization_id.to_string(),
            phone_number: view.phone_number,
            presence_typing: view.presence_typing,
            proxy: view.proxy,
            rate_per_hour: view.rate_per_hour,
            rate_per_min: view.rate_per_min,
            status: view.status,
            status_reason: view.status_reason,
            status_since: view.status_since,
            status_until: view.status_until,
            updated_at: view.updated_at,
            wa_jid: view.wa_jid,
            wa_lid: view.wa_lid,
        }
    }
}

/// What can be set; an absent field stays as it is, or takes its default.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateSession {
    /// At most 256 characters.
    label: Option<String>,
    /// Default false.
    auto_read: Option<bool>,
    /// Default false.
    presence_typing: Option<bool>,
    /// Default false.
    mark_online: Option<bool>,
    /// 1–60,000; default 20.
    rate_per_min: Option<i64>,
    /// 1–1,000,000; default 600.
    rate_per_hour: Option<i64>,
    /// `socks5://[user:password@]host:port` or `http://[user:password@]host:port`: the session's connections to
    /// WhatsApp go through it from the next connect on. Kept encrypted. Off the public internet it is dialled only
    /// where `outbound.allow_subnets` of the configuration permits. `""` = none of its own.
    proxy: Option<String>,
}

impl From<UpdateSession> for SessionSettings {
    fn from(body: UpdateSession) -> Self {
        Self {
            label: body.label,
            auto_read: body.auto_read,
            presence_typing: body.presence_typing,
            mark_online: body.mark_online,
            rate_per_min: body.rate_per_min,
            rate_per_hour: body.rate_per_hour,
            proxy: body.proxy,
        }
    }
}

/// A code a person scans or types.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Code {
    /// Raw QR text, or like `ABCD-1234`.
    code: String,
    /// After this it is refused.
    expires_at: Millis,
}

impl From<LinkCode> for Code {
    fn from(code: LinkCode) -> Self {
        Self {
            code: code.code,
            expires_at: code.expires_at,
        }
    }
}
