//! Between columns and the domain's types. A value that does not parse is corrupt, never guessed at.

use crate::error::Fault;
use rusqlite::Row;
use ulid::Ulid;
use wharf_domain::{Error, Result};
use wharf_types::{Lid, Millis};

/// The bare ULID of a `BLOB` of 16 bytes.
pub(crate) fn ulid(row: &Row<'_>, column: usize) -> Result<Ulid, Fault> {
    ulid_opt(row, column)?.ok_or(Fault::Corrupt("id"))
}

pub(crate) fn ulid_opt(row: &Row<'_>, column: usize) -> Result<Option<Ulid>, Fault> {
    let Some(bytes) = row.get_ref(column)?.as_blob_or_null()? else {
        return Ok(None);
    };
    let bytes = bytes.try_into().map_err(|_| Fault::Corrupt("id"))?;
    Ok(Some(Ulid::from_bytes(bytes)))
}

/// A text that is one of the domain's parsed types.
pub(crate) fn parsed<T: std::str::FromStr>(
    row: &Row<'_>,
    column: usize,
    what: &'static str,
) -> Result<T, Fault> {
    parsed_opt(row, column, what)?.ok_or(Fault::Corrupt(what))
}

pub(crate) fn parsed_opt<T: std::str::FromStr>(
    row: &Row<'_>,
    column: usize,
    what: &'static str,
) -> Result<Option<T>, Fault> {
    row.get_ref(column)?
        .as_str_or_null()?
        .map(|text| text.parse().map_err(|_| Fault::Corrupt(what)))
        .transpose()
}

/// A LID is stored as its digits.
pub(crate) fn lid_opt(row: &Row<'_>, column: usize) -> Result<Option<Lid>, Fault> {
    row.get_ref(column)?
        .as_str_or_null()?
        .map(|digits| Lid::from_digits(digits).map_err(|_| Fault::Corrupt("LID")))
        .transpose()
}

/// A text looked up in a closed list.
pub(crate) fn known<T>(
    row: &Row<'_>,
    column: usize,
    find: impl FnOnce(&str) -> Option<T>,
    what: &'static str,
) -> Result<T, Fault> {
    find(row.get_ref(column)?.as_str()?).ok_or(Fault::Corrupt(what))
}

pub(crate) fn bytes32(row: &Row<'_>, column: usize, what: &'static str) -> Result<[u8; 32], Fault> {
    let bytes = row.get_ref(column)?.as_blob()?;
    bytes.try_into().map_err(|_| Fault::Corrupt(what))
}

/// A stored JSON document.
pub(crate) fn json<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    column: usize,
    what: &'static str,
) -> Result<T, Fault> {
    serde_json::from_str(row.get_ref(column)?.as_str()?).map_err(|_| Fault::Corrupt(what))
}

pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::Internal(format!("JSON: {error}")))
}

/// A page size as SQLite counts it.
pub(crate) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// The place before everything in an order that runs downwards.
pub(crate) const LAST: (Millis, i64) = (Millis::MAX, i64::MAX);
