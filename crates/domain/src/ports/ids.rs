//! The only source of ids and of randomness that ends up in stored facts.

use ulid::Ulid;

/// Makes ids and random bytes. Tests seed it.
pub trait Ids: Send + Sync {
    /// A fresh ULID; later ones sort after earlier ones of the same source.
    fn ulid(&self) -> Ulid;
    /// Cryptographically random bytes.
    fn random(&self, into: &mut [u8]);
}
