//! The engine against the simulated network, end to end: the shipped client code, a store, a recording domain.

mod first_line;
mod life;
mod proxied;
mod sends;
mod support;
mod sync;
