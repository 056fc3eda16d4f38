//! Messages out and in, a file for each thing people do with them.

mod kinds;
mod support;
mod text;
