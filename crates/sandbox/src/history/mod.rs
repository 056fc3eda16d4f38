//! History: what the primary phone hands a new companion of the past.
//!
//! After linking the phone sends, as peer messages and in this order: the bootstrap (every chat with its
//! newest messages), the push names of the people it knows, data that can wait (numbers of people met
//! only in groups), and the older messages in chunks. Each is a `HistorySync`, zlib-compressed, put on the
//! media server under *History* keys and named by a `HistorySyncNotification`; a small bootstrap
//! travels inside the notification when the companion said it takes that. Later a companion may ask for
//! more of one chat (`demand`).
//!
//! `archive` is what the phone remembers; `plan` the place a transfer has reached, in the database, so a
//! kill resumes it; `parts` builds the parts; `upload` sends them, away from every connection.
//!
//! Sources: zapo `client/persistence/history-sync.ts`, whatsmeow `message.go` (handleHistorySyncNotification),
//! Baileys `Utils/history.ts`. What chunks a phone cuts is its own choice; these are cut by message count.

pub mod archive;
mod demand;
mod marks;
mod parts;
mod plan;
pub mod upload;

#[cfg(test)]
mod tests;

pub use archive::{Chat, Past};

pub const PLANS: &str = plan::SCHEMA;
