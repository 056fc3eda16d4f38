//! Holds answers against the OpenAPI document: every field it promises is there, and none besides.

use axum::http::Method;
use serde_json::Value;
use std::sync::LazyLock;

static DOCUMENT: LazyLock<Value> = LazyLock::new(wharf_api::describe);

const ERASED: &str = "#/components/schemas/ErasedPayload";

fn is_of(pattern: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(w), Some(g)) if w == g => {}
            (Some(w), Some(g)) if w.starts_with('{') => match w.split_once("}:") {
                Some((_, verb)) if !g.ends_with(&format!(":{verb}")) => return false,
                None if g.contains(':') && !g.contains('@') => return false,
                _ => {}
            },
            _ => return false,
        }
    }
}

/// The body of an answer; an operation the document does not know is a mistake of its own.
#[track_caller]
pub fn check(method: &Method, path: &str, status: u16, body: &Value) {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let method = method.as_str().to_lowercase();
    let mut patterns: Vec<&String> = paths
        .keys()
        .filter(|pattern| is_of(pattern, path))
        .collect();
    // A literal segment wins over a parameter, as in the router.
    patterns.sort_by_key(|pattern| pattern.matches('{').count());
    let Some(pattern) = patterns.first() else {
        assert!(path.ends_with("/openapi.json"), "{path} is in no document");
        return;
    };
    let answer = &paths[*pattern][&method]["responses"][status.to_string()];
    assert!(
        answer.is_object(),
        "{method} {pattern} promises no {status}"
    );
    match answer["content"].get("application/json") {
        Some(content) => of_schema(&content["schema"], body, pattern),
        None => assert!(body.is_null(), "{method} {pattern} promises no JSON"),
    }
}

#[track_caller]
fn of_schema(schema: &Value, value: &Value, at: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        return of_schema(
            &DOCUMENT["components"]["schemas"][name],
            value,
            &format!("{at} {name}"),
        );
    }
    if let Some(named) = schema["discriminator"]["propertyName"].as_str() {
        let to = &schema["discriminator"]["mapping"][value[named].as_str().unwrap_or_default()];
        assert!(to.is_string(), "{at}: no {named} is {}", value[named]);
        return of_schema(&serde_json::json!({ "$ref": to }), value, at);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        if value.is_null() {
            assert!(
                choices.iter().any(|one| one["type"] == "null"),
                "{at}: null"
            );
            return;
        }
        let mut rest: Vec<_> = choices.iter().filter(|one| one["type"] != "null").collect();
        // What an event said, or that it is gone.
        rest.retain(|one| one["$ref"] != ERASED || value["erased"] == true);
        if value["erased"] == true {
            rest.retain(|one| one["$ref"] == ERASED);
        }
        assert_eq!(rest.len(), 1, "{at}: {schema}");
        return of_schema(rest[0], value, at);
    }
    if let Some(parts) = schema["allOf"].as_array() {
        // An object and what stands beside its fields.
        let mut properties = serde_json::Map::new();
        for part in parts {
            let part = match part["$ref"]
                .as_str()
                .and_then(|name| name.rsplit('/').next())
            {
                Some(name) => &DOCUMENT["components"]["schemas"][name],
                None => part,
            };
            properties.extend(part["properties"].as_object().unwrap().clone());
        }
        let whole = serde_json::json!({"type": "object", "properties": properties});
        return of_schema(&whole, value, at);
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().map(|one| one.as_str().unwrap()).collect(),
        _ => panic!("{at}: no type in {schema}"),
    };
    let fits = types.iter().any(|kind| match *kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{at}: type {other}"),
    });
    assert!(fits, "{at}: {value} is no {types:?}");
    if let Some(only) = schema.get("const") {
        assert_eq!(value, only, "{at}");
    }
    if let Some(allowed) = schema["enum"].as_array() {
        assert!(
            allowed.contains(value),
            "{at}: {value} is none of {allowed:?}"
        );
    }
    if let (Some(properties), Some(object)) = (schema["properties"].as_object(), value.as_object())
    {
        for name in object.keys() {
            assert!(
                properties.contains_key(name),
                "{at}: {name} is not documented"
            );
        }
        for (name, property) in properties {
            let field = object
                .get(name)
                .unwrap_or_else(|| panic!("{at}: {name} is missing"));
            of_schema(property, field, &format!("{at}.{name}"));
        }
    }
    if let Some(items) = value.as_array() {
        for item in items {
            of_schema(&schema["items"], item, at);
        }
    }
}
