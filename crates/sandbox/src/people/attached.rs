//! The file a message points at: what the message says of it, and whether the phone finds it so.
//!
//! A phone downloads by the direct path, compares the hash of the ciphertext, checks the MAC, decrypts
//! with the key of the message, and compares hash and length of the plaintext. A message that lies in any
//! of these shows its reader nothing on the real network; here it is a violation besides.

use serde_json::{Value, json};
use waproto::whatsapp as wa;

use crate::{
    media::{Blob, MediaKind, check},
    world::World,
};

/// What a message says about its file.
#[derive(Clone, Debug)]
pub struct Attached {
    pub kind: MediaKind,
    pub mimetype: String,
    pub direct_path: String,
    pub claim: check::Claim,
    /// The rest, as the inbox shows it.
    shown: Value,
}

/// None: the message (without its envelopes) has no file.
pub fn of(m: &wa::Message) -> Option<Attached> {
    macro_rules! from {
        ($x:ident, $kind:ident, $shown:expr) => {
            Some(Attached {
                kind: MediaKind::$kind,
                mimetype: $x.mimetype.clone().unwrap_or_default(),
                direct_path: $x.direct_path.clone().unwrap_or_default(),
                claim: check::Claim {
                    key: $x.media_key.clone().unwrap_or_default(),
                    sha256: $x.file_sha256.clone().unwrap_or_default(),
                    enc_sha256: $x.file_enc_sha256.clone().unwrap_or_default(),
                    length: $x.file_length.unwrap_or_default(),
                },
                shown: $shown,
            })
        };
    }
    let thumbnail = |t: &Option<Vec<u8>>| t.as_ref().is_some_and(|b| !b.is_empty());
    if let Some(i) = m.image_message.as_option() {
        let shown = json!({"kind": "image", "caption": i.caption, "width": i.width, "height": i.height,
            "hasThumbnail": thumbnail(&i.jpeg_thumbnail)});
        return from!(i, Image, shown);
    }
    if let Some(v) = m.video_message.as_option() {
        let shown = json!({"kind": "video", "caption": v.caption, "width": v.width, "height": v.height,
            "seconds": v.seconds, "hasThumbnail": thumbnail(&v.jpeg_thumbnail)});
        return from!(v, Video, shown);
    }
    if let Some(a) = m.audio_message.as_option() {
        let shown = json!({"kind": "audio", "seconds": a.seconds, "voice": a.ptt.unwrap_or(false),
            "hasWaveform": thumbnail(&a.waveform)});
        return from!(a, Audio, shown);
    }
    if let Some(d) = m.document_message.as_option() {
        let shown = json!({"kind": "document", "caption": d.caption, "filename": d.file_name,
            "hasThumbnail": thumbnail(&d.jpeg_thumbnail)});
        return from!(d, Document, shown);
    }
    let s = m.sticker_message.as_option()?;
    let shown = json!({"kind": "sticker", "width": s.width, "height": s.height,
        "animated": s.is_animated.unwrap_or(false)});
    from!(s, Sticker, shown)
}

impl Attached {
    /// As the inbox shows it; `size` and `sha256` are the message's own words, checked or not.
    pub fn shown(&self, view_once: bool, problem: Option<&str>) -> Value {
        let mut v = self.shown.clone();
        if let Some(o) = v.as_object_mut() {
            o.insert("mimetype".into(), json!(self.mimetype));
            o.insert("size".into(), json!(self.claim.length));
            o.insert("sha256".into(), json!(hex(&self.claim.sha256)));
            o.insert("viewOnce".into(), json!(view_once));
            o.insert("problem".into(), json!(problem));
        }
        v
    }
}

fn hex(b: &[u8]) -> String {
    b.iter().map(|x| format!("{x:02x}")).collect()
}

/// What a phone found.
pub enum Found {
    Whole,
    /// It was there once: nobody's lie.
    Expired,
    Wrong(String),
}

impl World<'_> {
    /// Downloads and checks, as a phone does at once for what it shows. `open`: a file of a channel.
    pub fn phone_downloads(&self, a: &Attached, open: bool) -> Found {
        if a.mimetype.is_empty() {
            return Found::Wrong("a file without a MIME type".into());
        }
        match self.sim.media.blobs().get(&a.direct_path) {
            Blob::Unknown => Found::Wrong(format!("nothing lies at {:?}", a.direct_path)),
            Blob::Gone => Found::Expired,
            Blob::Here(file) => {
                let checked = if open {
                    check::open_file(&file, &a.claim)
                } else {
                    check::file(&file, a.kind, &a.claim)
                };
                match checked {
                    Ok(()) => Found::Whole,
                    Err(e) => Found::Wrong(format!("{e:#}")),
                }
            }
        }
    }
}
