//! Messages out and in, a file for each thing people do with them.

mod done_here;
mod done_there;
mod forward;
mod history;
mod kinds;
mod polls;
mod preview;
pub mod support;
mod text;
