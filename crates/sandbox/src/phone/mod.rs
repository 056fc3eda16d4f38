//! The primary phone: device 0 of every account. It links and unlinks companions and gives them keys.

pub mod pairing;
