//! End to end: the built program over HTTP, the simulated network behind it. Folders mirror the API.
//!
//! `TestApp::new().await` is a gateway and a network, each a process of its own on free ports;
//! `app.session(PHONE).await` pairs a number. Adding a test costs a line.
//!
//! `cfg(test)` stands before each module so that the lints know it for a test.

#[cfg(test)]
mod harness;

#[cfg(test)]
mod admin;
#[cfg(test)]
mod calls;
#[cfg(test)]
mod channels;
#[cfg(test)]
mod chats;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod contacts;
#[cfg(test)]
mod events;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod imports;
#[cfg(test)]
mod kills;
#[cfg(test)]
mod media;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod outbox;
#[cfg(test)]
mod presence;
#[cfg(test)]
mod realtime;
#[cfg(test)]
mod receivers;
#[cfg(test)]
mod search;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod webhooks;
