//! What WhatsApp tells of a person when it is asked: their picture, their about text, whether the account blocks them.

use crate::{
    Domain, Error, Result,
    contacts::Blocked,
    cursor::{Binding, Page},
    inbound::Seen,
    ports::store::{PersonRow, StoreExt, View},
    sessions::{SessionNo, SessionScope},
    show::{Own, lid_text, number},
};
use wharf_types::{Address, Lid, Phone};

/// A profile picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Changes with the picture.
    pub id: String,
    /// Where it can be fetched for a while, without credential.
    pub url: String,
}

impl Domain {
    /// A person's picture; not found when none is visible to the account.
    pub async fn contact_picture(&self, scope: SessionScope, of: Address) -> Result<Picture> {
        let found = self.engine()?.picture(&scope, &of).await?;
        let (id, url) = found
            .filter(|(_, url)| !url.is_empty())
            .ok_or(Error::NotFound("picture"))?;
        Ok(Picture { id, url })
    }

    /// A person's about text, "" when hidden.
    pub async fn contact_about(&self, scope: SessionScope, of: Address) -> Result<String> {
        let found = self.engine()?.about(&scope, &of).await?;
        Ok(found.unwrap_or_default())
    }

    /// Blocks a person or no longer does; their row, if they have one. Repeating is a no-op.
    pub async fn block_contact(
        &self,
        scope: SessionScope,
        who: Address,
        blocked: bool,
    ) -> Result<Option<i64>> {
        let engine = self.engine()?;
        let (row, who) = self
            .store
            .read(move |view| {
                if Own::of(view, &scope)?.is_at(&who) {
                    return Err(Error::invalid("jid", "is the account itself"));
                }
                both_ids(view, scope.no, who)
            })
            .await?;
        engine.block(&scope, &who, blocked).await?;
        Ok(row)
    }

    /// Whom the account blocks, by LID.
    pub async fn list_blocked(
        &self,
        scope: SessionScope,
        limit: usize,
        cursor: &str,
    ) -> Result<Page<Blocked>> {
        let sealer = self.sealer(Binding::new("blocked", scope.id));
        let after: Option<(String, String)> = sealer.place(cursor)?;
        let list = self.engine()?.blocked(&scope).await?;
        let mut blocked = self
            .store
            .read(move |view| {
                list.iter()
                    .map(|who| shown(view, scope.no, who))
                    .collect::<Result<Vec<_>>>()
            })
            .await?;
        let place = |one: &Blocked| (one.lid.clone(), one.phone_number.clone());
        blocked.sort_unstable_by_key(place);
        blocked.dedup();
        let rows: Vec<Blocked> = blocked
            .into_iter()
            .filter(|one| after.as_ref().is_none_or(|after| place(one) > *after))
            .take(limit + 1)
            .collect();
        sealer.page(rows, limit, place, |row| row)
    }
}

fn person(
    view: &dyn View,
    s: SessionNo,
    lid: Option<&Lid>,
    phone: Option<&Phone>,
) -> Result<Option<PersonRow>> {
    let mut id = None;
    if let Some(lid) = lid {
        id = view.person_by_lid(s, lid)?;
    }
    if let (None, Some(phone)) = (id, phone) {
        id = view.person_by_phone(s, phone)?;
    }
    id.map_or(Ok(None), |id| view.person(s, id))
}

/// A person's row and the ids they are known under: WhatsApp wants both to block somebody.
fn both_ids(view: &dyn View, s: SessionNo, who: Address) -> Result<(Option<i64>, Seen)> {
    let asked = match who {
        Address::Lid(lid) => Seen {
            lid: Some(lid),
            phone: None,
        },
        Address::Phone(phone) => Seen {
            lid: None,
            phone: Some(phone),
        },
    };
    let known = person(view, s, asked.lid.as_ref(), asked.phone.as_ref())?;
    Ok(match known {
        None => (None, asked),
        Some(row) => {
            let lid = asked.lid.or(row.lid);
            let phone = asked.phone.or(row.phone);
            (Some(row.id), Seen { lid, phone })
        }
    })
}

fn shown(view: &dyn View, s: SessionNo, who: &Seen) -> Result<Blocked> {
    let row = person(view, s, who.lid.as_ref(), who.phone.as_ref())?;
    let (lid, phone, name) = match &row {
        Some(row) => (
            who.lid.as_ref().or(row.lid.as_ref()),
            who.phone.as_ref().or(row.phone.as_ref()),
            row.names.shown().to_owned(),
        ),
        None => (who.lid.as_ref(), who.phone.as_ref(), String::new()),
    };
    Ok(Blocked {
        lid: lid_text(lid),
        name,
        phone_number: number(phone),
    })
}
