//! A contact item as JSON, rendered when the person's row is written and only copied when a page is read.
//!
//! What is kept ends where the source begins, since the source depends on the question asked. Fifty items cost a
//! page some ten kilobytes of copying instead of two hundred strings.

use super::Contact;
use crate::{Error, Result, contacts::Source, ports::store::PersonRow};

/// How an item ends after its source.
const CLOSING: &str = "\"}";

/// The item up to its source.
pub fn opening(row: &PersonRow) -> Result<String> {
    let broken = || Error::Internal("a contact item cannot be rendered".into());
    let item = Contact {
        source: "",
        ..Contact::of(row, None)
    };
    let mut text = serde_json::to_string(&item).map_err(|_| broken())?;
    // `source` is the last field.
    if !text.ends_with(r#""source":""}"#) {
        return Err(broken());
    }
    text.truncate(text.len() - CLOSING.len());
    Ok(text)
}

/// Items one after another, as the inside of a JSON array; at most a page of them.
pub struct Items {
    json: Vec<u8>,
    source: Option<Source>,
    room: usize,
    more: bool,
}

/// Bytes of a usual item.
const USUAL: usize = 200;

impl Items {
    /// For a page of `limit`, with the source that was asked for.
    pub fn new(limit: usize, source: Option<Source>) -> Self {
        Self {
            json: Vec::with_capacity(limit * USUAL),
            source,
            room: limit,
            more: false,
        }
    }

    /// Adds a person; `false` when the page was full, which then is known not to be the last.
    pub fn push(&mut self, flags: u8, opening: &[u8]) -> bool {
        if self.room == 0 {
            self.more = true;
            return false;
        }
        if !self.json.is_empty() {
            self.json.push(b',');
        }
        self.room -= 1;
        let source = self.source.unwrap_or_else(|| Source::best(flags));
        self.json.extend_from_slice(opening);
        self.json.extend_from_slice(source.as_str().as_bytes());
        self.json.extend_from_slice(CLOSING.as_bytes());
        true
    }

    /// Somebody did not fit.
    pub fn more(&self) -> bool {
        self.more
    }

    /// The JSON.
    pub fn into_json(self) -> Vec<u8> {
        self.json
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::{Names, flags};

    #[test]
    fn an_item_is_what_the_contact_serializes_to() {
        let row = PersonRow {
            id: 7,
            lid: Some("205227043110953@lid".parse().unwrap()),
            phone: None,
            names: Names {
                address_book: "a\"b\\ \u{1}\u{2028}é".into(),
                business: "\"source\":\"\"}".into(),
                push: String::new(),
            },
            flags: flags::GROUP,
            first_seen_at: 1,
            updated_at: 1,
        };
        let mut items = Items::new(2, None);
        let opening = opening(&row).unwrap();
        let opening = opening.as_bytes();
        assert!(items.push(flags::GROUP, opening));
        assert!(items.push(flags::DM | flags::GROUP, opening));
        assert!(!items.more());
        assert!(!items.push(flags::DM, opening) && items.more());
        let expected = [Contact::of(&row, None), Contact::of(&row, Some(Source::Dm))]
            .map(|contact| serde_json::to_string(&contact).unwrap());
        assert_eq!(items.into_json(), expected.join(",").into_bytes());
    }
}
