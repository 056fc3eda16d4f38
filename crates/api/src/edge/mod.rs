//! What every request passes on its way in and every response on its way out.
//!
//! One hand-written service around the whole router instead of a stack of layers: a stored read is answered in
//! tens of microseconds, and this is the part of them that buys nothing. It
//! - gives the request id and puts it on every response, of whatever origin;
//! - turns colon verbs into routes ([`colon`]);
//! - turns a panic into the 500 envelope ([`NameRoute`], where the route is known);
//! - logs failures once, with the id and the route's pattern (never the path itself: it holds phones);
//! - counts and times by route.

pub mod colon;
pub mod request_id;

use crate::error::{ApiError, Cause};
use axum::{
    Router,
    extract::{MatchedPath, Request},
    http::{HeaderValue, Method},
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use std::{
    any::Any,
    convert::Infallible,
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};
use tower::Service;

type Answering = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

/// The router, wrapped.
#[derive(Clone)]
pub struct Edge {
    inner: Router,
}

impl Edge {
    /// Around a finished router.
    pub fn new(inner: Router) -> Self {
        Self { inner }
    }
}

impl Service<Request> for Edge {
    type Response = Response;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> Answering {
        let started = Instant::now();
        let id = request_id::of(request.headers());
        let method = request.method().clone();
        request
            .extensions_mut()
            .insert(request_id::RequestId(id.clone()));
        let routed = match colon::rewrite(request.uri()) {
            colon::Rewritten::Same => true,
            colon::Rewritten::To(uri) => {
                *request.uri_mut() = uri;
                true
            }
            colon::Rewritten::Refused => false,
        };
        let mut inner = self.inner.clone();
        Box::pin(async move {
            let mut response = if routed {
                match inner.call(request).await {
                    Ok(response) => response,
                    Err(never) => match never {},
                }
            } else {
                ApiError::not_found("route").into_response()
            };
            response
                .headers_mut()
                .insert(request_id::X_REQUEST_ID, id.clone());
            record(&id, &method, &response, started.elapsed());
            Ok(response)
        })
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without words")
}

fn record(id: &HeaderValue, method: &Method, response: &Response, took: Duration) {
    let route = response
        .extensions()
        .get::<Route>()
        .map_or("none", |route| route.0.as_str());
    let status = response.status();
    metrics::histogram!(
        "wharf_http_request_seconds",
        "method" => known(method),
        "route" => route.to_owned(),
        "status" => status.as_str().to_owned(),
    )
    .record(took);
    let request_id = id.to_str().unwrap_or_default();
    match response.extensions().get::<Cause>() {
        Some(Cause(cause)) if status.as_u16() == 500 => {
            tracing::error!(request_id, %method, route, status = 500, cause, "request failed");
        }
        Some(Cause(cause)) => {
            tracing::warn!(request_id, %method, route, status = status.as_u16(), cause, "request failed");
        }
        None => {
            tracing::debug!(request_id, %method, route, status = status.as_u16(), ?took, "request");
        }
    }
}

/// A closed set: a caller must not make label values.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The pattern of the route that answered, carried out to the edge.
#[derive(Clone)]
struct Route(MatchedPath);

/// Wraps each route so that the edge learns which one it was, also when it panics.
#[derive(Clone)]
pub struct NameRoute;

impl<S> tower::Layer<S> for NameRoute {
    type Service = Named<S>;
    fn layer(&self, inner: S) -> Named<S> {
        Named(inner)
    }
}

/// See [`NameRoute`].
#[derive(Clone)]
pub struct Named<S>(S);

impl<S> Service<Request> for Named<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Answering {
        let route = request.extensions().get::<MatchedPath>().cloned();
        let answering = self.0.call(request);
        Box::pin(async move {
            let mut response = match AssertUnwindSafe(answering).catch_unwind().await {
                Ok(answered) => answered?,
                Err(panic) => {
                    ApiError::internal(format!("panic: {}", words(&*panic))).into_response()
                }
            };
            if let Some(route) = route {
                response.extensions_mut().insert(Route(route));
            }
            Ok(response)
        })
    }
}
