//! What the caller takes: `Accept` against what an operation makes.

use crate::error::{ApiError, ApiResult};
use axum::http::{HeaderMap, header};

/// What an operation answers with.
pub trait Media {
    /// 406 when the caller takes none of it.
    fn check(headers: &HeaderMap) -> ApiResult<()>;
}

/// JSON, like nearly everything.
pub struct AnswersJson;

impl Media for AnswersJson {
    fn check(headers: &HeaderMap) -> ApiResult<()> {
        best(headers, &["application/json"])
            .map(|_| ())
            .ok_or_else(|| ApiError::not_acceptable("application/json"))
    }
}

/// A file of whatever type it has: what the caller takes is not asked.
pub struct AnswersAnything;

impl Media for AnswersAnything {
    fn check(_: &HeaderMap) -> ApiResult<()> {
        Ok(())
    }
}

/// The QR code: as JSON or as a picture.
pub struct AnswersQr;

/// How a picture is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picture {
    /// `image/png`.
    Png,
    /// `image/svg+xml`.
    Svg,
}

/// The form a QR code is wanted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QrForm {
    /// `{code, expiresAt}`.
    Json,
    /// Drawn.
    Drawn(Picture),
}

impl QrForm {
    /// By `Accept`; JSON unless a picture is preferred.
    pub fn wanted(headers: &HeaderMap) -> Option<Self> {
        let forms = [
            Self::Json,
            Self::Drawn(Picture::Png),
            Self::Drawn(Picture::Svg),
        ];
        let place = best(headers, &["application/json", "image/png", "image/svg+xml"])?;
        forms.get(place).copied()
    }
}

impl Media for AnswersQr {
    fn check(headers: &HeaderMap) -> ApiResult<()> {
        QrForm::wanted(headers)
            .map(|_| ())
            .ok_or_else(|| ApiError::not_acceptable("application/json, image/png or image/svg+xml"))
    }
}

/// The place of the offered type the caller likes best (RFC 9110 §12.5.1); the first wins ties.
/// No `Accept` takes everything.
fn best(headers: &HeaderMap, offered: &[&str]) -> Option<usize> {
    if !headers.contains_key(header::ACCEPT) {
        return Some(0);
    }
    let mut ranges = Vec::new();
    for value in headers.get_all(header::ACCEPT) {
        ranges.extend(value.to_str().ok()?.split(',').filter_map(range));
    }
    if ranges.is_empty() {
        return Some(0);
    }
    let quality = |media: &str| {
        ranges
            .iter()
            .filter_map(|(range, quality)| Some((specificity(range, media)?, *quality)))
            .max_by_key(|(specificity, _)| *specificity)
            .map_or(0, |(_, quality)| quality)
    };
    offered
        .iter()
        .enumerate()
        .map(|(place, media)| (quality(media), std::cmp::Reverse(place)))
        .max()
        .filter(|(quality, _)| *quality > 0)
        .map(|(_, std::cmp::Reverse(place))| place)
}

/// One media range and its quality in thousandths.
fn range(text: &str) -> Option<(String, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let range = parts.next().filter(|range| !range.is_empty())?;
    let quality = parts
        .find_map(|p| p.strip_prefix("q=").or_else(|| p.strip_prefix("Q=")))
        .map_or(Some(1.0), |q| q.parse::<f32>().ok())
        .filter(|q| (0.0..=1.0).contains(q))?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 1000"
    )]
    Some((range.to_ascii_lowercase(), (quality * 1000.0) as u16))
}

fn specificity(range: &str, media: &str) -> Option<u8> {
    if range == media {
        return Some(2);
    }
    if range == "*/*" {
        return Some(0);
    }
    let kind = range.strip_suffix("/*")?;
    (media.split('/').next() == Some(kind)).then_some(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preferred_form() {
        let wanted = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            QrForm::wanted(&headers)
        };
        let png = Some(QrForm::Drawn(Picture::Png));
        assert_eq!(QrForm::wanted(&HeaderMap::new()), Some(QrForm::Json));
        assert_eq!(wanted("*/*"), Some(QrForm::Json));
        assert_eq!(wanted(""), Some(QrForm::Json));
        assert_eq!(wanted("application/*"), Some(QrForm::Json));
        assert_eq!(wanted("image/png"), png);
        assert_eq!(wanted("image/*"), png);
        assert_eq!(wanted("text/html, image/png;q=0.5, */*;q=0.1"), png);
        assert_eq!(wanted("Image/SVG+xml"), Some(QrForm::Drawn(Picture::Svg)));
        assert_eq!(wanted("text/html"), None);
        assert_eq!(wanted("application/json;q=0"), None);
    }
}
