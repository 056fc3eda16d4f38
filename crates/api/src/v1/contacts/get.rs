//! `GET /sessions/{session}/contacts/{lid}`.

use crate::{
    error::ApiResult,
    extract::{InSession, Read, Segment},
    state::ApiState,
};
use axum::{Json, extract::State};
use wharf_domain::contacts::ContactDetail;

/// All that is known of one person, under whichever id: after a merge the dropped LID and number lead to the kept
/// person for ever. Needs `read`; stored.
#[utoipa::path(get, path = "/sessions/{session}/contacts/{lid}", tag = "contacts",
    responses((status = 200, body = super::ContactDetail)))]
pub async fn get_contact(
    State(state): State<ApiState>,
    here: InSession<Read>,
    segment: Segment,
) -> ApiResult<Json<ContactDetail>> {
    let address = segment.address()?;
    Ok(Json(state.domain().get_contact(here.scope, address).await?))
}
