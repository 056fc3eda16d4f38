//! A caller's own headers on every delivery: at most 20, 8 kB in all, and none of those that carry the protocol or ours.

use crate::{Error, Result};
use std::collections::BTreeMap;

const MOST: usize = 20;
const BYTES: usize = 8 << 10;

const RESERVED: [&str; 10] = [
    "host",
    "content-type",
    "content-length",
    "content-encoding",
    "transfer-encoding",
    "connection",
    "upgrade",
    "te",
    "trailer",
    "expect",
];
const RESERVED_PREFIXES: [&str; 2] = ["webhook-", "proxy-"];

/// A name of RFC 9110's `token`.
fn token(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// Visible ASCII, spaces and tabs; nothing that ends a header, and no spaces around it.
fn value(text: &str) -> bool {
    text.trim_matches([' ', '\t']) == text
        && text
            .bytes()
            .all(|b| b == b'\t' || (0x20..0x7f).contains(&b))
}

/// Holds them to the rules; the error names the header.
pub fn check(headers: &BTreeMap<String, String>) -> Result<()> {
    let wrong = |name: &str, what: &str| {
        let name: String = name.chars().take(64).collect();
        Err(Error::invalid(format!("customHeaders.{name}"), what))
    };
    if headers.len() > MOST {
        return Err(Error::invalid("customHeaders", "must be at most 20"));
    }
    let size: usize = headers
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if size > BYTES {
        return Err(Error::invalid(
            "customHeaders",
            "must be at most 8 kB in all",
        ));
    }
    let mut seen = std::collections::BTreeSet::new();
    for (name, text) in headers {
        let lower = name.to_ascii_lowercase();
        if !token(name) {
            return wrong(name, "is not the name of a header");
        }
        if RESERVED.contains(&lower.as_str())
            || RESERVED_PREFIXES
                .iter()
                .any(|prefix| lower.starts_with(prefix))
        {
            return wrong(name, "cannot be set");
        }
        if !value(text) {
            return wrong(name, "must be printable ASCII without line ends");
        }
        if !seen.insert(lower) {
            return wrong(name, "is given twice");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, value: &str) -> Result<()> {
        check(&BTreeMap::from([(name.to_owned(), value.to_owned())]))
    }

    #[test]
    fn what_may_be_set() {
        for name in ["User-Agent", "Authorization", "X-Token", "x.y~z"] {
            assert_eq!(one(name, "Bearer a b"), Ok(()), "{name}");
        }
        for name in [
            "",
            "a b",
            "a:b",
            "é",
            "a\r\nb",
            "Host",
            "content-type",
            "Content-Length",
            "Content-Encoding",
            "Transfer-Encoding",
            "Connection",
            "Upgrade",
            "TE",
            "Trailer",
            "Expect",
            "Webhook-Id",
            "webhook-anything",
            "Proxy-Authorization",
        ] {
            assert!(one(name, "x").is_err(), "{name}");
        }
        for value in ["a\rb", "a\nb", "a\0b", "é", " a", "a ", "\u{7f}"] {
            assert!(one("X-A", value).is_err(), "{value:?}");
        }
        let many = |n: usize, size: usize| {
            let all = (0..n).map(|n| (format!("X-{n:03}"), "v".repeat(size)));
            check(&all.collect())
        };
        assert!(many(20, 1).is_ok() && many(21, 1).is_err());
        assert!(many(2, 4_091).is_ok() && many(2, 4_092).is_err());
        let twice = [("X-A", "1"), ("x-a", "2")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert!(check(&twice.into()).is_err());
    }
}
