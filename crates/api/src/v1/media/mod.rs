//! Files sent ahead.

mod intake;
pub mod upload;
