//! What stands outside the ciphertext: the stanza's `type` and `edit`, the `mediatype` and `decrypt-fail` of
//! `<enc>`, and `<meta>`. The server routes and drops by these and cannot see what is inside, so both must
//! agree. People write what [`proper`] says; what clients write is held against it.
//!
//! Sources: wacore `send/classify.rs` (WA Web's typeAttributeFromProtobuf, mediaTypeFromProtobuf, genMetaNode),
//! whatsmeow `send.go`.

use wacore_binary::{Node, NodeRef, builder::NodeBuilder};
use waproto::whatsapp as wa;

use super::content::{self, Content, Deed};
use crate::node::{attr, opt_attr};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cover {
    /// The stanza's `type`.
    pub kind: &'static str,
    /// The stanza's `edit`: 1 edit, 7 taken back by its sender (a reaction too), 8 by an admin.
    pub edit: Option<&'static str>,
    pub mediatype: Option<&'static str>,
    pub polltype: Option<&'static str>,
    pub view_once: bool,
    /// `decrypt-fail="hide"`: whoever cannot read it shows no placeholder.
    pub hide: bool,
}

/// What phones put outside this message.
pub fn proper(m: &wa::Message) -> Cover {
    match content::of(m) {
        Content::Deed(Deed::React { emoji, .. }) => Cover {
            kind: "reaction",
            edit: emoji.is_empty().then_some("7"),
            hide: true,
            ..Default::default()
        },
        Content::Deed(Deed::Vote { .. }) => Cover {
            kind: "poll",
            polltype: Some("vote"),
            hide: true,
            ..Default::default()
        },
        Content::Deed(Deed::Edit { .. } | Deed::SealedEdit { .. }) => Cover {
            kind: "text",
            edit: Some("1"),
            hide: true,
            ..Default::default()
        },
        Content::Deed(Deed::Revoke { key }) => Cover {
            kind: "text",
            edit: Some(if key.from_me == Some(false) { "8" } else { "7" }),
            ..Default::default()
        },
        Content::Shown(s) if s.kind == "poll" => Cover {
            kind: "poll",
            polltype: Some("creation"),
            ..Default::default()
        },
        Content::Shown(s) => {
            let mediatype = mediatype(s.kind, s.inner);
            Cover {
                kind: mediatype.map_or("text", |_| "media"),
                mediatype,
                view_once: s.view_once,
                ..Default::default()
            }
        }
        Content::Silent | Content::Unknown(_) => Cover {
            kind: "text",
            ..Default::default()
        },
    }
}

fn mediatype(kind: &str, m: &wa::Message) -> Option<&'static str> {
    Some(match kind {
        "image" => "image",
        "video" if m.video_message.gif_playback == Some(true) => "gif",
        "video" => "video",
        "audio" if m.audio_message.ptt == Some(true) => "ptt",
        "audio" => "audio",
        "document" => "document",
        "sticker" => "sticker",
        "location" => "location",
        "contact" => "vcard",
        _ if is_preview(m) => "url",
        _ => return None,
    })
}

/// A text whose link is shown with a title or picture.
fn is_preview(m: &wa::Message) -> bool {
    let text = m.extended_text_message.as_option();
    text.is_some_and(|t| {
        t.matched_text
            .as_ref()
            .is_some_and(|u| !u.trim().is_empty())
    })
}

impl Cover {
    /// `<meta>` beside the ciphertexts, when there is something to say.
    pub fn meta(&self) -> Option<Node> {
        if self.polltype.is_none() && !self.view_once {
            return None;
        }
        let mut b = NodeBuilder::new("meta");
        if let Some(t) = self.polltype {
            b = b.attr("polltype", t);
        }
        if self.view_once {
            b = b.attr("view_once", "true");
        }
        Some(b.build())
    }

    /// The attributes of `<enc>`.
    pub fn mark(&self, enc: &mut Node) {
        if let Some(t) = self.mediatype {
            enc.attrs.push("mediatype", t);
        }
        if self.hide {
            enc.attrs.push("decrypt-fail", "hide");
        }
    }
}

/// Everything a stanza and one of its `<enc>` say otherwise than the message inside; empty when all is well.
pub fn faults(stanza: &NodeRef<'_>, enc: &NodeRef<'_>, m: &wa::Message) -> Vec<String> {
    let mut out = Vec::new();
    let want = proper(m);
    let (kind, edit) = (attr(stanza, "type"), opt_attr(stanza, "edit"));
    let (mediatype, hide) = (opt_attr(enc, "mediatype"), opt_attr(enc, "decrypt-fail"));
    let is_silent = matches!(content::of(m), Content::Silent);
    // Clients differ over the first two: some send a place as text, some a preview.
    let either = matches!(want.mediatype, Some("location" | "url"));
    if !is_silent && kind != want.kind && !(either && kind == "text") {
        out.push(format!(
            "type {kind:?} around a message of type {:?}",
            want.kind
        ));
    }
    if kind == "media" && mediatype.is_none() {
        out.push("type \"media\" without mediatype, which the server drops".into());
    }
    if mediatype.is_some() && mediatype.as_deref() != want.mediatype {
        out.push(format!(
            "mediatype {mediatype:?} where {:?} is inside",
            want.mediatype
        ));
    }
    if !is_silent && edit.as_deref() != want.edit {
        out.push(format!("edit {edit:?} where {:?} is due", want.edit));
    }
    let is_revoke = matches!(content::of(m), Content::Deed(Deed::Revoke { .. }));
    if is_revoke && hide.is_some() {
        out.push("decrypt-fail on a revocation, which the server drops".into());
    }
    // A copy sent again on request comes without.
    if want.polltype.is_some() && opt_attr(enc, "count").is_none() {
        let meta = stanza.get_optional_child("meta");
        let said = meta.and_then(|m| opt_attr(m, "polltype"));
        if said.as_deref() != want.polltype {
            out.push(format!(
                "polltype {said:?} where {:?} is due",
                want.polltype
            ));
        }
    }
    out
}
