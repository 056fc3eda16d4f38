//! The keys of the account's app state, shared with a companion as soon as it can be written to.
//!
//! Clients do not call themselves ready before they have it.

use anyhow::Result;
use wacore_binary::builder::NodeBuilder;
use waproto::whatsapp::{self as wa, message as m};

use crate::{appstate, ids::DeviceAddr, people::write::message_id, world::World};

impl World<'_> {
    /// What the phone does once a new companion can be written to: keys, then history.
    pub fn companion_has_keys(&mut self, d: DeviceAddr) -> Result<()> {
        self.begin_app_state(d.phone)?;
        self.share_app_state_keys(d)?;
        self.begin_history(d)
    }

    /// All keys the phone ever drew: older records are still under the older ones.
    pub fn share_app_state_keys(&mut self, d: DeviceAddr) -> Result<()> {
        let keys = self.sync_keys(d.phone)?;
        let indexes: Vec<u32> = std::iter::once(0)
            .chain(self.devices(d.phone)?.iter().map(|x| x.key_index))
            .collect();
        let share = appstate::keys::key_share(&keys, self.adv_raw_id(d.phone), &indexes);
        self.peer_message(d, share)?;
        Ok(())
    }

    /// A protocol message from the phone to one of its companions; returns its id.
    pub fn peer_message(&mut self, d: DeviceAddr, p: m::ProtocolMessage) -> Result<String> {
        let msg = wa::Message {
            protocol_message: buffa::MessageField::some(p),
            ..Default::default()
        };
        let enc = self.encrypt(d.phone, d, &msg)?;
        let id = message_id();
        let n = NodeBuilder::new("message")
            .attr("from", d.phone.jid())
            .attr("id", id.as_str())
            .attr("type", "text")
            .attr("category", "peer")
            .attr("push_priority", "high")
            .attr("t", self.now())
            .children([enc])
            .build();
        self.deliver(d, &n)?;
        Ok(id)
    }
}
