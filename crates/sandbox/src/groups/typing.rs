//! Typing in a group: shown to whoever is there now.

use anyhow::Result;
use serde_json::json;
use wacore_binary::{Jid, Node, builder::NodeBuilder};

use super::model::View;
use crate::{
    ids::{DeviceAddr, Phone},
    seen::Before,
    stanza::state_name,
    world::World,
};

impl World<'_> {
    /// `<chatstate from=group participant=writer>` to the companions of the other members. `by` sees none itself, and
    /// somebody who is not a member is not heard.
    pub fn group_chatstate(&mut self, by: DeviceAddr, gid: &str, state: &Node) -> Result<()> {
        let (Some(group), Some(member)) = (self.group(gid)?, self.group_member(gid, by.phone)?)
        else {
            return Ok(());
        };
        let event = json!({"type": "typing", "state": state_name(state)});
        self.record_seen(&Before::Group(gid), by.phone, &event)?;
        for d in self.group_companions(gid)? {
            if d.phone == by.phone || !self.sim.online.is_available(d) {
                continue;
            }
            let who = View {
                group: &group,
                viewer: d.phone,
            }
            .jid(&member.who)
            .with_device(by.n);
            let n = NodeBuilder::new("chatstate")
                .attr("from", group.jid())
                .attr("participant", who);
            self.push(d, n.children([state.clone()]).build());
        }
        Ok(())
    }

    /// The JID a group addresses somebody by: what keys of its messages (replies, reactions) name them by.
    pub fn name_in_group(&self, gid: &str, phone: Phone) -> Result<Option<Jid>> {
        let (Some(group), Some(who)) = (self.group(gid)?, self.identity(gid, phone)?) else {
            return Ok(None);
        };
        Ok(Some(
            View {
                group: &group,
                viewer: phone,
            }
            .jid(&who),
        ))
    }
}
