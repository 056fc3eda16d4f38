//! `openapi.json` at the root is what the code makes. After a change to the API:
//! `UPDATE_OPENAPI=1 cargo test -p wharf-api --test api openapi`, and read the difference.

use serde_json::Value;
use std::{collections::BTreeSet, env, fs, path::Path};

#[test]
fn the_committed_document_is_true() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi.json");
    let made = wharf_api::describe();
    if env::var_os("UPDATE_OPENAPI").is_some() {
        let text = serde_json::to_string_pretty(&made).unwrap();
        fs::write(&path, text + "\n").unwrap();
    }
    let kept = fs::read_to_string(&path).expect("openapi.json");
    let kept: Value = serde_json::from_str(&kept).unwrap();
    assert!(
        kept == made,
        "openapi.json is not what the code makes: see the top of this file"
    );
}

/// Every schema that is pointed at exists, and every one that exists is pointed at.
#[test]
fn references_lead_somewhere() {
    let document = wharf_api::describe();
    let mut pointed = BTreeSet::new();
    collect(&document, &mut pointed);
    let there: BTreeSet<String> = document["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert_eq!(
        pointed.difference(&there).collect::<Vec<_>>(),
        Vec::<&String>::new()
    );
    assert_eq!(
        there.difference(&pointed).collect::<Vec<_>>(),
        Vec::<&String>::new()
    );
}

fn collect(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(to)) = fields.get("$ref") {
                into.insert(to.rsplit('/').next().unwrap().to_owned());
            }
            fields.values().for_each(|field| collect(field, into));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
        _ => {}
    }
}
