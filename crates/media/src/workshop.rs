//! The studio: pictures in Rust, sounds and films by ffmpeg where there is one.

use crate::{ffmpeg::Ffmpeg, picture, sniff::sniff};
use async_trait::async_trait;
use std::path::Path;
use tokio::{sync::Semaphore, task::spawn_blocking};
use wharf_domain::ports::studio::{Heard, Seen, Studio};

/// A frame is made once and not made smaller again.
const FRAME: u32 = 100;
/// Decoding takes memory and ffmpeg takes a core: one of each at a time.
const AT_ONCE: usize = 1;

/// Looks at files and converts them.
pub struct Workshop {
    ffmpeg: Option<Ffmpeg>,
    pictures: Semaphore,
    programs: Semaphore,
}

impl Workshop {
    /// With ffmpeg or without.
    pub fn new(ffmpeg: Option<Ffmpeg>) -> Self {
        Self {
            ffmpeg,
            pictures: Semaphore::new(AT_ONCE),
            programs: Semaphore::new(AT_ONCE),
        }
    }

    /// ffmpeg, for a file whose first bytes are those of a picture, a sound or a film.
    fn on(&self, file: &Path) -> Option<&Ffmpeg> {
        let known = sniff(file)?;
        let fit = ["audio/", "video/", "image/"];
        self.ffmpeg
            .as_ref()
            .filter(|_| fit.iter().any(|family| known.starts_with(family)))
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates"
)]
fn whole(seconds: f64) -> u32 {
    seconds.round().max(1.0) as u32
}

#[async_trait]
impl Studio for Workshop {
    async fn sniff(&self, file: &Path) -> Option<&'static str> {
        let file = file.to_owned();
        spawn_blocking(move || sniff(&file)).await.ok().flatten()
    }

    async fn picture(&self, file: &Path) -> Seen {
        let _turn = self.pictures.acquire().await;
        let file = file.to_owned();
        spawn_blocking(move || picture::look(&file))
            .await
            .unwrap_or_default()
    }

    async fn portrait(&self, file: &Path) -> Vec<u8> {
        let _turn = self.pictures.acquire().await;
        let file = file.to_owned();
        spawn_blocking(move || picture::portrait(&file))
            .await
            .ok()
            .flatten()
            .unwrap_or_default()
    }

    async fn film(&self, file: &Path) -> Seen {
        let Some(ffmpeg) = self.on(file) else {
            return Seen::default();
        };
        let _turn = self.programs.acquire().await;
        let probed = ffmpeg.probe(file).await;
        Seen {
            width: probed.width,
            height: probed.height,
            seconds: probed.seconds.map(whole),
            thumbnail: ffmpeg.frame(file, FRAME).await,
            moves: true,
        }
    }

    async fn sound(&self, file: &Path, waveform: bool) -> Heard {
        let Some(ffmpeg) = self.on(file) else {
            return Heard::default();
        };
        let _turn = self.programs.acquire().await;
        let seconds = ffmpeg.probe(file).await.seconds;
        let waveform = match seconds.filter(|_| waveform) {
            Some(seconds) => ffmpeg.waveform(file, seconds).await,
            None => Vec::new(),
        };
        Heard {
            seconds: seconds.map(whole),
            waveform,
        }
    }

    async fn voice(&self, from: &Path, to: &Path) -> bool {
        let Some(ffmpeg) = self.on(from) else {
            return false;
        };
        let _turn = self.programs.acquire().await;
        ffmpeg.opus(from, to).await
    }

    async fn sticker(&self, from: &Path, to: &Path) -> bool {
        let Some(ffmpeg) = self.on(from) else {
            return false;
        };
        let _turn = self.programs.acquire().await;
        ffmpeg.webp(from, to).await
    }
}
