//! A client writes to a group.
//!
//! The stanza carries one `skmsg` and, for devices that lack the client's sender key, that key inside a pairwise
//! message; or, as answer to a retry receipt, one pairwise message for the device named in `participant`. Every
//! companion of every member gets its part through the queue, every scripted member reads theirs at once.
//!
//! The `<ack>` names the error when the network does not take the message (403 not a member or not allowed to write,
//! 404 no such group, 421 the group is addressed the other way), and the server's `phash` when the client's list of
//! devices is not the network's.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use wacore::messages::{MessageUtils, decode_plaintext, unwrap_device_sent};
use wacore_binary::{Jid, Node, NodeRef, builder::NodeBuilder};
use waproto::whatsapp as wa;

use super::{
    change::parse_gid,
    model::{Group, Member, View},
    nodes::mode,
    outbound::Frame,
};
use crate::{
    ids::{DeviceAddr, Phone},
    ledger::{Sent, Violation},
    net::online::ConnId,
    node::{attr, opt_attr},
    people::{absorb::Place, content, signal::Unreadable},
    stanza::{
        Done,
        message::{ack, parts},
    },
    world::World,
};

/// What everybody who gets the message has in common.
struct Post<'a> {
    id: &'a str,
    from: DeviceAddr,
    group: &'a Group,
    sender: Member,
    ledger: i64,
    stanza: &'a NodeRef<'a>,
    skmsg: Option<&'a NodeRef<'a>>,
}

/// What the first reader found out about a message: its file as the inbox shows it.
struct Examined(Option<Value>);

pub fn from_client(
    w: &mut World<'_>,
    from: DeviceAddr,
    conn: ConnId,
    n: &NodeRef<'_>,
    id: &str,
    to: &Jid,
) -> Result<Done> {
    let gid = parse_gid(&to.to_string())?;
    let refuse =
        |w: &World<'_>, code: &str| Ok(Done::reply(ack(w, n, to, &[("error", code.into())])));
    let Some(group) = w.group(&gid)? else {
        return refuse(w, "404");
    };
    let Some(sender) = w.group_member(&gid, from.phone)? else {
        return refuse(w, "403");
    };
    if group.announce && !sender.role.is_admin() {
        return refuse(w, "403");
    }
    if opt_attr(n, "addressing_mode").is_some_and(|m| m != mode(&group)) {
        return Ok(Done::reply(ack(
            w,
            n,
            to,
            &[
                ("error", "421".into()),
                ("addressing_mode", mode(&group).into()),
            ],
        )));
    }
    let ledger = w.record_sent(&Sent {
        id,
        from,
        chat: &gid,
        to: &gid,
        conn,
        peer: false,
    })?;

    let again = opt_attr(n, "participant")
        .map(|p| p.parse::<Jid>())
        .transpose()
        .context("participant")?;
    let skmsg = n
        .get_children_by_tag("enc")
        .find(|e| attr(e, "type") == "skmsg");
    let pairwise = pairwise(w, from, &gid, n, id, again.as_ref())?;
    if skmsg.is_none() && pairwise.is_empty() {
        bail!("message {id} carries no ciphertext for anybody");
    }
    if let Some(enc) = skmsg {
        let bytes = enc.content_bytes().context("a skmsg without bytes")?;
        if !w.note_sender_message_key(from, &gid, bytes)? {
            w.violation(
                Violation::ReusedKey,
                from,
                format!("message {id}: a sender key's message key used twice"),
            )?;
        }
    }
    let post = Post {
        id,
        from,
        group: &group,
        sender,
        ledger,
        stanza: n,
        skmsg,
    };
    for d in w.group_companions(&gid)? {
        let mine = pairwise.get(&d).copied();
        if d != from && (again.is_none() || mine.is_some()) {
            let node = forwarded(w, &post, d, n, mine)?;
            w.record_delivery(ledger, d)?;
            w.deliver(d, &node)?;
        }
    }
    let mut examined = None;
    for m in w.group_members(&gid)? {
        let mine = pairwise.get(&m.who.phone.device(0)).copied();
        if again.is_none() || mine.is_some() {
            w.record_delivery(ledger, m.who.phone.device(0))?;
            member_reads(w, &m, &post, mine, &mut examined)?;
        }
    }
    let mut extra = Vec::new();
    if let Some(theirs) = opt_attr(n, "phash") {
        let ours = phash(w, &group)?;
        if ours != theirs {
            w.note(
                from,
                format!("message {id}: phash {theirs}, the network's is {ours}"),
            );
            extra.push(("phash", ours));
        }
    }
    w.record_acked(ledger)?;
    Ok(Done::reply(ack(w, n, to, &extra)))
}

/// The pairwise ciphertexts, by device. Each is checked: for a member's device, with a key of its own.
fn pairwise<'n>(
    w: &mut World<'_>,
    from: DeviceAddr,
    gid: &str,
    n: &'n NodeRef<'n>,
    id: &str,
    again: Option<&Jid>,
) -> Result<HashMap<DeviceAddr, &'n NodeRef<'n>>> {
    let mut all = Vec::new();
    if n.get_optional_child("participants").is_some() {
        all.extend(
            parts(n, &Jid::default())?
                .into_iter()
                .map(|p| (p.to, p.enc)),
        );
    }
    if let Some(one) = again {
        let direct = n
            .get_children_by_tag("enc")
            .filter(|e| attr(e, "type") != "skmsg");
        all.extend(direct.map(|enc| (one.clone(), enc)));
    }
    let mut out = HashMap::new();
    for (jid, enc) in all {
        let device = w.resolve(&jid)?;
        let Some(d) = device.filter(|d| *d != from) else {
            w.violation(
                Violation::Protocol,
                from,
                format!("message {id} to {gid} encrypted for {jid}"),
            )?;
            continue;
        };
        if w.group_member(gid, d.phone)?.is_none() {
            w.violation(
                Violation::Protocol,
                from,
                format!("message {id} to {gid} encrypted for {d}, who is not in it"),
            )?;
            continue;
        }
        let bytes = enc.content_bytes().context("an <enc> without bytes")?;
        if !w.note_message_key(from, d, &attr(enc, "type"), bytes)? {
            w.violation(
                Violation::ReusedKey,
                from,
                format!("message {id}: a message key for {d} used twice"),
            )?;
        }
        out.insert(d, enc);
    }
    Ok(out)
}

/// The stanza one companion gets: its pairwise part, the `skmsg`, and what the sender put beside them.
fn forwarded(
    w: &World<'_>,
    post: &Post<'_>,
    to: DeviceAddr,
    n: &NodeRef<'_>,
    pairwise: Option<&NodeRef<'_>>,
) -> Result<Node> {
    let me = w
        .account(post.from.phone)?
        .context("the sender's account")?;
    let view = View {
        group: post.group,
        viewer: to.phone,
    };
    let frame = Frame {
        view,
        who: &post.sender.who,
        device: post.from.n,
        name: &me.name,
        hide_number: false,
    };
    let mut b = frame.message(post.id, &attr(n, "type"), w.now());
    if let Some(edit) = opt_attr(n, "edit") {
        b = b.attr("edit", edit);
    }
    let beside = n
        .children()
        .unwrap_or_default()
        .iter()
        .filter(|c| !matches!(c.tag.as_ref(), "enc" | "participants"));
    let children: Vec<Node> = pairwise
        .into_iter()
        .chain(post.skmsg)
        .chain(beside)
        .map(|c| c.to_owned())
        .collect();
    Ok(b.children(children).build())
}

/// A scripted member takes the key, reads the message, and says so.
fn member_reads(
    w: &mut World<'_>,
    m: &Member,
    post: &Post<'_>,
    pairwise: Option<&NodeRef<'_>>,
    examined: &mut Option<Examined>,
) -> Result<()> {
    let mut read = Ok(None);
    if let Some(enc) = pairwise {
        let bytes = enc.content_bytes().context("an <enc> without bytes")?;
        read = w
            .decrypt(m.who.phone, post.from, &attr(enc, "type"), bytes)
            .map(Some);
        // The copy for an own device may come as deviceSentMessage, the key outside it or within.
        if let Ok(Some(msg)) = read {
            let outer = msg.sender_key_distribution_message.clone();
            let msg = unwrap_device_sent(msg);
            let inner = msg.sender_key_distribution_message.as_option();
            if let Some(key) = outer.as_option().or(inner) {
                learn(w, m.who.phone, post, key)?;
            }
            read = Ok(Some(msg));
        }
    }
    if let Some(enc) = post.skmsg {
        let bytes = enc.content_bytes().context("a skmsg without bytes")?;
        let failed = read.err();
        read = w
            .group_decrypt(m.who.phone, &post.group.gid, post.from, bytes)
            .and_then(|plain| decode_plaintext(&plain, 2).map_err(Unreadable::Other))
            .map(Some);
        // The key could not be read: that, not the message, is what the member complains of.
        if let (Err(Unreadable::NoSession(_)), Some(Unreadable::NoSession(why))) = (&read, failed) {
            read = Err(Unreadable::NoSession(why));
        }
    }
    match read {
        Ok(Some(msg)) => {
            if examined.is_none() {
                let enc = post.skmsg.or(pairwise).context("the <enc> just read")?;
                let outside = Some((post.stanza, enc));
                *examined = Some(Examined(w.examine(post.from, post.id, &msg, outside)?));
                if let Some(body) = content::body(&msg) {
                    w.record_body(post.ledger, &body)?;
                }
            }
            let place = Place {
                owner: m.who.phone,
                chat: &post.group.gid,
                from: post.from,
                id: post.id,
            };
            let file = examined.as_ref().and_then(|e| e.0.as_ref());
            w.absorb(place, &msg, file)?;
            member_receipt(w, m, post)
        }
        Ok(None) | Err(Unreadable::Duplicate) => member_receipt(w, m, post),
        Err(Unreadable::NoSession(why)) => {
            w.member_asks_again(m, post.group, post.from, post.id, &why)
        }
        Err(Unreadable::Other(e)) => w.violation(
            Violation::Protocol,
            post.from,
            format!("message {}: {e:#}", post.id),
        ),
    }
}

fn learn(
    w: &mut World<'_>,
    holder: Phone,
    post: &Post<'_>,
    key: &wa::message::SenderKeyDistributionMessage,
) -> Result<()> {
    let gid = &post.group.gid;
    if key.group_id.as_deref() != Some(gid.as_str()) {
        let what = format!(
            "message {}: a sender key for {:?} inside a message to {gid}",
            post.id, key.group_id
        );
        return w.violation(Violation::Protocol, post.from, what);
    }
    let bytes = key
        .axolotl_sender_key_distribution_message
        .as_deref()
        .unwrap_or_default();
    if let Err(e) = w.learn_sender_key(holder, gid, post.from, bytes) {
        w.violation(
            Violation::Protocol,
            post.from,
            format!("message {}: {e:#}", post.id),
        )?;
    }
    Ok(())
}

/// `<receipt from=group participant=reader>`, to the writer's companions; one's own phone sends none.
fn member_receipt(w: &mut World<'_>, m: &Member, post: &Post<'_>) -> Result<()> {
    if m.who.phone == post.from.phone {
        return Ok(());
    }
    let view = View {
        group: post.group,
        viewer: post.from.phone,
    };
    let receipt = NodeBuilder::new("receipt")
        .attr("from", post.group.jid())
        .attr("participant", view.jid(&m.who))
        .attr("id", post.id)
        .attr("t", w.now());
    w.record_receipt(post.id, m.who.phone.device(0), "")?;
    w.deliver_to_companions(post.from.phone, None, &receipt.build())
}

impl World<'_> {
    /// A retry receipt from a member: the writer sends key and message again, to them alone.
    fn member_asks_again(
        &mut self,
        m: &Member,
        group: &Group,
        from: DeviceAddr,
        id: &str,
        why: &str,
    ) -> Result<()> {
        let at = m.who.phone;
        self.note(
            from,
            format!("{at} cannot read {id} of {}: {why}", group.gid),
        );
        let tries = self.count_retry(at, from, id)?;
        if tries > 5 {
            return self.violation(
                Violation::Protocol,
                from,
                format!("message {id} unreadable after {tries} tries: {why}"),
            );
        }
        self.forget_session(at, from)?;
        let view = View {
            group,
            viewer: from.phone,
        };
        let mut receipt = self.retry_receipt(at, &group.jid(), id, tries)?;
        receipt.attrs.push("participant", view.jid(&m.who));
        self.record_receipt(id, at.device(0), "retry")?;
        self.deliver(from, &receipt)
    }
}

/// The hash of every device in the group, in the group's addressing: what a client computes over those it wrote to
/// and itself.
fn phash(w: &World<'_>, group: &Group) -> Result<String> {
    let mut all = Vec::new();
    for m in w.group_members(&group.gid)? {
        let base = if group.by_lid {
            m.who.lid.jid()
        } else {
            m.who.phone.jid()
        };
        all.extend(
            w.devices(m.who.phone)?
                .iter()
                .map(|d| base.with_device(d.addr.n)),
        );
        all.push(base);
    }
    MessageUtils::participant_list_hash(all.iter())
}
