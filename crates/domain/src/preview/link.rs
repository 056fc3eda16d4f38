//! Where in a text a link stands.

use url::Url;

const LONGEST: usize = 2_048;

/// The first `http://` or `https://` link of a text, as it stands there.
pub fn first(text: &str) -> Option<&str> {
    let small = text.to_ascii_lowercase();
    let mut from = 0;
    while let Some(at) = small.get(from..)?.find("http").map(|at| at + from) {
        from = at + 4;
        let before = small.get(..at)?.chars().next_back();
        if before.is_some_and(char::is_alphanumeric) {
            continue;
        }
        if let Some(link) = whole(text.get(at..)?) {
            return Some(link);
        }
    }
    None
}

/// The link a text begins with.
fn whole(text: &str) -> Option<&str> {
    let ends = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '`');
    let link = trimmed(text.split(ends).next()?);
    if link.len() > LONGEST {
        return None;
    }
    let url = Url::parse(link).ok()?;
    let plain = url.username().is_empty() && url.password().is_none();
    let host = url.host_str().is_some_and(|host| !host.is_empty());
    (matches!(url.scheme(), "http" | "https") && plain && host).then_some(link)
}

/// Without what belongs to the sentence around it. A bracket that the link itself opened stays.
fn trimmed(mut link: &str) -> &str {
    while let Some(last) = link.chars().next_back() {
        let of_the_sentence = match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '…' | '»' | '”' | '’' | '*' | '_' => {
                true
            }
            ')' => link.matches(')').count() > link.matches('(').count(),
            ']' => link.matches(']').count() > link.matches('[').count(),
            _ => false,
        };
        if !of_the_sentence {
            break;
        }
        link = link.strip_suffix(last).unwrap_or_default();
    }
    link
}

#[cfg(test)]
mod tests {
    use super::first;

    #[test]
    fn the_first_link_as_it_stands_in_its_sentence() {
        for (text, link) in [
            ("https://example.com", "https://example.com"),
            (
                "see HTTPS://Example.com/A?b=c#d, or",
                "HTTPS://Example.com/A?b=c#d",
            ),
            ("(http://a.example/x).", "http://a.example/x"),
            (
                "https://en.example/Pier_(harbour)!",
                "https://en.example/Pier_(harbour)",
            ),
            (
                "\u{130}\u{130} https://a.example/é\u{3000}next",
                "https://a.example/é",
            ),
            (
                "httpd and http:// and https://b.example",
                "https://b.example",
            ),
            ("xhttp://a.example http://b.example", "http://b.example"),
            ("«https://a.example/»", "https://a.example/"),
        ] {
            assert_eq!(first(text), Some(link), "{text}");
        }
    }

    #[test]
    fn what_is_no_link() {
        for text in [
            "",
            "example.com",
            "ftp://a.example",
            "https://",
            "http",
            "https://u:p@a.example",
            "mailto:http@x",
        ] {
            assert_eq!(first(text), None, "{text}");
        }
        let long = format!("https://a.example/{}", "x".repeat(2_100));
        assert_eq!(first(&long), None);
    }
}
