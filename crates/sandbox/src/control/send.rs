//! `POST /accounts/{phone}/send`: that person writes, or does one of the other things people do in a
//! chat. `{to, type, …}` as in the gateway's send body, or with `type` one of `edit`, `revoke`,
//! `reaction`, `receipt`, `typing`, `call`; these may also be given as `{to, edit: {…}}`.

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
        compose::{self, Quoted, Say},
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

/// The author of a message as the group names its members.
pub fn named_in_group(w: &World<'_>, gid: &str, by: &str) -> Result<String, Refused> {
    let account = addressee(w, by)?;
    let name = w.name_in_group(gid, account.phone)?;
    Ok(name.map_or_else(|| by.to_owned(), |jid| jid.to_string()))
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
