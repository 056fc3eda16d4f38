//! What an account says of itself: its about text, its default timer, its business profile.

use anyhow::Context;
use rusqlite::params;
use wacore_binary::{NodeRef, builder::NodeBuilder};

use super::{BAD_REQUEST, Caller, IqResult, Kind, Reply, Route};
use crate::{
    node::{attr, jid_attr},
    world::World,
};

pub const ROUTES: &[Route] = &[
    Route {
        xmlns: "status",
        kind: Kind::Set,
        child: "status",
        handler: set_about,
    },
    Route {
        xmlns: "disappearing_mode",
        kind: Kind::Set,
        child: "disappearing_mode",
        handler: set_timer,
    },
    Route {
        xmlns: "w:biz",
        kind: Kind::Get,
        child: "business_profile",
        handler: business,
    },
];

/// WhatsApp's limit on the about text.
const ABOUT: usize = 139;

fn set_about(w: &mut World<'_>, c: &Caller, n: &NodeRef<'_>) -> IqResult {
    let me = c.phone()?;
    let s = n.get_optional_child("status").ok_or(BAD_REQUEST)?;
    let about = s
        .content_as_string()
        .map(|t| t.to_string())
        .unwrap_or_default();
    if about.chars().count() > ABOUT {
        return Err(BAD_REQUEST.into());
    }
    w.set_profile(me, None, Some(&about))?;
    let told = w.account(me)?.context("an account that asks")?;
    w.tell_about(&told)?;
    Reply::empty()
}

fn set_timer(w: &mut World<'_>, c: &Caller, n: &NodeRef<'_>) -> IqResult {
    let me = c.phone()?;
    let d = n
        .get_optional_child("disappearing_mode")
        .ok_or(BAD_REQUEST)?;
    let seconds: u32 = attr(d, "duration").parse().map_err(|_| BAD_REQUEST)?;
    w.db()
        .execute(
            "INSERT INTO privacy(phone, name, value) VALUES(?1, 'default timer', ?2) ON CONFLICT DO UPDATE SET value = ?2",
            params![me.row(), seconds.to_string()],
        )
        .map_err(anyhow::Error::from)?;
    Reply::empty()
}

/// Only businesses have one; for others the list is empty.
fn business(w: &mut World<'_>, c: &Caller, n: &NodeRef<'_>) -> IqResult {
    c.device()?;
    let asked = n
        .get_optional_child("business_profile")
        .ok_or(BAD_REQUEST)?;
    let mut profiles = Vec::new();
    for p in asked.get_children_by_tag("profile") {
        let jid = jid_attr(p, "jid").ok_or(BAD_REQUEST)?;
        if let Some(a) = w.account_of(&jid)?.filter(|a| a.business) {
            let about = NodeBuilder::new("description")
                .string_content(a.about.as_str())
                .build();
            profiles.push(
                NodeBuilder::new("profile")
                    .attr("jid", jid)
                    .attr("tag", a.created_at)
                    .children([about])
                    .build(),
            );
        }
    }
    Reply::one(
        NodeBuilder::new("business_profile")
            .attr("v", attr(asked, "v"))
            .children(profiles)
            .build(),
    )
}
