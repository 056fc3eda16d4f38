//! The event log as it grows, over a WebSocket.

pub mod connect;
mod socket;
pub mod ticket;
