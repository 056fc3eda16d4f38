//! What passes: word of people's presence and typing. It is worth something only while it is true, so it is told
//! to whoever listens at the moment and never stored: no event row, no `seq`.
//!
//! Without readers ([`crate::log`]) nothing is looked up.

use crate::{
    Domain, Result,
    inbound::{InChat, Seen},
    ports::store::{PersonRow, StoreExt},
    sessions::SessionScope,
    show::{Show, jid, lid_text, number},
};
use serde::Serialize;
use wharf_types::{Address, Millis};

/// A state that passes, as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passing {
    /// Whose.
    pub who: Seen,
    /// Where they type; `None` = it is about the person, not a chat.
    pub chat: Option<InChat>,
    /// `available`, `unavailable`, `composing`, `recording`, `paused`.
    pub state: &'static str,
    /// When they were last here, where they let it be known.
    pub last_seen: Option<Millis>,
}

/// The contract's payload of `presence`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Presence {
    contact_id: Option<i64>,
    who: Who,
    chat_jid: String,
    state: &'static str,
    last_seen: Option<Millis>,
}

/// A person who may not be stored.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Who {
    contact_id: Option<i64>,
    lid: String,
    phone_number: String,
    name: String,
}

fn stored(show: &Show<'_>, seen: &Seen) -> Result<Option<PersonRow>> {
    let ids = [
        seen.lid.clone().map(Address::Lid),
        seen.phone.clone().map(Address::Phone),
    ];
    for id in ids.into_iter().flatten() {
        if let Some(person) = show.person_at(&id)? {
            return Ok(Some(person));
        }
    }
    Ok(None)
}

/// Both ids of a person, as far as the stanza or the row knows them.
fn ids(seen: &Seen, row: Option<&PersonRow>) -> Seen {
    Seen {
        lid: row.and_then(|row| row.lid.clone()).or(seen.lid.clone()),
        phone: row.and_then(|row| row.phone.clone()).or(seen.phone.clone()),
    }
}

impl Passing {
    fn payload(&self, show: &Show<'_>) -> Result<Presence> {
        let row = stored(show, &self.who)?;
        let known = ids(&self.who, row.as_ref());
        let chat_jid = match &self.chat {
            Some(InChat::Group(group)) => group.as_str().to_owned(),
            _ => jid(known.phone.as_ref(), known.lid.as_ref()),
        };
        let contact_id = row.as_ref().map(|row| row.id);
        Ok(Presence {
            contact_id,
            who: Who {
                contact_id,
                lid: lid_text(known.lid.as_ref()),
                phone_number: number(known.phone.as_ref()),
                name: row
                    .map(|row| row.names.shown().to_owned())
                    .unwrap_or_default(),
            },
            chat_jid,
            state: self.state,
            last_seen: self.last_seen,
        })
    }
}

impl Domain {
    /// Tells those who listen.
    pub(crate) async fn pass(&self, scope: SessionScope, passing: Passing) -> Result<()> {
        let heard = self.hub.hears(&scope.org, "presence", Some(&scope.id));
        if !heard {
            return Ok(());
        }
        let payload = self
            .store
            .read(move |view| {
                let told = passing.payload(&Show::new(view, scope)?)?;
                serde_json::to_string(&told).map_err(|error| {
                    crate::Error::Internal(format!("payload of presence: {error}"))
                })
            })
            .await?;
        let now = self.clock.now();
        self.hub
            .tell(scope.org, Some(scope.id), "presence", now, &payload);
        Ok(())
    }
}
