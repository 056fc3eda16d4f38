//! The library's HTTP client over ours: version page, media up and down. Every exchange has a deadline and a bound;
//! a status is an answer, not an error (the library tells stale media credentials by it).

use crate::proxy::for_http;
use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use bytes::{Buf, Bytes};
use std::{
    io::{self, Read},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::{runtime::Handle, sync::mpsc};
use wacore::net::{HttpClient, HttpRequest, HttpResponse, StreamingHttpResponse, UploadBody};
use wharf_types::ProxyUrl;

/// A small exchange, whole.
const DEADLINE: Duration = Duration::from_secs(60);
/// A stream may take long, but not stand still.
const STANDSTILL: Duration = Duration::from_secs(30);
/// The largest body read into memory.
const LARGEST: u64 = 128 << 20;
/// The largest body streamed.
const LARGEST_STREAM: u64 = 2 << 30;
const CHUNK: usize = 64 << 10;

/// A client for all sessions with one proxy (or none).
pub(crate) fn client(proxy: Option<&ProxyUrl>, extra_ca: Option<&[u8]>) -> Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(20))
        .read_timeout(STANDSTILL)
        .redirect(reqwest::redirect::Policy::limited(3))
        .pool_max_idle_per_host(2)
        .no_proxy();
    if let Some(proxy) = proxy {
        builder = builder.proxy(reqwest::Proxy::all(for_http(proxy))?);
    }
    if let Some(pem) = extra_ca {
        let roots = reqwest::Certificate::from_pem_bundle(pem)?;
        builder = builder.tls_certs_only(roots);
    }
    Ok(builder.build()?)
}

/// One session's HTTP; which client it uses may change with the session's proxy.
#[derive(Clone)]
pub(crate) struct Http {
    client: Arc<RwLock<reqwest::Client>>,
}

impl Http {
    pub(crate) fn new(client: reqwest::Client) -> Self {
        Self {
            client: Arc::new(RwLock::new(client)),
        }
    }

    /// What is under way goes on as it began.
    pub(crate) fn switch(&self, client: reqwest::Client) {
        *self.client.write().unwrap_or_else(PoisonError::into_inner) = client;
    }

    fn request(&self, request: &HttpRequest) -> Result<reqwest::RequestBuilder> {
        let method: reqwest::Method = request.method.parse().context("HTTP method")?;
        let client = self.client.read().unwrap_or_else(PoisonError::into_inner);
        let mut builder = client.request(method, &request.url);
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        Ok(builder)
    }
}

async fn whole(mut response: reqwest::Response) -> Result<HttpResponse> {
    let status_code = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if (body.len() + chunk.len()) as u64 > LARGEST {
            bail!("the answer is larger than {LARGEST} bytes");
        }
        body.extend_from_slice(&chunk);
    }
    Ok(HttpResponse { status_code, body })
}

#[async_trait]
impl HttpClient for Http {
    async fn execute(&self, request: HttpRequest) -> Result<HttpResponse> {
        let mut builder = self.request(&request)?;
        if let Some(body) = request.body {
            builder = builder.body(body);
        }
        tokio::time::timeout(DEADLINE, async { whole(builder.send().await?).await })
            .await
            .context("HTTP exchange took too long")?
    }

    fn supports_streaming(&self) -> bool {
        true
    }

    /// Called on a thread that may block.
    fn execute_streaming(&self, request: HttpRequest) -> Result<StreamingHttpResponse> {
        let handle = Handle::try_current().context("no runtime")?;
        let response = handle.block_on(self.request(&request)?.send())?;
        Ok(StreamingHttpResponse {
            status_code: response.status().as_u16(),
            body: Box::new(Body {
                handle,
                response,
                rest: Bytes::new(),
                left: LARGEST_STREAM,
            }),
        })
    }

    fn supports_upload_streaming(&self) -> bool {
        true
    }

    /// Called on a thread that may block.
    fn execute_upload(
        &self,
        request: HttpRequest,
        mut body: UploadBody,
        content_length: u64,
    ) -> Result<HttpResponse> {
        let handle = Handle::try_current().context("no runtime")?;
        let (give, mut take) = mpsc::channel::<io::Result<Bytes>>(2);
        let stream = futures_util::stream::poll_fn(move |cx| take.poll_recv(cx));
        let sending = self
            .request(&request)?
            .header(reqwest::header::CONTENT_LENGTH, content_length)
            .body(reqwest::Body::wrap_stream(stream))
            .send();
        let exchange = handle.spawn(async move { whole(sending.await?).await });
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
    response: reqwest::Response,
    rest: Bytes,
    left: u64,
}

impl Read for Body {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.handle.block_on(self.response.chunk()) {
                Ok(Some(chunk)) => self.rest = chunk,
                Ok(None) => return Ok(0),
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        let count = self.rest.len().min(into.len());
        self.left = self
            .left
            .checked_sub(count as u64)
            .ok_or_else(|| io::Error::other("the body is too large"))?;
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
        let http = Http::new(client(None, None).unwrap());
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
        let http = Http::new(client(None, None).unwrap());
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
