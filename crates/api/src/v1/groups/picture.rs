//! `PUT` and `DELETE /sessions/{session}/groups/{gid}/picture`.

use super::Doer;
use crate::{
    error::ApiResult,
    extract::{InSession, LargeBody, Origin, Segment, Send},
    state::ApiState,
    v1::messages::body::media::source,
};
use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use wharf_types::GroupJid;

/// A picture for a group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetGroupPicture {
    media: PictureFile,
}

/// Exactly one of `data`, `url` and `mediaId`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct PictureFile {
    /// Base64 or a base64 `data:` URI; at most 16 MiB decoded.
    data: Option<String>,
    /// Fetched now: https, a public address, no redirects (the settings `outbound`).
    url: Option<String>,
    /// From `POST …/media` of the same session.
    media_id: Option<String>,
}

/// Gives a group a picture: the middle of it as a square JPEG of at most 640 pixels. 400 names `media` when it is no
/// picture. Needs `send` and a connected session.
#[utoipa::path(put, path = "/sessions/{session}/groups/{gid}/picture", tag = "groups", request_body = SetGroupPicture,
    responses((status = 204, description = "Set."),
        (status = 403, description = "`forbidden`: `details.reason` is `not_group_admin` or `not_group_member`")))]
pub async fn set_group_picture(
    State(state): State<ApiState>,
    here: InSession<Send>,
    origin: Origin,
    segment: Segment,
    body: LargeBody,
) -> ApiResult<StatusCode> {
    let group: GroupJid = segment.address()?;
    let SetGroupPicture { media } = body.typed()?;
    let source = source(media.data, media.url, media.media_id)?;
    let domain = state.domain();
    domain
        .set_group_picture(here.scope, group.clone(), source)
        .await?;
    let doer = Doer {
        state: &state,
        here: &here,
        origin: &origin,
    };
    doer.did("group.picture", &group, json!("set")).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a group's picture away; none is fine. Needs `send` and a connected session.
#[utoipa::path(delete, path = "/sessions/{session}/groups/{gid}/picture", tag = "groups",
    responses((status = 204, description = "None."),
        (status = 403, description = "`forbidden`: `details.reason` is `not_group_admin` or `not_group_member`")))]
pub async fn remove_group_picture(
    State(state): State<ApiState>,
    here: InSession<Send>,
    origin: Origin,
    segment: Segment,
) -> ApiResult<StatusCode> {
    let group: GroupJid = segment.address()?;
    state
        .domain()
        .remove_group_picture(here.scope, group.clone())
        .await?;
    let doer = Doer {
        state: &state,
        here: &here,
        origin: &origin,
    };
    doer.did("group.picture", &group, json!("removed")).await?;
    Ok(StatusCode::NO_CONTENT)
}
