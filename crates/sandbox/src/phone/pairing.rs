//! Linking a companion: QR refs, the scan, the companion's counter-signature, the restart.
//!
//! 1. A stranger connects and gets six refs; its QR shows `ref,noise,identity,adv secret`.
//! 2. The phone scans: a device row without ADV bytes, and `<pair-success>` to the connection.
//! 3. The companion answers `<pair-device-sign>`. Only now is it linked; its bytes are kept, for
//!    contacts verify them. The other companions are told that the list changed.
//! 4. 515, the order to reconnect. Not sooner than 50 ms after step 3: a client that restarts itself
//!    on pair-success and meets the 515 in that instant may wipe what it just got.
//!
//! What waits for step 3 is in memory: a restart in between makes the person scan again, and the row
//! without ADV bytes is swept then.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use anyhow::{Context, Result, anyhow, bail};
use base64::{Engine, prelude::BASE64_STANDARD as B64};
use buffa::Message as _;
use tokio::sync::oneshot;
use wacore_binary::{Node, NodeRef, builder::NodeBuilder};
use waproto::whatsapp as wa;

use super::{adv, passkey::Known};
use crate::{
    ids::{DeviceAddr, Phone},
    iq::Caller,
    keys::pub32,
    net::online::{ConnId, Out},
    node::{SERVER, attr, leaf},
    world::{Effect, World, lock},
};

const RESTART_AFTER: Duration = Duration::from_millis(75);
/// The first ref is shown 60 s, the others 20 s each; a few seconds of grace.
const REFS: usize = 6;
const FIRST_MS: i64 = 60_000;
const EACH_MS: i64 = 20_000;
const GRACE_MS: i64 = 5_000;

/// A connection of a stranger.
#[derive(Default)]
struct Stranger {
    /// Its DeviceProps as sent.
    props: Vec<u8>,
    platform: String,
    /// Its step 3 is awaited.
    signing: Option<Signing>,
}

struct Signing {
    iq: String,
    device: DeviceAddr,
    done: oneshot::Sender<Result<DeviceAddr>>,
}

struct Ref {
    conn: ConnId,
    expires_ms: i64,
}

#[derive(Default)]
struct Inner {
    strangers: HashMap<ConnId, Stranger>,
    refs: HashMap<String, Ref>,
}

#[derive(Default)]
pub struct Pending(Mutex<Inner>);

/// Why a scan came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    #[error("{0}")]
    BadQr(&'static str),
    #[error("the QR code is not on any screen now: expired, used, or from another network")]
    Expired,
    #[error("the device did not answer: {0}")]
    Refused(String),
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

/// The content of a QR code.
pub struct Qr {
    pub reference: String,
    pub noise: [u8; 32],
    pub identity: [u8; 32],
    pub adv_secret: Vec<u8>,
}

impl Qr {
    /// `ref,noise,identity,adv[,platform]`, possibly behind a link and `#`.
    pub fn parse(s: &str) -> Result<Self, ScanError> {
        let mut f = s.trim().rsplit('#').next().unwrap_or_default().split(',');
        let mut next = || {
            f.next()
                .filter(|x| !x.is_empty())
                .ok_or(ScanError::BadQr("a QR code has at least four fields"))
        };
        let reference = next()?.to_owned();
        let mut bytes = || {
            B64.decode(next()?)
                .map_err(|_| ScanError::BadQr("a key that is not base64"))
        };
        let (noise, identity, adv_secret) = (bytes()?, bytes()?, bytes()?);
        let key = |b: Vec<u8>| {
            b.try_into()
                .map_err(|_| ScanError::BadQr("a key that is not 32 bytes"))
        };
        Ok(Self {
            reference,
            noise: key(noise)?,
            identity: key(identity)?,
            adv_secret,
        })
    }
}

impl Pending {
    pub fn opened(&self, c: ConnId, p: &wa::ClientPayload) {
        let props = p
            .device_pairing_data
            .device_props
            .clone()
            .unwrap_or_default();
        let os = wa::DeviceProps::decode_from_slice(&props)
            .ok()
            .and_then(|d| d.os)
            .unwrap_or_default();
        lock(&self.0).strangers.insert(
            c,
            Stranger {
                props,
                platform: os,
                signing: None,
            },
        );
    }

    /// Six refs for one connection, each good for its time on the screen.
    pub fn issue_refs(&self, c: ConnId, now_ms: i64) -> Vec<String> {
        let mut i = lock(&self.0);
        let mut expires_ms = now_ms + FIRST_MS + GRACE_MS;
        (0..REFS)
            .map(|_| {
                let r = format!("2@{}", B64.encode(rand::random::<[u8; 33]>()));
                i.refs.insert(
                    r.clone(),
                    Ref {
                        conn: c,
                        expires_ms,
                    },
                );
                expires_ms += EACH_MS;
                r
            })
            .collect()
    }

    pub fn closed(&self, c: ConnId) {
        let mut i = lock(&self.0);
        i.strangers.remove(&c);
        i.refs.retain(|_, r| r.conn != c);
    }

    pub fn platform(&self, c: ConnId) -> Option<String> {
        lock(&self.0).strangers.get(&c).map(|s| s.platform.clone())
    }

    /// DeviceProps as the stranger registered with them.
    pub fn props(&self, c: ConnId) -> Vec<u8> {
        lock(&self.0)
            .strangers
            .get(&c)
            .map(|s| s.props.clone())
            .unwrap_or_default()
    }

    /// Uses up a ref.
    fn take_ref(&self, reference: &str, now_ms: i64) -> Option<ConnId> {
        lock(&self.0)
            .refs
            .remove(reference)
            .filter(|r| r.expires_ms >= now_ms)
            .map(|r| r.conn)
    }

    fn await_signature(&self, c: ConnId, s: Signing) -> bool {
        match lock(&self.0).strangers.get_mut(&c) {
            Some(x) => {
                x.signing = Some(s);
                true
            }
            None => false,
        }
    }

    fn signature_came(&self, c: ConnId, iq: &str) -> Option<Signing> {
        let mut i = lock(&self.0);
        let s = i.strangers.get_mut(&c)?;
        if s.signing.as_ref().is_some_and(|x| x.iq == iq) {
            s.signing.take()
        } else {
            None
        }
    }
}

/// `<pair-device>` with its refs.
pub fn pair_device(id: &str, refs: &[String]) -> Node {
    let refs = refs.iter().map(|r| leaf("ref", r.as_bytes()));
    NodeBuilder::new("iq")
        .attr("from", SERVER)
        .attr("type", "set")
        .attr("id", id)
        .attr("xmlns", "md")
        .children([NodeBuilder::new("pair-device").children(refs).build()])
        .build()
}

/// What a scan or a code leads to; None: a passkey is demanded first.
pub type Linking = Option<oneshot::Receiver<Result<DeviceAddr>>>;

/// The keys of a companion about to be linked.
pub struct Candidate<'a> {
    pub conn: ConnId,
    pub noise: [u8; 32],
    pub identity: [u8; 32],
    pub adv_secret: &'a [u8],
}

impl World<'_> {
    /// Step 2 for a QR code, or the demand of a passkey.
    pub fn scan(&mut self, phone: Phone, qr: &Qr) -> Result<Linking, ScanError> {
        let conn = self
            .sim
            .pairing
            .take_ref(&qr.reference, self.now_ms())
            .ok_or(ScanError::Expired)?;
        Ok(self.link(
            phone,
            &Candidate {
                conn,
                noise: qr.noise,
                identity: qr.identity,
                adv_secret: &qr.adv_secret,
            },
        )?)
    }

    /// The phone knows the candidate's keys: it is linked, or first its passkey is demanded.
    pub fn link(&mut self, phone: Phone, c: &Candidate<'_>) -> Result<Linking> {
        if let Some(rule) = self.passkey_rule(phone)? {
            let known = Known {
                identity: c.identity,
                adv_secret: c.adv_secret.to_vec(),
            };
            self.demand_passkey(phone, (c.conn, c.noise), Some(known), rule.timeout_ms)?;
            return Ok(None);
        }
        self.link_after(phone, c, Duration::ZERO).map(Some)
    }

    /// `<pair-success>` to the candidate's connection. The receiver answers when step 3 is done.
    pub fn link_after(
        &mut self,
        phone: Phone,
        c: &Candidate<'_>,
        pause: Duration,
    ) -> Result<oneshot::Receiver<Result<DeviceAddr>>> {
        let account = self.account(phone)?.context("no such account")?;
        self.db().execute(
            "DELETE FROM devices WHERE adv IS NULL AND (phone = ?1 OR noise = ?2)",
            rusqlite::params![phone.row(), c.noise],
        )?;
        let platform = self.sim.pairing.platform(c.conn).unwrap_or_default();
        self.begin_app_state(phone)?;
        let d = self.add_device(phone, c.noise, c.identity, &platform)?;
        self.plan_history(d.addr, &self.sim.pairing.props(c.conn))?;
        let key = self.phone_keys(phone)?.identity;
        let identity = adv::signed_identity(
            &key,
            self.adv_raw_id(phone),
            d.key_index,
            d.created_at,
            &c.identity,
            c.adv_secret,
        )?;
        let iq = self.stanza_id();
        let mut kids = vec![
            leaf("device-identity", identity),
            NodeBuilder::new("device")
                .attr("jid", d.addr.pn_jid())
                .attr("lid", account.lid_jid().with_device(d.addr.n))
                .build(),
            NodeBuilder::new("platform")
                .attr("name", if account.business { "smba" } else { "android" })
                .build(),
        ];
        if account.business {
            kids.push(
                NodeBuilder::new("biz")
                    .attr("name", account.name.as_str())
                    .build(),
            );
        }
        let success = NodeBuilder::new("iq")
            .attr("from", SERVER)
            .attr("type", "set")
            .attr("id", iq.as_str())
            .attr("xmlns", "md")
            .children([NodeBuilder::new("pair-success").children(kids).build()])
            .build();
        let (done, wait) = oneshot::channel();
        if !self.sim.pairing.await_signature(
            c.conn,
            Signing {
                iq,
                device: d.addr,
                done,
            },
        ) {
            bail!("the device's connection is gone");
        }
        let success = Out::Node(success);
        self.effects.push(if pause.is_zero() {
            Effect::Conn(c.conn, success)
        } else {
            Effect::Later(pause, c.conn, success)
        });
        Ok(wait)
    }
}

/// A client's answer to an IQ of ours: step 3, or the acceptance of refs and notifications.
pub fn answer(w: &mut World<'_>, c: &Caller, n: &NodeRef<'_>) -> Result<()> {
    let Some(s) = w.sim.pairing.signature_came(c.conn, &attr(n, "id")) else {
        return Ok(());
    };
    let d = s.device;
    let out = sign_in(w, c, d, n);
    let told = match &out {
        Ok(()) => Ok(d),
        Err(e) => Err(anyhow!("{e:#}")),
    };
    // The scanner may have given up waiting; the link stands all the same.
    let _ = s.done.send(told);
    out
}

fn sign_in(w: &mut World<'_>, c: &Caller, d: DeviceAddr, n: &NodeRef<'_>) -> Result<()> {
    if attr(n, "type") == "error" {
        bail!("the device refused pair-success");
    }
    let sign = n
        .get_optional_child_by_tag(&["pair-device-sign", "device-identity"])
        .context("no pair-device-sign")?;
    let adv = sign
        .content_bytes()
        .context("an empty device identity")?
        .to_vec();
    let dev = w.device(d)?.context("the device being linked")?;
    let account = pub32(&w.phone_keys(d.phone)?.identity);
    let index = adv::verify_companion(&adv, &dev.identity, &account)?;
    if index != dev.key_index || attr(sign, "key-index") != dev.key_index.to_string() {
        bail!("pair-device-sign for another key index");
    }
    w.set_adv(d, &adv)?;
    w.devices_changed(d.phone, d, "add")?;
    let restart = NodeBuilder::new("stream:error").attr("code", "515").build();
    w.effects
        .push(Effect::Later(RESTART_AFTER, c.conn, Out::Last(restart)));
    Ok(())
}
