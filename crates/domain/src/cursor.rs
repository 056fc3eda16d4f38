//! Cursors: where a page ended, signed.
//!
//! A cursor is the place of a list's last row after a code that binds it to the operation, the session or organization,
//! and every filter, under a key of its own. Malformed, forged or from another query: 400. It is not encrypted: a place
//! holds nothing that its reader may not know.

use crate::{Domain, Error, Result};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use std::fmt::Display;

/// Bytes of the code: HMAC-SHA256, cut.
const CODE: usize = 16;
/// Longer text is no cursor of ours.
const LONGEST: usize = 8 * 1024;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The rows.
    pub data: Vec<T>,
    /// Where the next page begins; "" = this is the last.
    pub next_cursor: String,
}

/// What a cursor is good for. Two queries that may share cursors give equal bindings.
pub struct Binding(Sha256);

impl Binding {
    /// For an operation of a session or organization.
    pub fn new(operation: &str, of: impl Display) -> Self {
        Self(Sha256::new())
            .with("operation", operation)
            .with("of", of)
    }

    /// And this filter. Lengths are hashed too: no two sets of filters read alike.
    #[must_use]
    pub fn with(mut self, filter: &str, value: impl Display) -> Self {
        let value = value.to_string();
        for part in [filter, &value] {
            self.0.update((part.len() as u64).to_be_bytes());
            self.0.update(part);
        }
        self
    }

    /// Seals and opens places of this query with the given key.
    pub fn seal(self, key: [u8; 32]) -> Sealer {
        Sealer {
            key,
            binding: self.0.finalize().into(),
        }
    }
}

/// Signs and opens the places of one query.
#[derive(Clone)]
pub struct Sealer {
    key: [u8; 32],
    binding: [u8; 32],
}

impl Sealer {
    fn code(&self, place: &[u8]) -> Hmac<Sha256> {
        let mac = Hmac::<Sha256>::new_from_slice(&self.key)
            .unwrap_or_else(|_| unreachable!("HMAC takes a key of any length"));
        mac.chain_update(self.binding).chain_update(place)
    }

    /// The cursor for a place.
    pub fn cursor<P: Serialize>(&self, place: &P) -> Result<String> {
        let place = serde_json::to_vec(place)
            .map_err(|_| Error::Internal("a cursor cannot be written".into()))?;
        let code = self.code(&place).finalize().into_bytes();
        let code = code.get(..CODE).unwrap_or_default();
        Ok(URL_SAFE_NO_PAD.encode([code, &place].concat()))
    }

    /// The place a cursor stands for; `None` for "", the start.
    pub fn place<P: DeserializeOwned>(&self, cursor: &str) -> Result<Option<P>> {
        if cursor.is_empty() {
            return Ok(None);
        }
        self.open(cursor)
            .map(Some)
            .ok_or_else(|| Error::invalid("cursor", "is not a cursor of this query"))
    }

    fn open<P: DeserializeOwned>(&self, cursor: &str) -> Option<P> {
        if cursor.len() > LONGEST {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (code, place) = bytes.split_first_chunk::<CODE>()?;
        self.code(place).verify_truncated_left(code).ok()?;
        serde_json::from_slice(place).ok()
    }

    /// Makes a page of rows fetched with one more than asked for: the surplus only says that there are more.
    pub fn page<R, P: Serialize, T>(
        &self,
        mut rows: Vec<R>,
        limit: usize,
        place: impl Fn(&R) -> P,
        item: impl FnMut(R) -> T,
    ) -> Result<Page<T>> {
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = match rows.last().filter(|_| more) {
            Some(last) => self.cursor(&place(last))?,
            None => String::new(),
        };
        Ok(Page {
            data: rows.into_iter().map(item).collect(),
            next_cursor,
        })
    }
}

impl Domain {
    /// Seals and opens the cursors of a query.
    pub fn sealer(&self, binding: Binding) -> Sealer {
        binding.seal(self.cursor_key)
    }
}

/// Rows in a page when the caller does not say.
const USUAL: usize = 50;
/// Rows in a page at most.
const MOST: usize = 200;

/// Reads `limit`: 0 or absent is 50, any other integer is clamped into 1–200, however large.
pub fn parse_limit(text: &str) -> Result<usize> {
    let bare = text.strip_prefix(['+', '-']).unwrap_or(text);
    if text.is_empty() {
        return Ok(USUAL);
    }
    if bare.is_empty() || !bare.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Error::invalid("limit", "must be an integer"));
    }
    let size = bare.trim_start_matches('0');
    Ok(match (size, text.starts_with('-')) {
        ("", _) => USUAL,
        (_, true) => 1,
        // More digits than fit are more than the most.
        (_, false) => size.parse().unwrap_or(MOST).clamp(1, MOST),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sealer(operation: &str, of: &str, q: &str) -> Sealer {
        Binding::new(operation, of).with("q", q).seal([7; 32])
    }

    #[test]
    fn limits() {
        for (text, rows) in [
            ("", 50),
            ("0", 50),
            ("-0", 50),
            ("000", 50),
            ("1", 1),
            ("+7", 7),
            ("200", 200),
            ("201", 200),
            ("-3", 1),
            ("9223372036854775808", 200),
            ("-99999999999999999999999999", 1),
            ("99999999999999999999999999", 200),
        ] {
            assert_eq!(parse_limit(text), Ok(rows), "{text}");
        }
        for text in [" ", "1.0", "1e2", "ten", "+", "-", "--1", "١", "0x10", "1 "] {
            assert!(parse_limit(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_cursor_is_good_for_its_own_query_only() {
        let cursor = sealer("contacts", "a", "x").cursor(&("éx", 5i64)).unwrap();
        assert_eq!(
            cursor,
            sealer("contacts", "a", "x").cursor(&("éx", 5i64)).unwrap()
        );
        let open = |s: Sealer| s.place::<(String, i64)>(&cursor);
        assert_eq!(
            open(sealer("contacts", "a", "x")),
            Ok(Some(("éx".into(), 5)))
        );
        for other in [
            sealer("contacts", "a", "y"),
            sealer("contacts", "b", "x"),
            sealer("chats", "a", "x"),
            Binding::new("contacts", "a").with("qx", "").seal([7; 32]),
            Binding::new("contacts", "a").with("q", "x").seal([8; 32]),
        ] {
            assert!(open(other).is_err());
        }
        assert_eq!(sealer("contacts", "a", "x").place::<i64>(""), Ok(None));
    }

    proptest! {
        #[test]
        fn no_other_text_is_a_cursor(at in 0usize..200, bit in 0u8..6, noise in "\\PC{0,60}") {
            let sealer = sealer("contacts", "a", "");
            let cursor = sealer.cursor(&12345i64).unwrap();
            let mut bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            prop_assert!(sealer.place::<i64>(&URL_SAFE_NO_PAD.encode(bytes)).is_err());
            let cut = cursor.get(..at % cursor.len()).unwrap();
            prop_assert_eq!(sealer.place::<i64>(cut).is_err(), !cut.is_empty());
            prop_assert_eq!(sealer.place::<i64>(&noise).is_err(), !noise.is_empty());
        }
    }
}
