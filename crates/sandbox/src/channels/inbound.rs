//! A client writes to a channel: a post, an edit (3) or revocation (8) of one, or a reaction.
//!
//! Only the owner posts; anybody reacts. A reaction taken back has no code and an `edit` of 7 (whatsmeow `newsletter.go`). The acknowledgement of a post carries the server's number for it.

use anyhow::{Context, Result, bail};
use buffa::Message as _;
use wacore_binary::{Jid, NodeRef};
use waproto::whatsapp as wa;

use super::store::Channel;
use crate::{
    ids::DeviceAddr,
    ledger::{Sent, Violation},
    media::handle,
    net::online::ConnId,
    node::{attr, opt_attr},
    people::{
        attached,
        content::{self, Content},
        cover,
    },
    stanza::{Done, message::ack},
    world::World,
};

pub fn from_client(
    w: &mut World<'_>,
    d: DeviceAddr,
    conn: ConnId,
    n: &NodeRef<'_>,
    id: &str,
    to: &Jid,
) -> Result<Done> {
    let refuse =
        |w: &World<'_>, code: &str| Ok(Done::reply(ack(w, n, to, &[("error", code.into())])));
    let Some(c) = w.channel(&to.to_string())? else {
        return refuse(w, "404");
    };
    if let Some(r) = n.get_optional_child("reaction") {
        let server_id = attr(n, "server_id").parse().context("server_id")?;
        if w.post(&c.jid, server_id)?.is_none() {
            return refuse(w, "404");
        }
        let code = opt_attr(r, "code");
        let (taken_back, edit) = (code.is_none(), opt_attr(n, "edit"));
        if taken_back != (edit.as_deref() == Some("7")) || code.as_deref() == Some("") {
            let what = format!("message {id}: reaction {code:?} with edit {edit:?}");
            w.violation(Violation::Protocol, d, what)?;
        }
        w.react_to_post(&c.jid, server_id, d.phone, &code.unwrap_or_default())?;
        w.tell_reactions(&c, server_id)?;
        return Ok(Done::reply(ack(w, n, to, &[])));
    }
    if c.owner != d.phone {
        return refuse(w, "403");
    }
    let plain = n
        .get_optional_child("plaintext")
        .context("a post without <plaintext>")?;
    let body = plain.content_bytes().unwrap_or_default();
    match opt_attr(n, "edit").as_deref() {
        None => {}
        Some("3") => return change(w, d, &c, n, to, Some(body)),
        Some("8") if body.is_empty() => return change(w, d, &c, n, to, None),
        other => bail!("edit {other:?} of a channel's post"),
    }
    let msg = judged(w, d, id, n, plain, body)?;
    let ledger = w.record_sent(&Sent {
        id,
        from: d,
        chat: &c.jid,
        to: &c.jid,
        conn,
        peer: false,
    })?;
    let (post, new) = w.add_post(&c.jid, id, &attr(n, "type"), body)?;
    if new {
        w.tell_post(&c, &post, &msg, Some((d, ledger)))?;
    }
    if let Some(text) = content::body(&msg) {
        w.record_body(ledger, &text)?;
    }
    w.record_acked(ledger)?;
    let extra = [("server_id", post.server_id.to_string())];
    Ok(Done::reply(ack(w, n, to, &extra)))
}

/// The message, held against what stands outside it and what lies on the media server.
fn judged(
    w: &mut World<'_>,
    d: DeviceAddr,
    id: &str,
    n: &NodeRef<'_>,
    plain: &NodeRef<'_>,
    body: &[u8],
) -> Result<wa::Message> {
    let msg = wa::Message::decode_from_slice(body).context("a post that is no message")?;
    let mut wrong = cover::faults(n, plain, &msg);
    match content::of(&msg) {
        Content::Shown(s) => {
            if let Some(a) = attached::of(s.inner) {
                w.problem_with(&a, &mut wrong, true);
                if opt_attr(n, "media_id") != Some(handle(&a.claim.sha256)) {
                    wrong.push("media_id is not the handle of the upload".into());
                }
            }
            if s.view_once {
                wrong.push("view once in a channel".into());
            }
        }
        _ => wrong.push("content no follower shows".into()),
    }
    for what in wrong {
        w.violation(Violation::Protocol, d, format!("message {id}: {what}"))?;
    }
    Ok(msg)
}

fn change(
    w: &mut World<'_>,
    d: DeviceAddr,
    c: &Channel,
    n: &NodeRef<'_>,
    to: &Jid,
    body: Option<&[u8]>,
) -> Result<Done> {
    let id = attr(n, "id");
    let Some(post) = w.post_by_id(&c.jid, &id)?.filter(|p| p.body.is_some()) else {
        return Ok(Done::reply(ack(w, n, to, &[("error", "404".into())])));
    };
    if let Some(b) = body {
        wa::Message::decode_from_slice(b).context("an edit that is no message")?;
    }
    w.change_post(&c.jid, post.server_id, body)?;
    w.tell_change(c, post.server_id, Some(d))?;
    Ok(Done::reply(ack(w, n, to, &[])))
}
