//! Exactly one emoji, by the grammar of Unicode's UTS #51: what a reaction may be.
//!
//! The grammar is complete; which characters may stand at its base is read generously (whole blocks), so that emoji of
//! years to come are not refused.

use std::{fmt, str::FromStr};

/// The text is not exactly one emoji.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be exactly one emoji")]
pub struct NoEmoji;

/// One emoji, as it was written.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Emoji(String);

impl Emoji {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Emoji {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Emoji(…)")
    }
}

const JOINER: char = '\u{200D}';
const AS_EMOJI: char = '\u{FE0F}';
const KEYCAP: char = '\u{20E3}';

fn flag_letter(c: char) -> bool {
    ('\u{1F1E6}'..='\u{1F1FF}').contains(&c)
}

fn skin(c: char) -> bool {
    ('\u{1F3FB}'..='\u{1F3FF}').contains(&c)
}

fn tag(c: char) -> bool {
    ('\u{E0020}'..='\u{E007E}').contains(&c)
}

/// The blocks that hold Unicode's pictographs, and the few that stand alone among other signs.
fn base(c: char) -> bool {
    matches!(c,
        '\u{A9}' | '\u{AE}' | '\u{203C}' | '\u{2049}' | '\u{2122}' | '\u{2139}'
        | '\u{2194}'..='\u{2199}' | '\u{21A9}' | '\u{21AA}' | '\u{231A}' | '\u{231B}' | '\u{2328}' | '\u{23CF}'
        | '\u{23E9}'..='\u{23F3}' | '\u{23F8}'..='\u{23FA}' | '\u{24C2}' | '\u{25AA}' | '\u{25AB}' | '\u{25B6}'
        | '\u{25C0}' | '\u{25FB}'..='\u{25FE}' | '\u{2600}'..='\u{27BF}' | '\u{2934}' | '\u{2935}'
        | '\u{2B05}'..='\u{2B07}' | '\u{2B1B}' | '\u{2B1C}' | '\u{2B50}' | '\u{2B55}' | '\u{3030}' | '\u{303D}'
        | '\u{3297}' | '\u{3299}' | '\u{1F000}'..='\u{1FAFF}')
        && !flag_letter(c)
}

/// Takes one element from the front: a pictograph with its variation, colour and tags.
fn element(text: &[char]) -> Option<&[char]> {
    let (first, mut rest) = text.split_first()?;
    if !base(*first) {
        return None;
    }
    while let Some((next, after)) = rest.split_first()
        && (*next == AS_EMOJI || skin(*next))
    {
        rest = after;
    }
    let tags = rest.iter().take_while(|c| tag(**c)).count();
    match rest.get(tags) {
        Some('\u{E007F}') if tags > 0 => rest.get(tags + 1..),
        _ if tags > 0 => None,
        _ => Some(rest),
    }
}

fn one(text: &[char]) -> bool {
    match text {
        [a, b] if flag_letter(*a) && flag_letter(*b) => return true,
        [key, KEYCAP] | [key, AS_EMOJI, KEYCAP] => {
            return key.is_ascii_digit() || matches!(key, '#' | '*');
        }
        _ => {}
    }
    let mut rest = text;
    loop {
        let Some(after) = element(rest) else {
            return false;
        };
        match after.split_first() {
            None => return true,
            Some((&JOINER, next)) => rest = next,
            Some(_) => return false,
        }
    }
}

impl FromStr for Emoji {
    type Err = NoEmoji;
    fn from_str(text: &str) -> Result<Self, NoEmoji> {
        // The longest in use (a family with skin tones) has ten characters.
        let characters: Vec<char> = text.chars().take(33).collect();
        if characters.len() <= 32 && one(&characters) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NoEmoji)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_emoji_in_every_form() {
        for text in [
            "👍",
            "👍🏽",
            "❤️",
            "❤",
            "☎️",
            "😂",
            "🇪🇪",
            "1️⃣",
            "#⃣",
            "👩‍👩‍👧‍👦",
            "👩🏽‍🚀",
            "🏴󠁧󠁢󠁳󠁣󠁴󠁿",
            "🏳️‍🌈",
            "❤️‍🔥",
            "🫡",
            "©️",
            "🏽",
        ] {
            assert!(text.parse::<Emoji>().is_ok(), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let long = "👩‍".repeat(40);
        for text in [
            "",
            " ",
            "a",
            "👍👍",
            "👍 ",
            " 👍",
            "👍a",
            "1",
            "12",
            "🇪",
            "🇪🇪🇪",
            "👩‍",
            "\u{FE0F}",
            "🏴󠁧󠁢",
            "é",
            ":)",
            &long,
        ] {
            assert!(text.parse::<Emoji>().is_err(), "{text:?}");
        }
    }
}
