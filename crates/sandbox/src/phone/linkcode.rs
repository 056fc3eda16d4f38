//! Linking by a code typed on the phone (`link_code_companion_reg`).
//!
//! 1. `companion_hello`: a stranger names a number and leaves its key wrapped in a code it shows; the
//!    server answers with a ref. The server never sees the code.
//! 2. The owner types the code; `primary_hello` goes to the stranger as a notification.
//! 3. `companion_finish`: the bundle. It opens only if the code was right; then all goes on as after a
//!    scan. If not, the companion hears nothing more, as there, and the owner is told.
//!
//! A newer hello for a number replaces the older. All of it is in memory and dies with the socket.

use std::{collections::HashMap, sync::Mutex};

use anyhow::{Context, Result, anyhow};
use base64::{Engine, prelude::BASE64_STANDARD as B64};
use tokio::sync::oneshot;
use wacore_binary::{Node, NodeRef, builder::NodeBuilder};

use super::{
    codekeys::{self, Primary},
    pairing::{Candidate, Linking},
};
use crate::{
    ids::Phone,
    iq::{BAD_REQUEST, Caller, IqResult, Kind, NOT_FOUND, Refusal, Reply, Route},
    keys::{pub32, rng},
    net::online::{ConnId, Out},
    node::{SERVER, attr, child_bytes, jid_attr, leaf},
    world::{Effect, World, lock},
};
use wacore::libsignal::protocol::KeyPair;

pub const ROUTES: &[Route] = &[Route {
    xmlns: "md",
    kind: Kind::Set,
    child: "link_code_companion_reg",
    handler: reg,
}];

/// A code is good for three minutes, and for three tries.
const VALID_MS: i64 = 180_000;
const TRIES: u32 = 3;

type Waiter = oneshot::Sender<Result<Linking>>;

/// A number a stranger asked to be linked to.
struct Asked {
    conn: ConnId,
    reference: Vec<u8>,
    wrapped: Vec<u8>,
    noise: [u8; 32],
    at_ms: i64,
    tries: u32,
    typed: Option<(Primary, Waiter)>,
}

#[derive(Default)]
pub struct LinkCodes(Mutex<HashMap<Phone, Asked>>);

/// What `enter-code` answers when it comes to nothing.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    #[error("8 letters and digits, as in ABCD-1234")]
    Malformed,
    #[error("no device asks to be linked to this number now")]
    NobodyAsks,
    #[error("the device shows no code any more: three minutes or three tries are over")]
    Expired,
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl LinkCodes {
    pub fn closed(&self, c: ConnId) {
        lock(&self.0).retain(|_, a| a.conn != c);
    }

    /// The wrapped key of the device that asks for `phone`.
    fn asked(&self, phone: Phone, now_ms: i64) -> Result<Vec<u8>, CodeError> {
        let mut all = lock(&self.0);
        let a = all.get_mut(&phone).ok_or(CodeError::NobodyAsks)?;
        if a.at_ms + VALID_MS < now_ms || a.tries >= TRIES {
            return Err(CodeError::Expired);
        }
        a.tries += 1;
        Ok(a.wrapped.clone())
    }
}

/// `ABCD-1234`, `abcd1234` → `ABCD1234`.
pub fn normalized(code: &str) -> Result<String, CodeError> {
    let c: String = code
        .chars()
        .filter(|c| !matches!(c, '-' | ' '))
        .flat_map(char::to_uppercase)
        .collect();
    if c.len() == 8 && c.bytes().all(|b| b.is_ascii_alphanumeric()) {
        Ok(c)
    } else {
        Err(CodeError::Malformed)
    }
}

fn reg(w: &mut World<'_>, c: &Caller, n: &NodeRef<'_>) -> IqResult {
    if c.device.is_some() {
        return Err(BAD_REQUEST.into());
    }
    let r = n
        .get_optional_child("link_code_companion_reg")
        .ok_or(BAD_REQUEST)?;
    match attr(r, "stage").as_str() {
        "companion_hello" => hello(w, c, r),
        "companion_finish" => finish(w, r),
        s => Err(anyhow!("link code stage {s:?}").into()),
    }
}

fn number(w: &World<'_>, r: &NodeRef<'_>) -> Result<Phone, Refusal> {
    let jid = jid_attr(r, "jid").ok_or(BAD_REQUEST)?;
    let a = w
        .account_of(&jid)
        .ok()
        .flatten()
        .filter(|a| a.on_whatsapp)
        .ok_or(NOT_FOUND)?;
    Ok(a.phone)
}

fn hello(w: &mut World<'_>, c: &Caller, r: &NodeRef<'_>) -> IqResult {
    let phone = number(w, r)?;
    let wrapped = child_bytes(r, "link_code_pairing_wrapped_companion_ephemeral_pub")?;
    let noise = child_bytes(r, "companion_server_auth_key_pub")?;
    let (Ok(noise), 80) = (<[u8; 32]>::try_from(noise), wrapped.len()) else {
        return Err(BAD_REQUEST.into());
    };
    let text = |tag: &str| child_bytes(r, tag).map(|b| String::from_utf8_lossy(&b).into_owned());
    let (id, display) = (
        text("companion_platform_id")?,
        text("companion_platform_display")?,
    );
    if id.len() != 1 || !plausible(&display) {
        w.sim.trace.add(
            w.now_ms(),
            None,
            "note",
            format!("companion_platform_display {display:?} refused"),
        );
        return Err(BAD_REQUEST.into());
    }
    let reference = B64.encode(rand::random::<[u8; 24]>()).into_bytes();
    let asked = Asked {
        conn: c.conn,
        reference: reference.clone(),
        wrapped,
        noise,
        at_ms: w.now_ms(),
        tries: 0,
        typed: None,
    };
    lock(&w.sim.link_codes.0).insert(phone, asked);
    let answer = NodeBuilder::new("link_code_companion_reg").attr("stage", "companion_hello");
    Reply::one(
        answer
            .children([leaf("link_code_pairing_ref", reference)])
            .build(),
    )
}

/// `Browser (OS)`; the real server takes common names only.
fn plausible(display: &str) -> bool {
    display
        .split_once(" (")
        .is_some_and(|(browser, os)| !browser.is_empty() && os.len() > 1 && os.ends_with(')'))
}

fn finish(w: &mut World<'_>, r: &NodeRef<'_>) -> IqResult {
    let phone = number(w, r)?;
    let reference = child_bytes(r, "link_code_pairing_ref")?;
    let bundle = child_bytes(r, "link_code_pairing_wrapped_key_bundle")?;
    let shown = child_bytes(r, "companion_identity_public")?;
    let (conn, noise, typed) = {
        let mut all = lock(&w.sim.link_codes.0);
        let a = all
            .get_mut(&phone)
            .filter(|a| a.reference == reference)
            .ok_or(NOT_FOUND)?;
        (a.conn, a.noise, a.typed.take().ok_or(BAD_REQUEST)?)
    };
    let (primary, waiter) = typed;
    let linked = (|| {
        let opened = codekeys::open(&primary, &w.phone_keys(phone)?.identity, &bundle)?;
        if opened.identity.as_slice() != shown {
            return Err(anyhow!("the bundle names another identity than the stanza"));
        }
        w.link(
            phone,
            &Candidate {
                conn,
                noise,
                identity: opened.identity,
                adv_secret: &opened.adv_secret,
            },
        )
    })();
    if linked.is_ok() {
        lock(&w.sim.link_codes.0).remove(&phone);
    }
    // Whoever typed the code may have given up waiting.
    let _ = waiter.send(linked);
    Reply::empty()
}

impl World<'_> {
    /// Step 2, first half: what the code opens. Then [`World::primary_hello`].
    pub fn code_asked(&self, phone: Phone) -> Result<Vec<u8>, CodeError> {
        self.sim.link_codes.asked(phone, self.now_ms())
    }

    /// Instead of step 2, where the passkey is demanded at once: `primary_hello` without the phone's key.
    pub fn passkey_at_once(&mut self, phone: Phone, timeout_ms: i64) -> Result<(), CodeError> {
        let asked = lock(&self.sim.link_codes.0).remove(&phone);
        let a = asked.ok_or(CodeError::NobodyAsks)?;
        let reg = NodeBuilder::new("link_code_companion_reg")
            .attr("stage", "primary_hello")
            .children([leaf("link_code_pairing_ref", a.reference)])
            .build();
        let n = self.told(reg);
        self.effects.push(Effect::Conn(a.conn, Out::Node(n)));
        self.demand_passkey(phone, (a.conn, a.noise), None, timeout_ms)?;
        Ok(())
    }

    fn told(&self, reg: Node) -> Node {
        NodeBuilder::new("notification")
            .attr("from", SERVER)
            .attr("type", "link_code_companion_reg")
            .attr("id", self.stanza_id())
            .attr("t", self.now())
            .children([reg])
            .build()
    }

    /// Step 2, second half: the phone's key to the stranger.
    pub fn primary_hello(
        &mut self,
        phone: Phone,
        p: Primary,
    ) -> Result<oneshot::Receiver<Result<Linking>>, CodeError> {
        let identity = pub32(&self.phone_keys(phone)?.identity);
        let (done, wait) = oneshot::channel();
        let wrapped = p.wrapped;
        let (conn, reference) = {
            let mut all = lock(&self.sim.link_codes.0);
            let a = all.get_mut(&phone).ok_or(CodeError::NobodyAsks)?;
            a.typed = Some((p, done));
            (a.conn, a.reference.clone())
        };
        let reg = NodeBuilder::new("link_code_companion_reg")
            .attr("stage", "primary_hello")
            .children([
                leaf("link_code_pairing_wrapped_primary_ephemeral_pub", wrapped),
                leaf("primary_identity_pub", identity),
                leaf("link_code_pairing_ref", reference),
            ]);
        let n = self.told(reg.build());
        self.effects.push(Effect::Conn(conn, Out::Node(n)));
        Ok(wait)
    }
}

/// The slow half, off the world's lock.
pub fn typed(code: &str, wrapped: &[u8]) -> Result<Primary> {
    codekeys::hello(code, wrapped, KeyPair::generate(&mut rng())).context("typing the code")
}
