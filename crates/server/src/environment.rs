//! The environment as a layer of the configuration: `WHARF_OUTBOUND__ALLOW_HTTP=true`.
//!
//! Nested keys join with `__`. Text that begins with `[` or `{` is JSON; a setting whose default is text takes
//! the value as it is, so a token of digits stays a token; what is left reads as true, false or a number.

use crate::cli::VARIABLES;
use figment::{
    Error, Metadata, Profile, Provider,
    value::{Dict, Map, Value},
};
use serde::Serialize;

const PREFIX: &str = "WHARF_";

/// The layer; `defaults` tell which settings are text.
pub struct Environment<D> {
    defaults: D,
    variables: Vec<(String, String)>,
}

impl<D: Serialize> Environment<D> {
    /// Every variable of the process with the prefix.
    pub fn new(defaults: D) -> Self {
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Self::of(defaults, variables.collect())
    }

    fn of(defaults: D, variables: Vec<(String, String)>) -> Self {
        let ours = |(name, value): (String, String)| {
            if VARIABLES.contains(&name.as_str()) {
                return None;
            }
            Some((name.strip_prefix(PREFIX)?.to_ascii_lowercase(), value))
        };
        Self {
            defaults,
            variables: variables.into_iter().filter_map(ours).collect(),
        }
    }
}

fn value(text: &str, default: Option<&Value>) -> Value {
    let trimmed = text.trim_start();
    if (trimmed.starts_with('[') || trimmed.starts_with('{'))
        && let Ok(json) = serde_json::from_str::<serde_json::Value>(text)
        && let Ok(value) = Value::serialize(json)
    {
        return value;
    }
    if matches!(default, Some(Value::String(..))) {
        return Value::from(text);
    }
    text.parse().unwrap_or_else(|_| Value::from(text))
}

/// Puts a value at `a__b__c`.
fn put(into: &mut Dict, path: &str, value: Value) {
    let Some((outer, rest)) = path.split_once("__") else {
        into.insert(path.to_owned(), value);
        return;
    };
    let inner = into
        .entry(outer.to_owned())
        .or_insert_with(|| Value::from(Dict::new()));
    if let Value::Dict(_, inner) = inner {
        put(inner, rest, value);
    }
}

impl<D: Serialize> Provider for Environment<D> {
    fn metadata(&self) -> Metadata {
        Metadata::named("the environment (WHARF_…)")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let defaults = Value::serialize(&self.defaults)?;
        let mut all = Dict::new();
        for (path, text) in &self.variables {
            let default = defaults.clone().find(&path.replace("__", "."));
            put(&mut all, path, value(text, default.as_ref()));
        }
        Ok(Profile::default().collect(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use figment::{Figment, providers::Serialized};

    fn read(variables: &[(&str, &str)]) -> Result<Config, Box<Error>> {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let layer = Environment::of(Config::default(), variables);
        Figment::from(Serialized::defaults(Config::default()))
            .merge(layer)
            .extract()
            .map_err(Box::new)
    }

    #[test]
    fn lists_are_json_and_text_stays_text() {
        let issuers = r#"[{"jwks_url":"https://id.example.com/k","issuer":"https://id.example.com","audience":"wharf"}]"#;
        let config = read(&[
            ("WHARF_AUTH__ISSUERS", issuers),
            ("WHARF_METRICS_TOKEN", "12345"),
            ("WHARF_OUTBOUND__ALLOW_HTTP", "true"),
            ("OTHER", "x"),
            ("WHARF_API_KEY", "of a command"),
        ])
        .unwrap();
        assert_eq!(config.auth.issuers.len(), 1);
        assert_eq!(config.metrics_token, "12345");
        assert!(config.outbound.allow_http);
        assert!(
            read(&[("WHARF_COLOUR", "red")])
                .unwrap_err()
                .to_string()
                .contains("colour")
        );
    }
}
