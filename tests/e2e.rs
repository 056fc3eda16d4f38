//! End to end: the built program over HTTP, the simulated network behind it. Folders mirror the API.
//!
//! `TestApp::new().await` is a gateway and a network, each a process of its own on free ports;
//! `app.session(PHONE).await` pairs a number. Adding a test costs a line.

mod harness;

mod chats;
mod commands;
mod contacts;
mod groups;
mod kills;
mod messages;
mod sessions;
