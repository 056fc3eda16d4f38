//! The engine against the simulated network, end to end: the shipped client code, a store, a recording domain.

#[cfg(test)]
mod first_line;
#[cfg(test)]
mod life;
#[cfg(test)]
mod passing;
#[cfg(test)]
mod proxied;
#[cfg(test)]
mod sends;
#[cfg(test)]
mod support;
#[cfg(test)]
mod sync;
