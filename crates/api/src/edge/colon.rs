//! `POST /sessions/{session}:start`: verbs after a colon.
//!
//! axum's router takes no suffix after a parameter, so `/x/{id}:verb` becomes `/x/{id}/~verb` before routing:
//! only in the last segment, only for this closed list, since a JID may contain a colon of its own. Nothing may
//! reach `/~verb` from outside. OpenAPI shows the colon form; a test compares both.

use axum::http::{Uri, uri::PathAndQuery};

/// Every verb that stands after a colon somewhere in the API.
pub const VERBS: [&str; 19] = [
    "start",
    "stop",
    "restart",
    "logout",
    "confirm",
    "subscribe",
    "reject",
    "backfill",
    "drain",
    "follow",
    "unfollow",
    "mute",
    "approve",
    "leave",
    "join",
    "rotate",
    "test",
    "replay",
    "retry",
];

/// What became of a path.
#[derive(Debug, PartialEq, Eq)]
pub enum Rewritten {
    /// Route it as it is.
    Same,
    /// Route this instead.
    To(Uri),
    /// It asks for an inner path: there is no such route.
    Refused,
}

/// Turns the outer form of a path into the one the router knows.
pub fn rewrite(uri: &Uri) -> Rewritten {
    let path = uri.path();
    if path.contains("/~") {
        return Rewritten::Refused;
    }
    let Some((resource, verb)) = path.rsplit_once(':') else {
        return Rewritten::Same;
    };
    if resource.ends_with('/') || !VERBS.contains(&verb) {
        return Rewritten::Same;
    }
    let inner = match uri.query() {
        Some(query) => format!("{resource}/~{verb}?{query}"),
        None => format!("{resource}/~{verb}"),
    };
    let Ok(inner) = PathAndQuery::try_from(inner) else {
        return Rewritten::Refused;
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(inner);
    Uri::from_parts(parts).map_or(Rewritten::Refused, Rewritten::To)
}

/// The outer form of a route's path, for the OpenAPI document.
pub fn outer(path: &str) -> String {
    path.replacen("/~", ":", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_verbs_in_the_last_segment() {
        for (path, expected) in [
            ("/sessions/s:start", Some("/sessions/s/~start")),
            (
                "/sessions/s:start?x=:stop",
                Some("/sessions/s/~start?x=:stop"),
            ),
            ("/c/15551230001:12@s.whatsapp.net", None),
            (
                "/c/1:2@s.whatsapp.net:stop",
                Some("/c/1:2@s.whatsapp.net/~stop"),
            ),
            ("/s:start/contacts", None),
            ("/s/:start", None),
            ("/s:begin", None),
            ("/s:start/", None),
            ("/s%3Astart", None),
        ] {
            let got = rewrite(&path.parse().unwrap());
            let want = expected.map_or(Rewritten::Same, |to| Rewritten::To(to.parse().unwrap()));
            assert_eq!(got, want, "{path}");
        }
    }

    #[test]
    fn the_inner_form_is_nobodys_business() {
        for path in ["/sessions/s/~start", "/~x", "/a/~b:start"] {
            assert_eq!(rewrite(&path.parse().unwrap()), Rewritten::Refused);
        }
    }
}
