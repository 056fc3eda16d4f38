//! The little of vCard (RFC 6350 and its elder, 3.0) that cards in chats need: a name and a number.

/// A card of one person with one number; `digits` in E.164 without `+`.
pub fn compose(name: &str, digits: &str) -> String {
    let name = escape(name);
    format!(
        "BEGIN:VCARD\nVERSION:3.0\nN:;{name};;;\nFN:{name}\nTEL;type=CELL;waid={digits}:+{digits}\nEND:VCARD"
    )
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | ',' | ';' => safe.extend(['\\', character]),
            '\n' => safe.push_str("\\n"),
            '\r' => {}
            other => safe.push(other),
        }
    }
    safe
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, character == '\\') {
            (_, true) => match characters.next() {
                Some('n' | 'N') => plain.push('\n'),
                Some(other) => plain.push(other),
                None => {}
            },
            (other, false) => plain.push(other),
        }
    }
    plain
}

/// Whether a text is a card at all.
pub fn is_card(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let begins = lines
        .next()
        .is_some_and(|line| line.eq_ignore_ascii_case("BEGIN:VCARD"));
    begins
        && lines
            .next_back()
            .is_some_and(|line| line.eq_ignore_ascii_case("END:VCARD"))
}

/// The formatted name of the first card, "" if it has none.
pub fn name(card: &str) -> String {
    card.lines()
        .find_map(|line| {
            let (property, value) = line.trim_end().split_once(':')?;
            let property = property.split(';').next().unwrap_or_default();
            let property = property.rsplit('.').next().unwrap_or_default();
            property
                .eq_ignore_ascii_case("FN")
                .then(|| unescape(value.trim()))
        })
        .unwrap_or_default()
}

/// The digits of the first number: WhatsApp's own `waid` if there is one; "" if there is none.
pub fn phone(card: &str) -> String {
    card.lines()
        .filter(|line| line.to_ascii_uppercase().contains("TEL"))
        .find_map(|line| {
            let number = match line.split_once("waid=") {
                Some((_, rest)) => rest.split([':', ';']).next(),
                None => line.rsplit(':').next(),
            };
            let digits: String = number?.chars().filter(char::is_ascii_digit).collect();
            (!digits.is_empty()).then_some(digits)
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_could_break_out_of_its_line_does_not() {
        let wild = "Anna; Berg, \\ \"A\"\r\nEND:VCARD";
        let card = compose(wild, "15551230001");
        assert_eq!(card.lines().filter(|line| *line == "END:VCARD").count(), 1);
        assert_eq!(name(&card), wild.replace('\r', ""));
        assert_eq!(phone(&card), "15551230001");
        assert!(is_card(&card));
    }

    #[test]
    fn cards_of_others() {
        let card = "BEGIN:VCARD\r\nVERSION:4.0\r\nitem1.FN;CHARSET=UTF-8:Ana\\, B\r\nitem1.TEL:+1 (555) 0\r\nEND:VCARD\r\n";
        assert_eq!((name(card), phone(card)), ("Ana, B".into(), "15550".into()));
        assert!(is_card(card));
        for no in ["", "Anna", "BEGIN:VCARD", "BEGIN:VCARD\nFN:x"] {
            assert!(!is_card(no), "{no}");
        }
        assert_eq!((name("x"), phone("x")), (String::new(), String::new()));
    }
}
