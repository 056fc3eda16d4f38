//! Carrying events to webhooks.
//!
//! **Isolation.** Every active webhook has a task of its own ([`runner`]) that reads the log from its own place and makes
//! its own attempts; it shares with the others nothing but the writer of the store and a number of connections that is
//! divided among those that have work ([`share`]). A receiver that hangs holds its own share.
//!
//! **Order.** Within one webhook, events of one session go one after another. What fails goes to what is owed, and the
//! next one goes; an `ordered` webhook holds the session back until it was delivered or given up.
//!
//! **What a kill costs.** Attempts are written down together with the place they moved ([`book`]), in one transaction. What
//! was attempted and not written down is attempted again, with the same id.

mod book;
mod courier;
mod rest;
mod runner;
mod share;
mod steady;
mod supervisor;

pub use courier::GuardedCourier;
pub use supervisor::Deliveries;
