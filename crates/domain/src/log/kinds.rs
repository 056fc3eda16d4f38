//! The catalogue: every type of event there is.

/// Types that are logged.
pub const LOGGED: [&str; 20] = [
    "session.status",
    "session.synced",
    "message",
    "message.sent",
    "message.status",
    "message.edited",
    "message.deleted",
    "message.reaction",
    "poll.vote",
    "chat.updated",
    "chat.deleted",
    "contact.updated",
    "contact.merged",
    "group.updated",
    "group.members",
    "call",
    "account.restricted",
    "backfill.updated",
    "import.updated",
    "webhook.disabled",
];

/// Types that are told to live readers and never logged.
pub const LIVE: [&str; 5] = [
    "auth.qr",
    "auth.pairing_code",
    "auth.passkey",
    "auth.passkey_confirmation",
    "presence",
];

/// Whether there is such a type.
pub fn known(kind: &str) -> bool {
    LOGGED.contains(&kind) || LIVE.contains(&kind)
}

/// What only a reader with `manage` gets: what REST shows to nobody else.
pub fn needs_manage(kind: &str) -> bool {
    kind.starts_with("auth.") || kind == "webhook.disabled"
}
