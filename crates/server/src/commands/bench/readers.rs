//! The other end of the sockets: a process of its own, so that the gateway's memory can be told from its readers', and
//! so that each has its own limit of open files.
//!
//! It reads one line, what to connect to, and then prints: `{"open":N}` once all are open; and whenever every socket has
//! been told one more event `{"frame":K}`, at once, followed by how many microseconds before that each was told.

use crate::{commands::Failure, out};
use anyhow::{Context, bail};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    net::SocketAddr,
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    sync::mpsc,
    task::JoinSet,
};
use tokio_websockets::ClientBuilder;

/// Connections being made at once.
const AT_ONCE: usize = 64;
/// For all of them to open, or to be told.
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Serialize, Deserialize)]
struct Task {
    url: String,
    /// "" = none.
    bearer: String,
    sockets: usize,
}

#[derive(Serialize, Deserialize)]
struct Opened {
    open: usize,
}

#[derive(Serialize, Deserialize)]
struct Frame {
    frame: u64,
}

/// The readers, as whoever measures sees them.
pub struct Readers {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Readers {
    /// Starts the process and waits until all sockets are open.
    pub async fn open(
        address: SocketAddr,
        path: &str,
        bearer: &str,
        sockets: usize,
    ) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["bench", "readers"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("the readers' process")?;
        let task = Task {
            url: format!("ws://{address}{path}"),
            bearer: bearer.to_owned(),
            sockets,
        };
        let mut asked = serde_json::to_vec(&task)?;
        asked.push(b'\n');
        let mut input = child.stdin.take().context("the readers' input")?;
        input.write_all(&asked).await?;
        let output = child.stdout.take().context("the readers' output")?;
        let mut readers = Self {
            child,
            lines: BufReader::new(output).lines(),
        };
        let opened: Opened = readers.line().await?;
        if opened.open != sockets {
            bail!("{} sockets of {sockets} are open", opened.open);
        }
        Ok(readers)
    }

    async fn line<T: for<'a> Deserialize<'a>>(&mut self) -> anyhow::Result<T> {
        let line = tokio::time::timeout(PATIENCE, self.lines.next_line())
            .await
            .context("the readers say nothing")??;
        let line = line.context("the readers' process ended")?;
        Ok(serde_json::from_str(&line)?)
    }

    /// Waits until every socket was told one more event: how long after `since` each was.
    pub async fn told(&mut self, since: Instant) -> anyhow::Result<Vec<Duration>> {
        let _: Frame = self.line().await?;
        let all = since.elapsed();
        let before: Vec<u64> = self.line().await?;
        let after = |before: &u64| all.saturating_sub(Duration::from_micros(*before));
        Ok(before.iter().map(after).collect())
    }

    /// Ends it.
    pub async fn close(mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("the readers' process")
    }
}

/// The process itself.
pub async fn run() -> Result<(), Failure> {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let asked = lines.next_line().await?.context("nothing to connect to")?;
    let task: Task = serde_json::from_str(&asked)?;
    let (tell, told) = mpsc::unbounded_channel();
    let mut opening = JoinSet::new();
    let mut open = 0;
    for _ in 0..task.sockets {
        while opening.len() >= AT_ONCE {
            open += opened(&mut opening).await?;
        }
        opening.spawn(listen(task.url.clone(), task.bearer.clone(), tell.clone()));
    }
    while !opening.is_empty() {
        open += opened(&mut opening).await?;
    }
    out::json(&Opened { open })?;
    count(task.sockets, told).await?;
    Ok(())
}

async fn opened(opening: &mut JoinSet<anyhow::Result<()>>) -> anyhow::Result<usize> {
    match opening.join_next().await {
        Some(done) => done?.map(|()| 1),
        None => Ok(0),
    }
}

/// Opens one socket, and tells from then on which of its events came when.
async fn listen(
    url: String,
    bearer: String,
    tell: mpsc::UnboundedSender<(u64, Instant)>,
) -> anyhow::Result<()> {
    let mut client = ClientBuilder::new().uri(&url)?;
    if !bearer.is_empty() {
        client = client.add_header(
            "authorization".parse()?,
            format!("Bearer {bearer}").parse()?,
        )?;
    }
    let (mut socket, _) = tokio::time::timeout(PATIENCE, client.connect())
        .await
        .context("a socket does not open")??;
    tokio::spawn(async move {
        let mut heard = 0;
        while let Some(Ok(message)) = socket.next().await {
            let event = message
                .as_text()
                .is_some_and(|text| text != r#"{"type":"ping"}"#);
            if event {
                heard += 1;
                let _ = tell.send((heard, Instant::now()));
            }
        }
    });
    Ok(())
}

async fn count(
    sockets: usize,
    mut told: mpsc::UnboundedReceiver<(u64, Instant)>,
) -> anyhow::Result<()> {
    let mut frames: HashMap<u64, Vec<Instant>> = HashMap::new();
    while let Some((frame, at)) = told.recv().await {
        let came = frames.entry(frame).or_default();
        came.push(at);
        if came.len() == sockets {
            out::json(&Frame { frame })?;
            let now = Instant::now();
            let came = frames.remove(&frame).unwrap_or_default();
            let before: Vec<u128> = came.iter().map(|at| (now - *at).as_micros()).collect();
            out::json(&before)?;
        }
    }
    Ok(())
}
