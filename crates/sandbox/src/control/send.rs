//! `POST /accounts/{phone}/send`: that person writes, or does one of the other things people do in a
//! chat. `{to, type, …}` as in the gateway's send body, or with `type` one of `edit`, `revoke`,
//! `reaction`, `receipt`, `typing`, `call`; these may also be given as `{to, edit: {…}}`.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::post,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use wacore_binary::Jid;

use super::{
    accounts::account,
    body::{Body, value},
    error::Refused,
};
use crate::{
    ids::Phone,
    people::{
        act,
        compose::{self, Quoted, Say},
        write::Writing,
    },
    world::{Sim, World, account::Account},
};

pub fn router() -> Router<Arc<Sim>> {
    Router::new().route("/accounts/{phone}/send", post(send))
}

const ACTIONS: &[&str] = &[
    "edit", "revoke", "reaction", "vote", "receipt", "typing", "call",
];

#[derive(Deserialize)]
#[serde(
    tag = "type",
    rename_all = "lowercase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
enum Action {
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

/// Where a person writes to.
enum Chat {
    Person(Account),
    Group(String),
}

impl Chat {
    /// The chat as the inbox names it.
    fn name(&self) -> String {
        match self {
            Self::Person(a) => a.pn_jid().to_string(),
            Self::Group(g) => g.clone(),
        }
    }
    fn jid(&self) -> Result<Jid, Refused> {
        match self {
            Self::Person(a) => Ok(a.wire_jid()),
            Self::Group(g) => g.parse().map_err(|_| Refused::field("to", "not a group")),
        }
    }
    fn person(&self, what: &str) -> Result<&Account, Refused> {
        match self {
            Self::Person(a) => Ok(a),
            Self::Group(_) => Err(Refused::not_implemented(format!("{what} in a group"))),
        }
    }
}

async fn send(
    State(sim): State<Arc<Sim>>,
    Path(phone): Path<String>,
    Body(b): Body<Map<String, Value>>,
) -> Result<Json<Value>, Refused> {
    let mut b = flattened(b)?;
    let to: String = value(
        "to",
        b.remove("to")
            .ok_or_else(|| Refused::field("to", "missing"))?,
    )?;
    let hide_number = b
        .remove("hideNumber")
        .map(|v| value("hideNumber", v))
        .transpose()?
        .unwrap_or(false);
    let kind: String = value(
        "type",
        b.get("type")
            .cloned()
            .ok_or_else(|| Refused::field("type", "missing"))?,
    )?;
    let action = ACTIONS.contains(&kind.as_str());
    let parsed = if action {
        Err(super::body::object::<Action>(b)?)
    } else {
        Ok(super::body::object::<Say>(b)?)
    };
    sim.act(|w| {
        let me = account(w, &phone)?;
        let chat = addressed(w, &to)?;
        if hide_number && !me.lid_migrated {
            return Err(Refused::field(
                "hideNumber",
                "this account writes as its number",
            ));
        }
        match parsed {
            Ok(say) => says(w, &me, &chat, say, hide_number),
            Err(a) => acts(w, &me, &chat, a, hide_number),
        }
        .map(Json)
    })
}

/// `{to, edit: {…}}` → `{to, type: "edit", …}`.
fn flattened(mut b: Map<String, Value>) -> Result<Map<String, Value>, Refused> {
    let Some(name) = ACTIONS
        .iter()
        .find(|a| b.get(**a).is_some_and(Value::is_object))
    else {
        return Ok(b);
    };
    if b.contains_key("type") {
        return Err(Refused::field(*name, "with a type of its own"));
    }
    if let Some(Value::Object(inner)) = b.remove(*name) {
        b.extend(inner);
    }
    b.insert("type".into(), (*name).into());
    Ok(b)
}

fn says(
    w: &mut World<'_>,
    me: &Account,
    chat: &Chat,
    say: Say,
    hide: bool,
) -> Result<Value, Refused> {
    let quoted = match &say {
        Say::Text {
            reply_to: Some(id), ..
        } => Some(quoted(w, me, chat, id)?),
        _ => None,
    };
    let (msg, kind) = compose::message(say, quoted, &w.sim.media)?;
    write(
        w,
        me,
        chat,
        &Writing {
            msg: &msg,
            kind,
            hide_number: hide,
            edit: None,
        },
    )
}

fn quoted(w: &World<'_>, me: &Account, chat: &Chat, id: &str) -> Result<Quoted, Refused> {
    let e = w
        .shown(me.phone, &chat.name(), id)?
        .ok_or_else(|| Refused::field("replyTo", "this person sees no such message"))?;
    let by = match chat {
        Chat::Group(gid) => named_in_group(w, gid, &e.from)?,
        Chat::Person(_) => e.from,
    };
    Ok(Quoted {
        id: id.to_owned(),
        by,
        body: e.body,
    })
}

fn write(
    w: &mut World<'_>,
    me: &Account,
    chat: &Chat,
    what: &Writing<'_>,
) -> Result<Value, Refused> {
    let id = match chat {
        Chat::Group(g) => w.person_writes_to_group(me, g, what)?,
        Chat::Person(to) => w.person_writes(me, to, what)?,
    };
    Ok(json!({"waMessageId": id}))
}

fn acts(
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

/// The author of a message as the group names its members.
fn named_in_group(w: &World<'_>, gid: &str, by: &str) -> Result<String, Refused> {
    let account = addressee(w, by)?;
    let name = w.name_in_group(gid, account.phone)?;
    Ok(name.map_or_else(|| by.to_owned(), |jid| jid.to_string()))
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

fn addressed(w: &World<'_>, to: &str) -> Result<Chat, Refused> {
    if to.ends_with("@g.us") {
        return Ok(Chat::Group(to.to_owned()));
    }
    let a = addressee(w, to)?;
    if a.on_whatsapp {
        Ok(Chat::Person(a))
    } else {
        Err(Refused::field("to", "not on WhatsApp"))
    }
}

/// A person by digits, phone JID or LID JID.
pub fn addressee(w: &World<'_>, to: &str) -> Result<Account, Refused> {
    let nobody = || Refused::field("to", "no such person");
    if let Some(digits) = to.strip_suffix("@lid") {
        return w
            .account_by_lid(digits.parse().map_err(|_| nobody())?)?
            .ok_or_else(nobody);
    }
    let digits = to.split('@').next().unwrap_or_default();
    w.account(digits.parse().map_err(|_| nobody())?)?
        .ok_or_else(nobody)
}
