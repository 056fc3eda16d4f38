//! Deliveries as time goes by.

#[cfg(test)]
mod clock;
