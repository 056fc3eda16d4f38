//! `GET /sessions/{session}/qr`.

use super::{Code, picture};
use crate::{
    error::{ApiError, ApiResult},
    extract::{AnswersQr, InSession, Manage, Origin, Picture, QrForm},
    state::ApiState,
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};

/// A code is a credential for twenty seconds: nobody keeps it.
const NO_STORE: (HeaderName, HeaderValue) =
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));

/// The QR code to scan now: as JSON, or drawn for `Accept: image/png` or `image/svg+xml`. With none ready, pairing
/// begins and the answer is 404 until there is one; codes change about every 20 s. Already paired: 400.
/// Needs `manage`.
#[utoipa::path(get, path = "/sessions/{session}/qr", tag = "sessions",
    responses((status = 200, content(
        (Code = "application/json"),
        (Vec<u8> = "image/png"),
        (String = "image/svg+xml")))))]
pub async fn session_qr(
    State(state): State<ApiState>,
    here: InSession<Manage, AnswersQr>,
    origin: Origin,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let code = state
        .domain()
        .session_qr(here.scope, &origin.by(&here.principal))
        .await?;
    let drawn = match QrForm::wanted(&headers) {
        None | Some(QrForm::Json) => {
            return Ok(([NO_STORE], Json(Code::from(code))).into_response());
        }
        Some(QrForm::Drawn(Picture::Png)) => {
            picture::png(&code.code).map(|bytes| ("image/png", bytes))
        }
        Some(QrForm::Drawn(Picture::Svg)) => {
            picture::svg(&code.code).map(|text| ("image/svg+xml", text.into_bytes()))
        }
    };
    let (media, bytes) = drawn.map_err(ApiError::internal)?;
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static(media));
    Ok(([NO_STORE, kind], bytes).into_response())
}
