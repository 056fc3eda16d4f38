//! `privacy`: who may see what, and the tokens contacts are given.

use anyhow::Context;
use rusqlite::{OptionalExtension, params};
use wacore_binary::{NodeRef, builder::NodeBuilder};

use super::{BAD_REQUEST, Caller, IqResult, Kind, Reply, Route};
use crate::{
    node::{attr, jid_attr},
    world::World,
};

pub const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS privacy(phone INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY(phone, name)) WITHOUT ROWID;";

pub const ROUTES: &[Route] = &[
    Route {
        xmlns: "privacy",
        kind: Kind::Get,
        child: "privacy",
        handler: get,
    },
    Route {
        xmlns: "privacy",
        kind: Kind::Set,
        child: "tokens",
        handler: tokens,
    },
    Route {
        xmlns: "privacy",
        kind: Kind::Set,
        child: "privacy",
        handler: set,
    },
];

/// Every category with the values it knows; the first is what an account starts with.
const CATEGORIES: &[(&str, &[&str])] = &[
    ("readreceipts", &["all", "none"]),
    ("profile", &["all", "contacts", "contact_blacklist", "none"]),
    ("status", &["all", "contacts", "contact_blacklist", "none"]),
    ("online", &["all", "match_last_seen"]),
    ("last", &["all", "contacts", "contact_blacklist", "none"]),
    (
        "groupadd",
        &["all", "contacts", "contact_blacklist", "none"],
    ),
    ("calladd", &["all", "known", "contacts"]),
    ("messages", &["all", "contacts", "none"]),
    ("defense", &["off", "on_standard"]),
    ("stickers", &["contacts", "contact_allowlist", "none"]),
];

fn get(w: &mut World<'_>, c: &Caller, _: &NodeRef<'_>) -> IqResult {
    let me = c.phone()?;
    let mut kids = Vec::new();
    for (name, values) in CATEGORIES {
        let own: Option<String> = w
            .db()
            .query_row(
                "SELECT value FROM privacy WHERE phone = ?1 AND name = ?2",
                params![me.row(), name],
                |r| r.get(0),
            )
            .optional()
            .context("privacy")?;
        let value = own
            .or_else(|| values.first().map(|v| (*v).to_owned()))
            .unwrap_or_default();
        kids.push(
            NodeBuilder::new("category")
                .attr("name", *name)
                .attr("value", value)
                .build(),
        );
    }
    Reply::one(NodeBuilder::new("privacy").children(kids).build())
}

fn set(w: &mut World<'_>, c: &Caller, n: &NodeRef<'_>) -> IqResult {
    let me = c.phone()?;
    let body = n.get_optional_child("privacy").ok_or(BAD_REQUEST)?;
    let mut kids = Vec::new();
    for cat in body.get_children_by_tag("category") {
        let (name, value) = (attr(cat, "name"), attr(cat, "value"));
        if !CATEGORIES
            .iter()
            .any(|(n, vs)| *n == name && vs.contains(&value.as_str()))
        {
            return Err(BAD_REQUEST.into());
        }
        w.db()
            .execute("INSERT INTO privacy(phone, name, value) VALUES(?1,?2,?3) ON CONFLICT DO UPDATE SET value = ?3", params![me.row(), name, value])
            .context("privacy")?;
        kids.push(
            NodeBuilder::new("category")
                .attr("name", name)
                .attr("value", value)
                .build(),
        );
    }
    Reply::one(NodeBuilder::new("privacy").children(kids).build())
}

/// A client hands a contact the token that lets it be written to; people need none here.
fn tokens(w: &mut World<'_>, c: &Caller, n: &NodeRef<'_>) -> IqResult {
    c.device()?;
    let body = n.get_optional_child("tokens").ok_or(BAD_REQUEST)?;
    for t in body.get_children_by_tag("token") {
        let who = jid_attr(t, "jid").ok_or(BAD_REQUEST)?;
        w.account_of(&who)?.ok_or(BAD_REQUEST)?;
    }
    Reply::empty()
}
