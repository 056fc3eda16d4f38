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
    /// Not built yet: `true` is answered 501.
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

pub(super) fn read(body: TextBody) -> ApiResult<What> {
    sound(&body.text)?;
    if body.link_preview == Some(true) {
        return Err(ApiError::not_built("linkPreview"));
    }
    Ok(What::Text {
        text: body.text,
        preview: None,
    })
}
