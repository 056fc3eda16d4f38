//! `type: contact`.

use super::words;
use crate::error::{ApiError, ApiResult};
use serde::Deserialize;
use utoipa::ToSchema;
use wharf_domain::{outbox::What, vcard};
use wharf_types::Phone;

const LONGEST_NAME: usize = 255;
const LONGEST_CARD: usize = 65_536;

/// A person's card.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ContactBody {
    contact: ContactCard,
}

/// Either `name` and `phone`, or `vcard`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ContactCard {
    /// At most 255 characters.
    name: Option<String>,
    /// `digits` or `+digits`.
    phone: Option<String>,
    /// A vCard with a formatted name (`FN`), at most 65,536 bytes.
    vcard: Option<String>,
}

pub(super) fn read(body: ContactBody) -> ApiResult<What> {
    match body.contact {
        ContactCard {
            name: Some(name),
            phone: Some(phone),
            vcard: None,
        } => {
            words("contact.name", &name, LONGEST_NAME)?;
            let phone: Phone = phone.parse().map_err(|error: wharf_types::AddressError| {
                ApiError::invalid("contact.phone", error.to_string())
            })?;
            let vcard = vcard::compose(&name, phone.as_str());
            Ok(What::Contact { name, vcard })
        }
        ContactCard {
            name: None,
            phone: None,
            vcard: Some(card),
        } => {
            if card.len() > LONGEST_CARD || !vcard::is_card(&card) {
                return Err(ApiError::invalid(
                    "contact.vcard",
                    "must be a vCard of at most 65536 bytes",
                ));
            }
            let name = vcard::name(&card);
            words("contact.vcard", &name, LONGEST_NAME)
                .map_err(|_| ApiError::invalid("contact.vcard", "must have a name (FN)"))?;
            Ok(What::Contact { name, vcard: card })
        }
        _ => Err(ApiError::invalid(
            "contact",
            "must be {name, phone} or {vcard}",
        )),
    }
}
