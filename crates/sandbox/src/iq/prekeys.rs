//! `encrypt`: a device's keys, uploaded, counted, rotated, and fetched by others.
//!
//! A one-time prekey is handed out once. The digest lists only keys nobody took. Children come in any
//! order (clients differ), so everything is found by name.

use anyhow::{Context, Result, anyhow};
use sha1::{Digest, Sha1};
use wacore::libsignal::protocol::PublicKey;
use wacore_binary::{Jid, Node, NodeRef, builder::NodeBuilder};

use super::{
    BAD_REQUEST, Caller, IqError, IqResult, Kind, NOT_ACCEPTABLE, NOT_FOUND, Reply, Route,
};
use crate::{
    ids::DeviceAddr,
    keys::{PhoneKeys, SIGNED_PREKEY_ID, pub32, sign},
    ledger::Violation,
    node::{SERVER, be_u32, child_bytes, jid_attr, leaf, u24},
    world::{
        World,
        device::{DeviceKeys, SignedPreKey},
    },
};

pub const ROUTES: &[Route] = &[
    Route {
        xmlns: "encrypt",
        kind: Kind::Set,
        child: "rotate",
        handler: rotate,
    },
    Route {
        xmlns: "encrypt",
        kind: Kind::Set,
        child: "registration",
        handler: upload,
    },
    Route {
        xmlns: "encrypt",
        kind: Kind::Get,
        child: "count",
        handler: count,
    },
    Route {
        xmlns: "encrypt",
        kind: Kind::Get,
        child: "digest",
        handler: digest,
    },
    Route {
        xmlns: "encrypt",
        kind: Kind::Get,
        child: "key",
        handler: fetch,
    },
];

/// Below this many the server asks for more.
const LOW: usize = 5;
const KEY_TYPE: u8 = 5;

fn array(b: Vec<u8>, what: &str) -> Result<[u8; 32]> {
    b.try_into()
        .map_err(|b: Vec<u8>| anyhow!("<{what}> of {} bytes", b.len()))
}

/// Reads `<skey>` and verifies its signature by the device's identity.
fn signed_prekey(n: &NodeRef<'_>, identity: &[u8; 32]) -> Result<SignedPreKey> {
    let s = n.get_optional_child("skey").context("<skey> is missing")?;
    let key = array(child_bytes(s, "value")?, "value")?;
    let signature = child_bytes(s, "signature")?;
    let signed = PublicKey::from_djb_public_key_bytes(&key)
        .map_err(|e| anyhow!("skey: {e}"))?
        .serialize();
    let by =
        PublicKey::from_djb_public_key_bytes(identity).map_err(|e| anyhow!("identity: {e}"))?;
    if !by.verify_signature(&signed, &signature) {
        return Err(anyhow!(
            "the signed prekey's signature is not by the identity"
        ));
    }
    Ok(SignedPreKey {
        id: be_u32(&child_bytes(s, "id")?)?,
        key,
        signature,
    })
}

fn upload(w: &mut World<'_>, c: &Caller, n: &NodeRef<'_>) -> IqResult {
    let me = c.device()?;
    let dev = w.device(me)?.context("the device")?;
    let identity = array(child_bytes(n, "identity")?, "identity")?;
    if identity != dev.identity {
        return Err(anyhow!("the uploaded identity is not the paired one").into());
    }
    if child_bytes(n, "type")? != [KEY_TYPE] {
        return Err(anyhow!("<type> is not 5").into());
    }
    let registration = be_u32(&child_bytes(n, "registration")?)?;
    let signed = signed_prekey(n, &identity)?;
    let first = dev.keys.is_none();
    w.set_device_keys(
        me,
        &DeviceKeys {
            registration,
            signed,
        },
    )?;
    for k in n
        .get_optional_child("list")
        .context("<list> is missing")?
        .get_children_by_tag("key")
    {
        let (id, key) = (
            be_u32(&child_bytes(k, "id")?)?,
            array(child_bytes(k, "value")?, "value")?,
        );
        if !w.add_prekey(me, id, &key)? {
            let known = w.prekey(me, id)?;
            if known != Some(key) {
                w.violation(
                    Violation::ReusedKey,
                    me,
                    format!("prekey id {id} uploaded again with another key"),
                )?;
                return Err(NOT_ACCEPTABLE.into());
            }
        }
    }
    w.db()
        .execute(
            "UPDATE devices SET low_told = 0 WHERE phone = ?1 AND n = ?2",
            rusqlite::params![me.phone.row(), me.n],
        )
        .map_err(anyhow::Error::from)?;
    if first {
        w.companion_has_keys(me)?;
    }
    Reply::empty()
}

fn rotate(w: &mut World<'_>, c: &Caller, n: &NodeRef<'_>) -> IqResult {
    let me = c.device()?;
    let dev = w.device(me)?.context("the device")?;
    let keys = dev.keys.ok_or(NOT_FOUND)?;
    let body = n.get_optional_child("rotate").context("<rotate>")?;
    let signed = signed_prekey(body, &dev.identity)?;
    if signed.id == keys.signed.id && signed != keys.signed {
        w.violation(
            Violation::ReusedKey,
            me,
            format!(
                "signed prekey id {} rotated to itself with another key",
                signed.id
            ),
        )?;
        return Err(NOT_ACCEPTABLE.into());
    }
    w.set_device_keys(
        me,
        &DeviceKeys {
            registration: keys.registration,
            signed,
        },
    )?;
    Reply::empty()
}

fn count(w: &mut World<'_>, c: &Caller, _: &NodeRef<'_>) -> IqResult {
    let n = w.prekeys(c.device()?)?.len();
    Reply::one(NodeBuilder::new("count").attr("value", n).build())
}

/// SHA-1 over identity, signed prekey, its signature, then every prekey left, in id order.
fn digest(w: &mut World<'_>, c: &Caller, _: &NodeRef<'_>) -> IqResult {
    let me = c.device()?;
    let dev = w.device(me)?.context("the device")?;
    let keys = dev.keys.ok_or(NOT_FOUND)?;
    let left = w.prekeys(me)?;
    let mut h = Sha1::new();
    h.update(dev.identity);
    h.update(keys.signed.key);
    h.update(&keys.signed.signature);
    for (_, k) in &left {
        h.update(k);
    }
    Reply::one(
        NodeBuilder::new("digest")
            .children([
                leaf("registration", keys.registration.to_be_bytes()),
                leaf("type", [KEY_TYPE]),
                leaf("identity", dev.identity),
                skey(keys.signed.id, &keys.signed.key, &keys.signed.signature),
                NodeBuilder::new("list")
                    .children(left.iter().map(|(id, _)| leaf("id", u24(*id))))
                    .build(),
                leaf("hash", h.finalize().to_vec()),
            ])
            .build(),
    )
}

fn skey(id: u32, key: &[u8; 32], signature: &[u8]) -> Node {
    NodeBuilder::new("skey")
        .children([
            leaf("id", u24(id)),
            leaf("value", *key),
            leaf("signature", signature),
        ])
        .build()
}

fn fetch(w: &mut World<'_>, c: &Caller, n: &NodeRef<'_>) -> IqResult {
    c.device()?;
    let mut users = Vec::new();
    for u in n
        .get_optional_child("key")
        .context("<key>")?
        .get_children_by_tag("user")
    {
        let jid = jid_attr(u, "jid").ok_or(BAD_REQUEST)?;
        users.push(match bundle(w, &jid)? {
            Some(kids) => NodeBuilder::new("user")
                .attr("jid", jid)
                .children(kids)
                .build(),
            None => NodeBuilder::new("user")
                .attr("jid", jid)
                .children([refused()])
                .build(),
        });
    }
    if users.is_empty() {
        return Err(IqError::Refused(BAD_REQUEST));
    }
    Reply::one(NodeBuilder::new("list").children(users).build())
}

fn refused() -> Node {
    NodeBuilder::new("error")
        .attr("code", 404)
        .attr("text", "item-not-found")
        .build()
}

/// The bundle of one device; a person's phone always has one more prekey.
fn bundle(w: &mut World<'_>, jid: &Jid) -> Result<Option<Vec<Node>>> {
    let Some(acc) = w.account_of(jid)?.filter(|a| a.on_whatsapp) else {
        return Ok(None);
    };
    let addr = acc.phone.device(jid.device);
    if addr.is_phone() {
        let k = w.phone_keys(acc.phone)?;
        let id = w.next_phone_prekey(acc.phone)?;
        let one = pub32(&PhoneKeys::prekey(w.seed(), acc.phone, id)?);
        let sig = sign(&k.identity, &k.signed_prekey.public_key.serialize())?;
        return Ok(Some(vec![
            leaf("registration", k.registration_id.to_be_bytes()),
            leaf("type", [KEY_TYPE]),
            leaf("identity", pub32(&k.identity)),
            skey(SIGNED_PREKEY_ID, &pub32(&k.signed_prekey), &sig),
            NodeBuilder::new("key")
                .children([leaf("id", u24(id)), leaf("value", one)])
                .build(),
        ]));
    }
    let Some(dev) = w.device(addr)? else {
        return Ok(None);
    };
    let (Some(keys), Some(adv)) = (dev.keys, dev.adv) else {
        return Ok(None);
    };
    let mut kids = vec![
        leaf("registration", keys.registration.to_be_bytes()),
        leaf("type", [KEY_TYPE]),
        leaf("identity", dev.identity),
        skey(keys.signed.id, &keys.signed.key, &keys.signed.signature),
        leaf("device-identity", adv),
    ];
    if let Some((id, k)) = w.take_prekey(addr)? {
        kids.push(
            NodeBuilder::new("key")
                .children([leaf("id", u24(id)), leaf("value", k)])
                .build(),
        );
    }
    w.tell_low_prekeys(addr)?;
    Ok(Some(kids))
}

impl World<'_> {
    /// Asks a device for more prekeys, once until it uploads some.
    pub fn tell_low_prekeys(&mut self, d: DeviceAddr) -> Result<()> {
        let left = self.prekeys(d)?.len();
        if left >= LOW {
            return Ok(());
        }
        let told = self.db().execute(
            "UPDATE devices SET low_told = 1 WHERE phone = ?1 AND n = ?2 AND low_told = 0",
            rusqlite::params![d.phone.row(), d.n],
        )?;
        if told == 1 {
            let n = NodeBuilder::new("notification")
                .attr("from", SERVER)
                .attr("type", "encrypt")
                .attr("id", self.stanza_id())
                .attr("t", self.now())
                .children([NodeBuilder::new("count").attr("value", left).build()])
                .build();
            self.deliver(d, &n)?;
        }
        Ok(())
    }

    fn prekey(&self, d: DeviceAddr, id: u32) -> Result<Option<[u8; 32]>> {
        use rusqlite::OptionalExtension;
        let sql = "SELECT key FROM prekeys WHERE phone = ?1 AND n = ?2 AND id = ?3";
        Ok(self
            .db()
            .query_row(sql, rusqlite::params![d.phone.row(), d.n, id], |r| r.get(0))
            .optional()?)
    }
}
