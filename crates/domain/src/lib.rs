//! The rules of Wharf, one module a noun, and [`ports`]: the traits they need of the world.
//!
//! The domain knows no driver: no SQL, no HTTP, no WhatsApp type. Rules run as closures over the store's
//! [`ports::store::View`] and [`ports::store::Tx`], so each is written once for every store.

pub mod acquaintance;
mod address_book;
pub mod app;
pub mod audit;
pub mod backfill;
pub mod calls;
pub mod channels;
pub mod chats;
pub mod contacts;
pub mod cursor;
pub mod erasure;
pub mod error;
pub mod events;
pub mod export;
pub mod gateways;
pub mod groups;
pub mod identity;
pub mod imports;
pub mod inbound;
pub mod inbox;
pub mod ingest;
pub mod keys;
pub mod live;
pub mod log;
pub mod master_key;
pub mod media;
pub mod messages;
mod once;
pub mod organizations;
pub mod outbox;
pub mod people;
pub mod ports;
pub mod presence;
pub mod preview;
mod rounds;
pub mod search;
pub mod sessions;
pub mod show;
pub mod system;
pub mod vcard;
pub mod webhooks;
mod wrong;

pub use app::Domain;
pub use error::{Error, Result};
