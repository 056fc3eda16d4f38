//! The credential in the headers, before anything is verified.

use axum::http::{HeaderMap, header};

/// A token, by its looks.
#[derive(Debug, PartialEq, Eq)]
pub enum Credential<'a> {
    /// Three parts: a login token.
    Jwt(&'a str),
    /// Anything else can only be an API key.
    Key(&'a str),
}

impl<'a> Credential<'a> {
    /// The one credential of a request. `None` when there is none, when there are two different ones, or when a
    /// credential header is not one.
    pub fn of(headers: &'a HeaderMap) -> Option<Self> {
        let mut found: Option<Self> = None;
        let bearers = headers
            .get_all(header::AUTHORIZATION)
            .iter()
            .map(|value| bearer(value.to_str().ok()?).map(Self::by_looks));
        let keys = headers
            .get_all("x-api-key")
            .iter()
            .map(|value| Some(Self::Key(value.to_str().ok()?.trim())));
        for credential in bearers.chain(keys) {
            let credential = credential?;
            match &found {
                Some(first) if first.text() != credential.text() => return None,
                Some(_) => {}
                None => found = Some(credential),
            }
        }
        found.filter(|credential| !credential.text().is_empty())
    }

    pub(super) fn by_looks(token: &'a str) -> Self {
        if token.contains('.') {
            Self::Jwt(token)
        } else {
            Self::Key(token)
        }
    }

    /// As it was sent.
    pub fn text(&self) -> &'a str {
        match self {
            Self::Jwt(text) | Self::Key(text) => text,
        }
    }
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&'static str, &'static str)]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        Credential::of(&headers).map(|c| format!("{c:?}"))
    }

    #[test]
    fn one_credential_and_only_one() {
        let key = Some(r#"Key("wa_1")"#.to_owned());
        assert_eq!(of(&[("authorization", "Bearer wa_1")]), key);
        assert_eq!(of(&[("authorization", "bearer  wa_1")]), key);
        assert_eq!(of(&[("x-api-key", "wa_1")]), key);
        assert_eq!(
            of(&[("authorization", "Bearer wa_1"), ("x-api-key", "wa_1")]),
            key
        );
        assert_eq!(
            of(&[("authorization", "Bearer a.b.c")]).as_deref(),
            Some(r#"Jwt("a.b.c")"#)
        );
        for none in [
            &[][..],
            &[("authorization", "Bearer wa_1"), ("x-api-key", "wa_2")],
            &[
                ("authorization", "Bearer wa_1"),
                ("authorization", "Bearer wa_2"),
            ],
            &[("authorization", "Basic dTpw")],
            &[("authorization", "Basic dTpw"), ("x-api-key", "wa_1")],
            &[("authorization", "Bearer ")],
            &[("authorization", "Bearer")],
            &[("x-api-key", "")],
        ] {
            assert_eq!(of(none), None, "{none:?}");
        }
    }
}
