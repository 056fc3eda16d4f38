//! `Range` of a request (RFC 9110 §14.2): one range of bytes; what is not understood asks for everything.

use axum::http::HeaderValue;

/// What the caller wants of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// All of it.
    All,
    /// A part that is there.
    Some {
        /// The first byte.
        from: u64,
        /// At least 1.
        length: u64,
    },
    /// A part that is not there.
    Impossible,
}

/// The part of a file of `size` bytes.
pub fn wanted(range: Option<&HeaderValue>, size: u64) -> Wanted {
    let spec = range
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.trim().strip_prefix("bytes="))
        .filter(|spec| !spec.contains(','))
        .and_then(|spec| spec.trim().split_once('-'));
    let Some((first, last)) = spec else {
        return Wanted::All;
    };
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        // More digits than fit mean: beyond every file.
        digits.then(|| text.parse().unwrap_or(u64::MAX))
    };
    let (from, to) = match (number(first), number(last)) {
        (Some(first), Some(last)) if last < first => return Wanted::All,
        (Some(first), Some(last)) => (first, last.min(size.saturating_sub(1))),
        (Some(first), None) if last.is_empty() => (first, size.saturating_sub(1)),
        (None, Some(count)) if first.is_empty() => {
            if count == 0 {
                return Wanted::Impossible;
            }
            (size.saturating_sub(count), size.saturating_sub(1))
        }
        _ => return Wanted::All,
    };
    if from >= size {
        return Wanted::Impossible;
    }
    Wanted::Some {
        from,
        length: to - from + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_file() {
        let wanted = |text: &'static str, size| wanted(Some(&HeaderValue::from_static(text)), size);
        let part = |from, length| Wanted::Some { from, length };
        assert_eq!(super::wanted(None, 10), Wanted::All);
        assert_eq!(wanted("bytes=0-", 10), part(0, 10));
        assert_eq!(wanted("bytes=2-4", 10), part(2, 3));
        assert_eq!(wanted("bytes=9-9", 10), part(9, 1));
        assert_eq!(wanted("bytes=9-99999999999999999999999", 10), part(9, 1));
        assert_eq!(wanted("bytes=-3", 10), part(7, 3));
        assert_eq!(wanted("bytes=-30", 10), part(0, 10));
        for beyond in [
            "bytes=10-",
            "bytes=10-12",
            "bytes=-0",
            "bytes=99999999999999999999999-",
        ] {
            assert_eq!(wanted(beyond, 10), Wanted::Impossible, "{beyond}");
        }
        assert_eq!(wanted("bytes=0-", 0), Wanted::Impossible);
        for other in [
            "bytes=4-2",
            "bytes=a-b",
            "bytes=",
            "bytes=-",
            "lines=1-2",
            "bytes=0-1,3-4",
            "bytes=+1-2",
        ] {
            assert_eq!(wanted(other, 10), Wanted::All, "{other}");
        }
    }
}
