//! `POST /sessions/{session}/contacts/check`.

use super::check::{Checked, check};
use crate::{
    error::{ApiError, ApiResult},
    extract::{Body, InSession, Read},
    state::ApiState,
};
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wharf_types::Phone;

/// Numbers one call may ask about.
const MOST: usize = 100;

/// Numbers to ask about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckContacts {
    /// E.164 digits, `+` optional; 1–100.
    #[schema(min_items = 1, max_items = 100)]
    phones: Vec<String>,
}

/// One answer a number, in the order asked.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckedContacts {
    /// The answers.
    data: Vec<Checked>,
}

/// The same for up to 100 numbers. Needs `read` and a connected session.
#[utoipa::path(post, path = "/sessions/{session}/contacts/check", tag = "contacts",
    request_body = CheckContacts, responses((status = 200, body = CheckedContacts)))]
pub async fn check_contacts(
    State(state): State<ApiState>,
    here: InSession<Read>,
    Body(body): Body<CheckContacts>,
) -> ApiResult<Json<CheckedContacts>> {
    let phones = parse(&body.phones)?;
    let answers = check(&state, &here, &phones).await?;
    let data = body
        .phones
        .into_iter()
        .zip(&phones)
        .map(|(query, phone)| Checked::of(query, answers.iter().find(|a| a.phone == *phone)))
        .collect();
    Ok(Json(CheckedContacts { data }))
}

fn parse(texts: &[String]) -> ApiResult<Vec<Phone>> {
    if !(1..=MOST).contains(&texts.len()) {
        return Err(ApiError::invalid("phones", "must hold 1 to 100 numbers"));
    }
    texts
        .iter()
        .enumerate()
        .map(|(place, text)| {
            text.parse().map_err(|error: wharf_types::AddressError| {
                ApiError::invalid(&format!("phones[{place}]"), error.to_string())
            })
        })
        .collect()
}
