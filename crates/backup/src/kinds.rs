//! WhatsApp's numbers for what a message is, in the words of the API.

/// What a row of the table `message` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Something somebody said: the API's `type`.
    Said(&'static str),
    /// Said, and deleted for everyone.
    Deleted,
    /// Nobody said it: a notice in the chat, a missed call, something not decrypted yet.
    Notice,
}

pub(crate) fn of(number: i64) -> Kind {
    match number {
        0 => Kind::Said("text"),
        1 | 42 => Kind::Said("image"),
        2 | 82 => Kind::Said("audio"),
        3 | 13 | 43 | 81 => Kind::Said("video"),
        4 | 14 => Kind::Said("contact"),
        5 | 16 => Kind::Said("location"),
        9 => Kind::Said("document"),
        15 | 64 => Kind::Deleted,
        20 => Kind::Said("sticker"),
        66 => Kind::Said("poll"),
        7 | 8 | 10 | 11 | 12 | 36 | 90 => Kind::Notice,
        _ => Kind::Said("unknown"),
    }
}

/// Shown once, then gone.
pub(crate) const fn view_once(number: i64) -> bool {
    matches!(number, 42 | 43 | 82)
}

/// How far an own message came, in the API's levels.
pub(crate) const fn ack_level(status: i64) -> i8 {
    match status {
        4 => 1,
        5 => 2,
        13 => 3,
        8 | 10 => 4,
        _ => 0,
    }
}
