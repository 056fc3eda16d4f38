//! Being there: the account's own presence, and the wish to know another's.

pub mod own;
pub mod subscribe;
