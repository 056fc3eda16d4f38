//! `w:profile:picture`: faces. Asked for by `target`; set without one, by a companion of the account.
//!
//! A picture is not encrypted: its URL on the media server is all a client needs. There is one size,
//! so `preview` and `image` lead to the same file. Those of groups are in `groups/picture.rs`.
//!
//! Sources: wacore `iq/contacts.rs`, whatsmeow `user.go` (404 and 401 as errors of the IQ), zapo
//! `builders/profile.ts`.

use anyhow::Context;
use wacore_binary::{Node, NodeRef, Server, builder::NodeBuilder};

use super::{BAD_REQUEST, Caller, IqResult, Kind, NOT_FOUND, Reply, Route};
use crate::{
    node::{attr, jid_attr, opt_attr},
    world::World,
};

pub const ROUTES: &[Route] = &[
    Route {
        xmlns: "w:profile:picture",
        kind: Kind::Get,
        child: "picture",
        handler: get,
    },
    // Also without a child: that removes the picture.
    Route {
        xmlns: "w:profile:picture",
        kind: Kind::Set,
        child: "",
        handler: set,
    },
];

/// The kind of upload WhatsApp files pictures under.
const FILED_AS: &str = "photo";

fn get(w: &mut World<'_>, c: &Caller, n: &NodeRef<'_>) -> IqResult {
    c.device()?;
    let asked = n.get_optional_child("picture").ok_or(BAD_REQUEST)?;
    let size = attr(asked, "type");
    if attr(asked, "query") != "url" || !matches!(size.as_str(), "preview" | "image") {
        return Err(BAD_REQUEST.into());
    }
    let target = jid_attr(n, "target").ok_or(BAD_REQUEST)?;
    let (id, jpeg) = if target.server == Server::Group {
        let (group, _) = w.group_for(&target.to_string(), c.phone()?)?;
        w.group_picture(&group.gid)?.ok_or(NOT_FOUND)?
    } else {
        let who = w.account_of(&target)?.ok_or(NOT_FOUND)?;
        let id = who.picture_id.ok_or(NOT_FOUND)?;
        (
            id,
            w.picture(who.phone)?.context("a picture that has an id")?,
        )
    };
    // The client has this one already.
    if opt_attr(asked, "id").is_some_and(|known| known == id) {
        return Reply::one(NodeBuilder::new("picture").build());
    }
    Ok(Reply::Result(vec![shown(w, &jpeg, &id, &size)?]))
}

fn shown(w: &World<'_>, jpeg: &[u8], id: &str, size: &str) -> anyhow::Result<Node> {
    let media = &w.sim.media;
    let path = media.blobs().put(FILED_AS, jpeg)?;
    let host = media.host().context("the media server is not up")?;
    Ok(NodeBuilder::new("picture")
        .attr("id", id)
        .attr("type", size)
        .attr("url", format!("https://{host}{path}"))
        .attr("direct_path", path)
        .build())
}

fn set(w: &mut World<'_>, c: &Caller, n: &NodeRef<'_>) -> IqResult {
    let me = c.phone()?;
    let group = jid_attr(n, "target").filter(|t| t.server == Server::Group);
    let jpeg = n
        .get_optional_child("picture")
        .map(|p| p.content_bytes().map(<[u8]>::to_vec).ok_or(BAD_REQUEST))
        .transpose()?;
    let set = match group {
        Some(group) => w.set_group_picture(&group.to_string(), me, jpeg.as_deref())?,
        None => {
            let id = w.set_picture(me, jpeg.as_deref())?;
            let told = w.account(me)?.context("an account that asks")?;
            w.tell_picture(&told, id.as_deref())?;
            id
        }
    };
    match set {
        Some(id) => Reply::one(NodeBuilder::new("picture").attr("id", id).build()),
        None => Reply::empty(),
    }
}
