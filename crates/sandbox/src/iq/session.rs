//! What a client asks around log-in: keepalive, passive and active, server properties.

use wacore_binary::{NodeRef, builder::NodeBuilder};

use super::{Caller, IqResult, Kind, Reply, Route};
use crate::world::World;

pub const ROUTES: &[Route] = &[
    Route {
        xmlns: "w:p",
        kind: Kind::Get,
        child: "",
        handler: ping,
    },
    Route {
        xmlns: "abt",
        kind: Kind::Get,
        child: "props",
        handler: props,
    },
];

fn ping(_: &mut World<'_>, c: &Caller, _: &NodeRef<'_>) -> IqResult {
    c.device()?;
    Reply::empty()
}

/// Experiment switches: none, so every client keeps its defaults.
fn props(_: &mut World<'_>, c: &Caller, _: &NodeRef<'_>) -> IqResult {
    c.device()?;
    Reply::one(
        NodeBuilder::new("props")
            .attr("protocol", "1")
            .attr("hash", "sandbox")
            .attr("refresh", "86400")
            .build(),
    )
}
