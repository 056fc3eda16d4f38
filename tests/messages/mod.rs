//! Messages out and in, a file for each thing people do with them.

mod kinds;
pub mod support;
mod text;
