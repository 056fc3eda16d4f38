//! The operations, one noun a folder, one operation a file.

pub mod admin;
pub mod api_keys;
pub mod auth;
pub mod calls;
pub mod channels;
pub mod chats;
pub mod contacts;
pub mod events;
pub mod groups;
pub mod imports;
pub mod media;
pub mod messages;
pub mod organizations;
pub mod outbox;
pub mod presence;
pub mod realtime;
pub mod sessions;
pub mod webhooks;
