//! `usync`: what the network knows of people, by number or LID, one answer for each protocol asked.
//!
//! A question by LID is never answered with the number: that is the owner's to show. A device list
//! with companions carries the signed key-index list, or clients ignore the companions.

use anyhow::{Context, Result};
use buffa::Message as _;
use wacore::messages::MessageUtils;
use wacore_binary::{Node, NodeRef, builder::NodeBuilder};
use waproto::whatsapp::{self as wa, verified_name_certificate::Details};

use super::{BAD_REQUEST, Caller, IqResult, Kind, Reply, Route};
use crate::{
    ids::Phone,
    keys::sign,
    node::{attr, jid_attr},
    world::{World, account::Account},
};

pub const ROUTES: &[Route] = &[Route {
    xmlns: "usync",
    kind: Kind::Get,
    child: "usync",
    handler: usync,
}];

const PROTOCOLS: &[&str] = &[
    "contact",
    "lid",
    "devices",
    "status",
    "picture",
    "business",
    "disappearing_mode",
    "username",
    "text_status",
    "bot",
    "feature",
    "sidelist",
];

fn usync(w: &mut World<'_>, c: &Caller, n: &NodeRef<'_>) -> IqResult {
    c.device()?;
    let u = n.get_optional_child("usync").ok_or(BAD_REQUEST)?;
    let asked: Vec<String> = u
        .get_optional_child("query")
        .and_then(|q| q.children())
        .ok_or(BAD_REQUEST)?
        .iter()
        .map(|p| p.tag.to_string())
        .collect();
    if let Some(p) = asked.iter().find(|p| !PROTOCOLS.contains(&p.as_str())) {
        return Err(anyhow::anyhow!("usync protocol <{p}>").into());
    }
    let mut users = Vec::new();
    for user in u
        .get_optional_child("list")
        .ok_or(BAD_REQUEST)?
        .get_children_by_tag("user")
    {
        users.push(answer(w, user, &asked)?);
    }
    let result = asked
        .iter()
        .map(|p| NodeBuilder::new_dynamic(p.clone()).build());
    let out = NodeBuilder::new("usync")
        .attr("sid", attr(u, "sid"))
        .attr("index", "0")
        .attr("last", "true")
        .attr("mode", attr(u, "mode"))
        .attr("context", attr(u, "context"))
        .children([
            NodeBuilder::new("result").children(result).build(),
            NodeBuilder::new("list").children(users).build(),
        ]);
    Reply::one(out.build())
}

fn answer(w: &World<'_>, user: &NodeRef<'_>, asked: &[String]) -> Result<Node> {
    let number = user
        .get_optional_child("contact")
        .and_then(|c| c.content_as_string())
        .map(|s| s.trim_start_matches('+').to_owned());
    let parsed: Option<Phone> = number.as_ref().and_then(|d| d.parse().ok());
    let jid = jid_attr(user, "jid").or_else(|| parsed.map(Phone::jid));
    let account = jid
        .as_ref()
        .map(|j| w.account_of(j))
        .transpose()?
        .flatten()
        .filter(|a| a.on_whatsapp);
    let mut b = NodeBuilder::new("user");
    b = match (jid, &number) {
        (Some(j), _) => b.attr("jid", j),
        (None, Some(d)) => b.attr("jid", format!("{d}@s.whatsapp.net")),
        (None, None) => b,
    };
    let mut kids = Vec::new();
    for p in asked {
        if let Some(k) = protocol(w, p, account.as_ref(), number.as_deref())? {
            kids.push(k);
        }
    }
    Ok(b.children(kids).build())
}

fn protocol(
    w: &World<'_>,
    p: &str,
    a: Option<&Account>,
    number: Option<&str>,
) -> Result<Option<Node>> {
    if p == "contact" {
        let b = NodeBuilder::new("contact").attr("type", if a.is_some() { "in" } else { "out" });
        return Ok(Some(match number {
            Some(n) => b.string_content(format!("+{n}")).build(),
            None => b.build(),
        }));
    }
    let Some(a) = a else { return Ok(None) };
    Ok(match p {
        "lid" => Some(NodeBuilder::new("lid").attr("val", a.lid_jid()).build()),
        "devices" => Some(devices(w, a)?),
        "status" => Some(
            NodeBuilder::new("status")
                .attr("t", a.created_at)
                .string_content(a.about.as_str())
                .build(),
        ),
        "picture" => a
            .picture_id
            .as_ref()
            .map(|id| NodeBuilder::new("picture").attr("id", id).build()),
        "business" if a.business => Some(
            NodeBuilder::new("business")
                .children([verified_name(w, a)?])
                .build(),
        ),
        "disappearing_mode" => Some(
            NodeBuilder::new("disappearing_mode")
                .attr("duration", "0")
                .attr("t", "0")
                .build(),
        ),
        _ => None,
    })
}

fn devices(w: &World<'_>, a: &Account) -> Result<Node> {
    let all = w.devices(a.phone)?;
    let mut list = vec![NodeBuilder::new("device").attr("id", "0").build()];
    list.extend(all.iter().map(|d| {
        NodeBuilder::new("device")
            .attr("id", d.addr.n)
            .attr("key-index", d.key_index)
            .build()
    }));
    let jids: Vec<_> = std::iter::once(a.pn_jid())
        .chain(all.iter().map(|d| d.addr.pn_jid()))
        .collect();
    let hash = MessageUtils::participant_list_hash(jids.iter())?;
    let mut kids = vec![
        NodeBuilder::new("device-list")
            .attr("hash", hash)
            .children(list)
            .build(),
    ];
    if !all.is_empty() {
        let (bytes, ts) = w.key_index_list(a.phone)?;
        kids.push(
            NodeBuilder::new("key-index-list")
                .attr("ts", ts)
                .bytes(bytes)
                .build(),
        );
    }
    Ok(NodeBuilder::new("devices").children(kids).build())
}

/// A business's certificate of its name, signed by its account.
pub fn verified_name(w: &World<'_>, a: &Account) -> Result<Node> {
    let details = Details {
        serial: Some(a.created_at.unsigned_abs()),
        issuer: Some("smb:wa".into()),
        verified_name: Some(a.name.clone()),
        ..Default::default()
    }
    .encode_to_vec();
    let signature = sign(&w.phone_keys(a.phone)?.identity, &details).context("verified name")?;
    let cert = wa::VerifiedNameCertificate {
        details: Some(details),
        signature: Some(signature.to_vec()),
        ..Default::default()
    };
    Ok(NodeBuilder::new("verified_name")
        .attr("v", "1")
        .attr("verified_level", "low")
        .attr("serial", a.created_at)
        .bytes(cert.encode_to_vec())
        .build())
}
