//! JSON as the contract wants it: no duplicate keys, no NUL in text, no lone surrogates, no unknown fields, and an
//! error that names the field.

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};
use std::fmt;

/// What is wrong, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Path of the field, `body` for the whole.
    pub field: String,
    /// In words.
    pub what: String,
}

/// The whole body as a value, strictly.
pub fn value(bytes: &[u8]) -> Result<Value, Wrong> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let Strict(value) = serde_path_to_error::deserialize(&mut reader).map_err(|error| Wrong {
        field: path(error.path()),
        what: error.inner().to_string(),
    })?;
    reader.end().map_err(|error| Wrong {
        field: "body".to_owned(),
        what: error.to_string(),
    })?;
    Ok(value)
}

/// A value as a type that denies unknown fields.
pub fn typed<T: DeserializeOwned>(value: Value) -> Result<T, Wrong> {
    // A derived type would take its fields from a list too, by place.
    if !value.is_object() {
        return Err(Wrong {
            field: "body".to_owned(),
            what: "must be a JSON object".to_owned(),
        });
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let (at, text) = (error.path().to_string(), error.inner().to_string());
        named(&at, &text).unwrap_or_else(|| Wrong {
            field: path(error.path()),
            what: text,
        })
    })
}

fn path(path: &serde_path_to_error::Path) -> String {
    // `?` stands for a place the parser had not named yet.
    let text = path.to_string();
    match text.trim_end_matches(['.', '?']) {
        "" => "body".to_owned(),
        named => named.to_owned(),
    }
}

/// serde says which field is unknown or missing only in words.
fn named(at: &str, text: &str) -> Option<Wrong> {
    for (said, what) in [
        ("unknown field `", "is not a field of this body"),
        ("missing field `", "is required"),
    ] {
        if let Some((field, _)) = text.strip_prefix(said).and_then(|t| t.split_once('`')) {
            let parent = at.trim_end_matches(field).trim_end_matches(['.', '?']);
            return Some(Wrong {
                field: if parent.is_empty() {
                    field.to_owned()
                } else {
                    format!("{parent}.{field}")
                },
                what: what.to_owned(),
            });
        }
    }
    None
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

fn text<E: serde::de::Error>(text: &str) -> Result<(), E> {
    if text.contains('\0') {
        return Err(E::custom("must not contain the character NUL"));
    }
    Ok(())
}

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Bool(v))
    }
    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(v.into())
    }
    fn visit_u64<E>(self, v: u64) -> Result<Value, E> {
        Ok(v.into())
    }
    fn visit_f64<E: serde::de::Error>(self, v: f64) -> Result<Value, E> {
        Number::from_f64(v)
            .map(Value::Number)
            .ok_or_else(|| E::custom("number out of range"))
    }
    fn visit_str<E: serde::de::Error>(self, v: &str) -> Result<Value, E> {
        text(v)?;
        Ok(Value::String(v.to_owned()))
    }
    fn visit_string<E: serde::de::Error>(self, v: String) -> Result<Value, E> {
        text(&v)?;
        Ok(Value::String(v))
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Strict(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            text(&key)?;
            if object.contains_key(&key) {
                return Err(A::Error::custom(format!("field `{key}` is given twice")));
            }
            let Strict(value) = entries.next_value()?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    #[expect(dead_code, reason = "only what fails is looked at")]
    struct Outer {
        to: String,
        inner: Option<Inner>,
    }
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only what fails is looked at")]
    struct Inner {
        n: i64,
    }

    fn field(body: &str) -> String {
        match value(body.as_bytes()).and_then(typed::<Outer>) {
            Ok(_) => "ok".to_owned(),
            Err(wrong) => wrong.field,
        }
    }

    #[test]
    fn the_field_is_named() {
        for (body, expected) in [
            (r#"{"to":"x","inner":{"n":1}}"#, "ok"),
            (r#"{"to":"x","inner":null}"#, "ok"),
            (r#"{"to":"x","extra":1}"#, "extra"),
            (r#"{"to":"x","inner":{"n":1,"m":2}}"#, "inner.m"),
            (r#"{"to":"x","inner":{}}"#, "inner.n"),
            (r#"{}"#, "to"),
            (r#"{"to":5}"#, "to"),
            (r#"{"to":"x","inner":{"n":"y"}}"#, "inner.n"),
            (r#"[]"#, "body"),
            (r#"["x",null]"#, "body"),
            (r#"null"#, "body"),
            (r#"{"#, "body"),
            (r#"{"to":"x","inner":{"#, "inner"),
            (r#""#, "body"),
            (r#"{"to":"x"} x"#, "body"),
        ] {
            assert_eq!(field(body), expected, "{body}");
        }
    }

    #[test]
    fn what_no_text_may_hold() {
        for body in [
            r#"{"to":"a\u0000b"}"#,
            r#"{"to":"\ud800"}"#,
            r#"{"to":"\udc00x"}"#,
            r#"{"to":"x","to":"x"}"#,
            r#"{"to":"x","inner":{"n":1,"n":1}}"#,
        ] {
            assert_ne!(field(body), "ok", "{body}");
        }
        assert!(value(b"{\"to\":\"\xff\"}").is_err());
        assert!(value("[".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn values_survive() {
        let source = json!({"a": [1, -2, 2.5, true, null, "é😀"], "b": {"c": {}}});
        assert_eq!(value(source.to_string().as_bytes()), Ok(source));
    }
}
