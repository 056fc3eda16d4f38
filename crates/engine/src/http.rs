//! The library's HTTP client over ours: version page, media up and down. Every exchange has a deadline and a bound;
//! a status is an answer, not an error (the library tells stale media credentials by it).

use crate::proxy::for_http;
use anyhow::{Context, Result};
use async_trait::async_trait;
use bytes::{Buf, Bytes};
use std::{
    io::{self, Read},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::{runtime::Handle, sync::mpsc};
use wacore::net::{HttpClient, HttpRequest, HttpResponse, StreamingHttpResponse, UploadBody};
use wharf_outbound::{self as outbound, Answer, Limits, Outbound, Policy};
use wharf_types::ProxyUrl;

/// A small exchange, whole.
const DEADLINE: Duration = Duration::from_secs(60);
/// A stream may take long, but not stand still.
const STANDSTILL: Duration = Duration::from_secs(30);
/// The slowest upload and download that is waited for, in bytes a second.
const SLOWEST: u64 = 16 << 10;
/// The largest body read into memory.
const LARGEST: u64 = 128 << 20;
/// The largest body streamed.
const LARGEST_STREAM: u64 = 2 << 30;
const CHUNK: usize = 64 << 10;

fn limits(first_byte: Duration, whole: Duration, largest: u64) -> Limits {
    Limits {
        first_byte,
        whole,
        largest,
        window: STANDSTILL,
        least: 1,
    }
}

/// How long so much may take.
fn patience(bytes: u64) -> Duration {
    DEADLINE + Duration::from_secs(bytes / SLOWEST)
}

/// A client for all sessions with one proxy (or none). WhatsApp names the hosts, over the authenticated socket; the guard
/// stands here all the same. `simulated`: the hosts are a simulated network's, at any address.
pub(crate) fn client(
    proxy: Option<&ProxyUrl>,
    extra_ca: Option<&[u8]>,
    simulated: bool,
) -> Result<Outbound> {
    let mut builder = Outbound::builder().redirects(3);
    if simulated {
        builder = builder.policy(Policy::everywhere());
    }
    if let Some(proxy) = proxy {
        builder = builder.proxy(for_http(proxy));
    }
    if let Some(pem) = extra_ca {
        builder = builder.only_roots(pem);
    }
    Ok(builder.build()?)
}

/// One session's HTTP; which client it uses may change with the session's proxy.
#[derive(Clone)]
pub(crate) struct Http {
    /// None until a way out was chosen.
    client: Arc<RwLock<Option<Outbound>>>,
}

impl Http {
    pub(crate) fn new(client: Option<Outbound>) -> Self {
        Self {
            client: Arc::new(RwLock::new(client)),
        }
    }

    /// What is under way goes on as it began.
    pub(crate) fn switch(&self, client: Outbound) {
        *self.client.write().unwrap_or_else(PoisonError::into_inner) = Some(client);
    }

    fn out(&self) -> Result<Outbound> {
        let client = self.client.read().unwrap_or_else(PoisonError::into_inner);
        client.clone().context("no way out is known")
    }
}

fn request(
    request: HttpRequest,
    body: Option<outbound::Body>,
    length: Option<u64>,
) -> Result<outbound::Request> {
    let mut headers = outbound::header::HeaderMap::new();
    for (name, value) in &request.headers {
        let name: outbound::header::HeaderName = name.parse().context("header")?;
        headers.append(name, value.parse().context("header")?);
    }
    if let Some(length) = length {
        headers.insert(outbound::header::CONTENT_LENGTH, length.into());
    }
    Ok(outbound::Request {
        method: request.method.parse().context("HTTP method")?,
        url: request.url,
        headers,
        body,
    })
}

async fn whole(answer: Answer) -> Result<HttpResponse> {
    Ok(HttpResponse {
        status_code: answer.status().as_u16(),
        body: answer.whole().await?,
    })
}

#[async_trait]
impl HttpClient for Http {
    async fn execute(&self, mut asked: HttpRequest) -> Result<HttpResponse> {
        let body = asked.body.take().map(outbound::Body::from);
        let limits = limits(DEADLINE, DEADLINE, LARGEST);
        whole(
            self.out()?
                .send(request(asked, body, None)?, &limits)
                .await?,
        )
        .await
    }

    fn supports_streaming(&self) -> bool {
        true
    }

    /// Called on a thread that may block.
    fn execute_streaming(&self, asked: HttpRequest) -> Result<StreamingHttpResponse> {
        let handle = Handle::try_current().context("no runtime")?;
        let limits = limits(DEADLINE, patience(LARGEST_STREAM), LARGEST_STREAM);
        let asked = request(asked, None, None)?;
        let answer = handle.block_on(self.out()?.send(asked, &limits))?;
        Ok(StreamingHttpResponse {
            status_code: answer.status().as_u16(),
            body: Box::new(Body {
                handle,
                answer,
                rest: Bytes::new(),
            }),
        })
    }

    fn supports_upload_streaming(&self) -> bool {
        true
    }

    /// Called on a thread that may block.
    fn execute_upload(
        &self,
        asked: HttpRequest,
        mut body: UploadBody,
        content_length: u64,
    ) -> Result<HttpResponse> {
        let handle = Handle::try_current().context("no runtime")?;
        let (give, mut take) = mpsc::channel::<io::Result<Bytes>>(2);
        let stream = futures_util::stream::poll_fn(move |cx| take.poll_recv(cx));
        let stream = outbound::Body::wrap_stream(stream);
        let asked = request(asked, Some(stream), Some(content_length))?;
        let patience = patience(content_length);
        let limits = limits(patience, patience, LARGEST);
        let out = self.out()?;
        let exchange = handle.spawn(async move { whole(out.send(asked, &limits).await?).await });
        let mut buffer = vec![0; CHUNK];
        loop {
            let part = match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => Ok(Bytes::copy_from_slice(
                    buffer.get(..count).unwrap_or_default(),
                )),
                Err(error) => Err(error),
            };
            let failed = part.is_err();
            // A closed channel means that the exchange is over; its own result says why.
            if give.blocking_send(part).is_err() || failed {
                break;
            }
        }
        drop(give);
        handle.block_on(exchange)?
    }
}

/// A response body read from a blocking thread.
struct Body {
    handle: Handle,
    answer: Answer,
    rest: Bytes,
}

impl Read for Body {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.handle.block_on(self.answer.chunk()) {
                Ok(Some(chunk)) => self.rest = chunk,
                Ok(None) => return Ok(0),
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        let count = self.rest.len().min(into.len());
        self.rest
            .split_to(count)
            .copy_to_slice(into.get_mut(..count).unwrap_or_default());
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    /// A server that answers every request with what it was sent and a status of its own.
    async fn echo() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut seen = Vec::new();
                    let (head, length) = loop {
                        seen.push(stream.read_u8().await.unwrap());
                        if seen.ends_with(b"\r\n\r\n") {
                            let head = String::from_utf8(seen).unwrap().to_ascii_lowercase();
                            let length = head
                                .lines()
                                .find_map(|l| l.strip_prefix("content-length: "))
                                .map_or(0, |n| n.trim().parse::<usize>().unwrap());
                            break (head, length);
                        }
                    };
                    let mut body = vec![0; length];
                    stream.read_exact(&mut body).await.unwrap();
                    let answer = if length == 0 { head.into_bytes() } else { body };
                    let head = format!(
                        "HTTP/1.1 410 Gone\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                        answer.len()
                    );
                    stream.write_all(head.as_bytes()).await.unwrap();
                    stream.write_all(&answer).await.unwrap();
                });
            }
        });
        format!("http://{at}/x")
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_refusal_is_an_answer_whole_and_streamed() {
        let url = echo().await;
        let http = Http::new(Some(client(None, None, true).unwrap()));
        let answer = http
            .execute(HttpRequest::get(&url).with_header("x-mark", "7"))
            .await
            .unwrap();
        assert_eq!(answer.status_code, 410);
        assert!(answer.body_string().unwrap().contains("x-mark: 7"));

        let streamed = tokio::task::spawn_blocking(move || {
            let mut answer = http.execute_streaming(HttpRequest::get(&url)).unwrap();
            let mut body = String::new();
            answer.body.read_to_string(&mut body).unwrap();
            (answer.status_code, body)
        })
        .await
        .unwrap();
        assert_eq!(streamed.0, 410);
        assert!(streamed.1.starts_with("get /x"));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_upload_names_its_length_and_arrives_whole() {
        let url = echo().await;
        let http = Http::new(Some(client(None, None, true).unwrap()));
        let sent: Vec<u8> = (0..300_000u32).map(|n| n as u8).collect();
        let expected = sent.clone();
        let got = tokio::task::spawn_blocking(move || {
            let length = sent.len() as u64;
            http.execute_upload(
                HttpRequest::post(&url),
                Box::new(io::Cursor::new(sent)),
                length,
            )
        })
        .await
        .unwrap()
        .unwrap();
        assert_eq!(got.body, expected);
    }
}
