//! The primary phone: device 0 of every account. It links and unlinks companions, gives them keys and
//! hears their peer messages.

pub mod adv;
pub mod keyshare;
pub mod pairing;
pub mod peer;
pub mod unlink;
