//! Group stanzas. Pure: from the model to nodes, as one viewer is to see them.
//!
//! Shapes: whatsmeow's group.go and wacore's `iq::groups` and `stanza::groups` read them so.

use wacore_binary::{Node, builder::NodeBuilder};

use super::model::{Group, Identity, Member, Role, View};
use crate::node::{empty, leaf};

/// `<participant jid type? phone_number|lid display_name?/>`
pub fn participant(view: View<'_>, who: &Identity, role: Role) -> Node {
    let mut n = NodeBuilder::new("participant").attr("jid", view.jid(who));
    if let Some(kind) = role.wire() {
        n = n.attr("type", kind);
    }
    if let Some(other) = view.other(who) {
        n = n.attr(
            if view.group.by_lid {
                "phone_number"
            } else {
                "lid"
            },
            other,
        );
    }
    if let Some(mask) = view.mask(who) {
        n = n.attr("display_name", mask);
    }
    n.build()
}

/// `<tag jid phone_number?/>` for somebody who is not a member.
pub fn named(tag: &'static str, view: View<'_>, who: &Identity) -> Node {
    let n = NodeBuilder::new(tag).attr("jid", view.jid(who));
    match view.number(who) {
        Some(pn) if view.group.by_lid => n.attr("phone_number", pn).build(),
        _ => n.build(),
    }
}

/// `<membership_approval_mode><group_join state/></membership_approval_mode>`
pub fn approval(on: bool) -> Node {
    let state = NodeBuilder::new("group_join")
        .attr("state", if on { "on" } else { "off" })
        .build();
    NodeBuilder::new("membership_approval_mode")
        .children([state])
        .build()
}

/// Who did something that is told about with `key` and, for the number, `key_pn`.
fn signed(
    n: NodeBuilder,
    view: View<'_>,
    who: Option<&Identity>,
    key: &'static str,
    key_pn: &'static str,
) -> NodeBuilder {
    let Some(who) = who else { return n };
    let n = n.attr(key, view.jid(who));
    match view.number(who) {
        Some(pn) if view.group.by_lid => n.attr(key_pn, pn),
        _ => n,
    }
}

pub fn mode(group: &Group) -> &'static str {
    if group.by_lid { "lid" } else { "pn" }
}

/// Everything a `<group>` may say. `people` finds the identity of someone named by number: creators and authors
/// need not be members any more.
pub struct Full<'a> {
    pub view: View<'a>,
    pub members: &'a [Member],
    pub people: &'a dyn Fn(crate::ids::Phone) -> Option<Identity>,
    pub with_participants: bool,
    pub with_description: bool,
}

/// `<group id subject … addressing_mode><participant/>… <description/> <announcement/> …</group>`
pub fn group(full: &Full<'_>) -> Node {
    let (view, g) = (full.view, full.view.group);
    let (owner, subject_by) = ((full.people)(g.owner), (full.people)(g.subject_by));
    let mut n = NodeBuilder::new("group")
        .attr("id", g.user().to_owned())
        .attr("addressing_mode", mode(g))
        .attr("subject", g.subject.clone())
        .attr("s_t", g.subject_at.to_string())
        .attr("creation", g.created_at.to_string())
        .attr("size", full.members.len().to_string())
        .attr("p_v_id", g.version.to_string())
        .attr("a_v_id", g.version.to_string());
    n = signed(n, view, owner.as_ref(), "creator", "creator_pn");
    n = signed(n, view, subject_by.as_ref(), "s_o", "s_o_pn");
    let mut children = Vec::new();
    if full.with_participants {
        children.extend(
            full.members
                .iter()
                .map(|m| participant(view, &m.who, m.role)),
        );
    }
    if let Some(d) = g.description.as_ref().filter(|_| full.with_description) {
        let by = (full.people)(d.by);
        let n = NodeBuilder::new("description")
            .attr("id", d.id.clone())
            .attr("t", d.at.to_string());
        children.push(
            signed(n, view, by.as_ref(), "participant", "participant_pn")
                .children([leaf("body", d.text.clone())])
                .build(),
        );
    }
    for (on, tag) in [(g.announce, "announcement"), (g.locked, "locked")] {
        if on {
            children.push(empty(tag));
        }
    }
    if g.ephemeral > 0 {
        children.push(
            NodeBuilder::new("ephemeral")
                .attr("expiration", g.ephemeral.to_string())
                .build(),
        );
    }
    if g.approval {
        children.push(approval(true));
    }
    children.push(add_mode(g));
    n.children(children).build()
}

/// Who may add members.
pub fn add_mode(g: &Group) -> Node {
    leaf(
        "member_add_mode",
        if g.admin_add {
            "admin_add"
        } else {
            "all_member_add"
        },
    )
}

/// The frame of a `w:gp2` notification; `actor` did it and is called `notify`.
pub fn notification(
    view: View<'_>,
    actor: Option<(&Identity, &str)>,
    id: String,
    t: i64,
    children: Vec<Node>,
) -> Node {
    let mut n = NodeBuilder::new("notification")
        .attr("from", view.group.jid())
        .attr("type", "w:gp2")
        .attr("id", id)
        .attr("t", t.to_string())
        .attr("addressing_mode", mode(view.group));
    if let Some((who, name)) = actor {
        n = signed(n, view, Some(who), "participant", "participant_pn");
        if !name.is_empty() {
            n = n.attr("notify", name.to_owned());
        }
    }
    n.children(children).build()
}

/// `<add|remove|promote|demote v_id prev_v_id reason?><participant/>…`
pub fn participants_change(
    tag: &'static str,
    view: View<'_>,
    before: i64,
    whom: &[Member],
    reason: Option<&'static str>,
) -> Node {
    let mut n = NodeBuilder::new(tag)
        .attr("v_id", view.group.version.to_string())
        .attr("prev_v_id", before.to_string());
    if let Some(reason) = reason {
        n = n.attr("reason", reason);
    }
    n.children(
        whom.iter()
            .map(|m| participant(view, &m.who, m.role))
            .collect::<Vec<_>>(),
    )
    .build()
}

/// `<subject subject s_t s_o s_o_pn/>`
pub fn subject(view: View<'_>, by: Option<&Identity>) -> Node {
    let g = view.group;
    let n = NodeBuilder::new("subject")
        .attr("subject", g.subject.clone())
        .attr("s_t", g.subject_at.to_string());
    signed(n, view, by, "s_o", "s_o_pn").build()
}

/// `<description id><body/></description>`, or `<delete/>` inside.
pub fn description(g: &Group, id: String) -> Node {
    let inner = match &g.description {
        Some(d) => leaf("body", d.text.clone()),
        None => empty("delete"),
    };
    NodeBuilder::new("description")
        .attr("id", id)
        .children([inner])
        .build()
}

/// `<announcement/>`, `<locked/>` and their opposites.
pub fn switch(g: &Group, tag: &'static str) -> Node {
    NodeBuilder::new(tag)
        .attr("v_id", g.version.to_string())
        .build()
}
