//! The operations, one noun a folder, one operation a file.

pub mod api_keys;
pub mod calls;
pub mod chats;
pub mod contacts;
pub mod events;
pub mod groups;
pub mod media;
pub mod messages;
pub mod outbox;
pub mod presence;
pub mod realtime;
pub mod sessions;
