//! A client's `<ack>`: it has the stanza, which leaves its queue. The class must be that stanza's tag.

use anyhow::{Result, anyhow, bail};
use wacore_binary::NodeRef;

use super::Done;
use crate::{
    ids::DeviceAddr,
    node::{attr, opt_attr},
    world::World,
};

pub fn from_client(w: &mut World<'_>, d: DeviceAddr, n: &NodeRef<'_>) -> Result<Done> {
    let (class, id) = (attr(n, "class"), attr(n, "id"));
    if id.is_empty() {
        bail!("an ack without id");
    }
    if !matches!(
        class.as_str(),
        "message" | "receipt" | "notification" | "call"
    ) {
        bail!("ack of class {class:?}");
    }
    if let Some(e) = opt_attr(n, "error") {
        w.note(d, format!("{d} refused {class} {id}: {e}"));
    }
    if w.acknowledged(d, &class, &id)? || w.was_acknowledged(d, &class, &id)? {
        return Ok(Done::default());
    }
    Err(anyhow!("ack of {class} {id}, which was never sent to {d}"))
}
