//! Load over real HTTP: keep-alive connections, each asking one request after another.

use super::report::Samples;
use anyhow::{Context, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::net::TcpStream;

/// A connection with a credential.
pub struct Caller {
    sender: http1::SendRequest<Full<Bytes>>,
    bearer: Arc<str>,
    host: String,
}

impl Caller {
    pub async fn connect(to: SocketAddr, bearer: Arc<str>) -> anyhow::Result<Self> {
        let socket = TcpStream::connect(to).await?;
        socket.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
        tokio::spawn(connection);
        Ok(Self {
            sender,
            bearer,
            host: to.to_string(),
        })
    }

    /// The body of a 200.
    pub async fn get(&mut self, path: &str) -> anyhow::Result<Bytes> {
        let request = Request::get(path)
            .header(header::HOST, &self.host)
            .header(header::AUTHORIZATION, &*self.bearer)
            .body(Full::default())?;
        self.answer(path, request, 200).await
    }

    /// The body of an answer with this status to a JSON body.
    pub async fn post(&mut self, path: &str, json: String, well: u16) -> anyhow::Result<Bytes> {
        let request = Request::post(path)
            .header(header::HOST, &self.host)
            .header(header::AUTHORIZATION, &*self.bearer)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::from(json))?;
        self.answer(path, request, well).await
    }

    async fn answer(
        &mut self,
        path: &str,
        request: Request<Full<Bytes>>,
        well: u16,
    ) -> anyhow::Result<Bytes> {
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        if status.as_u16() != well {
            bail!(
                "{path} answered {status}: {}",
                String::from_utf8_lossy(&body)
            );
        }
        Ok(body)
    }
}

/// `"nextCursor":"…"` of a page, without parsing the page: the client is not what is measured.
pub fn next_cursor(body: &[u8]) -> anyhow::Result<String> {
    const FIELD: &[u8] = b"\"nextCursor\":\"";
    let start = body
        .windows(FIELD.len())
        .rposition(|window| window == FIELD)
        .context("no nextCursor")?
        + FIELD.len();
    let rest = body.get(start..).unwrap_or_default();
    let end = rest
        .iter()
        .position(|byte| *byte == b'"')
        .context("nextCursor has no end")?;
    Ok(String::from_utf8(
        rest.get(..end).unwrap_or_default().to_vec(),
    )?)
}

/// What to ask.
#[derive(Clone)]
pub struct Plan {
    /// Path with its query, without cursor.
    pub path: Arc<str>,
    /// Follow `nextCursor` from page to page; else ask the same again.
    pub walk: bool,
    /// Where to begin, "" = the start.
    pub from: Arc<str>,
}

/// Asks over so many connections for so long; a warm-up of a tenth is not counted.
pub async fn run(
    to: SocketAddr,
    bearer: &Arc<str>,
    plans: &[Plan],
    connections: usize,
    length: Duration,
) -> anyhow::Result<Samples> {
    let warm_until = Instant::now() + length / 10;
    let until = warm_until + length;
    let mut tasks = tokio::task::JoinSet::new();
    for place in 0..connections {
        let plans: Vec<Plan> = plans
            .iter()
            .cycle()
            .skip(place)
            .take(plans.len())
            .cloned()
            .collect();
        let bearer = Arc::clone(bearer);
        tasks.spawn(async move { ask(to, bearer, &plans, warm_until, until).await });
    }
    let mut all = Samples {
        took: Vec::new(),
        elapsed: length,
    };
    while let Some(done) = tasks.join_next().await {
        all.took.extend(done??);
    }
    Ok(all)
}

async fn ask(
    to: SocketAddr,
    bearer: Arc<str>,
    plans: &[Plan],
    warm_until: Instant,
    until: Instant,
) -> anyhow::Result<Vec<Duration>> {
    let mut caller = Caller::connect(to, bearer).await?;
    let mut cursors: Vec<String> = plans.iter().map(|plan| plan.from.to_string()).collect();
    let mut took = Vec::new();
    loop {
        for (plan, cursor) in plans.iter().zip(&mut cursors) {
            let path = if cursor.is_empty() {
                plan.path.to_string()
            } else {
                format!("{}&cursor={cursor}", plan.path)
            };
            let begun = Instant::now();
            let body = caller.get(&path).await?;
            let ended = Instant::now();
            if ended >= until {
                return Ok(took);
            }
            if begun >= warm_until {
                took.push(ended - begun);
            }
            if plan.walk {
                *cursor = next_cursor(&body)?;
                if cursor.is_empty() {
                    plan.from.as_ref().clone_into(cursor);
                }
            }
        }
    }
}
