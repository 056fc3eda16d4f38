//! The platform's own: for people with the role `super_admin`.

pub mod audit;
pub mod backfill;
pub mod claims;
pub mod gateways;
pub mod sessions;
