//! Names for search: folding, and what a search text `q` asks for.
//!
//! `fold(NFC(x))` with full Unicode case folding is done here and nowhere else, before anything is indexed:
//! the folding of SQLite and of PostgreSQL differ from each other and from the contract's.

use crate::{Error, Result, ports::store::PersonRow};
use icu_casemap::CaseMapper;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// The most code points a search text may have.
const LONGEST: usize = 100;
/// No phone number has more digits (E.164).
const LONGEST_NUMBER: usize = 15;

/// `fold(NFC(text))`: what names and search texts are compared by.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mapper = CaseMapper::new();
    if is_nfc(text) {
        mapper.fold_string(text).into_owned()
    } else {
        let composed: String = text.nfc().collect();
        mapper.fold_string(&composed).into_owned()
    }
}

/// A search text, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// Trimmed, as asked: what a cursor is bound to.
    pub text: String,
    /// Folded: a substring of the folded shown name.
    pub name: String,
    /// Digits: a substring of the number. `None` when the text is no part of a number.
    pub digits: Option<String>,
}

impl Search {
    /// Reads `q`. Blank text is no filter; more than 100 code points are refused.
    pub fn parse(q: &str) -> Result<Option<Self>> {
        let text = q.trim();
        if text.is_empty() {
            return Ok(None);
        }
        if text.chars().count() > LONGEST {
            return Err(Error::invalid("q", "must have at most 100 characters"));
        }
        Ok(Some(Self {
            text: text.to_owned(),
            name: fold(text),
            digits: digits(text),
        }))
    }

    /// Whether the person's shown name or number holds the text.
    pub fn matches(&self, row: &PersonRow) -> bool {
        let number = || {
            let digits = self.digits.as_ref()?;
            Some(row.phone.as_ref()?.as_str().contains(digits))
        };
        number().unwrap_or(false) || fold(row.names.shown()).contains(&self.name)
    }
}

/// The text without white space, `+`, `-`, `(`, `)`, if one or more characters remain and all are ASCII digits.
fn digits(text: &str) -> Option<String> {
    let rest: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '+' | '-' | '(' | ')'))
        .collect();
    let sound = !rest.is_empty()
        && rest.len() <= LONGEST_NUMBER
        && rest.bytes().all(|b| b.is_ascii_digit());
    sound.then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn folding_is_full_and_after_composition() {
        assert_eq!(fold("STRASSE"), fold("straße"));
        assert_eq!(fold("ΜΆΪΟΣ"), fold("μάϊος"));
        assert_eq!(fold("ＡＢＣ"), "ａｂｃ");
        assert_eq!(fold("E\u{301}lan"), "élan");
        assert_eq!(fold("ИВАН"), "иван");
        assert_eq!(fold("ﬁn"), "fin");
        assert_eq!(fold("Ꭰ"), fold("ꭰ"));
        // Folding knows no language: dotted and dotless i stay what they are.
        assert_eq!(fold("İ"), "i\u{307}");
        assert_ne!(fold("I"), "ı");
    }

    #[test]
    fn a_search_text() {
        assert_eq!(Search::parse(" \u{3000}\t").unwrap(), None);
        assert!(Search::parse(&"é".repeat(100)).is_ok());
        assert!(Search::parse(&format!("  {}  ", "é".repeat(100))).is_ok());
        assert!(Search::parse(&"a".repeat(101)).is_err());
        let of = |q: &str| Search::parse(q).unwrap().unwrap();
        assert_eq!(of(" Ann ").name, "ann");
        assert_eq!(of("+1 (555) 12-3").digits.as_deref(), Some("1555123"));
        assert_eq!(of("%").name, "%");
        for q in ["+", "()", "1_2", "1%", "١٢٣", "1.2", "12a"] {
            assert_eq!(of(q).digits, None, "{q}");
        }
        // Longer than any number: it can only be a name.
        assert_eq!(of("1234567890123456").digits, None);
    }

    proptest! {
        #[test]
        fn folding_again_changes_nothing_for_composed_text(text in "\\PC{0,24}") {
            let once = fold(&text);
            let composed: String = once.nfc().collect();
            prop_assume!(composed == once);
            prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn decomposed_and_composed_spellings_fold_alike(text in "\\PC{0,24}") {
            let split: String = text.nfd().collect();
            prop_assert_eq!(fold(&text), fold(&split));
        }
    }
}
