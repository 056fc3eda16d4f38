//! Lists: `limit` and `cursor` in, `{"data", "nextCursor"}` out.

use crate::{
    error::{ApiError, ApiResult},
    extract::Query,
    state::ApiState,
};
use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use wharf_domain::{
    contacts::ContactPage,
    cursor::{Page, parse_limit},
};

/// Which page.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// Items a page: 0 or absent = 50, otherwise clamped into 1–200.
    #[param(value_type = Option<i64>, required = false)]
    pub limit: usize,
    /// `nextCursor` of the page before; absent = the first page.
    #[param(required = false)]
    pub cursor: String,
}

impl Paging {
    /// From the query.
    pub fn of(query: &Query) -> ApiResult<Self> {
        let limit = parse_limit(query.text("limit")?.unwrap_or_default())?;
        let cursor = query.text("cursor")?.unwrap_or_default().to_owned();
        Ok(Self { limit, cursor })
    }
}

impl FromRequestParts<ApiState> for Paging {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> ApiResult<Self> {
        Self::of(&Query::from_request_parts(parts, state).await?)
    }
}

/// A page of contacts, rendered already.
pub struct Rendered(pub ContactPage);

impl IntoResponse for Rendered {
    fn into_response(self) -> Response {
        let ContactPage(body) = self.0;
        let json = HeaderValue::from_static("application/json");
        ([(header::CONTENT_TYPE, json)], body).into_response()
    }
}

/// One page.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct List<T> {
    /// The items.
    data: Vec<T>,
    /// Ask with it for the next page; `""` = this was the last.
    next_cursor: String,
}

impl<T, V: Into<T>> From<Page<V>> for List<T> {
    fn from(page: Page<V>) -> Self {
        Self {
            data: page.data.into_iter().map(Into::into).collect(),
            next_cursor: page.next_cursor,
        }
    }
}
