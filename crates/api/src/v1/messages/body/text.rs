//! `type: text`.

use crate::error::{ApiError, ApiResult};
use serde::Deserialize;
use utoipa::ToSchema;
use wharf_domain::outbox::What;

const LONGEST: usize = 65_536;

/// A text.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct TextBody {
    /// At most 65,536 bytes.
    text: String,
    /// Shows what the first `http(s)://` link of the text leads to: title, description and a small picture, fetched when
    /// the send is accepted (the settings `outbound`). Where there is nothing to fetch, or it takes more than 8 seconds, the
    /// text goes without.
    link_preview: Option<bool>,
}

/// 1 to 65,536 bytes.
pub(in crate::v1::messages) fn sound(text: &str) -> ApiResult<()> {
    if (1..=LONGEST).contains(&text.len()) {
        Ok(())
    } else {
        Err(ApiError::invalid("text", "must be 1 to 65536 bytes"))
    }
}

/// The text, and whether its link is to be looked up.
pub(super) fn read(body: TextBody) -> ApiResult<(What, bool)> {
    sound(&body.text)?;
    let what = What::Text {
        text: body.text,
        preview: None,
    };
    Ok((what, body.link_preview == Some(true)))
}
