//! Files that are sent and received: kept once, under the hash of their bytes.
//!
//! - [`upload`](Domain::upload_media): a caller's file is kept and named by a `mediaId`, which is sealed and says all that
//!   is known of it, so that no table has to.
//! - [`prepare`]: what a send names (bytes, a URL, an upload) becomes finished content.
//! - [`copy`]: the file of a message that is passed on, where its upload cannot be used again.
//! - [`open`]: the bytes of a stored message, from what is kept or from WhatsApp.
//! - [`sweep`]: what is old, or too much, goes; never what a queued send needs.

mod copy;
mod kinds;
mod open;
mod prepare;
mod sources;
mod sweep;
mod upload;

pub use open::{MediaFile, Part};
pub use prepare::{MediaSource, NewMedia};
pub(crate) use sources::Fetched;
pub use upload::{NewUpload, Uploaded};

use crate::{
    ports::{
        blobs::{Blobs, NoBlobs},
        studio::{NoStudio, Studio},
    },
    sessions::SessionScope,
};
use std::sync::Arc;
use wharf_types::Millis;

/// `data` in a send decodes to at most this much, by the contract.
pub const LARGEST_DATA: u64 = 16 << 20;

/// How much is kept, and how long.
#[derive(Debug, Clone, Copy)]
pub struct Keeping {
    /// The largest file taken or fetched.
    pub largest: u64,
    /// Unused longer than this: goes.
    pub age: Millis,
    /// More than this in all: the longest unused go. 0 = no bound.
    pub total: u64,
}

impl Default for Keeping {
    fn default() -> Self {
        Self {
            largest: 2 << 30,
            age: 30 * 86_400_000,
            total: 0,
        }
    }
}

/// The ports of this noun and its settings.
#[derive(Clone)]
pub struct Media {
    /// Where files are kept.
    pub blobs: Arc<dyn Blobs>,
    /// Who looks at them.
    pub studio: Arc<dyn Studio>,
    /// How much, how long.
    pub keeping: Keeping,
}

impl Default for Media {
    fn default() -> Self {
        Self {
            blobs: Arc::new(NoBlobs),
            studio: Arc::new(NoStudio),
            keeping: Keeping::default(),
        }
    }
}

/// What a sealed media key is bound to.
pub fn key_context(scope: &SessionScope, sha256: &str) -> Vec<u8> {
    format!("media/{}/{sha256}", scope.id).into_bytes()
}

fn id_context(scope: &SessionScope) -> Vec<u8> {
    format!("media-id/{}", scope.id).into_bytes()
}
