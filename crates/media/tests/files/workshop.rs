//! Needs ffmpeg, which `scripts/setup` installs.

use image::{ImageFormat, Rgb, RgbImage};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use wharf_domain::ports::studio::{Heard, Seen, Studio};
use wharf_media::{Ffmpeg, Workshop};

struct Room {
    dir: tempfile::TempDir,
    shop: Workshop,
}

impl Room {
    async fn new() -> Self {
        let ffmpeg = Ffmpeg::find("ffmpeg").await;
        assert!(ffmpeg.is_some(), "ffmpeg is not installed: scripts/setup");
        Self {
            dir: tempfile::tempdir().unwrap(),
            shop: Workshop::new(ffmpeg),
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn picture(&self, name: &str, format: ImageFormat) -> PathBuf {
        let path = self.at(name);
        let picture = RgbImage::from_fn(640, 320, |x, y| Rgb([x as u8, y as u8, 90]));
        picture.save_with_format(&path, format).unwrap();
        path
    }

    fn made(&self, name: &str, arguments: &[&str]) -> PathBuf {
        let path = self.at(name);
        let status = Command::new("ffmpeg")
            .args(["-loglevel", "error", "-y"])
            .args(arguments)
            .arg(&path)
            .status()
            .unwrap();
        assert!(status.success());
        path
    }
}

fn dimensions(path: &Path) -> (u32, u32) {
    image::ImageReader::open(path)
        .unwrap()
        .with_guessed_format()
        .unwrap()
        .into_dimensions()
        .unwrap()
}

#[tokio::test]
async fn a_picture_has_a_size_and_a_thumbnail() {
    let room = Room::new().await;
    let path = room.picture("x", ImageFormat::Jpeg);
    assert_eq!(room.shop.sniff(&path).await, Some("image/jpeg"));
    let seen = room.shop.picture(&path).await;
    assert_eq!(
        (seen.width, seen.height, seen.seconds),
        (Some(640), Some(320), None)
    );
    let small = room.at("small");
    fs::write(&small, seen.thumbnail).unwrap();
    assert_eq!(dimensions(&small), (100, 50));
}

#[tokio::test]
async fn a_bomb_is_not_opened() {
    let room = Room::new().await;
    // A PNG whose head announces 60,000 × 60,000 pixels.
    let path = room.picture("bomb", ImageFormat::Png);
    let mut bytes = fs::read(&path).unwrap();
    bytes[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    let mut crc = !0_u32;
    for byte in &bytes[12..29] {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                crc >> 1 ^ 0xedb8_8320
            } else {
                crc >> 1
            };
        }
    }
    bytes[29..33].copy_from_slice(&(!crc).to_be_bytes());
    fs::write(&path, bytes).unwrap();
    assert_eq!(room.shop.picture(&path).await.thumbnail, Vec::<u8>::new());
    fs::write(&path, b"\xff\xd8\xff\xe0 and no picture").unwrap();
    assert_eq!(room.shop.picture(&path).await, Seen::default());
}

#[tokio::test]
async fn a_sound_becomes_a_voice_note() {
    let room = Room::new().await;
    // Two seconds: silence, then a tone.
    let sine = "aevalsrc='if(lt(t,1),0,0.5*sin(880*PI*t))':d=2";
    let wav = room.made("x.wav", &["-f", "lavfi", "-i", sine]);
    assert_eq!(room.shop.sniff(&wav).await, Some("audio/wav"));
    let note = room.at("note");
    assert!(room.shop.voice(&wav, &note).await);
    assert_eq!(room.shop.sniff(&note).await, Some("audio/opus"));
    assert!(
        fs::read(&note)
            .unwrap()
            .windows(8)
            .any(|part| part == b"OpusHead")
    );
    let heard = room.shop.sound(&note, true).await;
    assert_eq!(heard.seconds, Some(2));
    assert_eq!(heard.waveform.len(), 64);
    assert!(
        heard.waveform[..28].iter().all(|bar| *bar < 10),
        "{heard:?}"
    );
    assert!(
        heard.waveform[36..60]
            .iter()
            .all(|bar| *bar > 60 && *bar <= 100),
        "{heard:?}"
    );
}

#[tokio::test]
async fn a_film_has_a_length_and_a_frame() {
    let room = Room::new().await;
    let film = room.made(
        "x.mp4",
        &[
            "-f",
            "lavfi",
            "-i",
            "testsrc=size=320x180:duration=3:rate=5",
        ],
    );
    assert_eq!(room.shop.sniff(&film).await, Some("video/mp4"));
    let seen = room.shop.film(&film).await;
    assert_eq!(
        (seen.seconds, seen.width, seen.height),
        (Some(3), Some(320), Some(180))
    );
    let frame = room.at("frame");
    fs::write(&frame, &seen.thumbnail).unwrap();
    assert_eq!(dimensions(&frame), (100, 56));
}

#[tokio::test]
async fn a_picture_becomes_a_sticker() {
    let room = Room::new().await;
    let png = room.picture("x", ImageFormat::Png);
    let sticker = room.at("sticker");
    assert!(room.shop.sticker(&png, &sticker).await);
    assert_eq!(room.shop.sniff(&sticker).await, Some("image/webp"));
    assert_eq!(dimensions(&sticker), (512, 512));
}

#[tokio::test]
async fn a_playlist_in_disguise_opens_no_other_file() {
    let room = Room::new().await;
    let secret = room.made("secret.wav", &["-f", "lavfi", "-i", "sine=duration=1"]);
    let into = room.at("out");
    for text in [
        format!(
            "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{0}\n#EXT-X-ENDLIST\n",
            secret.display()
        ),
        format!("ffconcat version 1.0\nfile '{}'\n", secret.display()),
    ] {
        let list = room.at("list.mp3");
        fs::write(&list, &text).unwrap();
        assert!(!room.shop.voice(&list, &into).await);
        // Also when its first bytes are those of a sound.
        fs::write(&list, format!("ID3\x03\0\0\0\0\0\0{text}")).unwrap();
        assert!(!room.shop.voice(&list, &into).await);
        assert_eq!(room.shop.film(&list).await.thumbnail, Vec::<u8>::new());
    }
}

#[tokio::test]
async fn without_ffmpeg_sounds_and_films_stay_as_they_are() {
    let room = Room::new().await;
    let film = room.made(
        "x.mp4",
        &["-f", "lavfi", "-i", "testsrc=size=64x64:duration=1:rate=5"],
    );
    let bare = Workshop::new(Ffmpeg::find("/nowhere/ffmpeg").await);
    assert_eq!(bare.film(&film).await, Seen::default());
    assert_eq!(bare.sound(&film, true).await, Heard::default());
    assert!(!bare.voice(&film, &room.at("out")).await);
    let png = room.picture("p", ImageFormat::Png);
    assert_eq!(bare.picture(&png).await.width, Some(640));
}
