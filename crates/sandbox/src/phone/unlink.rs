//! Unlinking, by the phone or by the companion itself, and telling the others.

use anyhow::Result;
use wacore_binary::{Node, NodeRef, builder::NodeBuilder};

use crate::{
    ids::{DeviceAddr, Phone},
    iq::{Caller, FORBIDDEN, IqResult, Kind, Reply, Route},
    net::online::Out,
    node::{attr, jid_attr},
    world::{Effect, World},
};

pub const ROUTES: &[Route] = &[Route {
    xmlns: "md",
    kind: Kind::Set,
    child: "remove-companion-device",
    handler: remove,
}];

/// A companion logs out: itself, or (`all`) every companion of the account.
fn remove(w: &mut World<'_>, c: &Caller, n: &NodeRef<'_>) -> IqResult {
    let me = c.device()?;
    if let Some(r) = n.get_optional_child("remove-companion-device") {
        let all = attr(r, "all") == "true";
        let named = jid_attr(r, "jid")
            .map(|j| w.resolve(&j))
            .transpose()?
            .flatten();
        if !all && named != Some(me) {
            return Err(FORBIDDEN.into());
        }
        let gone: Vec<DeviceAddr> = if all {
            w.devices(me.phone)?.iter().map(|d| d.addr).collect()
        } else {
            vec![me]
        };
        for d in gone {
            w.unlink(d)?;
        }
    }
    Reply::empty()
}

fn device_removed() -> Node {
    let why = NodeBuilder::new("conflict")
        .attr("type", "device_removed")
        .build();
    NodeBuilder::new("stream:error")
        .attr("code", "401")
        .children([why])
        .build()
}

impl World<'_> {
    /// Removes a companion. Its socket, if any, hears 401 and is closed; a later log-in is refused.
    /// False: there is no such device.
    pub fn unlink(&mut self, d: DeviceAddr) -> Result<bool> {
        if !self.remove_device(d)? {
            return Ok(false);
        }
        self.devices_changed(d.phone, d, "remove")?;
        // The one that left knows the old key.
        self.rotate_sync_key(d.phone)?;
        for rest in self.devices(d.phone)? {
            if rest.keys.is_some() {
                self.share_app_state_keys(rest.addr)?;
            }
        }
        self.effects
            .push(Effect::Device(d, Out::Last(device_removed())));
        Ok(true)
    }

    /// `<notification type=devices>` to the account's other companions.
    pub fn devices_changed(
        &mut self,
        phone: Phone,
        d: DeviceAddr,
        what: &'static str,
    ) -> Result<()> {
        let Some(a) = self.account(phone)? else {
            return Ok(());
        };
        let (list, ts) = self.key_index_list(phone)?;
        let index = self.device(d)?.map_or(u32::from(d.n), |x| x.key_index);
        let change = NodeBuilder::new(what)
            .attr("device_hash", "2:sandbox0")
            .children([
                NodeBuilder::new("device")
                    .attr("jid", d.pn_jid())
                    .attr("lid", a.lid_jid().with_device(d.n))
                    .attr("key-index", index)
                    .build(),
                NodeBuilder::new("key-index-list")
                    .attr("ts", ts)
                    .bytes(list)
                    .build(),
            ])
            .build();
        let n = NodeBuilder::new("notification")
            .attr("from", a.pn_jid())
            .attr("lid", a.lid_jid())
            .attr("type", "devices")
            .attr("id", self.stanza_id())
            .attr("t", self.now())
            .children([change])
            .build();
        self.deliver_to_companions(phone, Some(d), &n)
    }
}
