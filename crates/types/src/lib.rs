//! The words every layer shares: ids, addresses, capabilities, statuses. No I/O, no async.
//!
//! Parse, don't validate: a value of one of these types has passed its rules already.

mod address;
mod capability;
mod emoji;
mod error_code;
mod ids;
mod proxy;
mod status;

pub use address::{Address, AddressError, ChannelJid, ChatJid, GroupJid, Lid, Phone};
pub use capability::{Capabilities, Capability, Role};
pub use emoji::{Emoji, NoEmoji};
pub use error_code::ErrorCode;
pub use ids::{
    AuditId, DeliveryId, EventId, IdError, InvitationId, JobId, KeyId, LoginId, OrgId, OutboxId,
    SessionId, UserId, WebhookId,
};
pub use proxy::{ProxyError, ProxyUrl};
pub use status::{AckLevel, SendStatus, SessionStatus};

/// Unix epoch milliseconds, the only form of time outside a clock.
pub type Millis = i64;
