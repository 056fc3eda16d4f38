//! `GET /.well-known/jwks.json`.

use crate::state::ApiState;
use axum::{
    Json,
    extract::State,
    http::{HeaderValue, header},
    response::IntoResponse,
};
use serde_json::json;

/// The public keys of the access tokens made here, as a JSON Web Key Set (RFC 7517); none where nobody logs in here.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "auth",
    responses((status = 200, content_type = "application/json", body = Object)))]
pub async fn own_jwks(State(state): State<ApiState>) -> impl IntoResponse {
    let keys = match state.auth().embedded() {
        Some(issuer) => issuer.jwks().clone(),
        None => json!({ "keys": [] }),
    };
    let minutes = HeaderValue::from_static("public, max-age=300");
    ([(header::CACHE_CONTROL, minutes)], Json(keys))
}
