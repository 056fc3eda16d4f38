//! Where a body can come from.

use crate::{
    Error, Result,
    ports::{
        blobs::Chunks,
        web::{WebBody, WebError},
    },
};
use async_trait::async_trait;
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;

/// Both alphabets are in use, and padding is often left out.
const CONFIG: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const PLAIN: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
const FOR_URLS: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG);
/// A multiple of four characters.
const STEP: usize = 1 << 16;

fn malformed() -> Error {
    Error::invalid("media.data", "is not base64, or ends early")
}

/// `media.data`: base64, or a `data:` URI of it (RFC 2397).
pub(super) struct Base64 {
    text: String,
    at: usize,
    for_urls: bool,
}

impl Base64 {
    /// The body and the MIME type a `data:` URI names.
    pub(super) fn new(mut text: String) -> Result<(Self, Option<String>)> {
        let mut mimetype = None;
        if let Some(rest) = text.strip_prefix("data:") {
            let (head, _) = rest.split_once(',').ok_or_else(malformed)?;
            let head = head
                .strip_suffix(";base64")
                .ok_or_else(|| Error::invalid("media.data", "must be a base64 data: URI"))?;
            mimetype = Some(head.to_owned()).filter(|head| !head.is_empty());
            let begins = text.find(',').map_or(0, |comma| comma + 1);
            text.drain(..begins);
        }
        // Line breaks are how some programs write base64.
        if text.bytes().any(|b| b.is_ascii_whitespace()) {
            text.retain(|c| !c.is_ascii_whitespace());
        }
        if text.is_empty() {
            return Err(Error::invalid("media.data", "is empty"));
        }
        let for_urls = text.bytes().any(|b| b == b'-' || b == b'_');
        Ok((
            Self {
                text,
                at: 0,
                for_urls,
            },
            mimetype,
        ))
    }
}

#[async_trait]
impl Chunks for Base64 {
    async fn chunk(&mut self) -> Result<Option<Bytes>> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(None);
        }
        let part = rest.get(..STEP).unwrap_or(rest);
        self.at += part.len();
        let engine = if self.for_urls { &FOR_URLS } else { &PLAIN };
        let bytes = engine.decode(part).map_err(|_| malformed())?;
        Ok(Some(bytes.into()))
    }
}

/// `media.url`, already answered.
pub(crate) struct Fetched(pub Box<dyn WebBody>);

pub(super) fn of_url(error: WebError) -> Error {
    match error {
        WebError::TooLarge(most) => Error::TooLarge(most),
        WebError::Failed(why) => Error::invalid("media.url", why),
    }
}

#[async_trait]
impl Chunks for Fetched {
    async fn chunk(&mut self) -> Result<Option<Bytes>> {
        self.0.chunk().await.map_err(of_url)
    }
}
