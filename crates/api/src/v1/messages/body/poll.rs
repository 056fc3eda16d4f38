//! `type: poll`.

use super::words;
use crate::error::{ApiError, ApiResult};
use serde::Deserialize;
use std::collections::HashSet;
use utoipa::ToSchema;
use wharf_domain::outbox::What;

/// What WhatsApp's own clients let a person type.
const LONGEST_QUESTION: usize = 255;
const LONGEST_OPTION: usize = 100;

/// A poll.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct PollBody {
    /// The question, at most 255 characters.
    name: String,
    /// 2–12, distinct, at most 100 characters each.
    options: Vec<String>,
    /// How many may be chosen; 0 (default) = any number.
    selectable_count: Option<u32>,
}

pub(super) fn read(body: PollBody) -> ApiResult<What> {
    words("name", &body.name, LONGEST_QUESTION)?;
    if !(2..=12).contains(&body.options.len()) {
        return Err(ApiError::invalid("options", "must be 2 to 12"));
    }
    let mut seen = HashSet::new();
    for (place, option) in body.options.iter().enumerate() {
        words(&format!("options[{place}]"), option, LONGEST_OPTION)?;
        // Votes name an option by the hash of its text: equal texts could not be told apart.
        if !seen.insert(option.trim()) {
            return Err(ApiError::invalid("options", "must be distinct"));
        }
    }
    let selectable = body.selectable_count.unwrap_or(0);
    if usize::try_from(selectable).map_or(true, |count| count > body.options.len()) {
        return Err(ApiError::invalid(
            "selectableCount",
            "must be 0 (any number) to the number of options",
        ));
    }
    Ok(What::Poll {
        name: body.name,
        options: body.options,
        selectable,
    })
}
