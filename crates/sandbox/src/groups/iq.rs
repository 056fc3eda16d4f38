//! `w:g2`: what a client asks about groups and does to them.

use anyhow::{Result, anyhow};
use wacore_binary::{Jid, Node, NodeRef, builder::NodeBuilder};

use super::{
    change::{NewGroup, NewMember, parse_gid},
    members::{Joined, Outcome},
    model::{Group, Role, View},
    nodes,
    tell::News,
};
use crate::{
    ids::Phone,
    iq::{BAD_REQUEST, Caller, IqError, IqResult, Kind, NOT_ACCEPTABLE, Reply, Route},
    node::{attr, jid_attr, opt_attr},
    world::World,
};

const fn route(kind: Kind, child: &'static str, handler: crate::iq::Handler) -> Route {
    Route {
        xmlns: "w:g2",
        kind,
        child,
        handler,
    }
}

pub const ROUTES: &[Route] = &[
    route(Kind::Get, "query", metadata),
    route(Kind::Get, "participating", participating),
    route(Kind::Get, "invite", invite_get),
    route(Kind::Get, "membership_approval_requests", requests),
    route(Kind::Set, "membership_approval_mode", approval_mode),
    route(Kind::Set, "membership_requests_action", answer_requests),
    route(Kind::Set, "cancel_membership_requests", cancel_requests),
    route(Kind::Set, "create", create),
    route(Kind::Set, "subject", subject),
    route(Kind::Set, "description", description),
    route(Kind::Set, "locked", locked),
    route(Kind::Set, "unlocked", unlocked),
    route(Kind::Set, "announcement", announcement),
    route(Kind::Set, "not_announcement", not_announcement),
    route(Kind::Set, "ephemeral", ephemeral),
    route(Kind::Set, "not_ephemeral", not_ephemeral),
    route(Kind::Set, "member_add_mode", member_add_mode),
    route(Kind::Set, "add", add),
    route(Kind::Set, "remove", remove),
    route(Kind::Set, "promote", promote),
    route(Kind::Set, "demote", demote),
    route(Kind::Set, "leave", leave),
    route(Kind::Set, "invite", invite_set),
];

/// The group an IQ is addressed to.
fn gid(iq: &NodeRef<'_>) -> Result<String, IqError> {
    parse_gid(&attr(iq, "to")).map_err(IqError::Malformed)
}

fn child<'a>(iq: &'a NodeRef<'a>, tag: &str) -> Result<&'a NodeRef<'a>, IqError> {
    iq.get_optional_child(tag)
        .ok_or_else(|| IqError::Malformed(anyhow!("<{tag}> is missing")))
}

fn text(n: &NodeRef<'_>) -> Result<String, IqError> {
    let bytes = n.content_as_string().map(|s| s.to_string());
    let bytes = bytes.or_else(|| {
        n.content_bytes()
            .and_then(|b| String::from_utf8(b.to_vec()).ok())
    });
    bytes.ok_or_else(|| IqError::Malformed(anyhow!("<{}> carries no text", n.tag)))
}

fn metadata(w: &mut World<'_>, c: &Caller, iq: &NodeRef<'_>) -> IqResult {
    let me = c.phone()?;
    let query = child(iq, "query")?;
    // zapo leaves `request` out; the others write the only value there is.
    if opt_attr(query, "request").is_some_and(|r| r != "interactive") {
        return Err(BAD_REQUEST.into());
    }
    let (g, _) = w.group_for(&gid(iq)?, me)?;
    Reply::one(w.group_node(&g, me, true, true)?)
}

fn participating(w: &mut World<'_>, c: &Caller, iq: &NodeRef<'_>) -> IqResult {
    let me = c.phone()?;
    let wants = child(iq, "participating")?;
    let (people, about) = (
        wants.get_optional_child("participants").is_some(),
        wants.get_optional_child("description").is_some(),
    );
    let mut nodes = Vec::new();
    for g in w.groups_of(me)? {
        nodes.push(w.group_node(&g, me, people, about)?);
    }
    Reply::one(NodeBuilder::new("groups").children(nodes).build())
}

fn create(w: &mut World<'_>, c: &Caller, iq: &NodeRef<'_>) -> IqResult {
    let me = c.phone()?;
    let n = child(iq, "create")?;
    for tag in ["parent", "linked_parent"] {
        if n.get_optional_child(tag).is_some() {
            return Err(IqError::Malformed(anyhow!(
                "communities are not simulated: <{tag}>"
            )));
        }
    }
    let (mut members, mut unknown) = (Vec::new(), Vec::new());
    for jid in participant_jids(n)? {
        match w.account_of(&jid)?.filter(|a| a.on_whatsapp) {
            Some(a) => members.push(NewMember::plain(a.phone)),
            None => unknown.push(jid),
        }
    }
    let body = n
        .get_optional_child("description")
        .and_then(|d| d.get_optional_child("body"));
    let mut new = NewGroup::plain(me, attr(n, "subject"), members);
    new.by_lid = w.account(me)?.is_some_and(|a| a.lid_migrated);
    new.description = body.map(text).transpose()?;
    new.announce = n.get_optional_child("announcement").is_some();
    new.locked = n.get_optional_child("locked").is_some();
    new.approval = n
        .get_optional_child("membership_approval_mode")
        .map(switched_on)
        .transpose()?
        .unwrap_or(false);
    new.admin_add = n
        .get_optional_child("member_add_mode")
        .map(text)
        .transpose()?
        .as_deref()
        == Some("admin_add");
    new.ephemeral = n
        .get_optional_child("ephemeral")
        .map(expiration)
        .transpose()?
        .unwrap_or(0);
    new.key = opt_attr(n, "key");
    let g = w.create_group(new)?;
    let mut node = w.group_node(&g, me, true, true)?;
    for jid in unknown {
        push_child(&mut node, refused_participant(&jid, 404));
    }
    Reply::one(node)
}

fn push_child(n: &mut Node, child: Node) {
    if let Some(wacore_binary::NodeContent::Nodes(children)) = &mut n.content {
        children.push(child);
    }
}

fn refused_participant(jid: &Jid, code: u16) -> Node {
    NodeBuilder::new("participant")
        .attr("jid", jid.clone())
        .attr("error", code.to_string())
        .build()
}

fn participant_jids(n: &NodeRef<'_>) -> Result<Vec<Jid>, IqError> {
    n.get_children_by_tag("participant")
        .map(|p| {
            jid_attr(p, "jid")
                .ok_or_else(|| IqError::Malformed(anyhow!("a participant without jid")))
        })
        .collect()
}

fn subject(w: &mut World<'_>, c: &Caller, iq: &NodeRef<'_>) -> IqResult {
    let subject = text(child(iq, "subject")?)?;
    w.set_group_subject(&gid(iq)?, c.phone()?, &subject)?;
    Reply::empty()
}

fn description(w: &mut World<'_>, c: &Caller, iq: &NodeRef<'_>) -> IqResult {
    let n = child(iq, "description")?;
    let body = n.get_optional_child("body").map(text).transpose()?;
    if body.is_none() != (attr(n, "delete") == "true") {
        return Err(BAD_REQUEST.into());
    }
    w.set_group_description(
        &gid(iq)?,
        c.phone()?,
        opt_attr(n, "id"),
        opt_attr(n, "prev").as_deref(),
        body,
    )?;
    Reply::empty()
}

fn switch(
    w: &mut World<'_>,
    c: &Caller,
    iq: &NodeRef<'_>,
    tag: &'static str,
    change: fn(&mut Group),
) -> IqResult {
    w.change_group(&gid(iq)?, c.phone()?, &News::Switch(tag), change)?;
    Reply::empty()
}

fn locked(w: &mut World<'_>, c: &Caller, iq: &NodeRef<'_>) -> IqResult {
    switch(w, c, iq, "locked", |g| g.locked = true)
}

fn unlocked(w: &mut World<'_>, c: &Caller, iq: &NodeRef<'_>) -> IqResult {
    switch(w, c, iq, "unlocked", |g| g.locked = false)
}

fn announcement(w: &mut World<'_>, c: &Caller, iq: &NodeRef<'_>) -> IqResult {
    switch(w, c, iq, "announcement", |g| g.announce = true)
}

fn not_announcement(w: &mut World<'_>, c: &Caller, iq: &NodeRef<'_>) -> IqResult {
    switch(w, c, iq, "not_announcement", |g| g.announce = false)
}

fn not_ephemeral(w: &mut World<'_>, c: &Caller, iq: &NodeRef<'_>) -> IqResult {
    switch(w, c, iq, "not_ephemeral", |g| g.ephemeral = 0)
}

fn expiration(n: &NodeRef<'_>) -> Result<u32, IqError> {
    attr(n, "expiration")
        .parse()
        .map_err(|_| IqError::Malformed(anyhow!("<ephemeral> without expiration")))
}

fn ephemeral(w: &mut World<'_>, c: &Caller, iq: &NodeRef<'_>) -> IqResult {
    let seconds = expiration(child(iq, "ephemeral")?)?;
    w.change_group(&gid(iq)?, c.phone()?, &News::Ephemeral, |g| {
        g.ephemeral = seconds
    })?;
    Reply::empty()
}

fn member_add_mode(w: &mut World<'_>, c: &Caller, iq: &NodeRef<'_>) -> IqResult {
    let admin_add = match text(child(iq, "member_add_mode")?)?.as_str() {
        "admin_add" => true,
        "all_member_add" => false,
        _ => return Err(BAD_REQUEST.into()),
    };
    w.change_group(&gid(iq)?, c.phone()?, &News::AddMode, |g| {
        g.admin_add = admin_add
    })?;
    Reply::empty()
}

type Change = fn(&mut World<'_>, &str, Phone, &[Phone]) -> Result<Vec<Outcome>, IqError>;

/// One of the four changes of participants.
fn participants(
    w: &mut World<'_>,
    c: &Caller,
    iq: &NodeRef<'_>,
    tag: &'static str,
    change: Change,
) -> IqResult {
    Reply::one(change_each(w, c, &gid(iq)?, child(iq, tag)?, tag, change)?)
}

/// Changes everybody named in `n`; who cannot be changed is answered with a code.
fn change_each(
    w: &mut World<'_>,
    c: &Caller,
    gid: &str,
    n: &NodeRef<'_>,
    tag: &'static str,
    change: Change,
) -> Result<Node, IqError> {
    let jids = participant_jids(n)?;
    if jids.is_empty() {
        return Err(BAD_REQUEST.into());
    }
    let mut known = Vec::new();
    for jid in &jids {
        known.push(w.account_of(jid)?.map(|a| a.phone));
    }
    let phones: Vec<Phone> = known.iter().flatten().copied().collect();
    let mut outcomes = change(w, gid, c.phone()?, &phones)?.into_iter();
    let answers = jids.iter().zip(known).map(|(jid, phone)| {
        match phone.map_or(Some(404), |_| outcomes.next().flatten()) {
            Some(code) => refused_participant(jid, code),
            None => NodeBuilder::new("participant")
                .attr("jid", jid.clone())
                .build(),
        }
    });
    Ok(NodeBuilder::new(tag)
        .children(answers.collect::<Vec<_>>())
        .build())
}

fn add(w: &mut World<'_>, c: &Caller, iq: &NodeRef<'_>) -> IqResult {
    participants(w, c, iq, "add", |w, gid, by, phones| {
        w.add_to_group(gid, by, phones)
    })
}

fn remove(w: &mut World<'_>, c: &Caller, iq: &NodeRef<'_>) -> IqResult {
    participants(w, c, iq, "remove", |w, gid, by, phones| {
        w.remove_from_group(gid, by, phones)
    })
}

fn promote(w: &mut World<'_>, c: &Caller, iq: &NodeRef<'_>) -> IqResult {
    participants(w, c, iq, "promote", |w, gid, by, phones| {
        w.set_group_role(gid, by, phones, Role::Admin)
    })
}

fn demote(w: &mut World<'_>, c: &Caller, iq: &NodeRef<'_>) -> IqResult {
    participants(w, c, iq, "demote", |w, gid, by, phones| {
        w.set_group_role(gid, by, phones, Role::Member)
    })
}

fn leave(w: &mut World<'_>, c: &Caller, iq: &NodeRef<'_>) -> IqResult {
    let me = c.phone()?;
    let mut left = Vec::new();
    for n in child(iq, "leave")?.get_children_by_tag("group") {
        let gid = parse_gid(&attr(n, "id"))?;
        w.leave_group(&gid, me)?;
        left.push(
            NodeBuilder::new("group")
                .attr("id", Jid::group(gid.trim_end_matches("@g.us")))
                .build(),
        );
    }
    Reply::one(NodeBuilder::new("leave").children(left).build())
}

/// With a code: what the link leads to, for anybody. Without: the group's own code, for its admins.
fn invite_get(w: &mut World<'_>, c: &Caller, iq: &NodeRef<'_>) -> IqResult {
    let me = c.phone()?;
    match opt_attr(child(iq, "invite")?, "code") {
        Some(code) => {
            let g = w.group_by_invite(&code)?.ok_or(NOT_ACCEPTABLE)?;
            Reply::one(w.group_node(&g, me, false, true)?)
        }
        None => {
            let code = w.group_invite(&gid(iq)?, me, false)?;
            Reply::one(NodeBuilder::new("invite").attr("code", code).build())
        }
    }
}

/// With a code: join. Without: a new code.
fn invite_set(w: &mut World<'_>, c: &Caller, iq: &NodeRef<'_>) -> IqResult {
    let me = c.phone()?;
    match opt_attr(child(iq, "invite")?, "code") {
        Some(code) => {
            let (tag, g) = match w.join_group(&code, me)? {
                Joined::In(g) => ("group", g),
                Joined::Asked(g) => ("membership_approval_request", g),
            };
            Reply::one(NodeBuilder::new(tag).attr("jid", g.jid()).build())
        }
        None => {
            let code = w.group_invite(&gid(iq)?, me, true)?;
            Reply::one(NodeBuilder::new("invite").attr("code", code).build())
        }
    }
}

fn switched_on(n: &NodeRef<'_>) -> Result<bool, IqError> {
    match attr(child(n, "group_join")?, "state").as_str() {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(BAD_REQUEST.into()),
    }
}

fn approval_mode(w: &mut World<'_>, c: &Caller, iq: &NodeRef<'_>) -> IqResult {
    let on = switched_on(child(iq, "membership_approval_mode")?)?;
    w.change_group(&gid(iq)?, c.phone()?, &News::Approval, |g| g.approval = on)?;
    Reply::empty()
}

fn requests(w: &mut World<'_>, c: &Caller, iq: &NodeRef<'_>) -> IqResult {
    let me = c.phone()?;
    let (group, asked) = w.join_requests(&gid(iq)?, me)?;
    let view = View {
        group: &group,
        viewer: me,
    };
    let lines = asked.iter().map(|a| {
        let mut n = nodes::named("membership_approval_request", view, &a.who);
        n.attrs.push("request_time", a.at.to_string());
        n.attrs.push("request_method", "invite_link");
        n
    });
    Reply::one(
        NodeBuilder::new("membership_approval_requests")
            .children(lines.collect::<Vec<_>>())
            .build(),
    )
}

fn answer_requests(w: &mut World<'_>, c: &Caller, iq: &NodeRef<'_>) -> IqResult {
    let action = child(iq, "membership_requests_action")?;
    let (tag, change): (&'static str, Change) = if action.get_optional_child("approve").is_some() {
        ("approve", |w, gid, by, phones| {
            w.answer_requests(gid, by, phones, true)
        })
    } else {
        ("reject", |w, gid, by, phones| {
            w.answer_requests(gid, by, phones, false)
        })
    };
    let answered = change_each(w, c, &gid(iq)?, child(action, tag)?, tag, change)?;
    Reply::one(
        NodeBuilder::new("membership_requests_action")
            .children([answered])
            .build(),
    )
}

fn cancel_requests(w: &mut World<'_>, c: &Caller, iq: &NodeRef<'_>) -> IqResult {
    let (me, n) = (c.phone()?, child(iq, "cancel_membership_requests")?);
    for jid in participant_jids(n)? {
        if w.account_of(&jid)?.is_none_or(|a| a.phone != me) {
            return Err(BAD_REQUEST.into());
        }
    }
    let answered = change_each(
        w,
        c,
        &gid(iq)?,
        n,
        "cancel_membership_requests",
        |w, gid, by, phones| phones.iter().map(|_| w.cancel_request(gid, by)).collect(),
    )?;
    Reply::one(answered)
}
