//! Invite links.

/// What a link begins with, scheme aside.
const HOST: &str = "chat.whatsapp.com/";
/// Codes have 20 to 22 characters today; the bounds only keep absurdities out.
const LENGTHS: std::ops::RangeInclusive<usize> = 16..=64;

/// The code in an invite: bare, or in a link with or without its scheme. `None` when it is none.
pub fn code(text: &str) -> Option<&str> {
    let text = text.trim();
    let bare = ["https://", "http://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme))
        .unwrap_or(text);
    let code = match bare.strip_prefix(HOST) {
        // Older links have a word before the code, newer ones parameters behind it.
        Some(rest) => {
            let rest = rest.strip_prefix("invite/").unwrap_or(rest);
            rest.split(['?', '#']).next()?.trim_end_matches('/')
        }
        None if bare.len() < text.len() => return None,
        None => text,
    };
    let sound = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    (LENGTHS.contains(&code.len()) && code.bytes().all(sound)).then_some(code)
}

/// The link of a code.
pub fn link(code: &str) -> String {
    format!("https://{HOST}{code}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_links() {
        let plain = "AbCdEfGhIjKlMnOpQrStUv";
        for text in [
            plain.to_owned(),
            format!(" {plain}\n"),
            link(plain),
            format!("chat.whatsapp.com/{plain}"),
            format!("http://chat.whatsapp.com/invite/{plain}/"),
            format!("https://chat.whatsapp.com/{plain}?mode=ems_copy_t"),
        ] {
            assert_eq!(code(&text), Some(plain), "{text}");
        }
        for text in [
            "",
            "short",
            "https://chat.whatsapp.com/",
            "https://example.com/AbCdEfGhIjKlMnOpQrStUv",
            "https://chat.whatsapp.com.example.com/AbCdEfGhIjKlMnOpQrStUv",
            "AbCdEfGhIjKlMnOpQr/tUv",
            "AbCdEfGhIjKlMnOpQrSt v",
            "120363000000000000@g.us",
        ] {
            assert_eq!(code(text), None, "{text}");
        }
    }
}
