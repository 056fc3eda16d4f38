//! Channels (newsletters): one who writes, many who follow, no encryption.
//!
//! Names, following and muting go through `w:mex` (`documents`), messages of the past and live updates through the
//! IQ namespace `newsletter` (`iq`), posts as `<message>` with `<plaintext>` (`inbound`); what followers hear is in
//! `tell`, the control API in `control`, the tables in `store`.
//!
//! Posts are numbered by the server (`server_id`). Edits and revocations name a post by the id its author gave it,
//! reactions by the server's number. Sources: wacore and whatsapp-rust 0.7.0 (`features/newsletter.rs`,
//! `client/messaging.rs`), whatsmeow `newsletter.go`, `send.go`.

pub mod control;
mod documents;
mod inbound;
mod iq;
mod store;
mod tell;

pub use documents::DOCUMENTS;
pub use inbound::from_client;
pub use iq::ROUTES;
pub use store::SCHEMA;
