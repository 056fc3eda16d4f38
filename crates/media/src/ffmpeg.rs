//! ffmpeg and ffprobe as processes: a deadline, bounded output, no shell, no network, no environment.
//!
//! They are told which containers they may read, so that a playlist in disguise cannot make them open other files of this
//! machine, and which protocols: files and pipes.

use serde_json::Value;
use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Command,
    time::timeout,
};

const DEADLINE: Duration = Duration::from_secs(120);
const QUICK: Duration = Duration::from_secs(20);
/// What a description or a frame may be.
const MOST_ANSWER: u64 = 2 << 20;
/// What a conversion may write.
const MOST_FILE: u64 = 64 << 20;
/// No single block of memory above this.
const MOST_MEMORY: &str = "268435456";
const PROTOCOLS: &str = "file,pipe";
const CONTAINERS: &str = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,ogg,wav,mp3,aac,flac,amr,avi,\
    png_pipe,jpeg_pipe,webp_pipe,gif,bmp_pipe,mjpeg,image2";
const RATE: u32 = 8_000;
const BARS: usize = 64;
/// Longer sounds get no waveform.
const LONGEST: f64 = 4.0 * 3_600.0;

/// The two programs.
#[derive(Debug, Clone)]
pub struct Ffmpeg {
    ffmpeg: PathBuf,
    ffprobe: PathBuf,
}

/// What ffprobe says.
#[derive(Debug, Default)]
pub(crate) struct Probed {
    pub seconds: Option<f64>,
    pub width: Option<u32>,
    pub height: Option<u32>,
}

impl Ffmpeg {
    /// The programs by this name, on the search path or at a path; `None` when they do not run.
    pub async fn find(ffmpeg: &str) -> Option<Self> {
        if ffmpeg.is_empty() {
            return None;
        }
        let ffmpeg = PathBuf::from(ffmpeg);
        let name = ffmpeg
            .file_name()?
            .to_string_lossy()
            .replace("ffmpeg", "ffprobe");
        let found = Self {
            ffprobe: ffmpeg.with_file_name(name),
            ffmpeg,
        };
        for program in [&found.ffmpeg, &found.ffprobe] {
            let mut command = bare(program);
            command.arg("-version").stdout(Stdio::null());
            let status = timeout(QUICK, command.status()).await.ok()?.ok()?;
            if !status.success() {
                return None;
            }
        }
        Some(found)
    }

    /// ffmpeg reading a file; what it shall do with it follows.
    fn on(&self, file: &Path) -> Command {
        let mut command = bare(&self.ffmpeg);
        command
            .args(["-nostdin", "-hide_banner", "-loglevel", "error", "-y"])
            .args(["-max_alloc", MOST_MEMORY, "-threads", "1"])
            .args(["-protocol_whitelist", PROTOCOLS])
            .args(["-format_whitelist", CONTAINERS])
            .arg("-i")
            .arg(local(file));
        command
    }

    pub(crate) async fn probe(&self, file: &Path) -> Probed {
        let mut command = bare(&self.ffprobe);
        command
            .args(["-loglevel", "error", "-print_format", "json"])
            .args([
                "-show_entries",
                "format=duration:stream=width,height,codec_type,duration",
            ])
            .args(["-protocol_whitelist", PROTOCOLS])
            .args(["-format_whitelist", CONTAINERS])
            .arg("-i")
            .arg(local(file));
        let said = output(command, QUICK).await.unwrap_or_default();
        let said: Value = serde_json::from_slice(&said).unwrap_or_default();
        let streams = said.get("streams").and_then(Value::as_array);
        let streams = streams.map(Vec::as_slice).unwrap_or_default();
        let is_film =
            |stream: &&Value| stream.get("codec_type").is_some_and(|kind| kind == "video");
        let film = streams.iter().find(is_film);
        let duration = |of: &Value| of.get("duration")?.as_str()?.parse::<f64>().ok();
        let pixels = |name: &str| u32::try_from(film?.get(name)?.as_u64()?).ok();
        Probed {
            seconds: said
                .get("format")
                .and_then(duration)
                .or_else(|| streams.iter().find_map(duration))
                .filter(|seconds| seconds.is_finite() && *seconds >= 0.0),
            width: pixels("width"),
            height: pixels("height"),
        }
    }

    /// A frame of a film as a small JPEG, empty if there is none.
    pub(crate) async fn frame(&self, file: &Path, side: u32) -> Vec<u8> {
        let mut command = self.on(file);
        command
            .args(["-an", "-sn", "-dn", "-frames:v", "1", "-vf"])
            .arg(format!(
                "scale={side}:{side}:force_original_aspect_ratio=decrease"
            ))
            .args(["-f", "mjpeg", "-q:v", "6", "pipe:1"]);
        output(command, QUICK).await.unwrap_or_default()
    }

    /// Opus in Ogg, mono, as WhatsApp's voice notes are.
    pub(crate) async fn opus(&self, from: &Path, to: &Path) -> bool {
        let mut command = self.on(from);
        command
            .args(["-vn", "-sn", "-dn", "-map", "0:a:0", "-map_metadata", "-1"])
            .args(["-c:a", "libopus", "-b:a", "32k", "-ac", "1", "-ar", "48000"])
            .args(["-application", "voip", "-fs"])
            .arg(MOST_FILE.to_string())
            .args(["-f", "ogg"])
            .arg(local(to));
        done(command, to).await
    }

    /// A WebP of 512 × 512, the rest transparent.
    pub(crate) async fn webp(&self, from: &Path, to: &Path) -> bool {
        let mut command = self.on(from);
        command
            .args([
                "-an",
                "-sn",
                "-dn",
                "-frames:v",
                "1",
                "-map_metadata",
                "-1",
                "-vf",
            ])
            .arg(
                "scale=512:512:force_original_aspect_ratio=decrease,format=rgba,\
                 pad=512:512:(ow-iw)/2:(oh-ih)/2:color=black@0",
            )
            .args(["-c:v", "libwebp", "-q:v", "75", "-fs"])
            .arg(MOST_FILE.to_string())
            .args(["-f", "webp"])
            .arg(local(to));
        done(command, to).await
    }

    /// How loud a sound is in each of 64 equal parts, 100 being its loudest.
    pub(crate) async fn waveform(&self, file: &Path, seconds: f64) -> Vec<u8> {
        if seconds <= 0.0 || seconds > LONGEST {
            return Vec::new();
        }
        let mut command = self.on(file);
        command
            .args(["-vn", "-sn", "-dn", "-map", "0:a:0", "-ac", "1", "-ar"])
            .arg(RATE.to_string())
            .args(["-f", "s16le", "pipe:1"])
            .stdout(Stdio::piped());
        let Ok(mut child) = command.spawn() else {
            return Vec::new();
        };
        let Some(mut sound) = child.stdout.take() else {
            return Vec::new();
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked above"
        )]
        let samples = ((seconds * f64::from(RATE)) as u64).max(1);
        let measured = timeout(DEADLINE, measure(&mut sound, samples)).await;
        let ended = timeout(QUICK, child.wait()).await;
        match (measured, ended) {
            (Ok(Ok(bars)), Ok(Ok(status))) if status.success() => bars,
            _ => Vec::new(),
        }
    }
}

async fn measure(sound: &mut (impl AsyncRead + Unpin), samples: u64) -> std::io::Result<Vec<u8>> {
    let mut sums = [(0_u64, 0_u64); BARS];
    let mut at = 0_u64;
    let mut buffer = vec![0; 32 << 10];
    let mut held = 0;
    loop {
        let free = buffer.get_mut(held..).unwrap_or_default();
        let count = sound.read(free).await?;
        if count == 0 {
            break;
        }
        held += count;
        let (whole, _) = buffer.get(..held).unwrap_or_default().as_chunks::<2>();
        for sample in whole {
            let place = usize::try_from(at * BARS as u64 / samples).unwrap_or(BARS);
            if let Some((sum, count)) = sums.get_mut(place.min(BARS - 1)) {
                *sum += u64::from(i16::from_le_bytes(*sample).unsigned_abs());
                *count += 1;
            }
            at += 1;
        }
        let odd = held % 2;
        if odd == 1 {
            buffer.swap(0, held - 1);
        }
        held = odd;
    }
    let means = sums.map(|(sum, count)| sum.checked_div(count).unwrap_or(0));
    let loudest = means.iter().copied().max().unwrap_or(0).max(1);
    Ok(means
        .iter()
        .map(|mean| u8::try_from(mean * 100 / loudest).unwrap_or(100))
        .collect())
}

/// A program without our environment.
fn bare(program: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command
}

/// A path that cannot be taken for an option or another protocol.
fn local(path: &Path) -> OsString {
    let mut text = OsString::from("file:");
    text.push(OsStr::new(path));
    text
}

/// What the program prints; nothing when it fails, takes too long or prints too much.
async fn output(mut command: Command, deadline: Duration) -> Option<Vec<u8>> {
    let mut child = command.stdout(Stdio::piped()).spawn().ok()?;
    let stdout = child.stdout.take()?;
    let mut printed = Vec::new();
    let run = async {
        stdout
            .take(MOST_ANSWER + 1)
            .read_to_end(&mut printed)
            .await
            .ok()?;
        child.wait().await.ok()
    };
    let status = timeout(deadline, run).await.ok()??;
    (status.success() && printed.len() as u64 <= MOST_ANSWER).then_some(printed)
}

async fn done(mut command: Command, to: &Path) -> bool {
    let Ok(mut child) = command.stdout(Stdio::null()).spawn() else {
        return false;
    };
    let well = matches!(timeout(DEADLINE, child.wait()).await, Ok(Ok(status)) if status.success());
    // One that reached its limit was cut, and is no whole sound.
    well && std::fs::metadata(to).is_ok_and(|file| file.len() > 0 && file.len() < MOST_FILE)
}
