//! `w:sync:app:state`: companions fetch collections and send patches.
//!
//! `<sync><collection name version? return_snapshot><patch>…</patch>?</collection>…</sync>`. The answer
//! holds for each collection its version and what the client lacks: a snapshot (a reference to a blob)
//! if it asked for one, and patches; `has_more_patches` when they do not fit. A patch on a stale version
//! is a conflict (409) and comes back with the patches that were first; one that does not verify is
//! refused (400) and recorded as a violation.

use anyhow::{Context, Result, bail, ensure};
use buffa::Message as _;
use std::collections::HashSet;
use wacore_binary::{Node, NodeRef, builder::NodeBuilder};
use waproto::whatsapp as wa;

use super::Collection;
use crate::{
    ids::DeviceAddr,
    iq::{Caller, IqResult, Kind, Reply, Route},
    ledger::Violation,
    node::{attr, opt_attr},
    world::World,
};

pub const ROUTES: &[Route] = &[Route {
    xmlns: "w:sync:app:state",
    kind: Kind::Set,
    child: "sync",
    handler: sync,
}];

/// Patches of one answer: how many, and how many bytes.
const PAGE: (u32, usize) = (200, 512 << 10);

struct Request {
    collection: Collection,
    version: u64,
    snapshot: bool,
    patch: Option<Vec<u8>>,
}

fn sync(w: &mut World<'_>, c: &Caller, iq: &NodeRef<'_>) -> IqResult {
    let device = c.device()?;
    let requests = read(iq)?;
    let mut collections = Vec::with_capacity(requests.len());
    for r in requests {
        collections.push(answer(w, device, r)?);
    }
    Reply::one(NodeBuilder::new("sync").children(collections).build())
}

fn read(iq: &NodeRef<'_>) -> Result<Vec<Request>> {
    let sync = iq.get_optional_child("sync").context("<sync> is missing")?;
    let mut seen = HashSet::new();
    let mut requests = Vec::new();
    for child in sync.children().unwrap_or_default() {
        ensure!(
            child.tag.as_ref() == "collection",
            "<{}> in <sync>",
            child.tag
        );
        let name = attr(child, "name");
        let collection =
            Collection::parse(&name).with_context(|| format!("no collection is named {name:?}"))?;
        ensure!(seen.insert(collection), "{name} twice in one request");
        let version = opt_attr(child, "version")
            .map_or(Ok(0), |v| v.parse())
            .context("a collection's version")?;
        let snapshot = match attr(child, "return_snapshot").as_str() {
            "true" => true,
            "false" | "" => false,
            other => bail!("return_snapshot={other:?}"),
        };
        let patches: Vec<_> = child.children().unwrap_or_default().iter().collect();
        ensure!(
            patches.len() <= 1 && patches.iter().all(|p| p.tag.as_ref() == "patch"),
            "a collection holds one <patch>"
        );
        let patch = patches.first().map(|p| {
            p.content_bytes()
                .map(<[u8]>::to_vec)
                .context("<patch> carries no bytes")
        });
        requests.push(Request {
            collection,
            version,
            snapshot,
            patch: patch.transpose()?,
        });
    }
    ensure!(!requests.is_empty(), "<sync> names no collection");
    Ok(requests)
}

fn answer(w: &mut World<'_>, device: DeviceAddr, r: Request) -> Result<Node> {
    let (phone, c) = (device.phone, r.collection);
    let current = w.app_state_version(phone, c)?;
    if r.version > current {
        w.violation(
            Violation::Protocol,
            device,
            format!(
                "{} at version {}, which is not there yet",
                c.as_str(),
                r.version
            ),
        )?;
        return Ok(refused(c, current, "400", "bad-request").build());
    }
    let Some(patch) = r.patch else {
        return fetched(w, device, &r, current);
    };
    if r.version < current {
        let page = w.app_state_patches(phone, c, r.version, PAGE)?;
        let conflict = refused(c, current, "409", "conflict");
        return Ok(with_patches(
            conflict,
            vec![error("409", "conflict")],
            page.patches,
            page.more,
        ));
    }
    let accepted = wa::SyncdPatch::decode_from_slice(&patch)
        .context("a <patch> that is no SyncdPatch")
        .and_then(|patch| w.accept_patch(device, c, patch));
    match accepted {
        Ok(version) => Ok(result(c, version).build()),
        Err(e) => {
            w.violation(
                Violation::Protocol,
                device,
                format!("patch of {} refused: {e:#}", c.as_str()),
            )?;
            Ok(refused(c, current, "400", "bad-request").build())
        }
    }
}

fn fetched(w: &mut World<'_>, device: DeviceAddr, r: &Request, current: u64) -> Result<Node> {
    let (phone, c) = (device.phone, r.collection);
    let (mut children, mut have) = (Vec::new(), r.version);
    if r.snapshot && current > 0 {
        let (version, reference) = w.app_state_snapshot(phone, c)?;
        children.push(NodeBuilder::new("snapshot").bytes(reference).build());
        have = version;
    }
    let page = w.app_state_patches(phone, c, have, PAGE)?;
    Ok(with_patches(
        result(c, current),
        children,
        page.patches,
        page.more,
    ))
}

fn result(c: Collection, version: u64) -> NodeBuilder {
    NodeBuilder::new("collection")
        .attr("name", c.as_str())
        .attr("version", version)
        .attr("type", "result")
}

fn refused(c: Collection, version: u64, code: &'static str, text: &'static str) -> NodeBuilder {
    let node = NodeBuilder::new("collection")
        .attr("name", c.as_str())
        .attr("version", version)
        .attr("type", "error");
    node.children([error(code, text)])
}

fn error(code: &'static str, text: &'static str) -> Node {
    NodeBuilder::new("error")
        .attr("code", code)
        .attr("text", text)
        .build()
}

fn with_patches(
    node: NodeBuilder,
    mut children: Vec<Node>,
    patches: Vec<Vec<u8>>,
    more: bool,
) -> Node {
    if !patches.is_empty() {
        let patches = patches
            .into_iter()
            .map(|p| NodeBuilder::new("patch").bytes(p).build());
        children.push(NodeBuilder::new("patches").children(patches).build());
    }
    let node = if more {
        node.attr("has_more_patches", "true")
    } else {
        node
    };
    if children.is_empty() {
        node.build()
    } else {
        node.children(children).build()
    }
}
