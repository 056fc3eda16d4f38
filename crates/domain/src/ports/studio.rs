//! What pictures and sounds are, and how they are made fit to send. Every job has a deadline and bounds inside; a file that
//! cannot be read is no error but an answer without facts.

use async_trait::async_trait;
use std::path::Path;

/// What is known of a picture or a film.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Pixels.
    pub width: Option<u32>,
    /// Pixels.
    pub height: Option<u32>,
    /// A small JPEG, empty if none could be made.
    pub thumbnail: Vec<u8>,
    /// How long it plays.
    pub seconds: Option<u32>,
    /// A picture of several frames.
    pub moves: bool,
}

/// What is known of a sound.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// How long it plays.
    pub seconds: Option<u32>,
    /// 64 loudness values, 0–100; empty if unknown.
    pub waveform: Vec<u8>,
}

/// Looks at files and converts them.
#[async_trait]
pub trait Studio: Send + Sync {
    /// The MIME type the first bytes show.
    async fn sniff(&self, file: &Path) -> Option<&'static str>;
    /// A picture's size and thumbnail.
    async fn picture(&self, file: &Path) -> Seen;
    /// A film's length, size and a frame; nothing without ffmpeg.
    async fn film(&self, file: &Path) -> Seen;
    /// A sound's length and, for voice notes, its waveform; nothing without ffmpeg.
    async fn sound(&self, file: &Path, waveform: bool) -> Heard;
    /// Writes the sound as Opus in Ogg; `false` when that could not be done.
    async fn voice(&self, from: &Path, to: &Path) -> bool;
    /// Writes the picture as a WebP of 512 × 512; `false` when that could not be done.
    async fn sticker(&self, from: &Path, to: &Path) -> bool;
    /// The middle of a picture as a square JPEG, as profiles show it; empty when it is none.
    async fn portrait(&self, file: &Path) -> Vec<u8>;
}

/// Knows nothing and converts nothing.
pub struct NoStudio;

#[async_trait]
impl Studio for NoStudio {
    async fn sniff(&self, _: &Path) -> Option<&'static str> {
        None
    }
    async fn picture(&self, _: &Path) -> Seen {
        Seen::default()
    }
    async fn film(&self, _: &Path) -> Seen {
        Seen::default()
    }
    async fn sound(&self, _: &Path, _: bool) -> Heard {
        Heard::default()
    }
    async fn voice(&self, _: &Path, _: &Path) -> bool {
        false
    }
    async fn sticker(&self, _: &Path, _: &Path) -> bool {
        false
    }
    async fn portrait(&self, _: &Path) -> Vec<u8> {
        Vec::new()
    }
}
