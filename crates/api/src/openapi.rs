//! The OpenAPI document and the page that shows it.
//!
//! What each operation says stands beside its handler. What they have in common is added here, once: path
//! parameters, error answers, security, camelCase operation ids and the outer form of colon verbs.

use crate::{edge::colon, v1::events};
use axum::{
    http::{HeaderName, HeaderValue, header},
    response::{Html, IntoResponse},
};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

const ABOUT: &str = "A WhatsApp gateway: attach numbers, see their people, talk to them.\n\n\
Times are integers, Unix epoch milliseconds. Unknown text is `\"\"`, unknown numbers and times are `null`. A person \
is addressed by phone JID, LID JID, `digits` or `+digits`; a group by its `…@g.us`. Lists answer \
`{\"data\", \"nextCursor\"}`; an empty `nextCursor` is the last page. Errors answer \
`{\"error\": {\"code\", \"message\", \"details\"}}`. Every answer carries `X-Request-Id`.";

/// Path parameters, wherever they occur.
const PARAMETERS: [(&str, &str); 10] = [
    (
        "session",
        "`sess_…`; unknown, foreign and malformed are one 404",
    ),
    (
        "lid",
        "a LID JID, phone JID, `digits` or `+digits`; `@` raw or `%40`",
    ),
    (
        "cid",
        "a chat's JID: of a person in any form, a group, a channel",
    ),
    (
        "jid",
        "a person: a phone JID, LID JID, `digits` or `+digits`; `@` raw or `%40`",
    ),
    ("gid", "a group's JID, `…@g.us`"),
    ("mid", "WhatsApp's id of the message"),
    ("user", "`user_…`"),
    ("invitation", "`inv_…`"),
    ("id", "the id as a list showed it"),
    (
        "did",
        "the attempt's id as the list of deliveries showed it",
    ),
];

/// Error answers every operation behind authentication may give.
const ERRORS: [(&str, &str); 7] = [
    ("400", "`validation_error`: `details` names each field"),
    (
        "401",
        "`unauthorized`: no credential, or none that verifies",
    ),
    ("403", "`forbidden`: a capability is missing"),
    ("404", "`not_found`: unknown or foreign"),
    ("406", "`not_acceptable`"),
    ("500", "`internal`"),
    ("503", "`unavailable`: see `Retry-After`"),
];

/// Further ones where there is a body.
const BODY_ERRORS: [(&str, &str); 2] = [
    ("413", "`payload_too_large`"),
    ("415", "`unsupported_media_type`"),
];

/// What leads to a credential needs none.
const OPEN: [&str; 4] = ["logIn", "refreshLogin", "logOut", "acceptInvitation"];

static DOCUMENT: LazyLock<Bytes> =
    LazyLock::new(|| Bytes::from(crate::router::describe().to_string()));

/// `GET /api/v1/openapi.json`.
pub async fn document() -> impl IntoResponse {
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], DOCUMENT.clone())
}

/// A page may load nothing from elsewhere, speak to nobody else, and stand in no other page.
const POLICY: (HeaderName, HeaderValue) = (
    header::CONTENT_SECURITY_POLICY,
    HeaderValue::from_static(
        "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
         frame-ancestors 'none'",
    ),
);

/// `GET /docs`: the reference, without a byte from elsewhere.
pub async fn page() -> impl IntoResponse {
    ([POLICY], Html(include_str!("docs.html")))
}

/// `GET /join`: where an invitation's link leads.
pub async fn join() -> impl IntoResponse {
    ([POLICY], Html(include_str!("join.html")))
}

/// Completes what the routes made.
pub fn finish(made: &utoipa::openapi::OpenApi) -> Value {
    let mut document = serde_json::to_value(made).unwrap_or_default();
    set(&mut document, "info", info());
    set(&mut document, "servers", json!([{"url": "/"}]));
    events::schemas::add(&mut document);
    plain_numbers(&mut document);
    if let Some(components) = document.get_mut("components") {
        set(components, "securitySchemes", schemes());
        if let Some(schemas) = components.get_mut("schemas") {
            set(schemas, "Error", error_schema());
            point_from_lists(schemas);
            open_parts(schemas);
        }
    }
    let paths = document.get_mut("paths").map(Value::take);
    let mut finished = Map::new();
    if let Some(Value::Object(paths)) = paths {
        for (path, mut item) in paths {
            if let Some(methods) = item.as_object_mut() {
                for operation in methods.values_mut() {
                    complete(&path, operation);
                }
            }
            finished.insert(colon::outer(&path), item);
        }
    }
    set(&mut document, "paths", Value::Object(finished));
    document
}

fn set(object: &mut Value, key: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(key.to_owned(), value);
    }
}

const I64: &str = "#/components/schemas/i64";

/// A time is a number: the alias it has in the code makes no schema of its own.
fn plain_numbers(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if fields.get("$ref").is_some_and(|to| to == I64) {
                fields.remove("$ref");
                fields.insert("type".to_owned(), "integer".into());
                fields.insert("format".to_owned(), "int64".into());
            }
            if let Some(Value::Object(schemas)) = fields.get_mut("schemas") {
                schemas.remove("i64");
            }
            fields.values_mut().for_each(plain_numbers);
        }
        Value::Array(items) => items.iter_mut().for_each(plain_numbers),
        _ => {}
    }
}

/// `List_Contact` points at `Contact` instead of repeating it.
fn point_from_lists(schemas: &mut Value) {
    let Some(schemas) = schemas.as_object_mut() else {
        return;
    };
    for (name, schema) in schemas {
        let Some(item) = name.strip_prefix("List_") else {
            continue;
        };
        if let Some(items) = schema.pointer_mut("/properties/data/items") {
            *items = json!({"$ref": format!("#/components/schemas/{item}")});
        }
    }
}

/// A body put together of parts: one that allowed no fields but its own would forbid the others'. That unknown fields are
/// refused is then said in words only, since few tools know `unevaluatedProperties`.
fn open_parts(schemas: &mut Value) {
    let Some(schemas) = schemas.as_object_mut() else {
        return;
    };
    let wholes: Vec<String> = schemas
        .iter()
        .filter(|(_, schema)| schema.get("allOf").is_some())
        .map(|(name, _)| name.clone())
        .collect();
    for whole in wholes {
        let (mut parts, mut seen) = (vec![whole], Vec::new());
        while let Some(name) = parts.pop() {
            if seen.contains(&name) {
                continue;
            }
            if let Some(schema) = schemas.get_mut(&name) {
                open_part(schema, &mut parts);
            }
            seen.push(name);
        }
    }
}

/// Opens a schema and those it is made of; what it points at is left in `parts`.
fn open_part(schema: &mut Value, parts: &mut Vec<String>) {
    let Some(fields) = schema.as_object_mut() else {
        return;
    };
    fields.remove("additionalProperties");
    if let Some(Value::String(to)) = fields.get("$ref") {
        parts.extend(to.rsplit('/').next().map(str::to_owned));
    }
    for join in ["allOf", "oneOf", "anyOf"] {
        if let Some(Value::Array(joined)) = fields.get_mut(join) {
            joined.iter_mut().for_each(|one| open_part(one, parts));
        }
    }
}

fn info() -> Value {
    json!({
        "title": "Wharf",
        "version": env!("CARGO_PKG_VERSION"),
        "description": ABOUT,
        "license": {"name": "AGPL-3.0-only", "identifier": "AGPL-3.0-only"},
    })
}

fn schemes() -> Value {
    json!({
        "bearer": {"type": "http", "scheme": "bearer",
            "description": "A login JWT of a configured issuer, or an API key."},
        "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    })
}

fn error_schema() -> Value {
    json!({
        "type": "object", "required": ["error"],
        "properties": {"error": {
            "type": "object", "required": ["code", "message"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "details": {"type": "object", "additionalProperties": true},
            },
        }},
    })
}

fn complete(path: &str, operation: &mut Value) {
    let id = operation
        .get("operationId")
        .and_then(Value::as_str)
        .map(camel);
    if let Some(id) = id {
        set(operation, "operationId", id.into());
    }
    say(operation);
    if let Some(Value::Object(responses)) = operation.get_mut("responses") {
        for response in responses.values_mut() {
            if response.get("description").is_none() {
                set(response, "description", "Done.".into());
            }
            if let Some(schema) = response.pointer_mut("/content/image~1png/schema") {
                *schema = json!({"type": "string", "format": "binary"});
            }
        }
    }
    if !path.starts_with("/api/") {
        return;
    }
    let open = operation
        .get("operationId")
        .is_some_and(|id| OPEN.iter().any(|open| id == open));
    let security = match open {
        true => json!([]),
        false => json!([{"bearer": []}, {"apiKey": []}]),
    };
    set(operation, "security", security);
    let named = PARAMETERS
        .iter()
        .filter(|(name, _)| path.contains(&format!("{{{name}}}")))
        .map(|(name, about)| {
            json!({"name": name, "in": "path", "required": true, "description": about,
                "schema": {"type": "string"}})
        });
    let mut parameters: Vec<Value> = named.collect();
    if let Some(Value::Array(own)) = operation.get_mut("parameters") {
        parameters.append(own);
    }
    for parameter in &mut parameters {
        // Any integer is taken, however large: it is clamped.
        if parameter.get("name").is_some_and(|name| name == "limit")
            && let Some(Value::Object(schema)) = parameter.get_mut("schema")
        {
            schema.remove("format");
        }
    }
    set(operation, "parameters", parameters.into());
    let body_errors: &[_] = if operation.get("requestBody").is_some() {
        &BODY_ERRORS
    } else {
        &[]
    };
    if let Some(Value::Object(responses)) = operation.get_mut("responses") {
        for (status, about) in ERRORS.iter().chain(body_errors) {
            responses
                .entry(*status)
                .or_insert_with(|| error_answer(about));
        }
        for (status, response) in responses {
            if status.as_str() >= "400" && response.get("content").is_none() {
                let about = response["description"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                *response = error_answer(&about);
            }
        }
    }
}

/// The comment on a handler: its first sentence is the summary, all of it the description.
fn say(operation: &mut Value) {
    let whole = ["summary", "description"]
        .iter()
        .filter_map(|part| operation.get(*part)?.as_str())
        .collect::<Vec<_>>()
        .join("\n\n")
        .replace('\n', " ");
    let first = whole
        .split_once(". ")
        .map_or(whole.as_str(), |(first, _)| first);
    let summary = first.trim_end_matches('.').to_owned();
    set(operation, "summary", summary.into());
    set(operation, "description", whole.into());
}

fn error_answer(about: &str) -> Value {
    json!({"description": about, "content": {"application/json": {
        "schema": {"$ref": "#/components/schemas/Error"}}}})
}

/// `list_sessions` → `listSessions`.
fn camel(snake: &str) -> String {
    let mut words = snake.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut text, word| {
        let mut letters = word.chars();
        text.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        text.push_str(letters.as_str());
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn colon_verbs_are_the_routers() {
        let document = crate::router::describe();
        let shown: BTreeSet<&str> = document["paths"]
            .as_object()
            .unwrap()
            .keys()
            .filter_map(|path| path.rsplit_once(':').map(|(_, verb)| verb))
            .collect();
        assert_eq!(shown, colon::VERBS.into_iter().collect());
        assert!(!document.to_string().contains('~'));
    }

    /// Names of the types in a source file that are schemas.
    fn schemas_of(source: &str) -> Vec<String> {
        let mut names = Vec::new();
        let (mut derived, mut renamed) = (false, None);
        for line in source.lines() {
            derived |= line.starts_with("#[derive(") && line.contains("ToSchema");
            if let Some(name) = line.strip_prefix("#[schema(as = ") {
                renamed = Some(name.trim_end_matches(")]"));
            }
            let mut words = line
                .split_whitespace()
                .skip_while(|word| word.starts_with("pub"));
            if !matches!(words.next(), Some("struct" | "enum")) {
                continue;
            }
            let rest = words.next().unwrap_or_default();
            let name = rest.split(['<', '(', ';', '{']).next().unwrap_or_default();
            if std::mem::take(&mut derived) {
                names.push(renamed.take().unwrap_or(name).to_owned());
            }
        }
        names
    }

    /// Of two types with one name only one would be in the document, and no word of it.
    #[test]
    fn no_two_schemas_share_a_name() {
        let mut folders = vec![std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")];
        let mut names = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|end| end == "rs") {
                    names.extend(schemas_of(&std::fs::read_to_string(path).unwrap()));
                }
            }
        }
        names.sort();
        for pair in names.windows(2) {
            assert_ne!(pair[0], pair[1], "two schemas have this name");
        }
        let made = ["Error", "LoggedEvent", "ChatPayload", "ContactPayload"];
        let document = crate::router::describe();
        for name in document["components"]["schemas"]
            .as_object()
            .unwrap()
            .keys()
        {
            let plain = name.split('_').next().unwrap();
            let event = name.ends_with("Event") || made.contains(&plain);
            let seen = names.iter().any(|known| known == plain);
            assert!(
                event || seen,
                "{name} comes from a type that this test does not see"
            );
        }
    }

    #[test]
    fn every_operation_is_whole() {
        let document = crate::router::describe();
        let mut ids = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let at = format!("{method} {path}");
                let id = operation["operationId"].as_str().expect(&at).to_owned();
                assert!(ids.insert(id), "{at}");
                assert!(!operation["tags"].as_array().expect(&at).is_empty(), "{at}");
                assert!(
                    !operation["summary"].as_str().unwrap().contains('\n'),
                    "{at}"
                );
                for (status, answer) in operation["responses"].as_object().unwrap() {
                    assert!(answer["description"].is_string(), "{at} {status}");
                    let error = status.as_str() >= "400" && path.starts_with("/api");
                    let pointed = &answer["content"]["application/json"]["schema"]["$ref"];
                    assert_eq!(
                        error,
                        pointed == "#/components/schemas/Error",
                        "{at} {status}"
                    );
                }
                for name in path.split(['{', '}']).skip(1).step_by(2) {
                    let declared = operation["parameters"].as_array().unwrap();
                    assert_eq!(
                        declared.iter().filter(|p| p["name"] == name).count(),
                        1,
                        "{at}: {name}"
                    );
                }
            }
        }
        assert!(ids.contains("listSessions") && ids.contains("startSession"));
    }
}
