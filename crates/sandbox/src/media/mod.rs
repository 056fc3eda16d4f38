//! Media of the simulated network: encryption, blobs on disk, and the HTTPS server they travel over.
//!
//! A client encrypts a file with a key of its own, uploads the ciphertext under the hash of it, and
//! puts key, hashes and the returned direct path into a message. The server only ever sees
//! ciphertext. History and app-state snapshots travel the same way, written by the phone.
//!
//! Clients hard-wire `https://{host}`, so the server has TLS with a certificate authority of its own,
//! made at first start and kept in the data directory.
//!
//! [`Media`] is what handlers use, synchronously; [`MediaServer`] serves it.

use anyhow::{Context, Result};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::OnceLock,
};

pub mod auth;
pub mod blobs;
pub mod check;
pub mod control;
pub mod crypto;
pub mod iq;
pub mod retry;
mod routes;
pub mod server;
pub mod tls;

#[cfg(test)]
mod tests;

pub use auth::UploadAuth;
pub use blobs::{Blob, BlobStore};
pub use crypto::{MediaKind, Sealed};
pub use routes::handle;
pub use server::MediaServer;

const SECRET: &str = "upload-secret";

/// The media of one world: certificates, blobs, upload tokens.
pub struct Media {
    dir: PathBuf,
    /// The world is in memory: its media go when it goes.
    scratch: bool,
    certificates: tls::Certificates,
    blobs: BlobStore,
    auth: UploadAuth,
    addr: OnceLock<SocketAddr>,
}

impl Media {
    /// Opens or makes what lives in `data_dir/media`; without a data directory, in a scratch one.
    pub fn open(data_dir: Option<&Path>) -> Result<Self> {
        let dir = data_dir.map_or_else(scratch_dir, |d| d.join("media"));
        Ok(Self {
            certificates: tls::Certificates::open(&dir.join("tls"))?,
            blobs: BlobStore::open(&dir)?,
            auth: UploadAuth::new(upload_secret(&dir)?),
            addr: OnceLock::new(),
            scratch: data_dir.is_none(),
            dir,
        })
    }

    /// `host:port`, the `hostname` of `media_conn`; nothing before the server listens.
    pub fn host(&self) -> Option<String> {
        self.addr.get().map(SocketAddr::to_string)
    }

    /// PEM file of the root that clients must trust.
    pub fn ca_file(&self) -> PathBuf {
        self.certificates.ca_file()
    }

    pub fn blobs(&self) -> &BlobStore {
        &self.blobs
    }

    pub fn auth(&self) -> &UploadAuth {
        &self.auth
    }

    /// Encrypts under a fresh key and keeps the result durably: the phone's own upload. Gives the direct path.
    pub fn upload(&self, kind: MediaKind, plaintext: &[u8]) -> Result<(Sealed, String)> {
        let sealed = crypto::seal(kind, rand::random(), plaintext)?;
        let path = self.blobs.put(kind.mms_type(), &sealed.body)?;
        Ok((sealed, path))
    }
}

impl Drop for Media {
    fn drop(&mut self) {
        if self.scratch {
            drop(std::fs::remove_dir_all(&self.dir));
        }
    }
}

fn scratch_dir() -> PathBuf {
    std::env::temp_dir().join(format!("simulated-network-{:032x}", rand::random::<u128>()))
}

/// Kept, so that tokens outlive a restart.
fn upload_secret(dir: &Path) -> Result<[u8; 32]> {
    let path = dir.join(SECRET);
    match std::fs::read(&path) {
        Ok(bytes) => bytes.try_into().ok().context("upload secret is damaged"),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            let secret: [u8; 32] = rand::random();
            blobs::write_durably(&path, &secret)?;
            Ok(secret)
        }
        Err(e) => Err(e).context("read upload secret"),
    }
}
