//! Presence and typing: shown to whoever is there now, and put down in what people saw.

use anyhow::{Result, anyhow, bail};
use serde_json::json;
use wacore_binary::{JidExt as _, Node, NodeRef, builder::NodeBuilder};

use super::Done;
use crate::{
    ids::DeviceAddr,
    node::{jid_attr, opt_attr},
    seen::Before,
    world::World,
};

pub fn presence(w: &mut World<'_>, d: DeviceAddr, n: &NodeRef<'_>) -> Result<Done> {
    match opt_attr(n, "type").as_deref() {
        None | Some("available") => available(w, d, n, true),
        Some("unavailable") => available(w, d, n, false),
        Some("subscribe") => w.subscribed(d, n).map(|()| Done::default()),
        Some("unsubscribe") => w.unsubscribed(d, n).map(|()| Done::default()),
        Some(t) => bail!("presence of type {t:?}"),
    }
}

fn available(w: &mut World<'_>, d: DeviceAddr, n: &NodeRef<'_>, yes: bool) -> Result<Done> {
    let was = w.sim.online.is_available(d);
    w.sim.online.set_available(d, yes);
    if was != yes {
        w.presence_changed(d.phone)?;
    }
    if let Some(name) = opt_attr(n, "name").filter(|s| !s.is_empty()) {
        let was = w.account(d.phone)?.map(|a| a.name);
        if was.as_deref() != Some(&name) {
            w.set_profile(d.phone, Some(&name), None)?;
        }
    }
    Ok(Done::default())
}

/// `composing`, `recording` or `paused`, as people name the element of a chatstate.
pub fn state_name(n: &Node) -> &'static str {
    let media = n.attrs.get("media").is_some_and(|m| m.as_str() == "audio");
    match (n.tag.as_ref(), media) {
        ("composing", true) => "recording",
        ("composing", false) => "composing",
        _ => "paused",
    }
}

pub fn chatstate(w: &mut World<'_>, d: DeviceAddr, n: &NodeRef<'_>) -> Result<Done> {
    let to = jid_attr(n, "to").ok_or_else(|| anyhow!("a chatstate to nobody"))?;
    let state = n
        .children()
        .unwrap_or_default()
        .first()
        .ok_or_else(|| anyhow!("an empty chatstate"))?;
    if !matches!(state.tag.as_ref(), "composing" | "paused") {
        bail!("chatstate <{}>", state.tag);
    }
    if to.is_group() {
        w.group_chatstate(d, &to.to_string(), &state.to_owned())?;
        return Ok(Done::default());
    }
    let (Some(a), Some(me)) = (w.account_of(&to)?, w.account(d.phone)?) else {
        return Ok(Done::default());
    };
    let event = json!({"type": "typing", "state": state_name(&state.to_owned())});
    w.record_seen(&Before::Person(a.phone), me.phone, &event)?;
    for x in w.devices(a.phone)? {
        if !w.sim.online.is_available(x.addr) {
            continue;
        }
        let node = NodeBuilder::new("chatstate")
            .attr("from", me.wire_jid())
            .children([state.to_owned()])
            .build();
        w.push(x.addr, node);
    }
    Ok(Done::default())
}
