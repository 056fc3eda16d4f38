//! `type: image`, `video`, `audio`, `document`, `sticker`.

use crate::error::{ApiError, ApiResult};
use serde_json::{Map, Value};
use wharf_domain::outbox::What;

pub(super) fn read(kind: &str, _fields: Map<String, Value>) -> ApiResult<What> {
    Err(ApiError::not_built(&format!("sending type {kind}")))
}
