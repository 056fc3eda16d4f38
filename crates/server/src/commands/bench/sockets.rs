//! `wharf bench sockets`: one event to many WebSockets of one gateway, beside a bare broadcast to as many; and the memory
//! that a socket costs.
//!
//! The clock runs from the commit until the last socket has the event in its hands. The readers are a process of their own
//! and share the processor with the server in both cases alike.

use super::{
    super::Failure,
    bare::Broadcast,
    readers::Readers,
    report::{Case, Report, Samples, machine, round},
    stage::{PAYLOAD, Stage},
};
use crate::{files, out};
use anyhow::{Context, anyhow};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

const PATH: &str = "/api/v1/realtime";
/// Between two events, so that one is over before the next begins.
const BREATH: Duration = Duration::from_millis(100);
/// Files that are open besides.
const OTHER_FILES: u64 = 200;

pub async fn run(sizes: &[usize], seconds: u64, as_json: bool) -> Result<(), Failure> {
    let most = sizes.iter().copied().max().unwrap_or(0) as u64;
    let needed = most + OTHER_FILES;
    if files::limit() < needed {
        return Err(Failure::Usage(anyhow!(
            "--sockets: {most} sockets need {needed} open files and this system grants {}: \
             raise the hard limit (ulimit -Hn {needed} as root, or LimitNOFILE= in a systemd unit), or ask for fewer",
            files::limit()
        )));
    }
    let length = Duration::from_secs(seconds);
    let (mut cases, mut figures) = (Vec::new(), BTreeMap::new());
    for &n in sizes {
        let (ours, bytes) = gateway(n, length).await?;
        let bare = bare(n, length).await?;
        figures.insert("bytes_a_socket", bytes);
        figures.insert("all_told_ms", ours.all());
        figures.insert("bare_all_told_ms", bare.all());
        figures.insert("added_ms", round(ours.all() - bare.all()));
        let floor = bare.case("bare", n, 0.0);
        cases.push(ours.case("broadcast", n, floor.rate));
        cases.push(floor);
    }
    Report {
        bench: "sockets",
        machine: machine(),
        cases,
        figures,
    }
    .print(as_json)?;
    Ok(())
}

/// What was measured event by event.
#[derive(Default)]
struct Rounds {
    samples: Samples,
    /// Until everybody was told.
    all: Vec<Duration>,
}

impl Rounds {
    fn note(&mut self, told: Vec<Duration>) {
        let last = told.iter().copied().max().unwrap_or_default();
        self.samples.elapsed += last;
        self.samples.took.extend(told);
        self.all.push(last);
    }

    /// The median, in ms.
    fn all(&self) -> f64 {
        let mut all = self.all.clone();
        all.sort_unstable();
        let middle = all.get(all.len() / 2).copied().unwrap_or_default();
        round(middle.as_secs_f64() * 1e3)
    }

    /// `rate` is sockets told a second, while there were some to tell.
    fn case(self, name: &'static str, n: usize, floor: f64) -> Case {
        self.samples.case(name, n as u64, floor)
    }
}

/// The gateway's way, and the bytes of memory a socket.
async fn gateway(n: usize, length: Duration) -> anyhow::Result<(Rounds, f64)> {
    out::complain(format_args!("opening {n} sockets"));
    let stage = Stage::set(1).await?;
    let address = stage.gateway.address;
    // What the first one brings with it is not a socket's.
    let mut first = Readers::open(address, PATH, &stage.key, 1).await?;
    first.told(stage.append().await?.1).await?;
    let before = resident()?;
    let mut readers = Readers::open(address, PATH, &stage.key, n).await?;
    readers.told(stage.append().await?.1).await?;
    let grown = resident()?.saturating_sub(before);
    let mut rounds = Rounds::default();
    let until = Instant::now() + length;
    while rounds.all.is_empty() || Instant::now() < until {
        tokio::time::sleep(BREATH).await;
        let (_, committed) = stage.append().await?;
        rounds.note(readers.told(committed).await?);
    }
    readers.close().await?;
    first.close().await?;
    stage.gateway.stop().await;
    Ok((rounds, round(grown as f64 / n.max(1) as f64)))
}

async fn bare(n: usize, length: Duration) -> anyhow::Result<Rounds> {
    out::complain(format_args!("opening {n} bare sockets"));
    let server = Broadcast::start().await?;
    let mut readers = Readers::open(server.address, "/", "", n).await?;
    let mut rounds = Rounds::default();
    let until = Instant::now() + length;
    while rounds.all.is_empty() || Instant::now() < until {
        tokio::time::sleep(BREATH).await;
        let begun = Instant::now();
        // As long as the envelope is.
        server.tell(format!("{:200}{PAYLOAD}", ""));
        rounds.note(readers.told(begun).await?);
    }
    readers.close().await?;
    Ok(rounds)
}

/// Bytes of memory that this process holds, files that are mapped not counted.
fn resident() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let kilobytes = line.and_then(|rest| rest.split_whitespace().next());
    let kilobytes: u64 = kilobytes
        .context("this system does not say how much memory is held")?
        .parse()?;
    Ok(kilobytes << 10)
}
