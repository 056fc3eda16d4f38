//! `POST /sessions/{session}/passkey:confirm`.

use crate::{
    error::ApiResult,
    extract::{InSession, Manage, Origin},
    state::ApiState,
};
use axum::{extract::State, http::StatusCode};

/// A person compared the code with the phone's and found them equal: WhatsApp may link. If they differ, somebody stands in
/// between: cancel. No body. 502: WhatsApp or the phone turned it down; linking is over and the session `stopped`
/// (`passkey_refused`). Needs `manage`.
#[utoipa::path(post, path = "/sessions/{session}/passkey/~confirm", tag = "sessions",
    responses((status = 204, description = "WhatsApp took it."),
        (status = 404, description = "`not_found`: the session is unknown, or nothing is demanded"),
        (status = 409, description = "`conflict`: there is no code to compare, or it was confirmed already")))]
pub async fn confirm_passkey(
    State(state): State<ApiState>,
    here: InSession<Manage>,
    origin: Origin,
) -> ApiResult<StatusCode> {
    let by = origin.by(&here.principal);
    state.domain().confirm_passkey(here.scope, &by).await?;
    Ok(StatusCode::NO_CONTENT)
}
