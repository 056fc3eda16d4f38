//! The query string: an empty parameter is absent, an unknown one ignored, a known one given twice refused.

use crate::{
    error::{ApiError, ApiResult},
    state::ApiState,
};
use axum::{extract::FromRequestParts, http::request::Parts};
use percent_encoding::percent_decode_str;
use std::str::FromStr;
use wharf_types::AddressError;

/// Parsed pairs; names that are not UTF-8 are unknown names.
pub struct Query(Vec<(String, Option<String>)>);

impl Query {
    fn parse(text: &str) -> Self {
        let decode = |part: &str| {
            percent_decode_str(&part.replace('+', " "))
                .decode_utf8()
                .ok()
                .map(|text| text.into_owned())
        };
        Self(
            text.split('&')
                .filter(|pair| !pair.is_empty())
                .filter_map(|pair| {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    Some((decode(name)?, decode(value)))
                })
                .collect(),
        )
    }

    /// A parameter, if given and not empty.
    pub fn text(&self, name: &str) -> ApiResult<Option<&str>> {
        let mut given = self.0.iter().filter(|(n, _)| n == name);
        let first = given.next();
        if given.next().is_some() {
            return Err(ApiError::invalid(name, "is given more than once"));
        }
        match first {
            None => Ok(None),
            Some((_, None)) => Err(ApiError::invalid(name, "is not UTF-8")),
            Some((_, Some(text))) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
        }
    }

    /// A parameter for the domain to read: `""` when absent.
    pub fn raw(&self, name: &str) -> ApiResult<&str> {
        Ok(self.text(name)?.unwrap_or_default())
    }

    /// `true` or `false`, if given.
    pub fn flag(&self, name: &str) -> ApiResult<Option<bool>> {
        match self.text(name)? {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(ApiError::invalid(name, "must be true or false")),
        }
    }

    /// An address, if given. A `+` before digits may have come as a space.
    pub fn address<T: FromStr<Err = AddressError>>(&self, name: &str) -> ApiResult<Option<T>> {
        self.text(name)?
            .map(|text| {
                let plus = text.strip_prefix(' ').map(|digits| format!("+{digits}"));
                plus.as_deref()
                    .unwrap_or(text)
                    .parse()
                    .map_err(|error: AddressError| ApiError::invalid(name, error.to_string()))
            })
            .transpose()
    }
}

impl FromRequestParts<ApiState> for Query {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &ApiState) -> ApiResult<Self> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wharf_types::Phone;

    #[test]
    fn empty_is_absent_and_twice_is_refused() {
        let query = Query::parse("a=1&b=&c&d=x+y%2B%c3%a9&&e=%ff&a2=1&a2=1&p=+15551230001&%ff=1");
        assert_eq!(query.text("a").unwrap(), Some("1"));
        for absent in ["b", "c", "z"] {
            assert_eq!(query.text(absent).unwrap(), None);
        }
        assert_eq!(query.text("d").unwrap(), Some("x y+é"));
        assert!(query.text("e").is_err() && query.text("a2").is_err());
        let phone: Option<Phone> = query.address("p").unwrap();
        assert_eq!(phone.unwrap().as_str(), "15551230001");
    }
}
