//! Calls: told by the event `call`.

pub mod reject;
