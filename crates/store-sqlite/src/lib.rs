//! The store on SQLite: one file, one writer thread with group commit, reader connections beside it.
//!
//! - [`writer`]: how jobs that write are queued, grouped, committed and answered.
//! - [`pool`]: how jobs that read get a connection and a snapshot, and what was measured for it.
//! - [`migrate`]: the schema, `migrations/NNNN_*.sql`, applied when the file is opened.
//! - [`rows`]: the one way to run a statement; the nouns' verbs are `impl` blocks on it, a file each, named as
//!   in the domain's port.
//! - [`error`]: what SQLite's failures mean to the domain.
//!
//! A data directory belongs to one server process; the lock that says so is the server's.

mod columns;
mod error;
mod migrate;
mod open;
mod pool;
mod rows;
mod webhooks;
mod writer;

mod accounts;
mod audit;
mod channels;
mod chats;
mod device;
mod erasing;
mod erasure;
mod events;
mod groups;
mod imports;
mod jobs;
mod messages;
mod organizations;
mod outbox;
mod people;
mod search;
mod sessions;

pub use error::OpenError;
pub use open::{Options, SqliteStore};
