//! Linking an account that is protected by a passkey. WhatsApp calls the exchange Shortcake.
//!
//! 1. The phone scans, or its owner types the code. Instead of `<pair-success>` the stranger hears
//!    `<notification type=passkey_prologue_request>` with a WebAuthn request.
//! 2. It asks for a ref (`get md <ref>`) and sends `<passkey_prologue>`: the credential's id, the
//!    assertion, and a commitment to its ephemeral key and a nonce. Who still holds the ADV secret that
//!    the phone saw may prove it (`<pairing_handoff_proof>`); then nobody has to compare anything.
//! 3. `<notification type=crsc_continuation>`: the phone's ephemeral key and nonce.
//! 4. `<companion_nonce>` opens the commitment. Now both sides have the code that the owner compares.
//! 5. `<encrypted_pairing_request>`: the device's keys and a new ADV secret, under a key of both. When
//!    the owner has approved as well, all goes on as after a scan.
//!
//! Facts from whatsapp-rust 0.7.0 (`passkey/flow.rs`, `wacore/shortcake.rs`), whatsmeow (`pair-passkey.go`)
//! and zapo (`WaShortcakeFlow.ts`), which agree; the request's form from captures in Baileys #2689. How
//! the server words a refusal nobody has told: here 401 when the assertion does not hold, 404 when there is
//! nothing to answer, 400 for what cannot be read. A challenge is good for one try.
//!
//! With a pairing code two orders have been seen. Mostly the device proves the code first (`companion_finish`)
//! and is asked then. Or it is asked at once, beside a `link_code_companion_reg` without the phone's key
//! (whatsmeow #1188, #1233): [`Rule::early`]. Then the phone knows neither its identity nor a secret of it before
//! step 5, and a proof in step 2 proves nothing.
//!
//! All of it is in memory and dies with the stranger's socket.

pub mod control;
mod primary;
pub mod webauthn;

use std::{collections::HashMap, sync::Mutex, time::Duration};

use anyhow::{Context, Result, anyhow, bail};
use buffa::{Enumeration as _, Message as _};
use rusqlite::{OptionalExtension, params};
use wacore::libsignal::protocol::KeyPair;
use wacore_binary::{Node, NodeRef, builder::NodeBuilder};
use waproto::whatsapp as wa;

use super::pairing::Candidate;
use crate::{
    ids::Phone,
    iq::{BAD_REQUEST, Caller, IqResult, Kind, NOT_FOUND, Refusal, Reply, Route},
    keys::rng,
    net::online::{ConnId, Out},
    node::{SERVER, child_bytes, leaf},
    world::{Effect, World, lock},
};
use primary::{Companion, Primary, Request};

pub const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS passkeys(
  phone INTEGER PRIMARY KEY, timeout_ms INTEGER NOT NULL, early INTEGER NOT NULL);";

pub const ROUTES: &[Route] = &[
    Route {
        xmlns: "md",
        kind: Kind::Get,
        child: "ref",
        handler: give_ref,
    },
    Route {
        xmlns: "md",
        kind: Kind::Get,
        child: "passkey_request_options",
        handler: give_options,
    },
    Route {
        xmlns: "md",
        kind: Kind::Set,
        child: "passkey_prologue",
        handler: prologue,
    },
    Route {
        xmlns: "md",
        kind: Kind::Set,
        child: "companion_nonce",
        handler: nonce,
    },
    Route {
        xmlns: "md",
        kind: Kind::Set,
        child: "encrypted_pairing_request",
        handler: pairing_request,
    },
];

/// As WhatsApp asks.
pub const TIMEOUT_MS: i64 = 600_000;

/// The phone is a hop away from the server, and clients store what they sent only once it was taken: what follows an
/// answer must not overtake it.
const PHONE_TAKES: Duration = Duration::from_millis(75);

const NOT_AUTHORIZED: Refusal = Refusal {
    code: 401,
    text: "not-authorized",
};

/// How an account asks.
#[derive(Clone, Copy)]
pub struct Rule {
    pub timeout_ms: i64,
    /// As soon as a code is typed.
    pub early: bool,
}

impl Default for Rule {
    fn default() -> Self {
        Self {
            timeout_ms: TIMEOUT_MS,
            early: false,
        }
    }
}

/// What the phone knows of a device before the passkey: from the QR, or from the code's bundle.
pub struct Known {
    pub identity: [u8; 32],
    pub adv_secret: Vec<u8>,
}

/// A stranger that is to be linked to `phone`.
struct Attempt {
    phone: Phone,
    noise: [u8; 32],
    known: Option<Known>,
    /// Awaits its assertion, until then.
    challenge: Option<([u8; 32], i64)>,
    reference: String,
    shake: Option<Shake>,
}

/// After the assertion.
struct Shake {
    primary: Primary,
    companion: Companion,
    code: Option<String>,
    approved: bool,
    /// Its keys and new ADV secret.
    sent: Option<Request>,
}

#[derive(Default)]
pub struct Attempts(Mutex<HashMap<ConnId, Attempt>>);

impl Attempts {
    pub fn closed(&self, c: ConnId) {
        lock(&self.0).remove(&c);
    }

    fn with<T>(
        &self,
        c: ConnId,
        f: impl FnOnce(&mut Attempt) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        lock(&self.0).get_mut(&c).ok_or(NOT_FOUND).and_then(f)
    }
}

/// What the owner of a phone sees of it.
pub struct Seen {
    pub stage: &'static str,
    pub code: String,
}

fn options(challenge: &[u8; 32], timeout_ms: i64) -> Vec<u8> {
    serde_json::json!({
        "challenge": webauthn::b64(challenge), "timeout": timeout_ms, "rpId": webauthn::RP_ID,
        "allowCredentials": [], "userVerification": "required", "extensions": {"uvm": true},
    })
    .to_string()
    .into_bytes()
}

fn notification(w: &World<'_>, kind: &'static str, child: Node) -> Node {
    NodeBuilder::new("notification")
        .attr("from", SERVER)
        .attr("type", kind)
        .attr("id", w.stanza_id())
        .attr("t", w.now())
        .children([child])
        .build()
}

impl World<'_> {
    /// Whether the account is linked only with its passkey.
    pub fn passkey_rule(&self, phone: Phone) -> Result<Option<Rule>> {
        Ok(self
            .db()
            .query_row(
                "SELECT timeout_ms, early FROM passkeys WHERE phone = ?1",
                [phone.row()],
                |r| {
                    Ok(Rule {
                        timeout_ms: r.get(0)?,
                        early: r.get(1)?,
                    })
                },
            )
            .optional()?)
    }

    pub fn set_passkey(&mut self, phone: Phone, rule: Option<Rule>) -> Result<()> {
        match rule {
            Some(rule) => self.db().execute(
                "INSERT OR REPLACE INTO passkeys(phone, timeout_ms, early) VALUES(?1, ?2, ?3)",
                params![phone.row(), rule.timeout_ms, rule.early],
            )?,
            None => self
                .db()
                .execute("DELETE FROM passkeys WHERE phone = ?1", [phone.row()])?,
        };
        Ok(())
    }

    /// Step 1. A phone links one device at a time: an earlier attempt is forgotten.
    pub fn demand_passkey(
        &mut self,
        phone: Phone,
        (conn, noise): (ConnId, [u8; 32]),
        known: Option<Known>,
        timeout_ms: i64,
    ) -> Result<()> {
        if self.sim.pairing.platform(conn).is_none() {
            bail!("the device's connection is gone");
        }
        let challenge: [u8; 32] = rand::random();
        let attempt = Attempt {
            phone,
            noise,
            known,
            challenge: Some((challenge, self.now_ms() + timeout_ms)),
            reference: String::new(),
            shake: None,
        };
        {
            let mut all = lock(&self.sim.passkeys.0);
            all.retain(|_, a| a.phone != phone);
            all.insert(conn, attempt);
        }
        let asked = notification(
            self,
            "passkey_prologue_request",
            leaf("passkey_request_options", options(&challenge, timeout_ms)),
        );
        self.effects.push(Effect::Conn(conn, Out::Node(asked)));
        Ok(())
    }

    pub fn passkey_seen(&self, phone: Phone) -> Seen {
        let all = lock(&self.sim.passkeys.0);
        let attempt = all.values().find(|a| a.phone == phone);
        let shake = attempt.and_then(|a| a.shake.as_ref());
        let stage = match (attempt, shake) {
            (None, _) => "",
            (_, None) => "request",
            (_, Some(s)) if s.approved => "approved",
            (_, Some(s)) if s.code.is_some() => "compare",
            _ => "answering",
        };
        Seen {
            stage,
            code: shake.and_then(|s| s.code.clone()).unwrap_or_default(),
        }
    }

    /// The owner found the codes equal, or did not. False: there is no code on the phone.
    pub fn judge_passkey(&mut self, phone: Phone, equal: bool) -> Result<bool> {
        let conn = {
            let mut all = lock(&self.sim.passkeys.0);
            let shown = all.iter_mut().find_map(|(conn, a)| {
                let shake = a.shake.as_mut().filter(|s| s.code.is_some())?;
                (a.phone == phone).then_some((*conn, shake))
            });
            let Some((conn, shake)) = shown else {
                return Ok(false);
            };
            shake.approved = equal;
            conn
        };
        if equal {
            self.link_if_agreed(conn)?;
        } else {
            self.sim.passkeys.closed(conn);
        }
        Ok(true)
    }

    /// Once the device has sent its keys and the owner has approved.
    fn link_if_agreed(&mut self, conn: ConnId) -> Result<()> {
        let agreed = {
            let mut all = lock(&self.sim.passkeys.0);
            let ready = |a: &Attempt| {
                let shake = a.shake.as_ref();
                shake.is_some_and(|s| s.approved && s.sent.is_some())
            };
            if !all.get(&conn).is_some_and(ready) {
                return Ok(());
            }
            all.remove(&conn)
        };
        let Some(attempt) = agreed else {
            return Ok(());
        };
        let sent = attempt.shake.and_then(|s| s.sent).context("its keys")?;
        self.link_after(
            attempt.phone,
            &Candidate {
                conn,
                noise: sent.noise,
                identity: sent.identity,
                adv_secret: &sent.adv_secret,
            },
            PHONE_TAKES,
        )
        .map(drop)
    }
}

fn give_ref(w: &mut World<'_>, c: &Caller, _: &NodeRef<'_>) -> IqResult {
    let reference = format!("2@{}", webauthn::b64(&rand::random::<[u8; 33]>()));
    w.sim.passkeys.with(c.conn, |a| {
        a.reference.clone_from(&reference);
        Ok(())
    })?;
    Reply::one(leaf("ref", reference))
}

fn give_options(w: &mut World<'_>, c: &Caller, _: &NodeRef<'_>) -> IqResult {
    let phone = w.sim.passkeys.with(c.conn, |a| Ok(a.phone))?;
    let timeout_ms = w.passkey_rule(phone)?.map_or(TIMEOUT_MS, |r| r.timeout_ms);
    let challenge: [u8; 32] = rand::random();
    let until = w.now_ms() + timeout_ms;
    w.sim.passkeys.with(c.conn, |a| {
        a.challenge = Some((challenge, until));
        Ok(())
    })?;
    Reply::one(leaf(
        "passkey_request_options",
        options(&challenge, timeout_ms),
    ))
}

fn refuse(w: &World<'_>, why: &anyhow::Error) -> Refusal {
    let text = format!("passkey refused: {why:#}");
    w.sim.trace.add(w.now_ms(), None, "note", text);
    NOT_AUTHORIZED
}

fn prologue(w: &mut World<'_>, c: &Caller, n: &NodeRef<'_>) -> IqResult {
    let p = n
        .get_optional_child("passkey_prologue")
        .ok_or(BAD_REQUEST)?;
    let credential = child_bytes(p, "credential_id")?;
    let assertion = child_bytes(p, "webauthn_assertion")?;
    let payload = child_bytes(p, "prologue_payload")?;
    let proof = p
        .get_optional_child("pairing_handoff_proof")
        .map(|_| child_bytes(p, "pairing_handoff_proof"))
        .transpose()?;
    let (phone, challenge, reference, secret) = w.sim.passkeys.with(c.conn, |a| {
        let challenge = a.challenge.take().ok_or(NOT_FOUND)?;
        let reference = std::mem::take(&mut a.reference);
        let secret = a.known.as_ref().map(|known| known.adv_secret.clone());
        Ok((a.phone, challenge, reference, secret))
    })?;
    let (challenge, until) = challenge;
    if w.now_ms() > until {
        return Err(refuse(w, &anyhow!("the challenge is too old")).into());
    }
    let passkey = webauthn::Passkey::of(w.seed(), phone)?;
    if let Err(why) = passkey.verify(&credential, &assertion, &challenge) {
        return Err(refuse(w, &why).into());
    }
    let companion = Companion::read(&payload)?;
    if reference.is_empty() || companion.reference != reference {
        return Err(anyhow!("a prologue for another ref").into());
    }
    let props = wa::DeviceProps::decode_from_slice(&w.sim.pairing.props(c.conn))
        .map_err(|e| anyhow!("device props: {e}"))?;
    let platform = props.platform_type.map_or(0, |p| p.to_i32());
    if platform != companion.device_type {
        return Err(anyhow!("a prologue of another kind of device than registered").into());
    }
    let proven = match (proof, secret) {
        (None, _) | (_, None) => false,
        (Some(proof), Some(secret)) if primary::proves(&secret, &payload, &proof) => true,
        _ => return Err(refuse(w, &anyhow!("the handoff proof does not verify")).into()),
    };
    let primary = Primary {
        keys: KeyPair::generate(&mut rng()),
        nonce: rand::random(),
    };
    let answer = notification(
        w,
        "crsc_continuation",
        leaf("primary_ephemeral_identity", primary.encoded()),
    );
    w.sim.passkeys.with(c.conn, |a| {
        a.shake = Some(Shake {
            primary,
            companion,
            code: None,
            approved: proven,
            sent: None,
        });
        Ok(())
    })?;
    w.effects
        .push(Effect::Later(PHONE_TAKES, c.conn, Out::Node(answer)));
    Reply::empty()
}

fn nonce(w: &mut World<'_>, c: &Caller, n: &NodeRef<'_>) -> IqResult {
    let nonce: [u8; 32] = child_bytes(n, "companion_nonce")?
        .try_into()
        .map_err(|_| BAD_REQUEST)?;
    let opened = w.sim.passkeys.with(c.conn, |a| {
        let shake = a.shake.as_mut().ok_or(NOT_FOUND)?;
        if shake.code.is_some() {
            return Err(BAD_REQUEST);
        }
        let opened = shake.companion.committed_to(&nonce);
        if opened {
            shake.code = Some(shake.primary.code(&nonce));
        }
        Ok(opened)
    })?;
    if !opened {
        return Err(anyhow!("a nonce the device was not committed to").into());
    }
    Reply::empty()
}

fn pairing_request(w: &mut World<'_>, c: &Caller, n: &NodeRef<'_>) -> IqResult {
    let sealed = child_bytes(n, "encrypted_pairing_request")?;
    let read = w.sim.passkeys.with(c.conn, |a| {
        let shake = a.shake.as_ref().ok_or(NOT_FOUND)?;
        if shake.code.is_none() || shake.sent.is_some() {
            return Err(BAD_REQUEST);
        }
        let opened = shake.primary.open(&shake.companion, &sealed);
        Ok(opened.and_then(|request| {
            let other = |known: &Known| known.identity != request.identity;
            if request.noise != a.noise || a.known.as_ref().is_some_and(other) {
                bail!("a pairing request of another device");
            }
            Ok(request)
        }))
    })?;
    let sent = read?;
    w.sim.passkeys.with(c.conn, |a| {
        if let Some(shake) = a.shake.as_mut() {
            shake.sent = Some(sent);
        }
        Ok(())
    })?;
    w.link_if_agreed(c.conn)?;
    Reply::empty()
}
