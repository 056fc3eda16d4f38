//! One socket's life: a task that writes events, and while it writes listens for everything that ends it.

use super::connect::judged;
use crate::{state::ApiState, tickets::Opens};
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use std::time::Duration;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};
use wharf_domain::log::{Follower, Handle, Next};
use wharf_types::OrgId;

const PING: Duration = Duration::from_secs(25);
/// With the 3 s that a verified credential is believed, a revocation acts within five.
const JUDGE: Duration = Duration::from_millis(1_500);
/// A frame that the reader does not take for this long ends the connection.
const STUCK: Duration = Duration::from_secs(60);
/// For the last frame.
const GOODBYE: Duration = Duration::from_secs(2);

type Sink = SplitSink<WebSocket, Message>;

/// Why a socket ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The reader has gone.
    Gone,
    /// The ticket is unknown, used or expired, or its credential is nothing any more.
    BadTicket,
    /// The credential was revoked or has run out.
    Revoked,
    /// Too far behind.
    TooSlow,
    /// The gateway stops.
    Restart,
    /// The store does not answer.
    Broken,
}

impl End {
    fn frame(self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::Gone => return None,
            Self::BadTicket => (4001, "bad ticket"),
            Self::Revoked => (4003, "revoked"),
            Self::TooSlow => (4008, "too slow: resume by since"),
            Self::Restart => (1012, "restarting"),
            Self::Broken => (1011, "the event log does not answer"),
        };
        Some(CloseFrame {
            code,
            reason: reason.into(),
        })
    }

    /// How long the last frame may take. Who is slow has much to read before it.
    fn patience(self) -> Duration {
        match self {
            Self::TooSlow => STUCK,
            _ => GOODBYE,
        }
    }
}

/// Ends a socket that never began.
pub async fn refuse(mut socket: WebSocket, end: End) {
    let closing = socket.send(Message::Close(end.frame()));
    let _ = timeout(GOODBYE, closing).await;
    // The peer's own close frame, so that ours is not lost with a reset.
    let _ = timeout(GOODBYE, socket.recv()).await;
}

/// A reader about to be told.
pub struct Reader {
    pub state: ApiState,
    pub org: OrgId,
    pub opens: Opens,
    pub follower: Follower,
    /// Told before everything else.
    pub first: Vec<String>,
}

/// What can end a socket at any moment.
struct Watch {
    state: ApiState,
    org: OrgId,
    opens: Opens,
    handle: Handle,
    frames: SplitStream<WebSocket>,
    judging: Interval,
}

impl Watch {
    /// Returns when the socket has to end. Meanwhile the reader's rights are judged anew now and then.
    async fn end(&mut self) -> End {
        let state = self.state.clone();
        let stopping = state.stopping();
        tokio::pin!(stopping);
        loop {
            tokio::select! {
                frame = self.frames.next() => match frame {
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return End::Gone,
                    Some(Ok(_)) => {}
                },
                () = &mut stopping => return End::Restart,
                _ = self.judging.tick() => match judged(&self.state, &self.opens).await {
                    Ok((org, filter)) if org == self.org => self.handle.narrow(filter),
                    // The store's silence is no word on the credential.
                    Err(error) if error.status().is_server_error() => {}
                    _ => return End::Revoked,
                },
            }
        }
    }

    /// One frame out, unless something ends the socket first.
    async fn write(&mut self, sink: &mut Sink, text: String) -> Result<(), End> {
        let handle = self.handle.clone();
        tokio::select! {
            sent = timeout(STUCK, sink.send(Message::Text(text.into()))) => match sent {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_)) => Err(End::Gone),
                Err(_) => Err(End::TooSlow),
            },
            () = handle.overwhelmed() => Err(End::TooSlow),
            end = self.end() => Err(end),
        }
    }
}

impl Reader {
    /// Tells until something ends it.
    pub async fn run(self, socket: WebSocket) {
        let _open = self.state.socket_opened();
        let (mut sink, frames) = socket.split();
        let mut judging = interval_at(Instant::now() + JUDGE, JUDGE);
        judging.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut watch = Watch {
            state: self.state,
            org: self.org,
            opens: self.opens,
            handle: self.follower.handle(),
            frames,
            judging,
        };
        let end = tell(&mut sink, &mut watch, self.follower, self.first).await;
        if let Some(frame) = end.frame() {
            let goodbye = async {
                let closing = sink.send(Message::Close(Some(frame)));
                if timeout(end.patience(), closing).await.is_ok() {
                    let _ = timeout(GOODBYE, watch.frames.next()).await;
                }
            };
            tokio::select! {
                () = goodbye => {}
                () = watch.state.stopping(), if end == End::TooSlow => {}
            }
        }
    }
}

async fn tell(
    sink: &mut Sink,
    watch: &mut Watch,
    mut follower: Follower,
    first: Vec<String>,
) -> End {
    let mut ping = interval_at(Instant::now() + PING, PING);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut waiting = first;
    loop {
        for text in waiting.drain(..) {
            if let Err(end) = watch.write(sink, text).await {
                return end;
            }
        }
        tokio::select! {
            end = watch.end() => return end,
            _ = ping.tick() => waiting.push(r#"{"type":"ping"}"#.to_owned()),
            next = follower.next() => match next {
                Ok(Next::Events(events)) => waiting.extend(events.iter().map(|event| event.text().to_owned())),
                Ok(Next::Behind) => return End::TooSlow,
                Err(_) => return End::Broken,
            },
        }
    }
}
