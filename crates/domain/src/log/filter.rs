//! Which events a reader gets: what it asks for, within what its credential may see.

use super::{Sessions, kinds};
use crate::{Error, Result};
use std::collections::BTreeSet;
use wharf_types::SessionId;

/// Types and sessions. A reader's filter never holds more than its credential may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// By name.
    pub kinds: BTreeSet<&'static str>,
    /// Whose.
    pub sessions: Sessions,
}

impl Filter {
    /// All types a reader may get.
    pub fn all(manage: bool) -> Self {
        Self {
            kinds: kinds::LOGGED
                .into_iter()
                .chain(kinds::LIVE)
                .filter(|kind| manage || !kinds::needs_manage(kind))
                .collect(),
            sessions: Sessions::All,
        }
    }

    /// Only the named types; `*` means all. A type the reader may not get is left out; one that does not exist is an
    /// error that names `field`.
    pub fn of_kinds<'a>(
        mut self,
        names: impl IntoIterator<Item = &'a str>,
        field: &str,
    ) -> Result<Self> {
        let mut wanted = BTreeSet::new();
        for name in names {
            if name == "*" {
                return Ok(self);
            }
            if !kinds::known(name) {
                let what = format!("{} is not a type of event", shown(name));
                return Err(Error::invalid(field, what));
            }
            wanted.insert(name);
        }
        self.kinds.retain(|kind| wanted.contains(kind));
        Ok(self)
    }

    /// Only these sessions; none named = as before.
    #[must_use]
    pub fn within(mut self, sessions: &[SessionId]) -> Self {
        if !sessions.is_empty() {
            let held = |id: &&SessionId| self.sessions.hold(Some(id));
            self.sessions = Sessions::Only(sessions.iter().filter(held).copied().collect());
        }
        self
    }

    /// Whether an event passes.
    pub fn passes(&self, kind: &str, session: Option<&SessionId>) -> bool {
        self.kinds.contains(kind) && self.sessions.hold(session)
    }

    /// Every logged type passes: nothing has to be looked for.
    pub fn every_kind(&self) -> bool {
        kinds::LOGGED.iter().all(|kind| self.kinds.contains(kind))
    }
}

/// A caller's text within an error, cut.
fn shown(name: &str) -> String {
    name.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ulid::Ulid;

    #[test]
    fn no_more_than_may_be_seen() {
        let (one, two) = (
            SessionId::new(Ulid::from_parts(1, 1)),
            SessionId::new(Ulid::from_parts(2, 2)),
        );
        let limited = Filter::all(false).within(&[one]);
        let asked = limited.clone().within(&[two]);
        assert!(limited.passes("message", Some(&one)) && !limited.passes("message", Some(&two)));
        assert!(!limited.passes("message", None));
        assert!(!asked.passes("message", Some(&one)) && !asked.passes("message", Some(&two)));
        assert_eq!(limited.clone().within(&[]), limited);
        assert!(!Filter::all(false).passes("auth.qr", None));
        assert!(!Filter::all(false).passes("webhook.disabled", None));
        assert!(Filter::all(true).passes("auth.qr", None));
        let named = Filter::all(false).of_kinds(["auth.qr", "message"], "events");
        let named = named.unwrap();
        assert!(named.passes("message", None) && !named.passes("auth.qr", None));
        assert!(
            Filter::all(true)
                .of_kinds([], "events")
                .unwrap()
                .kinds
                .is_empty()
        );
        assert!(
            Filter::all(true)
                .of_kinds(["*"], "events")
                .unwrap()
                .every_kind()
        );
        assert!(Filter::all(true).of_kinds(["mesage"], "events").is_err());
    }
}
