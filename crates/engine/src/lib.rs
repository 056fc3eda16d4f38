//! The engine: sessions' connections to WhatsApp.
//!
//! The only crate that names the client library (whatsapp-rust, pinned). It implements the domain's port `Engine`
//! and tells the port `Inbox`; no type of the library leaves it. Way of a message in: socket → library → durability
//! hook → [`convert`] → `Inbox::ingest` (one transaction) → WhatsApp is told. Way of a message out:
//! `Engine::send` → [`send`] → library → socket → the server's acknowledgement.

mod acks;
mod actor;
mod backfill;
mod blocking;
mod channels;
mod chats;
mod config;
mod convert;
mod device_store;
mod engine;
mod groups;
mod http;
mod line;
mod live;
mod media;
mod presence;
mod proxy;
mod send;
mod slot;
mod transport;

pub use config::{EngineConfig, Heard, Timings};
pub use engine::WhatsAppEngine;
