//! Pictures: size and thumbnail, decoded under limits. A picture beyond them is sent all the same, without a thumbnail.

use image::{
    DynamicImage, ImageDecoder, ImageReader, Limits, codecs::jpeg::JpegEncoder,
    imageops::FilterType,
};
use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};
use wharf_domain::ports::studio::Seen;

/// 50 megapixels of RGBA. A picture announces its size before it is decoded, so a bomb is refused unopened.
const MOST_MEMORY: u64 = 200 << 20;
const MOST_PIXELS: u32 = 16_384;
/// What WhatsApp's own clients make.
const THUMBNAIL: u32 = 100;
const QUALITY: u8 = 60;
/// The larger of the two sizes in which WhatsApp keeps a profile picture (whatsmeow `group.go`: JPEG, at most 640 × 640).
const PORTRAIT: u32 = 640;
const PORTRAIT_QUALITY: u8 = 85;

fn reader(path: &Path) -> Option<ImageReader<BufReader<File>>> {
    let file = BufReader::new(File::open(path).ok()?);
    let mut reader = ImageReader::new(file).with_guessed_format().ok()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_PIXELS);
    limits.max_image_height = Some(MOST_PIXELS);
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    Some(reader)
}

/// What is known of a picture; as people see it, turned as its EXIF says.
pub(crate) fn look(path: &Path) -> Seen {
    let Some(mut decoder) = reader(path).and_then(|reader| reader.into_decoder().ok()) else {
        return Seen::default();
    };
    let turned = decoder.orientation().ok();
    let (width, height) = decoder.dimensions();
    let mut seen = Seen {
        width: Some(width),
        height: Some(height),
        moves: moves(path).unwrap_or(false),
        ..Seen::default()
    };
    if decoder.total_bytes() > MOST_MEMORY {
        return seen;
    }
    if let Ok(mut picture) = DynamicImage::from_decoder(decoder) {
        if let Some(turned) = turned {
            picture.apply_orientation(turned);
        }
        seen.width = Some(picture.width());
        seen.height = Some(picture.height());
        seen.thumbnail = thumbnail(&picture);
    }
    seen
}

/// The middle of a picture as a square JPEG.
pub(crate) fn portrait(path: &Path) -> Option<Vec<u8>> {
    let mut decoder = reader(path)?.into_decoder().ok()?;
    let turned = decoder.orientation().ok();
    if decoder.total_bytes() > MOST_MEMORY {
        return None;
    }
    let mut picture = DynamicImage::from_decoder(decoder).ok()?;
    if let Some(turned) = turned {
        picture.apply_orientation(turned);
    }
    let side = picture.width().min(picture.height());
    let (x, y) = ((picture.width() - side) / 2, (picture.height() - side) / 2);
    let square = picture.crop_imm(x, y, side, side);
    let square = match side > PORTRAIT {
        true => square.resize(PORTRAIT, PORTRAIT, FilterType::Triangle),
        false => square,
    };
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, PORTRAIT_QUALITY)
        .encode_image(&square.to_rgb8())
        .ok()?;
    Some(jpeg)
}

/// Whether it is a WebP with an animation: the second bit of the flags of its extended header (the container's
/// specification, developers.google.com/speed/webp/docs/riff_container).
fn moves(path: &Path) -> Option<bool> {
    let mut head = [0; 21];
    File::open(path).ok()?.read_exact(&mut head).ok()?;
    let extended = head.get(8..16)? == b"WEBPVP8X";
    Some(extended && head.get(20)? & 2 != 0)
}

fn thumbnail(picture: &DynamicImage) -> Vec<u8> {
    let small = picture
        .resize(THUMBNAIL, THUMBNAIL, FilterType::Triangle)
        .to_rgb8();
    let mut jpeg = Vec::new();
    match JpegEncoder::new_with_quality(&mut jpeg, QUALITY).encode_image(&small) {
        Ok(()) => jpeg,
        Err(_) => Vec::new(),
    }
}
