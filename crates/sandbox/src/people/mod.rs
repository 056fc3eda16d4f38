//! Scripted people: the owners of primary phones. They have no client; the sandbox encrypts, reads
//! and answers in their place, with keys derived from the seed and sessions kept in the world.

pub mod inbox;
pub mod signal;
mod stores;
