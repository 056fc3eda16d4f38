//! All that is wrong with a request, told at once.

use crate::{Error, Result};
use std::collections::BTreeMap;

/// Each malformed field with what is wrong with it.
#[derive(Debug, Default)]
pub(crate) struct Wrong(BTreeMap<String, String>);

impl Wrong {
    /// Notes a field.
    pub(crate) fn note(&mut self, field: &str, what: impl Into<String>) {
        self.0.insert(field.to_owned(), what.into());
    }

    /// A part that was read; of one that is malformed what is wrong is noted, and there is a default in its place.
    pub(crate) fn take<T: Default>(&mut self, read: Result<T>) -> T {
        read.unwrap_or_else(|error| {
            if let Error::Invalid(fields) = error {
                self.0.extend(fields);
            }
            T::default()
        })
    }

    /// An error that names every field noted, if there is one.
    pub(crate) fn none(self) -> Result<()> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(self.0))
        }
    }
}
