//! What the media hosts answer.
//!
//! - `POST|PUT /mms/{type}/{token}?auth=…&token=…`: upload. `token` is the URL-safe base64 of the SHA-256
//!   of the body, which for encrypted media is the hash in the message. Answers `{url, direct_path}`.
//!   With `resume=1` and no body it asks whether the upload is already here. Channels and profile
//!   pictures, which are not encrypted, go to `/newsletter/…`, `/product/…` and `/pps/…`.
//! - `DELETE /mms/{type}/{token}?d_md=…&auth=…`: the client has digested a history blob.
//! - `GET /v/{bucket}/{name}`: download by direct path; knowing the path is the permission. The query is
//!   not looked at: clients append theirs in ways that differ. One range is honoured.
//!
//! Sources: whatsmeow `upload.go` and `download.go`, zapo `client/media.ts`, Baileys
//! `messages-media.ts`.

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as B64};
use futures_util::{Stream, StreamExt};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::{io::SeekFrom, ops::RangeInclusive, path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt},
};

use super::{Media, blobs::Blob, server::Outside};
use crate::ids::Phone;

/// WhatsApp takes documents up to 2 GiB.
const MAX_UPLOAD: u64 = 2 << 30;
const READ_CHUNK: usize = 64 << 10;
const SLOW_CHUNK: usize = 16 << 10;

/// Upload kinds the clients know of; anything else is a mistake of the client.
const KINDS: &[&str] = &[
    "image",
    "video",
    "audio",
    "ptt",
    "ptv",
    "gif",
    "document",
    "sticker",
    "sticker-pack",
    "thumbnail-document",
    "thumbnail-image",
    "thumbnail-link",
    "thumbnail-sticker-pack",
    "thumbnail-video",
    "md-app-state",
    "md-msg-hist",
    "group-history",
    "newsletter-image",
    "newsletter-video",
    "newsletter-audio",
    "newsletter-document",
    "newsletter-sticker",
    "newsletter-sticker-pack",
    "newsletter-gif",
    "newsletter-ptt",
    "newsletter-ptv",
    "newsletter-thumbnail-link",
    "photo",
    "biz-cover-photo",
];
const PREFIXES: &[&str] = &["mms", "newsletter", "product", "pps"];

struct Served {
    media: Arc<Media>,
    outside: Arc<dyn Outside>,
    base_url: String,
}

type Shared = State<Arc<Served>>;

pub(super) fn app(media: Arc<Media>, outside: Arc<dyn Outside>, base_url: String) -> Router {
    Router::new()
        .route("/v/{bucket}/{name}", get(download))
        .route(
            "/{prefix}/{kind}/{token}",
            axum::routing::post(upload).put(upload).delete(discard),
        )
        .with_state(Arc::new(Served {
            media,
            outside,
            base_url,
        }))
}

/// By which a post names the upload of its file (`media_id`; whatsmeow `send.go`). WhatsApp's are opaque.
pub fn handle(hash: &[u8]) -> String {
    format!("4:{}", B64.encode(hash))
}

/// A refusal in the shape the media hosts use.
struct Refused(StatusCode, &'static str);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        tracing::debug!(
            status = self.0.as_u16(),
            reason = self.1,
            "media request refused"
        );
        (
            self.0,
            Json(json!({ "error": { "code": self.0.as_u16(), "message": self.1 } })),
        )
            .into_response()
    }
}

impl From<anyhow::Error> for Refused {
    fn from(e: anyhow::Error) -> Self {
        tracing::error!(error = format!("{e:#}"), "media server");
        Self(StatusCode::INTERNAL_SERVER_ERROR, "internal error")
    }
}

impl From<std::io::Error> for Refused {
    fn from(e: std::io::Error) -> Self {
        anyhow::Error::from(e).into()
    }
}

#[derive(Deserialize)]
struct UploadQuery {
    #[serde(default)]
    auth: String,
    token: Option<String>,
    #[serde(default)]
    resume: String,
    file_offset: Option<u64>,
    d_md: Option<String>,
}

impl Served {
    /// The device behind a request, and the hash its path names.
    fn admit(
        &self,
        (prefix, kind, token): (&str, &str, &str),
        q: &UploadQuery,
    ) -> Result<[u8; 32], Refused> {
        if !PREFIXES.contains(&prefix)
            || !(KINDS.contains(&kind) || (prefix, kind) == ("product", "image"))
        {
            return Err(Refused(StatusCode::NOT_FOUND, "unknown media type"));
        }
        if self
            .media
            .auth()
            .check(&q.auth, self.outside.now())
            .is_none()
        {
            return Err(Refused(
                StatusCode::UNAUTHORIZED,
                "auth is missing, forged or stale",
            ));
        }
        if q.token
            .as_deref()
            .is_some_and(|q| q.trim_end_matches('=') != token.trim_end_matches('='))
        {
            return Err(Refused(
                StatusCode::BAD_REQUEST,
                "token differs from the path",
            ));
        }
        let hash = B64
            .decode(token.trim_end_matches('='))
            .ok()
            .and_then(|h| h.try_into().ok());
        hash.ok_or(Refused(StatusCode::BAD_REQUEST, "token is no SHA-256"))
    }

    /// Who downloads, when the client shows its token: not all do, and none must.
    fn asker(&self, uri: &Uri) -> Option<Phone> {
        let query = uri.query()?.split(['&', '?']);
        let auth = query.filter_map(|q| q.strip_prefix("auth=")).next()?;
        let device = self.media.auth().check(auth, self.outside.now())?;
        device.split([':', '@']).next()?.parse().ok()
    }

    fn uploaded(&self, prefix: &str, hash: &[u8], direct_path: &str) -> Json<serde_json::Value> {
        let mut found =
            json!({ "url": format!("{}{direct_path}", self.base_url), "direct_path": direct_path });
        if prefix == "newsletter"
            && let Some(found) = found.as_object_mut()
        {
            found.insert("handle".into(), handle(hash).into());
        }
        Json(found)
    }
}

async fn upload(
    State(served): Shared,
    Path((prefix, kind, token)): Path<(String, String, String)>,
    Query(q): Query<UploadQuery>,
    uri: Uri,
    body: Body,
) -> Result<Json<serde_json::Value>, Refused> {
    let hash = served.admit((&prefix, &kind, &token), &q)?;
    if q.resume == "1" {
        return Ok(match served.media.blobs().find(&kind, &hash)? {
            Some(path) => {
                let Json(mut found) = served.uploaded(&prefix, &hash, &path);
                if let Some(found) = found.as_object_mut() {
                    found.insert("resume".into(), "complete".into());
                }
                Json(found)
            }
            // Nothing here: start from the first byte.
            None => Json(json!({ "resume": "0" })),
        });
    }
    if q.file_offset.is_some_and(|at| at > 0) {
        return Err(Refused(StatusCode::BAD_REQUEST, "no upload to resume"));
    }
    let incoming = served.media.blobs().incoming();
    let pause = served.outside.slow(served.asker(&uri));
    let received = receive(body, &incoming, pause).await;
    let stored = match received {
        Ok(got) if got == hash => {
            let (blobs, from) = (served.media.blobs().clone(), incoming.clone());
            let kept = tokio::task::spawn_blocking(move || match blobs.find(&kind, &hash)? {
                Some(path) => Ok(path),
                None => blobs.adopt(&kind, &hash, &from),
            });
            kept.await
                .map_err(|e| anyhow::anyhow!("keep upload: {e}"))?
                .map_err(Refused::from)
        }
        Ok(_) => Err(Refused(
            StatusCode::BAD_REQUEST,
            "the body's hash is not the token",
        )),
        Err(e) => Err(e),
    };
    // Adopted files are gone from here already.
    drop(tokio::fs::remove_file(&incoming).await);
    Ok(served.uploaded(&prefix, &hash, &stored?))
}

/// Writes a body to disk and gives its hash.
async fn receive(body: Body, to: &PathBuf, pause: Option<Duration>) -> Result<[u8; 32], Refused> {
    let (mut file, mut hash, mut len) = (File::create(to).await?, Sha256::new(), 0u64);
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk =
            chunk.map_err(|_| Refused(StatusCode::BAD_REQUEST, "the upload was cut short"))?;
        if let Some(t) = pause {
            tokio::time::sleep(t).await;
        }
        len = len.saturating_add(chunk.len() as u64);
        if len > MAX_UPLOAD {
            return Err(Refused(StatusCode::PAYLOAD_TOO_LARGE, "too large"));
        }
        hash.update(&chunk);
        file.write_all(&chunk).await?;
    }
    if len == 0 {
        return Err(Refused(StatusCode::BAD_REQUEST, "empty upload"));
    }
    file.sync_all().await?;
    Ok(hash.finalize().into())
}

async fn discard(
    State(served): Shared,
    Path((prefix, kind, token)): Path<(String, String, String)>,
    Query(q): Query<UploadQuery>,
) -> Result<StatusCode, Refused> {
    let hash = served.admit((&prefix, &kind, &token), &q)?;
    let path = q
        .d_md
        .and_then(|p| B64.decode(p.trim_end_matches('=')).ok())
        .and_then(|p| String::from_utf8(p).ok());
    let path = path.ok_or(Refused(StatusCode::BAD_REQUEST, "d_md is missing"))?;
    let held = served.media.blobs().find(&kind, &hash)?;
    if held.as_deref().and_then(|h| h.split('?').next()) != path.split('?').next() {
        return Err(Refused(StatusCode::NOT_FOUND, "no such media"));
    }
    served.media.blobs().expire(&path)?;
    served.media.blobs().forget(&path)?;
    Ok(StatusCode::OK)
}

async fn download(
    State(served): Shared,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let file = match served.media.blobs().get(uri.path()) {
        Blob::Here(_) if served.outside.gone(served.asker(&uri)) => {
            return Err(Refused(StatusCode::GONE, "expired, by a fault"));
        }
        Blob::Here(file) => file,
        Blob::Gone => return Err(Refused(StatusCode::GONE, "expired")),
        Blob::Unknown => return Err(Refused(StatusCode::NOT_FOUND, "unknown")),
    };
    let pause = served.outside.slow(served.asker(&uri));
    let mut file = File::open(file).await?;
    let len = file.metadata().await?.len();
    let asked = headers.get(header::RANGE).and_then(|r| r.to_str().ok());
    let answer = Response::builder()
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .header(header::ACCEPT_RANGES, "bytes");
    let (answer, take) = match asked.map(|r| range(r, len)) {
        None => (answer, len),
        Some(None) => return Err(Refused(StatusCode::RANGE_NOT_SATISFIABLE, "range")),
        Some(Some(r)) => {
            file.seek(SeekFrom::Start(*r.start())).await?;
            let answer = answer.status(StatusCode::PARTIAL_CONTENT).header(
                header::CONTENT_RANGE,
                format!("bytes {}-{}/{len}", r.start(), r.end()),
            );
            (answer, r.end() - r.start() + 1)
        }
    };
    let answer = answer
        .header(header::CONTENT_LENGTH, take)
        .body(Body::from_stream(chunks(file.take(take), pause)));
    answer.map_err(|e| anyhow::Error::from(e).into())
}

/// The one range of a `Range` header, cut to the file.
fn range(header: &str, len: u64) -> Option<RangeInclusive<u64>> {
    let (from, to) = header.strip_prefix("bytes=")?.split_once('-')?;
    let last = len.checked_sub(1)?;
    let range = match (from, to) {
        ("", tail) => len.saturating_sub(tail.parse().ok()?)..=last,
        (from, "") => from.parse().ok()?..=last,
        (from, to) => from.parse().ok()?..=to.parse::<u64>().ok()?.min(last),
    };
    (!range.is_empty()).then_some(range)
}

fn chunks(
    file: tokio::io::Take<File>,
    pause: Option<Duration>,
) -> impl Stream<Item = std::io::Result<bytes::Bytes>> {
    let size = if pause.is_some() {
        SLOW_CHUNK
    } else {
        READ_CHUNK
    };
    futures_util::stream::try_unfold(file, move |mut file| async move {
        if let Some(t) = pause {
            tokio::time::sleep(t).await;
        }
        let mut chunk = bytes::BytesMut::with_capacity(size);
        let read = file.read_buf(&mut chunk).await?;
        Ok((read > 0).then(|| (chunk.freeze(), file)))
    })
}

#[cfg(test)]
mod tests {
    use super::range;

    #[test]
    fn ranges_are_cut_to_the_file() {
        assert_eq!(range("bytes=0-9", 100), Some(0..=9));
        assert_eq!(range("bytes=90-200", 100), Some(90..=99));
        assert_eq!(range("bytes=5-", 100), Some(5..=99));
        assert_eq!(range("bytes=-10", 100), Some(90..=99));
        for bad in [
            "bytes=100-",
            "bytes=9-3",
            "bytes=x-",
            "items=0-1",
            "bytes=-0",
            "bytes=0-1,3-4",
        ] {
            assert_eq!(range(bad, 100), None, "{bad}");
        }
        assert_eq!(range("bytes=0-", 0), None);
    }
}
