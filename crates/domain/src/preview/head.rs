//! The head of a page: its title, and what it says of itself for being shown elsewhere (Open Graph, Twitter cards).
//!
//! A reader of tags, not of HTML: it goes once through the bytes from `<` to `<`, steps over comments and scripts, and
//! stops where the head ends.

use super::entities::resolved;
use encoding_rs::{Encoding, UTF_8};

const LONGEST_TITLE: usize = 300;
const LONGEST_DESCRIPTION: usize = 600;
const LONGEST_ADDRESS: usize = 2_048;
/// Where a page names its own encoding.
const DECLARED_WITHIN: usize = 4_096;
const MOST_ATTRIBUTES: usize = 40;

/// What a page shows of itself; "" for what it does not say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub title: String,
    pub description: String,
    /// The picture's address, perhaps relative to the page's.
    pub image: String,
}

/// All that is found, the better source first.
#[derive(Default)]
struct Found {
    titles: [String; 3],
    descriptions: [String; 3],
    images: [String; 2],
}

pub(super) fn read(page: &[u8]) -> Head {
    let page = decoded(page);
    let mut found = Found::default();
    let mut rest: &str = &page;
    while let Some((_, after)) = rest.split_once('<') {
        if let Some(comment) = after.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, behind)| behind);
            continue;
        }
        let (tag, behind) = Tag::read(after);
        rest = behind;
        match tag.name.as_str() {
            "/head" | "body" => break,
            "meta" => found.meta(&tag),
            "title" => {
                let (title, behind) = until(behind, "</title");
                keep(&mut found.titles[2], title, LONGEST_TITLE);
                rest = behind;
            }
            "script" => rest = until(behind, "</script").1,
            "style" => rest = until(behind, "</style").1,
            _ => {}
        }
    }
    let first = |all: &[String]| {
        let mut said = all.iter().filter(|text| !text.is_empty());
        said.next().cloned().unwrap_or_default()
    };
    Head {
        title: first(&found.titles),
        description: first(&found.descriptions),
        image: first(&found.images),
    }
}

impl Found {
    fn meta(&mut self, tag: &Tag) {
        let name = tag.value("property").or_else(|| tag.value("name"));
        let (Some(name), Some(content)) = (name, tag.value("content")) else {
            return;
        };
        match name.to_ascii_lowercase().as_str() {
            "og:title" => keep(&mut self.titles[0], content, LONGEST_TITLE),
            "twitter:title" => keep(&mut self.titles[1], content, LONGEST_TITLE),
            "og:description" => keep(&mut self.descriptions[0], content, LONGEST_DESCRIPTION),
            "description" => keep(&mut self.descriptions[1], content, LONGEST_DESCRIPTION),
            "twitter:description" => {
                keep(&mut self.descriptions[2], content, LONGEST_DESCRIPTION);
            }
            "og:image" | "og:image:url" | "og:image:secure_url" => {
                keep(&mut self.images[0], content, LONGEST_ADDRESS);
            }
            "twitter:image" => keep(&mut self.images[1], content, LONGEST_ADDRESS),
            _ => {}
        }
    }
}

/// The first that says something counts. White space as a browser shows it.
fn keep(place: &mut String, text: &str, longest: usize) {
    if !place.is_empty() {
        return;
    }
    // Read no more than could matter: a reference is at most ten times its character.
    let text: String = text.chars().take(longest * 10).collect();
    let text = resolved(&text);
    let words: Vec<&str> = text.split_whitespace().collect();
    let shown = words.join(" ");
    *place = shown
        .chars()
        .filter(|c| !c.is_control())
        .take(longest)
        .collect();
}

/// A tag from behind its `<`.
struct Tag {
    /// Small letters; an end tag's with its `/`.
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn value(&self, name: &str) -> Option<&str> {
        let known = self.attributes.iter().find(|(known, _)| known == name);
        known.map(|(_, value)| value.as_str())
    }

    /// The tag, and what stands behind it.
    fn read(text: &str) -> (Self, &str) {
        let ends = |c: char| c.is_whitespace() || c == '>' || c == '<';
        let (name, mut rest) = cut(text, ends);
        let mut tag = Self {
            name: name.trim_end_matches('/').to_ascii_lowercase(),
            attributes: Vec::new(),
        };
        if !matches!(tag.name.as_str(), "meta" | "title" | "script" | "style") {
            return (tag, rest);
        }
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
            if let Some(behind) = rest.strip_prefix('>') {
                return (tag, behind);
            }
            let (name, behind) = cut(rest, |c| c.is_whitespace() || matches!(c, '=' | '>' | '/'));
            let behind = behind.trim_start();
            let (value, behind) = match behind.strip_prefix('=').map(str::trim_start) {
                None => ("", behind),
                Some(value) => match value.chars().next() {
                    Some(quote @ ('"' | '\'')) => {
                        let value = value.strip_prefix(quote).unwrap_or_default();
                        value.split_once(quote).unwrap_or((value, ""))
                    }
                    _ => cut(value, |c| c.is_whitespace() || c == '>'),
                },
            };
            // Nothing was read: the text ends, or it is no tag.
            if behind.len() == rest.len() || behind.is_empty() {
                return (tag, behind.strip_prefix('=').unwrap_or(behind));
            }
            if tag.attributes.len() < MOST_ATTRIBUTES {
                tag.attributes
                    .push((name.to_ascii_lowercase(), value.to_owned()));
            }
            rest = behind;
        }
    }
}

fn cut(text: &str, ends: impl Fn(char) -> bool) -> (&str, &str) {
    text.find(ends)
        .and_then(|at| text.split_at_checked(at))
        .unwrap_or((text, ""))
}

/// What stands before an end tag, and from the tag on; all of it when there is none.
fn until<'t>(text: &'t str, end: &str) -> (&'t str, &'t str) {
    let here = |at: usize| {
        let tag = text.get(at..at + end.len());
        tag.is_some_and(|tag| tag.eq_ignore_ascii_case(end))
    };
    text.match_indices("</")
        .map(|(at, _)| at)
        .find(|at| here(*at))
        .and_then(|at| text.split_at_checked(at))
        .unwrap_or((text, ""))
}

/// UTF-8 unless the page is none and names another encoding.
fn decoded(page: &[u8]) -> std::borrow::Cow<'_, str> {
    let valid = match std::str::from_utf8(page) {
        Ok(text) => return text.into(),
        Err(error) => error.valid_up_to(),
    };
    // The end may have been cut within a character.
    let encoding = if page.len() - valid < 4 {
        UTF_8
    } else {
        declared(page).unwrap_or(UTF_8)
    };
    encoding.decode(page).0
}

/// `<meta charset=…>` or its older form, which both have the word in ASCII.
fn declared(page: &[u8]) -> Option<&'static Encoding> {
    let head: String = page
        .iter()
        .take(DECLARED_WITHIN)
        .map(|byte| char::from(byte.to_ascii_lowercase()))
        .collect();
    let (_, named) = head.split_once("charset=")?;
    let named = named.trim_start_matches(['"', '\'', ' ']);
    let (label, _) = cut(named, |c| {
        !(c.is_ascii_alphanumeric() || "-_:.".contains(c))
    });
    Encoding::for_label(label.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::{Head, read};

    fn head(title: &str, description: &str, image: &str) -> Head {
        Head {
            title: title.into(),
            description: description.into(),
            image: image.into(),
        }
    }

    #[test]
    fn a_page_in_its_own_words() {
        let page = r#"<!DOCTYPE html><HTML><head>
            <!-- <title>not this</title> -->
            <script>var x = "<title>nor this</title>";</SCRIPT>
            <Title lang=en>  The
              pier &amp; harbour </title>
            <meta content='of   the "pier"' name=description />
            <meta property="og:image" content="/a.jpg"><meta property="og:image" content="/b.jpg">
            </head><body><meta property="og:title" content="too late">"#;
        assert_eq!(
            read(page.as_bytes()),
            head("The pier & harbour", "of the \"pier\"", "/a.jpg")
        );
    }

    #[test]
    fn what_it_says_for_others_comes_first() {
        let page = r#"<title>Site</title><meta name="twitter:title" content="T"><meta property="OG:Title" content="G">
            <meta name="description" content="D"><meta property="og:description" content="OD">
            <meta name="twitter:image" content="t.png">"#;
        assert_eq!(read(page.as_bytes()), head("G", "OD", "t.png"));
    }

    #[test]
    fn older_encodings_are_read_as_declared() {
        let mut page = b"<meta charset=\"windows-1251\"><title>".to_vec();
        page.extend([0xCF, 0xF0, 0xE8, 0xE2, 0xE5, 0xF2]);
        page.extend(b"</title></head>");
        assert_eq!(read(&page).title, "Привет");
        let cut = &"<title>Grüße</title>ü".as_bytes()[.."<title>Grüße</title>ü".len() - 1];
        assert_eq!(read(cut).title, "Grüße");
    }

    #[test]
    fn broken_pages_end_well() {
        for page in [
            "",
            "<",
            "<meta",
            "<meta content",
            "<meta content=",
            "<meta content=\"",
            "<meta ==",
            "<meta =\"x\" / />",
            "<title",
            "<title>",
            "<script>",
            "<!--",
            "</",
            "<meta \u{0}\u{1}=\u{2}>",
        ] {
            assert_eq!(read(page.as_bytes()).image, "", "{page}");
        }
        assert_eq!(read(b"<title>open").title, "open");
        assert_eq!(read(&[0xFF; 100]), Head::default());
        let long = format!("<title>{}</title>", "x".repeat(10_000));
        assert_eq!(read(long.as_bytes()).title.len(), 300);
    }

    /// A megabyte of the worst is read once, not once for each tag: else this would run for hours.
    #[test]
    fn hostile_pages_are_read_once() {
        for piece in [
            "<meta ",
            "<title>",
            "</",
            "<script></",
            "<!--",
            "&",
            "<meta a=\"\" ",
        ] {
            let page = piece.repeat((1 << 20) / piece.len());
            read(page.as_bytes());
        }
    }
}
