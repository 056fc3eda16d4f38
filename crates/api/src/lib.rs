//! The HTTP API.
//!
//! [`router`] has every route on one page; [`v1`] has one file an operation: extract, call the domain, map.
//! [`edge`] wraps the whole, [`auth`] says who calls, [`extract`] keeps the contract's order of checks, [`error`]
//! is the one mapping from what went wrong to HTTP.

pub mod auth;
mod constant;
mod edge;
mod error;
pub mod extract;
mod openapi;
mod operations;
mod page;
mod ranges;
mod readiness;
mod router;
mod scopes;
mod state;
mod tickets;
pub mod v1;

pub use constant::constant_route;
pub use error::{ApiError, ApiResult};
pub use router::{describe, router, router_with};
pub use state::{ApiConfig, ApiState, RenderMetrics};
