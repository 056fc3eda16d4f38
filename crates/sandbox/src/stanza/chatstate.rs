//! Presence and typing: shown to whoever is online now, never kept.

use anyhow::{Result, anyhow, bail};
use wacore_binary::{JidExt as _, NodeRef, builder::NodeBuilder};

use super::Done;
use crate::{
    ids::DeviceAddr,
    node::{attr, jid_attr, opt_attr},
    world::World,
};

pub fn presence(w: &mut World<'_>, d: DeviceAddr, n: &NodeRef<'_>) -> Result<Done> {
    match opt_attr(n, "type").as_deref() {
        None | Some("available") => available(w, d, n, true),
        Some("unavailable") => available(w, d, n, false),
        Some("subscribe") => subscribe(w, d, n),
        Some("unsubscribe") => Ok(Done::default()),
        Some(t) => bail!("presence of type {t:?}"),
    }
}

fn available(w: &mut World<'_>, d: DeviceAddr, n: &NodeRef<'_>, yes: bool) -> Result<Done> {
    w.sim.online.set_available(d, yes);
    if let Some(name) = opt_attr(n, "name").filter(|s| !s.is_empty()) {
        let was = w.account(d.phone)?.map(|a| a.name);
        if was.as_deref() != Some(&name) {
            w.set_profile(d.phone, Some(&name), None)?;
        }
    }
    Ok(Done::default())
}

/// People without a client are away; accounts with an available companion are here.
fn subscribe(w: &mut World<'_>, d: DeviceAddr, n: &NodeRef<'_>) -> Result<Done> {
    let to = jid_attr(n, "to").ok_or_else(|| anyhow!("a subscription to nobody"))?;
    let Some(a) = w.account_of(&to)? else {
        return Ok(Done::default());
    };
    let here = w
        .devices(a.phone)?
        .iter()
        .any(|x| w.sim.online.is_available(x.addr));
    let mut p = NodeBuilder::new("presence").attr("from", to);
    if !here {
        p = p.attr("type", "unavailable").attr("last", "deny");
    }
    w.push(d, p.build());
    Ok(Done::default())
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
    w.note(
        d,
        format!(
            "chatstate {} {} to {}",
            state.tag,
            attr(state, "media"),
            a.phone
        ),
    );
    for x in w.devices(a.phone)? {
        let node = NodeBuilder::new("chatstate")
            .attr("from", me.wire_jid())
            .children([state.to_owned()])
            .build();
        w.push(x.addr, node);
    }
    Ok(Done::default())
}
