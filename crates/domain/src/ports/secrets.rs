//! Envelope encryption with the master key.

use crate::Error;

/// Seals what must not be readable in the database: device state, custom headers, message secrets.
/// The key id stands beside each ciphertext, so a master key can be rotated.
pub trait Secrets: Send + Sync {
    /// Encrypts; `context` is authenticated and must be given again to open (session, space, key).
    fn seal(&self, context: &[u8], plain: &[u8]) -> Vec<u8>;
    /// Decrypts; fails on another context, another master key, or altered bytes.
    fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Error>;
    /// A key for one purpose, derived from the master key (cursors, tickets).
    fn derive(&self, purpose: &str) -> [u8; 32];
}
