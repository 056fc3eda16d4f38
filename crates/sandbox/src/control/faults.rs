//! `POST /faults` arms one, `GET` shows what is armed, `DELETE` makes the network healthy.
//!
//! `drop_socket` with code `ack` lets a message in and cuts before it is acknowledged. `ban`: 402 for
//! `ms` at log-in. `stream_error` and a `drop_socket` or `half_open` naming a phone strike the sockets open now as
//! well; the others wait for their occasion.
//!
//! `timelock`: for `ms` (an hour) first contacts are refused with 463, and the client may ask until when.
//! `nack` with a code: the sender's messages are refused with it. `bad_ciphertext`: what people write reaches the
//! devices of `phone` damaged, in chats and groups. `slow`: every stanza to `phone`, and every 16 KiB of its
//! media, waits `ms`. `media_gone`: a download meets 410.

use std::sync::Arc;

use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use serde::Deserialize;
use serde_json::{Value, json};
use wacore_binary::{Node, builder::NodeBuilder};

use super::{body::Body, error::Refused};
use crate::{
    faults::{Fault, FaultKind},
    ids::Phone,
    net::online::Out,
    world::Sim,
};

const HOUR_MS: u64 = 3_600_000;

pub fn router() -> Router<Arc<Sim>> {
    Router::new().route("/faults", post(arm).get(show).delete(clear))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Arm {
    kind: FaultKind,
    phone: Option<Phone>,
    count: Option<u32>,
    ms: Option<u64>,
    code: Option<Code>,
}

/// A number or a word.
#[derive(Deserialize)]
#[serde(untagged)]
enum Code {
    Number(u16),
    Word(String),
}

async fn arm(
    State(sim): State<Arc<Sim>>,
    Body(b): Body<Arm>,
) -> Result<(StatusCode, Json<Value>), Refused> {
    if b.count == Some(0) {
        return Err(Refused::field("count", "at least 1"));
    }
    let code = match b.code {
        Some(Code::Number(n)) => n.to_string(),
        Some(Code::Word(w)) => w,
        None => String::new(),
    };
    let mut struck = 0;
    match b.kind {
        FaultKind::StreamError => {
            let node = stream_error(&code)?;
            struck = strike(&sim, b.phone, || Out::Last(node.clone()));
        }
        FaultKind::DropSocket | FaultKind::HalfOpen
            if b.phone.is_some() && b.count.is_none() && code.is_empty() =>
        {
            struck = break_now(&sim, b.phone, b.kind);
        }
        // A ban ends the open sockets and refuses the next log-ins for its time.
        FaultKind::Ban => {
            let ms = b.ms.unwrap_or(HOUR_MS);
            sim.faults.arm(Fault {
                kind: b.kind,
                phone: b.phone,
                count: b.count,
                ms,
                until: None,
                code,
            });
            struck = strike(&sim, b.phone, || Out::Last(bare_stream_error("403")));
        }
        FaultKind::ConnectFailure
            if !code.bytes().all(|c| c.is_ascii_digit()) || code.is_empty() =>
        {
            return Err(Refused::field(
                "code",
                "the reason of the failure, such as 405",
            ));
        }
        FaultKind::Nack if code.len() != 3 || !code.bytes().all(|c| c.is_ascii_digit()) => {
            return Err(Refused::field("code", "three digits, such as 429"));
        }
        FaultKind::Timelock => {
            let ms = b.ms.unwrap_or(HOUR_MS);
            let until = sim
                .clock
                .now_ms()
                .saturating_add(i64::try_from(ms).unwrap_or(i64::MAX));
            sim.faults.arm(Fault {
                kind: b.kind,
                phone: b.phone,
                count: b.count,
                ms,
                until: Some(until),
                code,
            });
        }
        _ => sim.faults.arm(Fault {
            kind: b.kind,
            phone: b.phone,
            count: b.count,
            ms: b.ms.unwrap_or(1000),
            until: None,
            code,
        }),
    }
    Ok((
        StatusCode::CREATED,
        Json(json!({"struck": struck, "armed": sim.faults.armed()})),
    ))
}

async fn show(State(sim): State<Arc<Sim>>) -> Json<Value> {
    Json(json!({"armed": sim.faults.armed()}))
}

async fn clear(State(sim): State<Arc<Sim>>) -> StatusCode {
    sim.faults.clear();
    StatusCode::NO_CONTENT
}

fn strike(sim: &Sim, phone: Option<Phone>, out: impl Fn() -> Out) -> usize {
    let hit: Vec<_> = sim
        .online
        .devices()
        .into_iter()
        .filter(|d| phone.is_none_or(|p| p == d.phone))
        .collect();
    for d in &hit {
        sim.online.to_device(*d, out());
    }
    hit.len()
}

fn break_now(sim: &Sim, phone: Option<Phone>, kind: FaultKind) -> usize {
    for d in sim.online.devices() {
        if phone.is_none_or(|p| p == d.phone)
            && let Some(c) = sim.online.conn_of(d)
        {
            sim.online.forgive(c);
        }
    }
    strike(sim, phone, || {
        if kind == FaultKind::HalfOpen {
            Out::Mute
        } else {
            Out::Drop
        }
    })
}

fn bare_stream_error(code: &'static str) -> Node {
    NodeBuilder::new("stream:error").attr("code", code).build()
}

/// The stream errors WhatsApp sends: a bare code, or a conflict.
fn stream_error(code: &str) -> Result<Node, Refused> {
    let conflict = |t: &'static str| NodeBuilder::new("conflict").attr("type", t).build();
    let b = NodeBuilder::new("stream:error");
    Ok(match code {
        "replaced" => b.children([conflict("replaced")]).build(),
        "401" => b
            .attr("code", "401")
            .children([conflict("device_removed")])
            .build(),
        "403" | "409" | "429" | "503" | "515" | "516" => b.attr("code", code).build(),
        _ => {
            return Err(Refused::field(
                "code",
                "one of 401 403 409 429 503 515 516 replaced",
            ));
        }
    })
}
