//! `X-Request-Id`: the caller's own when it is sane, else one of ours.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use std::{
    hash::{BuildHasher, RandomState},
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// The header's name.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request's id, beside it on its way in.
#[derive(Clone)]
pub struct RequestId(pub HeaderValue);

/// Differs between processes, so that ids of two runs do not meet in one log. No secret.
static RUN: LazyLock<u32> = LazyLock::new(|| {
    let [a, b, c, d, ..] = RandomState::new().hash_one(0u8).to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
});
static NEXT: AtomicU64 = AtomicU64::new(0);

fn sane(value: &HeaderValue) -> bool {
    (1..=128).contains(&value.len())
        && value
            .as_bytes()
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.:/+=".contains(b))
}

/// The id to answer with.
pub fn of(headers: &HeaderMap) -> HeaderValue {
    match headers.get(X_REQUEST_ID) {
        Some(theirs) if sane(theirs) => theirs.clone(),
        _ => {
            let text = format!(
                "req_{:08x}{:08x}",
                *RUN,
                NEXT.fetch_add(1, Ordering::Relaxed)
            );
            HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("req_0"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn echoes_the_sane_and_replaces_the_rest() {
        let with = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(X_REQUEST_ID, HeaderValue::from_str(text).unwrap());
            of(&headers)
        };
        assert_eq!(with("a1-b.c:d/e+f=_"), "a1-b.c:d/e+f=_");
        for bad in ["", "a b", "<script>", &"x".repeat(129)] {
            assert!(with(bad).as_bytes().starts_with(b"req_"), "{bad}");
        }
        assert_ne!(of(&HeaderMap::new()), of(&HeaderMap::new()));
    }
}
