//! Groups: who is in them, what is told about them, how messages reach their members.
//!
//! `model` and `nodes` are pure; `store` is the database; `change` and `members` are what people do, on whichever
//! side they are (a client by IQ, a scripted person by the control API); `tell` notifies; `outbound`, `inbound` and
//! `receipts` carry messages; `iq` and `control` are the two doors.
//!
//! A group addresses its members either by LID (the form of today; a number stands beside it only where the viewer
//! may see it) or by number (groups from before the migration).

pub mod change;
pub mod control;
pub mod inbound;
pub mod iq;
pub mod members;
pub mod model;
pub mod nodes;
pub mod outbound;
pub mod picture;
mod receipts;
pub mod requests;
pub mod store;
mod tell;
mod typing;

#[cfg(test)]
mod message_tests;
#[cfg(test)]
pub(crate) mod test_client;
#[cfg(test)]
mod tests;

pub use store::SCHEMA;
