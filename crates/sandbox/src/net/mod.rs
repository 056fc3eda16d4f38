//! The wire: WebSocket, Noise, frames, one actor for each connection.

pub mod certs;
pub mod online;
