//! One connection, one actor: reads stanzas, writes answers, pumps the device's queue.
//!
//! Order of writing: the answer to a stanza first, then what its transaction queued. Everything the
//! actor holds is lost with the socket and meant to be; whatever must last is in the queue table.
//! Reading stops while writing (one task), so a client that does not read is not read from either.

use std::{sync::Arc, time::Duration};

use anyhow::{Result, anyhow};
use tokio::{
    net::TcpStream,
    sync::{Notify, mpsc},
    time::timeout,
};
use wacore_binary::{
    Node, NodeRef,
    builder::NodeBuilder,
    marshal::{marshal, unmarshal_ref},
    util::unpack,
};

use super::{
    frames::Frames,
    login, noise,
    online::{ConnId, Out},
};
use crate::{
    faults::FaultKind,
    ids::DeviceAddr,
    iq::Caller,
    node::SERVER,
    stanza::{self, After},
    trace,
    world::Sim,
};

const HANDSHAKE: Duration = Duration::from_secs(20);
/// A client that does not answer the close is left to its fate.
const CLOSING: Duration = Duration::from_secs(1);
const DRAIN: Duration = Duration::from_millis(100);
/// Rows fetched from the queue at once.
const BATCH: u32 = 64;

pub(super) struct Conn {
    pub sim: Arc<Sim>,
    pub id: ConnId,
    pub device: Option<DeviceAddr>,
    pub frames: Frames,
    /// Set by `passive`/`active`; until then nothing queued is sent.
    pub active: bool,
    /// The last queue row written to this socket.
    pub sent: i64,
    /// Armed by the fault `half_open`: nothing goes in or out, the socket stands.
    pub mute: bool,
}

/// How a connection ends.
pub(super) enum End {
    /// Close the WebSocket properly.
    Close,
    /// Cut it.
    Cut,
}

pub async fn run(sim: Arc<Sim>, tcp: TcpStream) -> Result<()> {
    let (mut frames, est) = timeout(HANDSHAKE, async {
        let mut f = Frames::accept(tcp).await?;
        let e = noise::respond(&mut f, &sim.noise).await?;
        anyhow::Ok((f, e))
    })
    .await
    .map_err(|_| anyhow!("no handshake in time"))??;
    frames.secure(est.write, est.read);
    let (id, mail, bell) = sim.online.open();
    let mut c = Conn {
        sim: Arc::clone(&sim),
        id,
        device: None,
        frames,
        active: false,
        sent: 0,
        mute: false,
    };
    let how = if est.resumed { "IK" } else { "XX" };
    c.note(format!("{how} handshake"));
    let end = match login::begin(&mut c, est.client, &est.payload).await {
        Ok(None) => c.serve(mail, bell).await,
        Ok(Some(end)) => Ok(end),
        Err(e) => Err(e),
    };
    let (why, end) = match end {
        Ok(e) => ("closed by the network".to_owned(), e),
        Err(e) => (format!("{e:#}"), End::Cut),
    };
    let was_there = c
        .device
        .filter(|d| sim.online.is_available(*d) && sim.online.conn_of(*d) == Some(id));
    sim.online.close(id);
    login::ended(&sim, id, c.device, &why);
    if let Some(d) = was_there {
        drop(sim.act(|w| w.presence_changed(d.phone)));
    }
    c.note(format!("connection ended: {why}"));
    if matches!(end, End::Close) {
        let _ = timeout(CLOSING, c.frames.close()).await;
    }
    Ok(())
}

impl Conn {
    async fn serve(&mut self, mut mail: mpsc::Receiver<Out>, bell: Arc<Notify>) -> Result<End> {
        loop {
            tokio::select! {
                biased;
                out = mail.recv() => match out {
                    // Forgotten by the registry: the client read too slowly.
                    None => return Ok(End::Cut),
                    Some(Out::Drop) => return Ok(End::Cut),
                    Some(Out::Mute) => self.mute = true,
                    Some(Out::Node(n)) => self.write(&n).await?,
                    Some(Out::Last(n)) => {
                        self.write(&n).await?;
                        self.drain().await;
                        return Ok(End::Close);
                    }
                },
                () = bell.notified() => self.pump(None).await?,
                frame = self.frames.next() => {
                    let frame = frame?;
                    if self.mute {
                        continue;
                    }
                    if let Some(end) = self.read(&frame).await? {
                        return Ok(end);
                    }
                }
            }
        }
    }

    /// After the last word: what the client sent before it heard that word still counts, unanswered.
    async fn drain(&mut self) {
        let rest = async {
            while let Ok(frame) = self.frames.next().await {
                let Ok(raw) = unpack(&frame) else { return };
                let Ok(n) = unmarshal_ref(&raw) else { return };
                self.trace("in", &n);
                stanza::handle(
                    &self.sim,
                    &Caller {
                        conn: self.id,
                        device: self.device,
                    },
                    &n,
                );
            }
        };
        // Time is up, or the client closed first: the same to us.
        let _ = timeout(DRAIN, rest).await;
    }

    async fn read(&mut self, frame: &[u8]) -> Result<Option<End>> {
        let raw = unpack(frame)?;
        let n = unmarshal_ref(&raw)?;
        self.trace("in", &n);
        let phone = self.device.map(|d| d.phone);
        // `drop_socket` cuts before the stanza is taken, with code `ack` after it was and before the answer.
        let drop = self
            .sim
            .faults
            .strike_if(FaultKind::DropSocket, phone, |f| {
                f.code != "ack" || n.tag.as_ref() == "message"
            });
        if drop.as_ref().is_some_and(|f| f.code != "ack") {
            self.sim.online.forgive(self.id);
            return Ok(Some(End::Cut));
        }
        if self.sim.faults.strike(FaultKind::HalfOpen, phone).is_some() {
            self.sim.online.forgive(self.id);
            self.mute = true;
            return Ok(None);
        }
        if let Some(f) = self.sim.faults.strike(FaultKind::Delay, phone) {
            tokio::time::sleep(Duration::from_millis(f.ms)).await;
        }
        let caller = Caller {
            conn: self.id,
            device: self.device,
        };
        let done = stanza::handle(&self.sim, &caller, &n);
        if drop.is_some() {
            self.sim.online.forgive(self.id);
            return Ok(Some(End::Cut));
        }
        for r in &done.replies {
            self.write(r).await?;
        }
        match done.after {
            After::Nothing => {}
            After::Activate => self.activate().await?,
            After::Deactivate => self.active = false,
            After::Close => return Ok(Some(End::Close)),
        }
        Ok(None)
    }

    /// `active`: first what waited while the client was away, marked so, then the count of it.
    pub(super) async fn activate(&mut self) -> Result<()> {
        if self.active {
            return Ok(());
        }
        let Some(d) = self.device else { return Ok(()) };
        let preview = self.sim.act(|w| w.offline_preview(d))?;
        if let Some(n) = preview {
            self.write(&n).await?;
        }
        let mut count = 0;
        self.active = true;
        self.pump(Some(&mut count)).await?;
        let end = NodeBuilder::new("offline").attr("count", count).build();
        let ib = NodeBuilder::new("ib")
            .attr("from", SERVER)
            .children([end])
            .build();
        self.write(&ib).await
    }

    /// Writes every queue row not yet written to this socket.
    async fn pump(&mut self, mut offline: Option<&mut u32>) -> Result<()> {
        let Some(d) = self.device else { return Ok(()) };
        if !self.active || self.mute {
            return Ok(());
        }
        loop {
            let rows = self.sim.act(|w| w.waiting(d, self.sent, BATCH))?;
            if rows.is_empty() {
                return Ok(());
            }
            for r in rows {
                let raw = unpack(&r.node)?;
                let mut n = unmarshal_ref(&raw)?.to_owned();
                if let Some(i) = &mut offline {
                    n.attrs.push("offline", **i);
                    **i += 1;
                }
                self.write(&n).await?;
                self.sent = r.seq;
            }
        }
    }

    pub(super) async fn write(&mut self, n: &Node) -> Result<()> {
        if self.mute {
            return Ok(());
        }
        let phone = self.device.map(|d| d.phone);
        self.trace("out", &n.as_node_ref());
        if let Some(f) = self.sim.faults.strike(FaultKind::Slow, phone) {
            tokio::time::sleep(Duration::from_millis(f.ms)).await;
        }
        let bytes = marshal(n)?;
        // Of messages between people; what the phone hands its companions comes when it comes.
        if n.tag == "message"
            && n.attrs.get("category").is_none()
            && self
                .sim
                .faults
                .strike(FaultKind::DuplicateFrame, phone)
                .is_some()
        {
            self.frames.send(&bytes).await?;
        }
        self.frames.send(&bytes).await
    }

    fn trace(&self, direction: &'static str, n: &NodeRef<'_>) {
        self.sim.trace.add(
            self.sim.clock.now_ms(),
            self.device,
            direction,
            trace::render(n),
        );
    }

    pub(super) fn note(&self, text: String) {
        self.sim
            .trace
            .add(self.sim.clock.now_ms(), self.device, "note", text);
    }
}
