//! Where a session, a send, a message stands.

use serde::{Deserialize, Serialize};

/// A session's status, computed from evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    /// Not running, by wish or because QR codes ran out.
    Stopped,
    /// Connecting, reconnecting or waiting for the first QR.
    Starting,
    /// A QR or pairing code is waiting for the phone.
    ScanQrCode,
    /// Connected, with recent proof of life.
    Working,
    /// Needs a person: outdated, replaced, banned.
    Failed,
    /// Unlinked, by the phone or by us.
    LoggedOut,
}

impl SessionStatus {
    /// The text of the contract, also the stored form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Starting => "starting",
            Self::ScanQrCode => "scan_qr_code",
            Self::Working => "working",
            Self::Failed => "failed",
            Self::LoggedOut => "logged_out",
        }
    }
    /// From the stored form.
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::Stopped,
            Self::Starting,
            Self::ScanQrCode,
            Self::Working,
            Self::Failed,
            Self::LoggedOut,
        ]
        .into_iter()
        .find(|s| s.as_str() == text)
    }
}

/// Where a send stands. The order is the order of progress; it never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SendStatus {
    /// Durable here, not yet acknowledged by WhatsApp's server.
    Queued,
    /// Acknowledged by the server without error.
    Sent,
    /// Reached the other phone.
    Delivered,
    /// Read.
    Read,
    /// Played (voice, video).
    Played,
    /// Refused; only after queued.
    Failed,
    /// Taken back before it left; only after queued.
    Cancelled,
}

impl SendStatus {
    /// The text of the contract, also the stored form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Played => "played",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
    /// From the stored form.
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::Queued,
            Self::Sent,
            Self::Delivered,
            Self::Read,
            Self::Played,
            Self::Failed,
            Self::Cancelled,
        ]
        .into_iter()
        .find(|s| s.as_str() == text)
    }
    /// Whether `self` may become `next`.
    pub fn may_become(self, next: Self) -> bool {
        match next {
            Self::Failed | Self::Cancelled => self == Self::Queued,
            _ => !matches!(self, Self::Failed | Self::Cancelled) && next > self,
        }
    }
    /// The message's `ackLevel`.
    pub const fn ack_level(self) -> AckLevel {
        match self {
            Self::Queued => 0,
            Self::Sent => 1,
            Self::Delivered => 2,
            Self::Read => 3,
            Self::Played => 4,
            Self::Failed | Self::Cancelled => -1,
        }
    }
}

/// −1 failed, 0 pending, 1 server, 2 delivered, 3 read, 4 played.
pub type AckLevel = i8;
