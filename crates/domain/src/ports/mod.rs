//! What the domain needs of the world. Each trait has one implementation that ships and may have others
//! (PostgreSQL beside SQLite, a bus across machines) without a rule of the domain being written twice.

pub mod backups;
pub mod blobs;
pub mod clock;
pub mod courier;
pub mod engine;
pub mod groups;
pub mod ids;
pub mod passkey;
pub mod secrets;
pub mod store;
pub mod studio;
pub mod web;
