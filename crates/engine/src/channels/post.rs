//! Writing to a channel, and the server's word on it.
//!
//! A post is a `<message>` with `<plaintext>`; the library writes it, but cannot name the uploaded file beside it
//! (`media_id`), so the stanza is built here. An edit (3) or revocation (8) goes under the id of the post it is about, and
//! so does its acknowledgement. A reaction names the post by the server's number; one taken back is an `edit` of 7
//! (whatsmeow `newsletter.go`). The acknowledgement of a post carries the number it was given, which the library's event
//! leaves out: it is read from the stanza.

use super::open_upload::Opened;
use crate::{acks::Word, actor::Actor};
use wacore::send::{media_type_from_message, stanza_type_from_message};
use wacore_binary::{Jid, Node, NodeRef, OwnedNodeRef, builder::NodeBuilder};
use waproto::{codec, whatsapp as wa};
use wharf_domain::{
    inbound::{Act, Deed, InChat, Inbound, Origin, Party},
    outbox::{Outgoing, What},
    ports::engine::{Handed, Refusal},
};
use wharf_types::Millis;

fn refused(reason: &'static str, message: impl Into<String>) -> Handed {
    Handed::Refused(Refusal {
        reason,
        message: message.into(),
        until: None,
    })
}

impl Actor {
    /// Hands over what is to happen in a channel and waits for the server's word on it.
    pub(crate) async fn post(&self, to: &Jid, outgoing: &Outgoing) -> Handed {
        let opened = match &outgoing.content.what {
            What::Media(media) => match self.open_upload(media).await {
                Ok(opened) => Some(opened),
                Err(handed) => return handed,
            },
            _ => None,
        };
        let (id, stanza) = match self.stanza(to, outgoing, opened.as_ref()).await {
            Ok(made) => made,
            Err(why) => return refused("rejected", why),
        };
        let write = async {
            match self.client.send_node(stanza).await {
                Ok(()) => None,
                Err(error) => {
                    tracing::warn!(session = %self.scope.id, %error, "post not written");
                    Some(Handed::Unknown)
                }
            }
        };
        match self.hand(id, write).await {
            Ok(Word::Taken { at, number }) => {
                let at = at.unwrap_or_else(|| self.shared.clock.now());
                match number {
                    Some(number) => Handed::Posted { at, number },
                    None => Handed::Acknowledged(at),
                }
            }
            Ok(Word::Refused(code)) => refused_post(&code, &outgoing.content.what),
            Err(handed) => handed,
        }
    }

    /// The id that the server will acknowledge, and the stanza.
    async fn stanza<'o>(
        &self,
        to: &Jid,
        outgoing: &'o Outgoing,
        opened: Option<&Opened>,
    ) -> Result<(&'o str, Node), &'static str> {
        Ok(match &outgoing.content.what {
            What::Reaction { target, emoji } => (
                &outgoing.wa_id,
                reaction(to, &outgoing.wa_id, target.number, emoji),
            ),
            What::Edit { target, text } => {
                let words = wa::Message {
                    conversation: Some(text.clone()),
                    ..Default::default()
                };
                (
                    &target.wa_id,
                    post(to, &target.wa_id, &words, Some("3"), None),
                )
            }
            What::Revoke { target } => (&target.wa_id, taking_back(to, &target.wa_id)),
            What::Vote { .. } => return Err("votes in a channel's poll are not sent from here"),
            _ => {
                let place = opened.map(|opened| &opened.place);
                let message = self.converter().outgoing(outgoing, place, true)?;
                self.remember_upload(outgoing, &message).await;
                let file = opened.map(|opened| opened.handle.as_str());
                (
                    &outgoing.wa_id,
                    post(to, &outgoing.wa_id, &message, None, file),
                )
            }
        })
    }
}

/// What a refusal means to the user. WhatsApp documents none of these codes; 403 is what others see who may not write,
/// 404 an unknown channel or post.
fn refused_post(code: &str, what: &What) -> Handed {
    match code {
        "403" => refused(
            "not_channel_admin",
            "only its owner and admins write in this channel",
        ),
        "404"
            if matches!(
                what,
                What::Edit { .. } | What::Revoke { .. } | What::Reaction { .. }
            ) =>
        {
            refused("rejected", "WhatsApp knows no such post in this channel")
        }
        "404" => refused("rejected", "WhatsApp knows no such channel"),
        "429" => refused(
            "rate_overlimit",
            "WhatsApp says that this account sends too much; send less, later",
        ),
        "408" | "500" | "503" => Handed::Unknown,
        other => refused("rejected", format!("WhatsApp refused it (code {other})")),
    }
}

fn post(
    to: &Jid,
    id: &str,
    message: &wa::Message,
    edit: Option<&'static str>,
    file: Option<&str>,
) -> Node {
    let mut plain = NodeBuilder::new("plaintext");
    if let Some(kind) = media_type_from_message(message) {
        plain = plain.attr("mediatype", kind);
    }
    let mut children = vec![plain.bytes(codec::message_to_vec(message)).build()];
    let kind = stanza_type_from_message(message);
    if kind == "poll" {
        children.push(
            NodeBuilder::new("meta")
                .attr("polltype", "creation")
                .build(),
        );
    }
    let mut stanza = NodeBuilder::new("message")
        .attr("to", to)
        .attr("id", id)
        .attr("type", kind);
    if let Some(edit) = edit {
        stanza = stanza.attr("edit", edit);
    }
    if let Some(file) = file.filter(|file| !file.is_empty()) {
        stanza = stanza.attr("media_id", file);
    }
    stanza.children(children).build()
}

fn taking_back(to: &Jid, id: &str) -> Node {
    NodeBuilder::new("message")
        .attr("to", to)
        .attr("id", id)
        .attr("type", "text")
        .attr("edit", "8")
        .children([NodeBuilder::new("plaintext").bytes(Vec::new()).build()])
        .build()
}

fn reaction(to: &Jid, id: &str, number: u64, emoji: &str) -> Node {
    let mut stanza = NodeBuilder::new("message")
        .attr("to", to)
        .attr("id", id)
        .attr("type", "reaction")
        .attr("server_id", number);
    let mut reaction = NodeBuilder::new("reaction");
    if emoji.is_empty() {
        stanza = stanza.attr("edit", "7");
    } else {
        reaction = reaction.attr("code", emoji);
    }
    stanza.children([reaction.build()]).build()
}

fn of_channel(node: &NodeRef<'_>) -> bool {
    let from = node.get_attr("from");
    from.is_some_and(|from| from.as_str().ends_with("@newsletter"))
}

/// The server's word on something written to a channel. Called for every stanza, so it looks at little.
pub(crate) fn is_ack(node: &OwnedNodeRef) -> bool {
    let node = node.get();
    node.tag.as_ref() == "ack" && of_channel(node)
}

/// A post that is gone: the library drops a message without content.
pub(crate) fn is_taken_back(node: &OwnedNodeRef) -> bool {
    let node = node.get();
    node.tag.as_ref() == "message"
        && node
            .get_attr("edit")
            .is_some_and(|edit| &*edit.as_str() == "8")
        && of_channel(node)
}

/// The fact of it.
pub(crate) fn taken_back(node: &OwnedNodeRef, now: Millis) -> Option<Inbound> {
    let node = node.get();
    let channel = node.get_attr("from")?.as_str().parse().ok()?;
    let wa_id = node.get_attr("id")?.as_str().into_owned();
    Some(Inbound::Deed(Box::new(Deed {
        chat: InChat::Channel(channel),
        wa_id,
        author: Party::Unknown,
        by: Party::Unknown,
        act: Act::Revoked,
        at: now,
        origin: Origin::Live,
    })))
}
