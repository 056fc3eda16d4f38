//! The one guarded way out: every HTTP request of the program to an address that somebody gave goes through here.
//!
//! **What always holds.** A request is made to an address that [`Policy`] permits, or not at all. The address that is
//! dialled is the address that was checked: names are resolved by [`resolver`], which hands the HTTP client only what
//! passed, so an answer of the DNS that changes between two look-ups changes nothing. Addresses written into the URL are
//! checked before the request, since no resolver is asked for them. There are no redirects unless a caller with trusted
//! hosts asks for them (each step is then judged like the first), and the environment's proxy variables are not read.
//!
//! **What is bounded.** Resolving, connecting, the time to the first byte, the whole exchange, progress (a server that
//! sends one byte a second is cut off) and the size of the body, counted while it streams: [`Limits`]. Bodies are not
//! decompressed, so none can grow.
//!
//! A connection that is kept open for the next request leads to an address that was checked when it was dialled. With a
//! configured proxy the proxy resolves names and decides what it reaches; the rules for the URL itself still hold.

pub mod address;
mod answer;
mod client;
mod error;
mod limits;
mod policy;
mod resolver;

pub use answer::Answer;
pub use client::{Builder, Outbound, Request};
pub use error::{Error, Refused};
pub use limits::Limits;
pub use policy::{Policy, Subnet};
pub use reqwest::{Body, Method, StatusCode, Url, header};
pub use resolver::Lookup;
