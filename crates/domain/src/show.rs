//! Rows as callers see them, within one snapshot or transaction.
//!
//! What the contract shows of a person depends on rows beside the one at hand (the sender's name, whose chat it
//! is); [`Show`] reads each person once. Its methods stand in the nouns' files.

use crate::{
    Error, Result,
    ports::store::{PersonRow, View},
    sessions::{SessionNo, SessionScope},
};
use std::{cell::RefCell, collections::HashMap};
use wharf_types::{Address, Lid, Phone};

/// The session's own account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Own {
    /// Its number, once paired.
    pub phone: Option<Phone>,
    /// Its LID, once known.
    pub lid: Option<Lid>,
    /// Its push name.
    pub push_name: String,
}

impl Own {
    /// As the session's row says.
    pub fn of(view: &dyn View, scope: &SessionScope) -> Result<Self> {
        let row = view
            .session(&scope.org, &scope.id)?
            .ok_or(Error::NotFound("session"))?;
        Ok(Self {
            phone: row.phone,
            lid: row.lid,
            push_name: row.push_name,
        })
    }

    /// Whether this address is the account's.
    pub fn is_at(&self, address: &Address) -> bool {
        match address {
            Address::Lid(lid) => self.is(Some(lid), None),
            Address::Phone(phone) => self.is(None, Some(phone)),
        }
    }

    /// Whether these ids are the account's.
    pub fn is(&self, lid: Option<&Lid>, phone: Option<&Phone>) -> bool {
        let same_lid = lid.is_some() && lid == self.lid.as_ref();
        let same_phone = phone.is_some() && phone == self.phone.as_ref();
        same_lid || same_phone
    }
}

/// Shows rows of one session.
pub struct Show<'v> {
    pub(crate) view: &'v dyn View,
    pub(crate) scope: SessionScope,
    pub(crate) own: Own,
    people: RefCell<HashMap<i64, Option<PersonRow>>>,
}

impl<'v> Show<'v> {
    /// Over a snapshot; fails when the session is gone.
    pub fn new(view: &'v dyn View, scope: SessionScope) -> Result<Self> {
        Ok(Self::with(view, scope, Own::of(view, &scope)?))
    }

    /// The same, where the account is known already.
    pub fn with(view: &'v dyn View, scope: SessionScope, own: Own) -> Self {
        Self {
            view,
            scope,
            own,
            people: RefCell::default(),
        }
    }

    pub(crate) fn no(&self) -> SessionNo {
        self.scope.no
    }

    /// The person of a row, merged ids followed.
    pub(crate) fn person(&self, id: i64) -> Result<Option<PersonRow>> {
        if let Some(known) = self.people.borrow().get(&id) {
            return Ok(known.clone());
        }
        let mut row = self.view.person(self.no(), id)?;
        if row.is_none()
            && let Some(kept) = self.view.person_alias(self.no(), id)?
        {
            row = self.view.person(self.no(), kept)?;
        }
        self.people.borrow_mut().insert(id, row.clone());
        Ok(row)
    }
}

/// The phone JID once the number is known, else the LID JID.
pub fn jid(phone: Option<&Phone>, lid: Option<&Lid>) -> String {
    match (phone, lid) {
        (Some(phone), _) => phone.jid(),
        (None, Some(lid)) => lid.jid(),
        (None, None) => String::new(),
    }
}

/// A person's JID.
pub fn person_jid(row: &PersonRow) -> String {
    jid(row.phone.as_ref(), row.lid.as_ref())
}

/// Digits, "" while unknown.
pub(crate) fn number(phone: Option<&Phone>) -> String {
    phone
        .map(|phone| phone.as_str().to_owned())
        .unwrap_or_default()
}

/// `…@lid`, "" while unknown.
pub(crate) fn lid_text(lid: Option<&Lid>) -> String {
    lid.map(Lid::jid).unwrap_or_default()
}
