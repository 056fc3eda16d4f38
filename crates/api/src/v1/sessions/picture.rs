//! A QR code drawn.

use qrcode::{Color, EcLevel, QrCode, render::svg};

/// Pixels a module.
const SCALE: usize = 8;
/// Modules of white around, as the standard (ISO/IEC 18004) wants.
const QUIET: usize = 4;

fn code(text: &str) -> Result<QrCode, String> {
    QrCode::with_error_correction_level(text, EcLevel::L).map_err(|error| error.to_string())
}

/// As SVG.
pub fn svg(text: &str) -> Result<String, String> {
    Ok(code(text)?
        .render::<svg::Color<'_>>()
        .quiet_zone(true)
        .min_dimensions(320, 320)
        .build())
}

/// As PNG, one bit a pixel.
pub fn png(text: &str) -> Result<Vec<u8>, String> {
    let code = code(text)?;
    let modules = code.width();
    let side = (modules + 2 * QUIET) * SCALE;
    let dark = |x: usize, y: usize| {
        let at = |pixel: usize| (pixel / SCALE).checked_sub(QUIET).filter(|m| *m < modules);
        matches!((at(x), at(y)), (Some(x), Some(y)) if code[(x, y)] == Color::Dark)
    };
    let mut bits = Vec::with_capacity(side * side.div_ceil(8));
    for y in 0..side {
        for from in (0..side).step_by(8) {
            let byte = (0..8).fold(0u8, |byte, bit| {
                let x = from + bit;
                byte << 1 | u8::from(x >= side || !dark(x, y))
            });
            bits.push(byte);
        }
    }
    let side = u32::try_from(side).map_err(|error| error.to_string())?;
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let written = encoder
        .write_header()
        .and_then(|mut writer| writer.write_image_data(&bits));
    written.map_err(|error| error.to_string())?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "2@abcdefghijklmnopqrstuvwxyz0123456789,AAAA,BBBB,CCCC";

    #[test]
    fn the_png_shows_the_modules() {
        let file = png(TEXT).unwrap();
        let decoder = png::Decoder::new(std::io::Cursor::new(file));
        let mut reader = decoder.read_info().unwrap();
        let mut bits = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut bits).unwrap();
        let code = code(TEXT).unwrap();
        assert_eq!(frame.width as usize, (code.width() + 2 * QUIET) * SCALE);
        let dark = |x: usize, y: usize| bits[y * frame.line_size + x / 8] >> (7 - x % 8) & 1 == 0;
        for y in 0..code.width() {
            for x in 0..code.width() {
                let middle = |m: usize| (m + QUIET) * SCALE + SCALE / 2;
                assert_eq!(
                    dark(middle(x), middle(y)),
                    code[(x, y)] == Color::Dark,
                    "{x},{y}"
                );
            }
        }
        assert!(!dark(0, 0));
    }

    #[test]
    fn the_svg_is_one() {
        assert!(svg(TEXT).unwrap().contains("<svg"));
    }
}
