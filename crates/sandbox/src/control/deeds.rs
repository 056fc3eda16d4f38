//! What people do in a chat besides writing: edit, take back, react, vote, read, type, call.

use std::collections::BTreeMap;

use anyhow::Context;
use serde::Deserialize;
use serde_json::{Value, json};
use waproto::whatsapp as wa;

use super::{
    error::Refused,
    send::{Chat, addressee, named, seen, write},
};
use crate::{
    ids::Phone,
    people::{
        absorb::EDIT_WINDOW_MS,
        act,
        inbox::Entry,
        sealed::{self, About, Use},
        votes::{self, Ballot},
        write::Writing,
    },
    world::{World, account::Account},
};

pub const ACTIONS: &[&str] = &[
    "edit", "revoke", "reaction", "vote", "receipt", "typing", "call",
];

#[derive(Deserialize)]
#[serde(
    tag = "type",
    rename_all = "lowercase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Action {
    Edit {
        wa_message_id: String,
        text: String,
        /// As the phones of 2026 do: with the secret of the message.
        #[serde(default)]
        sealed: bool,
    },
    Revoke {
        wa_message_id: String,
    },
    Reaction {
        wa_message_id: String,
        emoji: String,
    },
    Vote {
        wa_message_id: String,
        options: Vec<String>,
    },
    Receipt {
        wa_message_ids: Vec<String>,
        kind: String,
    },
    Typing {
        state: String,
    },
    Call {
        kind: String,
        call_id: Option<String>,
    },
}

pub fn acts(
    w: &mut World<'_>,
    me: &Account,
    chat: &Chat,
    a: Action,
    hide_number: bool,
) -> Result<Value, Refused> {
    let put =
        |w: &mut World<'_>, msg: &wa::Message| write(w, me, chat, &Writing { msg, hide_number });
    match a {
        Action::Edit {
            wa_message_id: id,
            text,
            sealed,
        } => {
            let mut msg = edit(w, me, chat, &id, text)?;
            if sealed {
                msg = sealed_edit(w, me, chat, &id, &msg)?;
            }
            put(w, &msg)
        }
        Action::Revoke { wa_message_id: id } => {
            let msg = revoke(w, me, chat, &id)?;
            put(w, &msg)
        }
        Action::Reaction {
            wa_message_id: id,
            emoji,
        } => {
            let e = seen(w, me, chat, &id, "waMessageId")?;
            let msg = act::reaction(key(w, me, chat, &e)?, emoji, w.now_ms());
            put(w, &msg)
        }
        Action::Vote {
            wa_message_id: id,
            options,
        } => {
            let msg = vote(w, me, chat, &id, &options)?;
            put(w, &msg)
        }
        Action::Receipt {
            wa_message_ids,
            kind,
        } => {
            let kind = match kind.as_str() {
                "delivered" => "delivery",
                "read" | "played" => kind.as_str(),
                _ => return Err(Refused::field("kind", "delivered, read or played")),
            };
            if wa_message_ids.is_empty() {
                return Err(Refused::field("waMessageIds", "at least one"));
            }
            match chat {
                Chat::Person(to) => w.person_read(me, to, &wa_message_ids, kind)?,
                Chat::Group(gid) => reads_in_group(w, me, chat, gid, &wa_message_ids, kind)?,
            }
            Ok(json!({}))
        }
        Action::Typing { state } => {
            let node = act::typing(&state)
                .ok_or_else(|| Refused::field("state", "composing, recording or paused"))?;
            match chat {
                Chat::Person(to) => w.person_types(me, to.phone, &state)?,
                Chat::Group(gid) => w.group_chatstate(me.phone.device(0), gid, &node)?,
            }
            Ok(json!({}))
        }
        Action::Call { kind, call_id } => {
            let to = chat.person("calls")?;
            let id = match kind.as_str() {
                "audio" | "voice" => w.person_calls(me, to, false)?,
                "video" => w.person_calls(me, to, true)?,
                "missed" => {
                    let id = w.person_calls(me, to, false)?;
                    w.person_hangs_up(me, to, &id)?;
                    id
                }
                "hangup" => {
                    let id = call_id.ok_or_else(|| Refused::field("callId", "missing"))?;
                    if !w.person_hangs_up(me, to, &id)? {
                        return Err(Refused::conflict("that call does not ring"));
                    }
                    id
                }
                _ => return Err(Refused::field("kind", "audio, video, missed or hangup")),
            };
            Ok(json!({"callId": id}))
        }
    }
}

/// One receipt for each author.
fn reads_in_group(
    w: &mut World<'_>,
    me: &Account,
    chat: &Chat,
    gid: &str,
    ids: &[String],
    kind: &str,
) -> Result<(), Refused> {
    w.group_for(gid, me.phone)?;
    let mut by_author: BTreeMap<Phone, Vec<String>> = BTreeMap::new();
    for id in ids {
        let by = author(w, me, chat, id)?;
        by_author
            .entry(addressee(w, &by)?.phone)
            .or_default()
            .push(id.clone());
    }
    for (author, ids) in by_author {
        w.person_read_in_group(
            me.phone,
            gid,
            author,
            &ids,
            if kind == "delivery" { "" } else { kind },
        )?;
    }
    Ok(())
}

fn author(w: &World<'_>, me: &Account, chat: &Chat, id: &str) -> Result<String, Refused> {
    w.author_of(me.phone, &chat.name(), id)?
        .ok_or_else(|| Refused::field("waMessageId", "this person sees no such message"))
}

fn is_mine(me: &Account, e: &Entry) -> bool {
    e.from == me.pn_jid().to_string()
}

/// Names a message as this person's phone does; in groups with its author.
fn key(w: &World<'_>, me: &Account, chat: &Chat, e: &Entry) -> Result<wa::MessageKey, Refused> {
    let participant = match chat {
        Chat::Group(_) => Some(named(w, chat, &e.from)?),
        Chat::Person(_) => None,
    };
    Ok(act::key(
        &chat.jid()?,
        is_mine(me, e),
        &e.wa_message_id,
        participant,
    ))
}

fn edit(
    w: &World<'_>,
    me: &Account,
    chat: &Chat,
    id: &str,
    text: String,
) -> Result<wa::Message, Refused> {
    let e = seen(w, me, chat, id, "waMessageId")?;
    if !is_mine(me, &e) {
        return Err(Refused::field("waMessageId", "somebody else wrote it"));
    }
    if w.now_ms() - e.timestamp > EDIT_WINDOW_MS {
        return Err(Refused::conflict("written more than twenty minutes ago"));
    }
    let old = w.message_shown(e.seq)?.unwrap_or_default();
    let new = act::with_text(old, text)
        .ok_or_else(|| Refused::field("waMessageId", "it has no text to edit"))?;
    // An own message is named without participant here, also in groups.
    let key = act::key(&chat.jid()?, true, id, None);
    Ok(act::edit(key, new, w.now_ms()))
}

fn sealed_edit(
    w: &World<'_>,
    me: &Account,
    chat: &Chat,
    id: &str,
    msg: &wa::Message,
) -> Result<wa::Message, Refused> {
    let e = seen(w, me, chat, id, "waMessageId")?;
    let old = w.message_shown(e.seq)?.unwrap_or_default();
    let secret = sealed::secret(&old).context("a message without a secret")?;
    let mine = sealing_jid(w, me, chat, me)?;
    let about = About {
        what: Use::Edit,
        id,
        author: &mine,
        by: &mine,
    };
    let key = act::key(&chat.jid()?, true, id, None);
    Ok(act::sealed_edit(key, about.seal(secret, &act::bare(msg))?))
}

/// The form of an account's JID that seals things in a chat.
fn sealing_jid(w: &World<'_>, me: &Account, chat: &Chat, who: &Account) -> Result<String, Refused> {
    let by_lid = match chat {
        Chat::Group(gid) => w.group(gid)?.is_some_and(|g| g.by_lid),
        Chat::Person(_) => me.lid_migrated,
    };
    Ok(if by_lid { who.lid_jid() } else { who.pn_jid() }.to_string())
}

/// One's own, or in a group anybody's by an admin.
fn revoke(w: &World<'_>, me: &Account, chat: &Chat, id: &str) -> Result<wa::Message, Refused> {
    let e = seen(w, me, chat, id, "waMessageId")?;
    if is_mine(me, &e) {
        return Ok(act::revoke(act::key(&chat.jid()?, true, id, None)));
    }
    let admin = match chat {
        Chat::Group(gid) => w
            .group_member(gid, me.phone)?
            .is_some_and(|m| m.role.is_admin()),
        Chat::Person(_) => false,
    };
    if !admin {
        return Err(Refused::forbidden(
            "somebody else wrote it, and this person is no admin",
        ));
    }
    Ok(act::revoke(key(w, me, chat, &e)?))
}

/// Sealed under the JIDs of the chat's addressing, as the voter's phone does.
fn vote(
    w: &World<'_>,
    me: &Account,
    chat: &Chat,
    id: &str,
    options: &[String],
) -> Result<wa::Message, Refused> {
    let e = seen(w, me, chat, id, "waMessageId")?;
    let poll = w.message_shown(e.seq)?.unwrap_or_default();
    let secret = sealed::secret(&poll)
        .filter(|_| e.kind == "poll")
        .ok_or_else(|| Refused::field("waMessageId", "not a poll"))?;
    let vote = wa::message::PollVoteMessage {
        selected_options: options
            .iter()
            .map(|o| votes::option_hash(o).to_vec())
            .collect(),
    };
    votes::selected(&poll, &vote).map_err(|e| Refused::field("options", format!("{e:#}")))?;
    let creator = addressee(w, &e.from)?;
    let ballot = Ballot {
        poll_id: id,
        creator: &sealing_jid(w, me, chat, &creator)?,
        voter: &sealing_jid(w, me, chat, me)?,
    };
    let sealed = ballot.seal(secret, &vote)?;
    Ok(votes::message(key(w, me, chat, &e)?, sealed, w.now_ms()))
}
