//! Media of the simulated network: encryption, blobs on disk, and the HTTPS server they travel over.
//!
//! A client encrypts a file with a key of its own, uploads the ciphertext under the hash of it, and
//! puts key, hashes and the returned direct path into a message. The server only ever sees
//! ciphertext. History and app-state snapshots travel the same way, written by the phone.
//!
//! Clients hard-wire `https://{host}`, so the server has TLS with a certificate authority of its own,
//! made at first start and kept in the data directory.

pub mod auth;
pub mod blobs;
pub mod crypto;
mod routes;
pub mod server;
pub mod tls;

pub use auth::UploadAuth;
pub use blobs::{Blob, BlobStore};
pub use crypto::{MediaKind, Sealed};
pub use server::MediaServer;
