//! `<message>` from a client: to whom it goes, who reads it, what the sender is told.
//!
//! A direct message carries one ciphertext for each device of the recipient and of the sender. Every
//! ciphertext's header is checked for a reused message key. Phones (device 0) are read by their
//! scripted owner at once; companions get theirs through the queue.
//!
//! The sender gets `<ack class=message>`. With `error` when the network does not take the message:
//! 404 for a number that does not exist, 463 for a first contact under the fault `timelock`, any code under the
//! fault `nack`; with `phash` when the
//! client's list of devices is not the network's (it then asks usync again).

use anyhow::{Context, Result, anyhow, bail};
use wacore::messages::MessageUtils;
use wacore_binary::{Jid, Node, NodeRef, Server, builder::NodeBuilder};

use super::Done;
use crate::{
    faults::FaultKind,
    ids::{DeviceAddr, Phone},
    keys::pub32,
    ledger::{Sent, Violation},
    net::online::ConnId,
    node::{attr, child_bytes, jid_attr, opt_attr},
    people::{read::Incoming, signal::Unreadable},
    phone::adv,
    world::{World, account::Account},
};

/// One ciphertext and the device it is for.
pub struct Part<'n> {
    pub to: Jid,
    pub enc: &'n NodeRef<'n>,
}

/// Every `<to><enc/></to>` of a stanza; a bare `<enc>` counts for the stanza's `to`.
pub fn parts<'n>(n: &'n NodeRef<'n>, to: &Jid) -> Result<Vec<Part<'n>>> {
    let Some(list) = n.get_optional_child("participants") else {
        return Ok(n
            .get_children_by_tag("enc")
            .map(|enc| Part {
                to: to.clone(),
                enc,
            })
            .collect());
    };
    let mut out = Vec::new();
    for p in list.get_children_by_tag("to") {
        let jid = jid_attr(p, "jid").context("<to> without a jid")?;
        out.extend(p.get_children_by_tag("enc").map(|enc| Part {
            to: jid.clone(),
            enc,
        }));
    }
    Ok(out)
}

pub fn from_client(
    w: &mut World<'_>,
    from: DeviceAddr,
    conn: ConnId,
    n: &NodeRef<'_>,
) -> Result<Done> {
    let (id, to) = (
        attr(n, "id"),
        jid_attr(n, "to").context("a message without a valid `to`")?,
    );
    if id.is_empty() {
        bail!("a message without id");
    }
    if attr(n, "type").is_empty() {
        bail!("message {id} without type");
    }
    let pre = parts(n, &to)?
        .iter()
        .any(|p| attr(p.enc, "type") == "pkmsg");
    if pre && let Err(e) = vouched(w, from, n) {
        w.violation(
            Violation::Protocol,
            from,
            format!("message {id}: readers would not trust this device: {e:#}"),
        )?;
    }
    let is_peer = attr(n, "category") == "peer";
    if !is_peer && let Some(f) = w.sim.faults.strike(FaultKind::Nack, Some(from.phone)) {
        w.note(from, format!("message {id} refused: {}", f.code));
        return Ok(Done::reply(ack(w, n, &to, &[("error", f.code)])));
    }
    match to.server {
        Server::Pn | Server::Lid => direct(w, from, conn, n, &id, &to),
        Server::Group => crate::groups::inbound::from_client(w, from, conn, n, &id, &to),
        Server::Newsletter => crate::channels::from_client(w, from, conn, n, &id, &to),
        other => Err(anyhow!(
            "a message to {} is not something the network takes",
            other.as_str()
        )),
    }
}

/// A message that begins a session carries the device's ADV identity, which its readers verify.
fn vouched(w: &World<'_>, from: DeviceAddr, n: &NodeRef<'_>) -> Result<()> {
    let adv = child_bytes(n, "device-identity")?;
    let d = w.device(from)?.context("the sending device")?;
    let account = pub32(&w.phone_keys(from.phone)?.identity);
    adv::verify_companion(&adv, &d.identity, &account).map(|_| ())
}

fn direct(
    w: &mut World<'_>,
    from: DeviceAddr,
    conn: ConnId,
    n: &NodeRef<'_>,
    id: &str,
    to: &Jid,
) -> Result<Done> {
    let Some(target) = w.account_of(to)?.filter(|a| a.on_whatsapp) else {
        w.note(from, format!("message {id} to nobody"));
        return Ok(Done::reply(ack(w, n, to, &[("error", "404".into())])));
    };
    let me = w.account(from.phone)?.context("the sender's account")?;
    let peer = attr(n, "category") == "peer";
    // Who blocks somebody cannot write to them (whatsmeow's issue 379).
    if !peer && w.blocks(me.phone, target.lid)? {
        return Ok(Done::reply(ack(w, n, to, &[("error", "403".into())])));
    }
    if !peer && w.timelock_strikes(&me, &target)? {
        return Ok(Done::reply(ack(w, n, to, &[("error", "463".into())])));
    }
    let chat = target.pn_jid().to_string();
    let sent = w.record_sent(&Sent {
        id,
        from,
        chat: &chat,
        to: &to.to_non_ad_string(),
        conn,
        peer,
    })?;

    let mut reached = Vec::new();
    for p in parts(n, to)? {
        let Some(d) = w.resolve(&p.to)? else {
            w.violation(
                Violation::Protocol,
                from,
                format!("message {id} encrypted for {}, who does not exist", p.to),
            )?;
            continue;
        };
        if d == from || (d.phone != target.phone && d.phone != me.phone) {
            w.violation(
                Violation::Protocol,
                from,
                format!("message {id} to {chat} encrypted for {d}"),
            )?;
            continue;
        }
        reached.push(p.to.clone());
        let kind = attr(p.enc, "type");
        let bytes = p.enc.content_bytes().context("an <enc> without bytes")?;
        if !w.note_message_key(from, d, &kind, bytes)? {
            w.violation(
                Violation::ReusedKey,
                from,
                format!("message {id}: a message key for {d} used twice"),
            )?;
        }
        w.record_delivery(sent, d)?;
        if d.is_phone() {
            let info = Incoming {
                id,
                from,
                chat: if d.phone == me.phone {
                    target.phone
                } else {
                    me.phone
                },
                to_jid: to,
                ledger: sent,
                peer,
            };
            read_by(w, d.phone, &info, (n, p.enc))?;
        } else if w.device(d)?.is_some() {
            let way = Way {
                me: &me,
                from,
                target: &target,
                to,
            };
            let node = forwarded(w, &way, d, n, p.enc);
            w.deliver(d, &node)?;
        }
    }
    if reached.is_empty() {
        bail!("message {id} carries no ciphertext for anybody");
    }
    let mut extra = Vec::new();
    if let Some(theirs) = opt_attr(n, "phash") {
        let ours = phash(w, from, &target, to)?;
        if ours != theirs {
            extra.push(("phash", ours));
        }
    }
    w.record_acked(sent)?;
    Ok(Done::reply(ack(w, n, to, &extra)))
}

/// A phone's owner reads a ciphertext: shown, already seen, or asked for again.
pub fn read_by(
    w: &mut World<'_>,
    at: Phone,
    info: &Incoming<'_>,
    (stanza, enc): (&NodeRef<'_>, &NodeRef<'_>),
) -> Result<()> {
    let bytes = enc.content_bytes().context("an <enc> without bytes")?;
    match w.decrypt(at, info.from, &attr(enc, "type"), bytes) {
        Ok(msg) => w.person_reads(at, info, (stanza, enc), msg),
        Err(Unreadable::Duplicate) => w.person_seen_already(at, info),
        Err(Unreadable::NoSession(why)) => w.person_asks_again(at, info, &why),
        Err(Unreadable::Other(e)) => w.violation(
            Violation::Protocol,
            info.from,
            format!("message {}: {e:#}", info.id),
        ),
    }
}

/// From whom a direct message goes to whom, and how it was addressed.
struct Way<'a> {
    me: &'a Account,
    from: DeviceAddr,
    target: &'a Account,
    to: &'a Jid,
}

/// The stanza a companion gets for one ciphertext.
///
/// It keeps the addressing of its sender (number or LID) and names the other one beside: Signal
/// sessions are kept by address, so an answer must find the session this message was written in.
fn forwarded(
    w: &World<'_>,
    way: &Way<'_>,
    d: DeviceAddr,
    n: &NodeRef<'_>,
    enc: &NodeRef<'_>,
) -> Node {
    let Way { me, target, to, .. } = way;
    let mut b = NodeBuilder::new("message")
        .attr("from", me.jid_beside(to).with_device(way.from.n))
        .attr("id", attr(n, "id"))
        .attr("type", attr(n, "type"))
        .attr("t", w.now())
        .attr("notify", me.name.as_str());
    b = if to.is_lid() {
        b.attr("sender_pn", me.pn_jid())
    } else {
        b.attr("sender_lid", me.lid_jid())
    };
    if d.phone == me.phone {
        b = b.attr("recipient", target.jid_beside(to));
        b = if to.is_lid() {
            b.attr("peer_recipient_pn", target.pn_jid())
        } else {
            b.attr("peer_recipient_lid", target.lid_jid())
        };
    }
    for key in ["category", "edit"] {
        if let Some(v) = opt_attr(n, key) {
            b = b.attr(key, v);
        }
    }
    let mut kids = vec![enc.to_owned()];
    let carried = n
        .children()
        .unwrap_or_default()
        .iter()
        .filter(|c| !matches!(c.tag.as_ref(), "enc" | "participants"));
    kids.extend(carried.map(|c| c.to_owned()));
    b.children(kids).build()
}

/// The hash of every device the message should have reached, in the addressing the sender used.
fn phash(w: &World<'_>, from: DeviceAddr, target: &Account, to: &Jid) -> Result<String> {
    let me = w.account(from.phone)?.context("the sender's account")?;
    let base = |a: &Account| a.jid_beside(to);
    let mut all = Vec::new();
    for a in [&me, target] {
        all.push(base(a));
        all.extend(
            w.devices(a.phone)?
                .iter()
                .map(|d| base(a).with_device(d.addr.n)),
        );
        if me.phone == target.phone {
            break;
        }
    }
    MessageUtils::participant_list_hash(all.iter())
}

pub fn ack(w: &World<'_>, n: &NodeRef<'_>, to: &Jid, extra: &[(&'static str, String)]) -> Node {
    let mut b = NodeBuilder::new("ack")
        .attr("class", "message")
        .attr("id", attr(n, "id"))
        .attr("from", to)
        .attr("t", w.now());
    for (k, v) in extra {
        b = b.attr(k, v);
    }
    b.build()
}
