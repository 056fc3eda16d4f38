//! `POST /accounts/{phone}/send`: that person writes, or does one of the other things people do in a
//! chat. `{to, type, …}` as in the gateway's send body, or with `type` one of `edit`, `revoke`,
//! `reaction`, `vote`, `receipt`, `typing`, `call`; these may also be given as `{to, edit: {…}}`.
//!
//! With every type: `replyTo` (an id this person sees), `mentions` (numbers or JIDs; they are put as the chat
//! addresses people), `forwarded` (how often it was; 0 or absent: not), `hideNumber`. A text may carry
//! `preview {url, title, description}`; `media` also `seconds`, `width`, `height`, `thumbnail`, `animated` (stickers). What may be seen
//! once (`viewOnce`) reaches the phone alone: companions are told `<unavailable type="view_once"/>`.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::post,
};
use serde_json::{Map, Value, json};
use wacore_binary::Jid;

use super::{
    accounts::account,
    body::{Body, value},
    deeds::{ACTIONS, Action, acts},
    error::Refused,
};
use crate::{
    people::{
        compose::{self, Beside, Quoted, Say},
        inbox::Entry,
        write::Writing,
    },
    world::{Sim, World, account::Account},
};

pub fn router() -> Router<Arc<Sim>> {
    Router::new().route("/accounts/{phone}/send", post(send))
}

/// Where a person writes to.
pub enum Chat {
    Person(Account),
    Group(String),
}

impl Chat {
    /// The chat as the inbox names it.
    pub fn name(&self) -> String {
        match self {
            Self::Person(a) => a.pn_jid().to_string(),
            Self::Group(g) => g.clone(),
        }
    }
    pub fn jid(&self) -> Result<Jid, Refused> {
        match self {
            Self::Person(a) => Ok(a.wire_jid()),
            Self::Group(g) => g.parse().map_err(|_| Refused::field("to", "not a group")),
        }
    }
    pub fn person(&self, what: &str) -> Result<&Account, Refused> {
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
    let with = With::taken(&mut b)?;
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
        if with.hide_number && !me.lid_migrated {
            return Err(Refused::field(
                "hideNumber",
                "this account writes as its number",
            ));
        }
        match parsed {
            Ok(say) => says(w, &me, &chat, say, with),
            Err(a) => {
                with.nothing_else()?;
                acts(w, &me, &chat, a, with.hide_number)
            }
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

/// What goes with every type: `replyTo`, `mentions`, and `forwarded`, how often it was.
#[derive(Default)]
struct With {
    reply_to: Option<String>,
    mentions: Vec<String>,
    forwarded: u32,
    hide_number: bool,
}

impl With {
    fn taken(b: &mut Map<String, Value>) -> Result<Self, Refused> {
        Ok(Self {
            reply_to: taken(b, "replyTo")?,
            mentions: taken(b, "mentions")?.unwrap_or_default(),
            forwarded: taken(b, "forwarded")?.unwrap_or(0),
            hide_number: taken(b, "hideNumber")?.unwrap_or(false),
        })
    }
    /// Deeds take `hideNumber` alone.
    fn nothing_else(&self) -> Result<(), Refused> {
        let extra = [
            ("replyTo", self.reply_to.is_some()),
            ("mentions", !self.mentions.is_empty()),
            ("forwarded", self.forwarded > 0),
        ];
        match extra.into_iter().find(|(_, set)| *set) {
            Some((field, _)) => Err(Refused::field(field, "unknown field")),
            None => Ok(()),
        }
    }
}

fn taken<T: serde::de::DeserializeOwned>(
    b: &mut Map<String, Value>,
    field: &str,
) -> Result<Option<T>, Refused> {
    b.remove(field).map(|v| value(field, v)).transpose()
}

fn says(
    w: &mut World<'_>,
    me: &Account,
    chat: &Chat,
    say: Say,
    with: With,
) -> Result<Value, Refused> {
    let mut beside = Beside {
        forwarded: with.forwarded,
        ..Default::default()
    };
    if let Some(id) = &with.reply_to {
        beside.quoted = Some(quoted(w, me, chat, id)?);
    }
    for who in &with.mentions {
        beside.mentions.push(mentioned(w, chat, who)?);
    }
    let msg = compose::message(say, beside, &w.sim.media, w.now())
        .map_err(|e| Refused::field("media", format!("{e:#}")))?;
    let what = Writing {
        msg: &msg,
        hide_number: with.hide_number,
    };
    write(w, me, chat, &what)
}

fn quoted(w: &World<'_>, me: &Account, chat: &Chat, id: &str) -> Result<Quoted, Refused> {
    let e = seen(w, me, chat, id, "replyTo")?;
    let mut message = w.message_shown(e.seq)?.unwrap_or_default();
    message.message_context_info = Default::default();
    Ok(Quoted {
        id: id.to_owned(),
        by: named(w, chat, &e.from)?,
        message,
    })
}

/// The line of a message this person sees, not taken back.
pub fn seen(
    w: &World<'_>,
    me: &Account,
    chat: &Chat,
    id: &str,
    field: &str,
) -> Result<Entry, Refused> {
    w.shown(me.phone, &chat.name(), id)?
        .filter(|e| !e.deleted)
        .ok_or_else(|| Refused::field(field, "this person sees no such message"))
}

/// A person (phone JID) as the chat addresses people.
pub fn named(w: &World<'_>, chat: &Chat, who: &str) -> Result<String, Refused> {
    let account = addressee(w, who)?;
    Ok(match chat {
        Chat::Group(gid) => w
            .name_in_group(gid, account.phone)?
            .map_or_else(|| who.to_owned(), |jid| jid.to_string()),
        Chat::Person(_) => account.wire_jid().to_string(),
    })
}

fn mentioned(w: &World<'_>, chat: &Chat, who: &str) -> Result<String, Refused> {
    named(w, chat, who).map_err(|_| Refused::field("mentions", format!("{who} is nobody")))
}

pub fn write(
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
