//! What a client asks around log-in: keepalive, passive and active, server properties, clean bits.

use wacore_binary::{NodeRef, builder::NodeBuilder};

use super::{Caller, IqResult, Kind, Reply, Route};
use crate::world::World;

pub const ROUTES: &[Route] = &[
    Route {
        xmlns: "w:p",
        kind: Kind::Get,
        child: "",
        handler: ok,
    },
    Route {
        xmlns: "urn:xmpp:ping",
        kind: Kind::Get,
        child: "",
        handler: ok,
    },
    Route {
        xmlns: "passive",
        kind: Kind::Set,
        child: "active",
        handler: ok,
    },
    Route {
        xmlns: "passive",
        kind: Kind::Set,
        child: "passive",
        handler: ok,
    },
    Route {
        xmlns: "abt",
        kind: Kind::Get,
        child: "props",
        handler: props,
    },
    Route {
        xmlns: "w",
        kind: Kind::Get,
        child: "props",
        handler: props,
    },
    Route {
        xmlns: "urn:xmpp:whatsapp:dirty",
        kind: Kind::Set,
        child: "clean",
        handler: ok,
    },
];

/// The answer is the news. `passive` itself is the connection's business (`stanza::activation`).
fn ok(_: &mut World<'_>, c: &Caller, _: &NodeRef<'_>) -> IqResult {
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
