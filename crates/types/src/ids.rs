//! Prefixed ULIDs: `sess_01J…`. The prefix is part of the text form only.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};
use ulid::Ulid;

/// The text is not an id of this kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the form {0}_<ULID>")]
pub struct IdError(&'static str);

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Ulid);

        impl $name {
            /// Made from a ULID that the caller's id source produced.
            pub const fn new(ulid: Ulid) -> Self { Self(ulid) }
            /// The bare ULID, as stores keep it.
            pub const fn ulid(self) -> Ulid { self.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, concat!($prefix, "_{}"), self.0) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Display::fmt(self, f) }
        }
        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                let bare = text.strip_prefix(concat!($prefix, "_")).ok_or(IdError($prefix))?;
                let ulid = Ulid::from_string(bare).map_err(|_| IdError($prefix))?;
                // Lower case and the letters that Crockford folds would be a second spelling of the same id.
                if ulid.to_string() == bare { Ok(Self(ulid)) } else { Err(IdError($prefix)) }
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> { s.collect_str(self) }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(/** One attached WhatsApp number. */ SessionId, "sess");
id!(/** A tenant. */ OrgId, "org");
id!(/** A person who logs in. */ UserId, "user");
id!(/** A webhook. */ WebhookId, "wh");
id!(/** An attempt to deliver an event to a webhook. */ DeliveryId, "dlv");
id!(/** A row of the event log. */ EventId, "evt");
id!(/** An API key. */ KeyId, "key");
id!(/** A queued send. */ OutboxId, "out");
id!(/** A backfill or an import. */ JobId, "job");
id!(/** A person's login: what its refresh tokens belong to. */ LoginId, "login");
id!(/** An invitation into an organization. */ InvitationId, "inv");
id!(/** An entry of the audit log. */ AuditId, "aud");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let id = SessionId::new(Ulid::from_parts(1 << 40, u128::MAX >> 50));
        assert_eq!(id.to_string().parse::<SessionId>(), Ok(id));
        assert!(id.to_string().to_lowercase().parse::<SessionId>().is_err());
        assert!(
            id.to_string()
                .replace("sess", "org")
                .parse::<SessionId>()
                .is_err()
        );
        assert!(id.to_string().parse::<OrgId>().is_err());
    }
}
