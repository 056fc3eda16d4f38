//! `w:m`: where media are and what to show when uploading.

use anyhow::Context;
use wacore_binary::{NodeRef, builder::NodeBuilder};

use super::auth::TTL_SECS;
use crate::{
    iq::{Caller, IqResult, Kind, Reply, Route},
    world::World,
};

pub const ROUTES: &[Route] = &[Route {
    xmlns: "w:m",
    kind: Kind::Set,
    child: "media_conn",
    handler: media_conn,
}];

/// How long the list of hosts is good, in seconds.
const HOSTS_TTL: &str = "300";

fn media_conn(w: &mut World<'_>, c: &Caller, _: &NodeRef<'_>) -> IqResult {
    let device = c.device()?;
    let media = &w.sim.media;
    let host = media.host().context("the media server is not up")?;
    let auth = media.auth().issue(&device.pn_jid().to_string(), w.now())?;
    let host = NodeBuilder::new("host")
        .attr("hostname", host)
        .attr("type", "primary")
        .children([
            NodeBuilder::new("upload").build(),
            NodeBuilder::new("download").build(),
        ]);
    Reply::one(
        NodeBuilder::new("media_conn")
            .attr("auth", auth)
            .attr("ttl", HOSTS_TTL)
            .attr("auth_ttl", TTL_SECS)
            .attr("max_buckets", "12")
            .attr("is_new", "1")
            .attr("max_auto_download_retry", "3")
            .attr("max_manual_retry", "3")
            .children([host.build()])
            .build(),
    )
}
