//! Every event is held to the schema of its type, as the running gateway's OpenAPI document has it.
//!
//! The document leaves room for fields to come; here there is none: a field that it does not name is an error.

use super::Door;
use serde_json::{Map, Value, json};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, OnceLock},
};

struct Schemas {
    /// Schemas by name, closed.
    components: Value,
    /// A type's schema.
    of: HashMap<String, String>,
    /// Made when first needed.
    made: Mutex<HashMap<String, Arc<jsonschema::Validator>>>,
}

static SCHEMAS: OnceLock<Schemas> = OnceLock::new();

/// Learns the schemas from a gateway; every gateway of a run is the same program.
pub async fn learn(root: &Door) {
    if SCHEMAS.get().is_none() {
        let document = root.get("/api/v1/openapi.json").await.well();
        SCHEMAS.get_or_init(|| Schemas::of(document));
    }
}

/// Types that the document knows, those that are never logged among them.
pub fn types() -> BTreeSet<String> {
    schemas().of.keys().cloned().collect()
}

fn schemas() -> &'static Schemas {
    SCHEMAS.get().expect("a gateway was started")
}

/// What is wrong with an event, by the OpenAPI document.
pub fn wrong(event: &Value) -> Vec<String> {
    let kind = event["event"].as_str().unwrap_or_default();
    let Some(validator) = schemas().validator(kind) else {
        return vec![format!("there is no type {kind:?}")];
    };
    validator
        .iter_errors(event)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

/// Fails when an event is not as documented. `from` says where it was heard.
#[track_caller]
pub fn check(event: &Value, from: &str) {
    let wrong = wrong(event);
    assert!(
        wrong.is_empty(),
        "{from}: not as the OpenAPI document says: {event}\n{wrong:#?}"
    );
}

impl Schemas {
    fn of(mut document: Value) -> Self {
        let mut components = document["components"]["schemas"].take();
        let mut of = HashMap::new();
        let mapping = &components["Event"]["discriminator"]["mapping"];
        for (kind, to) in mapping.as_object().expect("types of events") {
            let name = to.as_str().unwrap().rsplit('/').next().unwrap();
            of.insert(kind.clone(), name.to_owned());
        }
        of.insert("webhook.test".to_owned(), "WebhookTestEvent".to_owned());
        close(&mut components);
        Self {
            components,
            of,
            made: Mutex::default(),
        }
    }

    fn validator(&self, kind: &str) -> Option<Arc<jsonschema::Validator>> {
        let name = self.of.get(kind)?;
        let mut made = self.made.lock().unwrap();
        let validator = made.entry(kind.to_owned()).or_insert_with(|| {
            let mut needed = Map::new();
            self.collect(name, &mut needed);
            let schema = json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "$ref": format!("#/components/schemas/{name}"),
                "components": {"schemas": needed},
            });
            Arc::new(jsonschema::validator_for(&schema).expect("a JSON Schema"))
        });
        Some(Arc::clone(validator))
    }

    /// A schema and all that it points at.
    fn collect(&self, name: &str, needed: &mut Map<String, Value>) {
        if needed.contains_key(name) {
            return;
        }
        let schema = self.components[name].clone();
        assert!(schema.is_object(), "no schema {name}");
        let mut names = Vec::new();
        pointed(&schema, &mut names);
        needed.insert(name.to_owned(), schema);
        for name in names {
            self.collect(&name, needed);
        }
    }
}

fn pointed(schema: &Value, names: &mut Vec<String>) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::String(to)) = fields.get("$ref") {
                names.extend(to.rsplit('/').next().map(str::to_owned));
            }
            fields.values().for_each(|part| pointed(part, names));
        }
        Value::Array(items) => items.iter().for_each(|part| pointed(part, names)),
        _ => {}
    }
}

/// An object has the fields it names, and no others.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if fields.get("properties").is_some_and(Value::is_object) {
                fields
                    .entry("additionalProperties")
                    .or_insert(Value::Bool(false));
            }
            fields.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}
