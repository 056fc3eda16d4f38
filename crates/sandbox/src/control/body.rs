//! `Body<T>`: a JSON body read strictly, whose errors name the field. Derive `Deserialize` with
//! `#[serde(rename_all = "camelCase", deny_unknown_fields)]`.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
};
use serde::de::DeserializeOwned;

use super::error::Refused;

pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Refused;
    async fn from_request(req: Request, state: &S) -> Result<Self, Refused> {
        let bytes = Bytes::from_request(req, state)
            .await
            .map_err(|_| Refused::too_large())?;
        parse(&bytes).map(Body)
    }
}

pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refused> {
    let mut de = serde_json::Deserializer::from_slice(bytes);
    let v = serde_path_to_error::deserialize(&mut de).map_err(|e| {
        let (path, why) = (e.path().to_string(), e.inner().to_string());
        if path == "." {
            in_words(&why)
        } else {
            Refused::field(path, why)
        }
    })?;
    de.end().map_err(|e| Refused::bad(e.to_string()))?;
    Ok(v)
}

/// One field's value, read strictly.
pub fn value<T: DeserializeOwned>(field: &str, v: serde_json::Value) -> Result<T, Refused> {
    serde_json::from_value(v).map_err(|e| Refused::field(field, e.to_string()))
}

/// An object whose `type` says what it is.
pub fn object<T: DeserializeOwned>(
    o: serde_json::Map<String, serde_json::Value>,
) -> Result<T, Refused> {
    serde_path_to_error::deserialize(serde_json::Value::Object(o)).map_err(|e| {
        let (path, why) = (e.path().to_string(), e.inner().to_string());
        if path == "." {
            in_words(&why)
        } else {
            Refused::field(path, why)
        }
    })
}

/// serde names the field of a missing or unknown one only inside its sentence.
fn in_words(why: &str) -> Refused {
    for word in ["missing field `", "unknown field `"] {
        if let Some(name) = why.strip_prefix(word).and_then(|r| r.split('`').next()) {
            return Refused::field(name, word.trim_end_matches(" `").to_owned());
        }
    }
    if why.starts_with("unknown variant") {
        return Refused::field("type", why);
    }
    Refused::bad(why)
}
