//! Files in a bucket of an S3-compatible store, named by the SHA-256 of their bytes.
//!
//! The name of a file is also the hash that signs its upload, so the store itself refuses other bytes under it. A file is
//! written and worked on in a local scratch folder and uploaded when it is kept. Requests go the guarded way; the time of
//! the last use is the object's, renewed by copying it onto itself.

mod sign;

use crate::scratch::{Desk, blocking, finish};
use async_trait::async_trait;
use bytes::Bytes;
use sign::{NOTHING, Signer};
use std::{io, path::Path, sync::Arc, time::Duration};
use tokio::io::AsyncReadExt;
use wharf_domain::{
    Error, Result,
    ports::{
        blobs::{Blob, Blobs, Chunks, Kept, Scratch},
        clock::Clock,
    },
};
use wharf_outbound::{Answer, Body, Limits, Method, Outbound, Request, StatusCode, Url, header};
use wharf_types::Millis;

/// An answer that is no file.
const LARGEST_ANSWER: u64 = 4 << 20;
const DEADLINE: Duration = Duration::from_secs(30);
/// The slowest transfer that is waited for, in bytes a second.
const SLOWEST: u64 = 64 << 10;
/// Pages of a list; a thousand files each.
const MOST_PAGES: usize = 10_000;
const CHUNK: usize = 64 << 10;

/// Where the bucket is and who may write to it.
pub struct S3Settings {
    /// `https://s3.example.com`; the bucket is part of the path.
    pub endpoint: String,
    /// Its name.
    pub bucket: String,
    /// `us-east-1` where a store knows no regions.
    pub region: String,
    /// Who.
    pub access_key: String,
    /// The secret.
    pub secret_key: String,
}

/// A bucket of files.
pub struct S3Blobs {
    out: Outbound,
    signer: Signer,
    base: Url,
    host: String,
    bucket: String,
    desk: Desk,
    clock: Arc<dyn Clock>,
}

fn trouble(what: impl std::fmt::Display) -> Error {
    Error::Unavailable(format!("object store: {what}"))
}

fn patience(bytes: u64) -> Duration {
    DEADLINE + Duration::from_secs(bytes / SLOWEST)
}

struct Ask<'a> {
    method: Method,
    key: &'a str,
    query: &'a str,
    range: Option<(u64, u64)>,
    /// Copies this key onto itself.
    renew: bool,
    body: Option<(Body, &'a Blob)>,
}

impl<'a> Ask<'a> {
    const fn of(method: Method, key: &'a str) -> Self {
        Self {
            method,
            key,
            query: "",
            range: None,
            renew: false,
            body: None,
        }
    }
}

impl S3Blobs {
    /// On a bucket; `scratch` is a local folder of ours alone.
    pub fn open(
        settings: S3Settings,
        scratch: &Path,
        out: Outbound,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        let wrong = |what: &str| io::Error::new(io::ErrorKind::InvalidInput, what.to_owned());
        let base: Url = settings
            .endpoint
            .parse()
            .map_err(|_| wrong("the endpoint is not a URL"))?;
        let host = match (base.host_str(), base.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) => host.to_owned(),
            (None, _) => return Err(wrong("the endpoint has no host")),
        };
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b);
        if settings.bucket.is_empty() || !settings.bucket.bytes().all(plain) {
            return Err(wrong("the bucket's name is none"));
        }
        Ok(Self {
            out,
            signer: Signer {
                access_key: settings.access_key,
                secret_key: settings.secret_key,
                region: settings.region,
            },
            base,
            host,
            bucket: settings.bucket,
            desk: Desk::open(scratch.join("scratch"))?,
            clock,
        })
    }

    async fn ask(&self, ask: Ask<'_>, largest: u64) -> Result<Answer> {
        let path = match ask.key {
            "" => format!("/{}", self.bucket),
            key => format!("/{}/{key}", self.bucket),
        };
        let at = sign::stamp(self.clock.now());
        let source = format!("/{}/{}", self.bucket, ask.key);
        let hash = ask.body.as_ref().map_or(NOTHING, |(_, blob)| &blob.sha256);
        let mut signed = vec![("host", self.host.as_str()), ("x-amz-content-sha256", hash)];
        if ask.renew {
            signed.push(("x-amz-copy-source", source.as_str()));
        }
        signed.push(("x-amz-date", at.as_str()));
        if ask.renew {
            signed.push(("x-amz-metadata-directive", "REPLACE"));
        }
        let authorization =
            self.signer
                .authorization(ask.method.as_str(), &path, ask.query, &signed);
        let mut headers = header::HeaderMap::new();
        let mut put = |name: &str, value: &str| {
            let name = header::HeaderName::from_bytes(name.as_bytes()).map_err(trouble)?;
            headers.insert(name, value.parse().map_err(trouble)?);
            Ok::<_, Error>(())
        };
        for (name, value) in signed.iter().filter(|(name, _)| *name != "host") {
            put(name, value)?;
        }
        put("authorization", &authorization)?;
        if let Some((from, length)) = ask.range {
            put("range", &format!("bytes={from}-{}", from + length - 1))?;
        }
        let size = ask.body.as_ref().map_or(0, |(_, blob)| blob.size);
        put("content-length", &size.to_string())?;
        let mut url = self.base.clone();
        url.set_path(&path);
        url.set_query(Some(ask.query).filter(|query| !query.is_empty()));
        let request = Request {
            method: ask.method,
            url: url.into(),
            headers,
            body: ask.body.map(|(body, _)| body),
        };
        let limits = Limits {
            first_byte: patience(size),
            whole: patience(size.max(largest)),
            largest,
            ..Limits::default()
        };
        self.out.send(request, &limits).await.map_err(trouble)
    }

    /// The answer, or `None` when there is no such object.
    async fn there(&self, ask: Ask<'_>, largest: u64) -> Result<Option<Answer>> {
        let answer = self.ask(ask, largest).await?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => Ok(Some(answer)),
            status => Err(trouble(format!("answered {}", status.as_u16()))),
        }
    }

    /// All objects whose names begin so.
    async fn listed(&self, prefix: &str) -> Result<Vec<Kept>> {
        let mut all = Vec::new();
        let mut token = String::new();
        for _ in 0..MOST_PAGES {
            let mut query = String::new();
            if !token.is_empty() {
                query = format!("continuation-token={}&", encoded(&token));
            }
            query.push_str(&format!("list-type=2&prefix={prefix}"));
            let ask = Ask {
                query: &query,
                ..Ask::of(Method::GET, "")
            };
            let answer = self.there(ask, LARGEST_ANSWER).await?;
            let answer = answer.ok_or_else(|| trouble("there is no such bucket"))?;
            let page = answer.whole().await.map_err(trouble)?;
            let page = String::from_utf8_lossy(&page);
            for object in page.split("<Contents>").skip(1) {
                let kept = || {
                    Some(Kept {
                        blob: Blob {
                            sha256: within(object, "Key")?.to_owned(),
                            size: within(object, "Size")?.parse().ok()?,
                        },
                        used_at: sign::read_time(within(object, "LastModified")?)?,
                    })
                };
                // Somebody else's objects are none of ours.
                all.extend(kept().filter(|kept| is_hash(&kept.blob.sha256)));
            }
            match within(&page, "NextContinuationToken") {
                Some(next) => token = next.replace("&amp;", "&"),
                None => return Ok(all),
            }
        }
        Err(trouble("the list has no end"))
    }
}

fn is_hash(key: &str) -> bool {
    key.len() == 64
        && key
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn checked(sha256: &str) -> Result<&str> {
    if is_hash(sha256) {
        Ok(sha256)
    } else {
        Err(Error::Internal("not a hash".into()))
    }
}

/// The text of an element that holds nothing but text.
fn within<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0)
}

/// As a signed query wants it: everything but RFC 3986's unreserved characters.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

struct Object(Answer);

#[async_trait]
impl Chunks for Object {
    async fn chunk(&mut self) -> Result<Option<Bytes>> {
        self.0.chunk().await.map_err(trouble)
    }
}

/// A file as a request's body, in pieces.
async fn body_of(path: &Path) -> Result<Body> {
    let file = tokio::fs::File::open(path).await.map_err(trouble)?;
    let pieces = futures_util::stream::try_unfold(file, |mut file| async move {
        let mut piece = vec![0; CHUNK];
        let count = file.read(&mut piece).await?;
        piece.truncate(count);
        io::Result::Ok((count > 0).then_some((piece, file)))
    });
    Ok(Body::wrap_stream(pieces))
}

#[async_trait]
impl Blobs for S3Blobs {
    fn scratch(&self) -> Scratch {
        self.desk.scratch()
    }

    async fn fill(&self, from: &mut dyn Chunks, most: u64) -> Result<Scratch> {
        self.desk.fill(from, most).await
    }

    async fn keep(&self, file: Scratch) -> Result<Blob> {
        let path = file.path().to_owned();
        let blob = blocking(move || finish(&path)).await?;
        if self.used(&blob.sha256).await? == Some(blob.size) {
            return Ok(blob);
        }
        let ask = Ask {
            body: Some((body_of(file.path()).await?, &blob)),
            ..Ask::of(Method::PUT, &blob.sha256)
        };
        self.there(ask, LARGEST_ANSWER)
            .await?
            .ok_or_else(|| trouble("there is no such bucket"))?;
        Ok(blob)
    }

    async fn used(&self, sha256: &str) -> Result<Option<u64>> {
        let sha256 = checked(sha256)?;
        let Some(head) = self
            .there(Ask::of(Method::HEAD, sha256), LARGEST_ANSWER)
            .await?
        else {
            return Ok(None);
        };
        let length = head.headers().get(header::CONTENT_LENGTH);
        let size = length
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .ok_or_else(|| trouble("an object without a length"))?;
        let renew = Ask {
            renew: true,
            ..Ask::of(Method::PUT, sha256)
        };
        Ok(self.there(renew, LARGEST_ANSWER).await?.map(|_| size))
    }

    async fn read(&self, sha256: &str, from: u64, length: u64) -> Result<Option<Box<dyn Chunks>>> {
        let ask = Ask {
            range: (length > 0).then_some((from, length)),
            ..Ask::of(Method::GET, checked(sha256)?)
        };
        let answer = self.there(ask, length).await?;
        Ok(answer.map(|answer| Box::new(Object(answer)) as Box<dyn Chunks>))
    }

    async fn copy(&self, sha256: &str) -> Result<Option<Scratch>> {
        let Some(size) = self.used(sha256).await? else {
            return Ok(None);
        };
        let Some(mut body) = self.read(sha256, 0, size).await? else {
            return Ok(None);
        };
        let file = self.desk.fill(&mut *body, size).await?;
        let path = file.path().to_owned();
        let blob = blocking(move || finish(&path)).await?;
        if blob.sha256 != sha256 {
            return Err(Error::Internal("the object store gave other bytes".into()));
        }
        Ok(Some(file))
    }

    async fn list(&self) -> Result<Vec<Kept>> {
        self.listed("").await
    }

    async fn remove(&self, sha256: &str, unused_since: Millis) -> Result<bool> {
        let now = self.listed(checked(sha256)?).await?;
        if !now.iter().any(|kept| kept.used_at < unused_since) {
            return Ok(false);
        }
        let gone = self
            .there(Ask::of(Method::DELETE, sha256), LARGEST_ANSWER)
            .await?;
        Ok(gone.is_some())
    }
}
