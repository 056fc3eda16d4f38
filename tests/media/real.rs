//! Real files.

use sha2::{Digest, Sha256};
use std::process::Command;

pub fn sha256(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash.iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn made(name: &str, arguments: &[&str]) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    let status = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error"])
        .args(arguments)
        .arg(&path)
        .status()
        .expect("ffmpeg is installed by scripts/setup");
    assert!(status.success());
    std::fs::read(path).unwrap()
}

/// 320 × 180.
pub fn jpeg() -> Vec<u8> {
    made(
        "x.jpg",
        &[
            "-f",
            "lavfi",
            "-i",
            "testsrc=size=320x180",
            "-frames:v",
            "1",
        ],
    )
}

/// Two seconds of Opus.
pub fn voice_note() -> Vec<u8> {
    made(
        "x.ogg",
        &[
            "-f",
            "lavfi",
            "-i",
            "sine=duration=2",
            "-c:a",
            "libopus",
            "-ac",
            "1",
        ],
    )
}

/// Two seconds, uncompressed.
pub fn wav() -> Vec<u8> {
    made("x.wav", &["-f", "lavfi", "-i", "sine=duration=2"])
}

/// Three seconds of 320 × 180.
pub fn mp4() -> Vec<u8> {
    made(
        "x.mp4",
        &[
            "-f",
            "lavfi",
            "-i",
            "testsrc=size=320x180:duration=3:rate=5",
        ],
    )
}

/// A page with nothing on it.
pub fn pdf() -> Vec<u8> {
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
      3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
        .to_vec()
}

/// 128 × 128, two frames.
pub fn animated_webp() -> Vec<u8> {
    made(
        "x.webp",
        &[
            "-f",
            "lavfi",
            "-i",
            "testsrc=size=128x128:duration=1:rate=2",
            "-c:v",
            "libwebp_anim",
        ],
    )
}
