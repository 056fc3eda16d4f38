//! Who is there. Kept in memory, as on the real network: a phone that comes back says so again.
//!
//! An account is there while its phone or one of its companions says it is. Those who subscribed are told of every
//! change, and so is, at once, whoever subscribes; but only while they are available themselves (whatsmeow
//! `presence.go`: the server asks that of who wants to see others).

use anyhow::{Result, anyhow};
use serde_json::json;
use wacore_binary::{Jid, Node, NodeRef, builder::NodeBuilder};

use super::Before;
use crate::{
    ids::{DeviceAddr, Phone},
    node::jid_attr,
    world::World,
};

impl World<'_> {
    pub fn subscribed(&mut self, d: DeviceAddr, n: &NodeRef<'_>) -> Result<()> {
        let to = jid_attr(n, "to").ok_or_else(|| anyhow!("a subscription to nobody"))?;
        let Some(a) = self.account_of(&to)? else {
            return Ok(());
        };
        self.sim.online.watch(a.phone, d, &to);
        if self.sim.online.is_available(d) {
            let p = self.presence_node(a.phone, &to)?;
            self.push(d, p);
        }
        Ok(())
    }

    pub fn unsubscribed(&mut self, d: DeviceAddr, n: &NodeRef<'_>) -> Result<()> {
        let to = jid_attr(n, "to").ok_or_else(|| anyhow!("a subscription to nobody"))?;
        if let Some(a) = self.account_of(&to)? {
            self.sim.online.unwatch(a.phone, d);
        }
        Ok(())
    }

    /// Tells whoever watches.
    pub fn presence_changed(&mut self, phone: Phone) -> Result<()> {
        let state = if self.is_here(phone)? {
            "available"
        } else {
            "unavailable"
        };
        let event = json!({"type": "presence", "state": state});
        self.record_seen(&Before::Everybody, phone, &event)?;
        for (d, jid) in self.sim.online.watchers(phone) {
            if self.sim.online.is_available(d) && d.phone != phone {
                let p = self.presence_node(phone, &jid)?;
                self.push(d, p);
            }
        }
        Ok(())
    }

    fn is_here(&self, phone: Phone) -> Result<bool> {
        let online = &self.sim.online;
        Ok(online.is_available(phone.device(0))
            || self
                .devices(phone)?
                .iter()
                .any(|x| online.is_available(x.addr)))
    }

    /// Named as the watcher named them. `last` is when a phone was last seen to leave.
    fn presence_node(&self, phone: Phone, named: &Jid) -> Result<Node> {
        let p = NodeBuilder::new("presence").attr("from", named.to_non_ad());
        if self.is_here(phone)? {
            return Ok(p.build());
        }
        let p = p.attr("type", "unavailable");
        Ok(match self.last_seen(phone)? {
            Some(at) => p.attr("last", at / 1000),
            None => p.attr("last", "deny"),
        }
        .build())
    }

    fn last_seen(&self, phone: Phone) -> Result<Option<i64>> {
        let sql = "SELECT max(at) FROM seen WHERE owner IS NULL AND gid IS NULL AND by = ?1";
        Ok(self.db().query_row(sql, [phone.row()], |r| r.get(0))?)
    }
}
