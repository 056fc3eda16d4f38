//! The primary phone: device 0 of every account. It links and unlinks companions, gives them keys and
//! hears their peer messages.

pub mod adv;
mod codekeys;
pub mod keyshare;
pub mod linkcode;
pub mod pairing;
pub mod passkey;
pub mod peer;
pub mod unlink;
