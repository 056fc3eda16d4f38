//! `Idempotency-Key`: the caller's word that a repeat is the same request.

use crate::error::{ApiError, ApiResult};
use axum::http::HeaderMap;
use serde_json::Value;
use sha2::{Digest, Sha256};
use wharf_domain::outbox::Idempotency;
use wharf_types::SessionId;

const NAME: &str = "idempotency-key";

/// The key of a request, with the fingerprint of (session, route, body).
pub fn of(
    headers: &HeaderMap,
    session: SessionId,
    route: &str,
    body: &Value,
) -> ApiResult<Option<Idempotency>> {
    let mut given = headers.get_all(NAME).iter();
    let Some(value) = given.next() else {
        return Ok(None);
    };
    let sound = given.next().is_none()
        && (1..=255).contains(&value.len())
        && value.as_bytes().iter().all(|b| (b' '..=b'~').contains(b));
    match value.to_str() {
        Ok(key) if sound => Ok(Some(Idempotency {
            key: key.to_owned(),
            fingerprint: fingerprint(session, route, body),
        })),
        _ => Err(ApiError::invalid(
            "Idempotency-Key",
            "must be one header of 1 to 255 printable ASCII characters",
        )),
    }
}

fn fingerprint(session: SessionId, route: &str, body: &Value) -> [u8; 32] {
    let mut canonical = String::new();
    write(body, &mut canonical);
    let mut hash = Sha256::new();
    for part in [&session.to_string(), route, &canonical] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Canonical JSON: no white space, keys sorted whatever order the map keeps.
fn write(value: &Value, into: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_by_key(|(key, _)| *key);
            into.push('{');
            for (place, (key, value)) in sorted.into_iter().enumerate() {
                if place > 0 {
                    into.push(',');
                }
                into.push_str(&Value::from(key.as_str()).to_string());
                into.push(':');
                write(value, into);
            }
            into.push('}');
        }
        Value::Array(items) => {
            into.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    into.push(',');
                }
                write(item, into);
            }
            into.push(']');
        }
        plain => into.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use ulid::Ulid;

    #[test]
    fn the_same_request_whatever_the_spelling() {
        let session = SessionId::new(Ulid::from_parts(1, 1));
        let print = |text: &str| fingerprint(session, "send", &serde_json::from_str(text).unwrap());
        let one = print(r#"{"a": [1, {"y": 2, "x": "é"}], "b": null}"#);
        assert_eq!(
            one,
            print("{\"b\":null,\n\"a\":[1,{\"x\":\"\\u00e9\",\"y\":2}]}")
        );
        assert_ne!(one, print(r#"{"a": [{"y": 2, "x": "é"}, 1], "b": null}"#));
        let body = json!({});
        let other = SessionId::new(Ulid::from_parts(2, 1));
        assert_ne!(
            fingerprint(session, "send", &body),
            fingerprint(other, "send", &body)
        );
        assert_ne!(
            fingerprint(session, "send", &body),
            fingerprint(session, "forward", &body)
        );
    }

    #[test]
    fn keys() {
        let key = |values: &[&[u8]]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(NAME, axum::http::HeaderValue::from_bytes(value).unwrap());
            }
            let session = SessionId::new(Ulid::from_parts(1, 1));
            of(&headers, session, "send", &json!({})).map(|key| key.map(|k| k.key))
        };
        assert_eq!(key(&[]).unwrap(), None);
        assert_eq!(key(&[b"a b~"]).unwrap().as_deref(), Some("a b~"));
        assert!(key(&[&[b'x'; 255]]).is_ok());
        for wrong in [
            &[&b""[..]][..],
            &[&[b'x'; 256]],
            &[b"\xc3\xa9"],
            &[b"a\tb"],
            &[b"a", b"a"],
        ] {
            assert!(key(wrong).is_err());
        }
    }
}
