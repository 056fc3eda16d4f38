//! What the guard lets through, and how long it waits.

#[cfg(test)]
mod addresses;
#[cfg(test)]
mod exchanges;
