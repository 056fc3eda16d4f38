//! What people do in a chat besides writing: edit, take back, react, read, type, call.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    error::Refused,
    send::{Chat, addressee, named_in_group, write},
};
use crate::{
    ids::Phone,
    people::{act, write::Writing},
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
    },
}

pub fn acts(
    w: &mut World<'_>,
    me: &Account,
    chat: &Chat,
    a: Action,
    hide: bool,
) -> Result<Value, Refused> {
    let now = w.now_ms();
    match a {
        Action::Edit {
            wa_message_id: id,
            text,
        } => {
            mine(w, me, chat, &id)?;
            let msg = act::edit(&chat.jid()?, &id, text, now);
            write(
                w,
                me,
                chat,
                &Writing {
                    msg: &msg,
                    kind: "text",
                    hide_number: hide,
                    edit: Some("1"),
                },
            )
        }
        Action::Revoke { wa_message_id: id } => {
            mine(w, me, chat, &id)?;
            let msg = act::revoke(&chat.jid()?, &id);
            write(
                w,
                me,
                chat,
                &Writing {
                    msg: &msg,
                    kind: "text",
                    hide_number: hide,
                    edit: Some("7"),
                },
            )
        }
        Action::Reaction {
            wa_message_id: id,
            emoji,
        } => {
            let by = author(w, me, chat, &id)?;
            let is_mine = by == me.pn_jid().to_string();
            let named = match chat {
                Chat::Group(gid) => Some(named_in_group(w, gid, &by)?),
                Chat::Person(_) => None,
            };
            let msg = act::reaction(&chat.jid()?, is_mine, &id, named, emoji, now);
            write(
                w,
                me,
                chat,
                &Writing {
                    msg: &msg,
                    kind: "reaction",
                    hide_number: hide,
                    edit: None,
                },
            )
        }
        Action::Vote {
            wa_message_id: id,
            options,
        } => {
            author(w, me, chat, &id)?;
            Err(Refused::not_implemented(format!(
                "votes of scripted people ({} options)",
                options.len()
            )))
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
        Action::Call { kind } => {
            let to = chat.person("calls")?;
            let id = match kind.as_str() {
                "audio" | "voice" => w.person_calls(me, to, false)?,
                "video" => w.person_calls(me, to, true)?,
                "missed" => {
                    let id = w.person_calls(me, to, false)?;
                    w.person_hangs_up(me, to, &id)?;
                    id
                }
                _ => return Err(Refused::field("kind", "audio, video or missed")),
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

fn mine(w: &World<'_>, me: &Account, chat: &Chat, id: &str) -> Result<(), Refused> {
    if author(w, me, chat, id)? == me.pn_jid().to_string() {
        Ok(())
    } else {
        Err(Refused::field("waMessageId", "somebody else wrote it"))
    }
}
