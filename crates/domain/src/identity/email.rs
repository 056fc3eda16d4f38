//! An address somebody logs in by. Whether mail arrives there is not asked: none is sent.

use crate::{Error, Result};
use unicode_normalization::UnicodeNormalization;

/// RFC 5321 §4.5.3.1.3 leaves 254 octets between the brackets of a path.
const LONGEST: usize = 254;

/// An address as given, and as it is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Email {
    pub(crate) given: String,
    pub(crate) folded: String,
}

impl Email {
    /// Reads one; `field` is named when it is none.
    pub(crate) fn parse(field: &str, text: &str) -> Result<Self> {
        let given = text.trim();
        let well = given.len() <= LONGEST
            && !given.chars().any(|c| c.is_whitespace() || c.is_control())
            && given.split_once('@').is_some_and(|(at, host)| {
                !at.is_empty() && !host.is_empty() && !host.contains('@')
            });
        if !well {
            return Err(Error::invalid(field, "must be an e-mail address"));
        }
        Ok(Self {
            given: given.to_owned(),
            // Twice: lower case can come apart into other forms.
            folded: given
                .nfkc()
                .collect::<String>()
                .to_lowercase()
                .nfkc()
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_however_they_write_it() {
        let folded = |text: &str| Email::parse("email", text).unwrap().folded;
        assert_eq!(folded(" Ann@Example.ORG "), "ann@example.org");
        assert_eq!(folded("ÉVA@x"), folded("e\u{301}va@x"));
        assert_eq!(Email::parse("email", "Ann@X").unwrap().given, "Ann@X");
        let long = format!("{}@x", "a".repeat(253));
        for none in [
            "", "@", "a@", "@b", "a@b@c", "a b@c", "a\u{7}@b", "ann", &long,
        ] {
            assert!(Email::parse("email", none).is_err(), "{none}");
        }
    }
}
