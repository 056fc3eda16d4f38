//! The type the first bytes show.

use std::{fs, io::Read, path::Path};

/// As much as any signature needs, and the first page of an Ogg.
const HEAD: u64 = 8 << 10;

/// The MIME type, or nothing that is known.
pub(crate) fn sniff(path: &Path) -> Option<&'static str> {
    let mut head = Vec::new();
    fs::File::open(path)
        .ok()?
        .take(HEAD)
        .read_to_end(&mut head)
        .ok()?;
    let kind = infer::get(&head)?;
    Some(match kind.mime_type() {
        // Names that WhatsApp and the registry of types do not know.
        "audio/m4a" => "audio/mp4",
        "audio/x-wav" => "audio/wav",
        "audio/x-flac" => "audio/flac",
        "video/x-m4v" => "video/mp4",
        other => other,
    })
}
