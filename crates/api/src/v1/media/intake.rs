//! The body of an upload, as it comes: raw, or the first file of a form.

use crate::error::{ApiError, ApiResult};
use axum::{
    body::{Body, BodyDataStream},
    extract::{DefaultBodyLimit, FromRequest, Multipart, Request},
    http::{HeaderMap, header},
};
use bytes::Bytes;
use futures_util::StreamExt;
use std::time::Duration;
use tokio::sync::mpsc;
use wharf_domain::{Error, ports::blobs::Chunks};

/// Between two pieces: who sends slower holds a connection for nothing.
pub(in crate::v1) const PATIENCE: Duration = Duration::from_secs(60);

fn cut() -> Error {
    Error::invalid("body", "ended early")
}

fn slow() -> Error {
    Error::invalid("body", "stood still for 60 s")
}

/// What came, and what is said of it.
pub(super) struct Intake {
    pub mimetype: String,
    pub filename: String,
    pub body: Box<dyn Chunks>,
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> String {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().trim().to_owned()
}

/// Begins to read.
pub(super) async fn of(request: Request, largest: u64) -> ApiResult<Intake> {
    let headers = request.headers();
    let announced = text(headers, header::CONTENT_LENGTH).parse::<u64>().ok();
    // A form is a little larger than its file.
    const FORM: u64 = 64 << 10;
    if announced.is_some_and(|length| length > largest.saturating_add(FORM)) {
        return Err(Error::TooLarge(largest).into());
    }
    let encoding = text(headers, header::CONTENT_ENCODING);
    if !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity") {
        return Err(ApiError::unsupported_media_type());
    }
    let mimetype = text(headers, header::CONTENT_TYPE);
    if mimetype.to_ascii_lowercase().starts_with("multipart/") {
        return form(request).await;
    }
    Ok(Intake {
        mimetype,
        filename: String::new(),
        body: Box::new(Raw(request.into_body().into_data_stream())),
    })
}

struct Raw(BodyDataStream);

#[async_trait::async_trait]
impl Chunks for Raw {
    async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let next = tokio::time::timeout(PATIENCE, self.0.next()).await;
        next.map_err(|_| slow())?.transpose().map_err(|_| cut())
    }
}

/// A field of a form borrows the form, so both live in a task that hands the pieces over.
pub(in crate::v1) struct Field(pub mpsc::Receiver<Result<Bytes, Error>>);

#[async_trait::async_trait]
impl Chunks for Field {
    async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        self.0.recv().await.transpose()
    }
}

/// Hands over what a field has, to its end; `false` when there is no more to read of the form, or nobody who reads.
pub(in crate::v1) async fn hand_over(
    field: &mut axum::extract::multipart::Field<'_>,
    give: &mpsc::Sender<Result<Bytes, Error>>,
) -> bool {
    loop {
        let piece = match tokio::time::timeout(PATIENCE, field.chunk()).await {
            Ok(Ok(Some(piece))) => Ok(piece),
            Ok(Ok(None)) => return true,
            Ok(Err(_)) => Err(cut()),
            Err(_) => Err(slow()),
        };
        let over = piece.is_err();
        if give.send(piece).await.is_err() || over {
            return false;
        }
    }
}

/// The first field with a file's name, or called `file`; fields before it are skipped.
async fn form(mut request: Request<Body>) -> ApiResult<Intake> {
    // The store counts, and its bound is larger.
    DefaultBodyLimit::disable().apply(&mut request);
    let malformed = || ApiError::invalid("body", "is not a multipart form");
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|_| malformed())?;
    let (tell, told) = tokio::sync::oneshot::channel();
    let (give, take) = mpsc::channel(2);
    tokio::spawn(async move {
        let field = loop {
            let next = tokio::time::timeout(PATIENCE, form.next_field()).await;
            match next {
                Ok(Ok(Some(field)))
                    if field.file_name().is_some() || field.name() == Some("file") =>
                {
                    break Some(field);
                }
                Ok(Ok(Some(_))) => {}
                _ => break None,
            }
        };
        let Some(mut field) = field else { return };
        let name = field.file_name().unwrap_or_default();
        // Some programs send the whole path.
        let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
        let said = (
            field.content_type().unwrap_or_default().to_owned(),
            name.chars()
                .filter(|c| !c.is_control())
                .take(255)
                .collect::<String>(),
        );
        if tell.send(said).is_err() {
            return;
        }
        hand_over(&mut field, &give).await;
    });
    let (mimetype, filename) = told
        .await
        .map_err(|_| ApiError::invalid("file", "is missing from the form"))?;
    Ok(Intake {
        mimetype,
        filename,
        body: Box::new(Field(take)),
    })
}
