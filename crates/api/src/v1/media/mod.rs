//! Files sent ahead.

pub(super) mod intake;
pub mod upload;
