//! From a request to values that have passed their rules.
//!
//! Arguments of a handler are extracted in the order they stand, and the contract's order of checks is exactly
//! that order: [`Caller`] or [`InSession`] (401, 403, 404 of the session, 406), then the path, the query and the
//! body (413, 415, 400), then the handler. Nothing reads the body before the session is known to exist.

mod accept;
mod body;
mod caller;
mod organization;
mod origin;
mod path;
mod person;
mod query;
mod strict_json;

pub use accept::{AnswersAnything, AnswersJson, AnswersQr, Media, Picture, QrForm};
pub use body::{Body, JSON_LIMIT, LargeBody, MESSAGE_LIMIT};
pub use caller::{Caller, InSession, Manage, Needs, Read, Send};
pub(crate) use caller::{authenticated, session_of};
pub use organization::{AsAdmin, AsMember, AsOwner, AtLeast, InOrganization};
pub use origin::Origin;
pub use path::{Segment, Segments};
pub use person::{AnySession, Person, Resident, Stranger, SuperAdmin};
pub use query::Query;
