//! `<receipt>` from a client: it has a message, its owner read or played it, or it could not decrypt it.
//!
//! Any receipt takes the message off the client's queue; one for a message the device never got is a
//! violation. Delivery and read receipts travel on to every
//! companion of the author; a `retry` makes the author encrypt again.

use anyhow::{Context, Result, bail};
use serde_json::json;
use wacore_binary::{JidExt as _, Node, NodeRef, builder::NodeBuilder};

use super::Done;
use crate::{
    ids::DeviceAddr,
    ledger::Violation,
    node::{attr, jid_attr, opt_attr},
    seen::Before,
    world::World,
};

const KINDS: &[&str] = &[
    "",
    "read",
    "read-self",
    "played",
    "played-self",
    "inactive",
    "sender",
    "peer_msg",
    "hist_sync",
    "retry",
    "enc_rekey_retry",
    "server-error",
];

/// Those that answer a stanza just received; the others may speak of messages known from history.
const FIRST: &[&str] = &["", "inactive", "sender"];

pub fn from_client(w: &mut World<'_>, d: DeviceAddr, n: &NodeRef<'_>) -> Result<Done> {
    let (id, kind) = (attr(n, "id"), attr(n, "type"));
    let to = jid_attr(n, "to").context("a receipt without a valid `to`")?;
    if id.is_empty() {
        bail!("a receipt without id");
    }
    if !KINDS.contains(&kind.as_str()) {
        bail!("receipt of type {kind:?}");
    }
    let ids = ids(n, &id);
    // It rings here: a receipt for a call, which concerns nobody else.
    let rings = n.get_optional_child("offer").is_some();
    let class = if rings { "call" } else { "message" };
    for i in &ids {
        let had = w.acknowledged(d, class, i)? || w.was_acknowledged(d, class, i)?;
        if !had && FIRST.contains(&kind.as_str()) {
            let what = format!("receipt {kind:?} for {i}, which was never sent to it");
            w.violation(Violation::Protocol, d, what)?;
        }
        w.record_receipt(i, d, &kind)?;
    }
    if rings {
        return Ok(Done::reply(ack(n)));
    }
    if matches!(kind.as_str(), "read" | "played") {
        shown_to_author(w, d, n, &ids, &kind)?;
    }
    match kind.as_str() {
        "retry" if to.is_group() => w.group_retry_asked(d, n, &id)?,
        "retry" => w.retry_asked(d, n, &id)?,
        "server-error" => w.media_retry_asked(d, n, &id)?,
        "peer_msg" | "hist_sync" | "sender" | "enc_rekey_retry" => {}
        _ if to.is_group() => w.group_receipt(d, n, &kind)?,
        _ => onward(w, d, n, &kind)?,
    }
    Ok(Done::reply(ack(n)))
}

/// A person sees that their message was read or played.
fn shown_to_author(
    w: &mut World<'_>,
    d: DeviceAddr,
    n: &NodeRef<'_>,
    ids: &[String],
    kind: &str,
) -> Result<()> {
    let to = jid_attr(n, "to").context("a receipt without a valid `to`")?;
    let by = if to.is_group() {
        jid_attr(n, "participant")
    } else {
        Some(to)
    };
    let author = by
        .map(|j| w.account_of(&j.to_non_ad()))
        .transpose()?
        .flatten();
    let Some(author) = author.filter(|a| a.phone != d.phone) else {
        return Ok(());
    };
    for id in ids {
        let event = json!({"type": "receipt", "waMessageId": id, "kind": kind});
        w.record_seen(&Before::Person(author.phone), d.phone, &event)?;
    }
    Ok(())
}

/// The id of the stanza and those of its `<list>`.
fn ids(n: &NodeRef<'_>, first: &str) -> Vec<String> {
    let mut out = vec![first.to_owned()];
    if let Some(list) = n.get_optional_child("list") {
        out.extend(list.get_children_by_tag("item").map(|i| attr(i, "id")));
    }
    out
}

/// To the author's companions, and, for what the reader's other devices should know (`-self`), to those.
fn onward(w: &mut World<'_>, d: DeviceAddr, n: &NodeRef<'_>, kind: &str) -> Result<()> {
    let to = jid_attr(n, "to").context("a receipt without a valid `to`")?;
    let (Some(me), Some(author)) = (w.account(d.phone)?, w.account_of(&to)?) else {
        return Ok(());
    };
    // In the addressing of the message it answers, as `to` has it.
    let mut b = NodeBuilder::new("receipt")
        .attr("from", me.jid_beside(&to).with_device(d.n))
        .attr("id", attr(n, "id"))
        .attr("t", w.now());
    if !kind.is_empty() {
        b = b.attr("type", kind);
    }
    let node = match n.get_optional_child("list") {
        Some(list) => b.children([list.to_owned()]).build(),
        None => b.build(),
    };
    let whose = if kind.ends_with("-self") {
        me.phone
    } else {
        author.phone
    };
    w.deliver_to_companions(whose, Some(d), &node)
}

fn ack(n: &NodeRef<'_>) -> Node {
    let mut b = NodeBuilder::new("ack")
        .attr("class", "receipt")
        .attr("id", attr(n, "id"));
    for (from, to) in [
        ("to", "from"),
        ("type", "type"),
        ("participant", "participant"),
    ] {
        if let Some(v) = opt_attr(n, from) {
            b = b.attr(to, v);
        }
    }
    b.build()
}
