//! `type: location`.

use crate::error::{ApiError, ApiResult};
use serde::Deserialize;
use utoipa::ToSchema;
use wharf_domain::outbox::What;

const LONGEST: usize = 1_000;

/// A place.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct LocationBody {
    /// Degrees north, −90 to 90.
    #[schema(minimum = -90, maximum = 90)]
    latitude: f64,
    /// Degrees east, −180 to 180.
    #[schema(minimum = -180, maximum = 180)]
    longitude: f64,
    /// What it is called, at most 1,000 characters.
    name: Option<String>,
    /// At most 1,000 characters.
    address: Option<String>,
}

pub(super) fn read(body: LocationBody) -> ApiResult<What> {
    for (field, degrees, most) in [
        ("latitude", body.latitude, 90.0),
        ("longitude", body.longitude, 180.0),
    ] {
        if !(-most..=most).contains(&degrees) {
            return Err(ApiError::invalid(
                field,
                format!("must be -{most} to {most} degrees"),
            ));
        }
    }
    let short = |field: &str, text: Option<String>| {
        let text = text.unwrap_or_default();
        if text.chars().count() > LONGEST {
            return Err(ApiError::invalid(field, "must be at most 1000 characters"));
        }
        Ok(text)
    };
    Ok(What::Location {
        latitude: body.latitude,
        longitude: body.longitude,
        name: short("name", body.name)?,
        address: short("address", body.address)?,
    })
}
