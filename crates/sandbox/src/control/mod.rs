//! The control API: the hand that holds the phones. JSON on loopback, no authentication.
//!
//! One file for each noun with a `pub fn router() -> Router<Arc<Sim>>`, merged here. A handler takes
//! `State(sim)` and, on writes, [`body::Body`]; it calls `sim.act(|w| …)` and maps. Errors are
//! [`error::Refused`]: `{"error": {"code", "message", "details": {field: why}}}`.

use std::sync::Arc;

use axum::{Router, extract::DefaultBodyLimit, middleware};

use crate::world::Sim;

pub mod accounts;
pub mod body;
mod clock;
mod deeds;
pub mod error;
mod faults;
mod guard;
mod oracle;
pub mod send;

/// Files of people come in base64.
const LARGEST_BODY: usize = 64 << 20;

pub fn router(sim: Arc<Sim>) -> Router {
    Router::new()
        .merge(accounts::router())
        .merge(crate::phone::passkey::control::router())
        .merge(send::router())
        .merge(oracle::router())
        .merge(faults::router())
        .merge(clock::router())
        .merge(crate::groups::control::router())
        .merge(crate::crowd::control::router())
        .merge(crate::appstate::control::router())
        .merge(crate::media::control::router())
        .merge(crate::seen::control::router())
        .merge(crate::channels::control::router())
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn(guard::loopback_json))
        .with_state(sim)
}
