//! A simulated WhatsApp network: server, phones and people in one process, speaking the real wire.
//!
//! Layers, from the socket inwards: `net` (WebSocket, Noise, frames, one actor a connection) · `iq` and
//! `stanza` (what clients send) · `phone` and `people` (the primary devices and their owners) · `world`
//! (state, one transaction a stanza) · `store` (SQLite) · `control` (the HTTP API) · `ledger`, `trace`,
//! `faults`. Rooms of their own have `groups`, `channels`, `calls`, `media`, `history`, `appstate`, `mex`
//! (GraphQL queries) and `seen` (what people see of others besides messages). It knows nothing of the gateway
//! it tests.

pub mod appstate;
pub mod calls;
pub mod channels;
pub mod clock;
pub mod control;
pub mod crowd;
pub mod faults;
pub mod groups;
pub mod history;
pub mod ids;
pub mod iq;
pub mod keys;
pub mod ledger;
mod ledger_view;
pub mod media;
pub mod mex;
pub mod net;
pub mod node;
pub mod people;
pub mod phone;
mod sandbox;
pub mod seen;
pub mod senderkeys;
pub mod stanza;
pub mod store;
pub mod trace;
pub mod world;

pub use sandbox::{Options, Sandbox};
