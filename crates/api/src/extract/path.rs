//! One segment of the path after the session: an address, an id.

use crate::{
    error::{ApiError, ApiResult},
    state::ApiState,
};
use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};
use std::{fmt::Display, str::FromStr};

/// The route's last named segment, percent-decoded: `@` and `%40` are the same.
pub struct Segment {
    name: String,
    text: String,
}

impl Segment {
    /// An address: 400 when it is none.
    pub fn address<T: FromStr<Err: Display>>(&self) -> ApiResult<T> {
        self.text
            .parse()
            .map_err(|error: T::Err| ApiError::invalid(&self.name, error.to_string()))
    }

    /// An id of ours: a malformed one is as unknown as any other.
    pub fn id<T: FromStr>(&self, noun: &'static str) -> ApiResult<T> {
        self.text.parse().map_err(|_| ApiError::not_found(noun))
    }

    /// A token without a form of its own.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl FromRequestParts<ApiState> for Segment {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> ApiResult<Self> {
        Segments::from_request_parts(parts, state)
            .await?
            .0
            .pop()
            .ok_or_else(|| ApiError::internal("route without a parameter"))
    }
}

/// All named segments of a route, for those with more than one after the session.
pub struct Segments(Vec<Segment>);

impl Segments {
    /// The address in a segment: 400 when it is none.
    pub fn address<T: FromStr<Err: Display>>(&self, name: &str) -> ApiResult<T> {
        self.0
            .iter()
            .find(|segment| segment.name == name)
            .ok_or_else(|| ApiError::internal("route without this parameter"))?
            .address()
    }
}

impl FromRequestParts<ApiState> for Segments {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> ApiResult<Self> {
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| ApiError::invalid("path", "is not UTF-8"))?;
        let segment = |(name, text): (&str, &str)| Segment {
            name: name.to_owned(),
            text: text.to_owned(),
        };
        Ok(Self(params.iter().map(segment).collect()))
    }
}
