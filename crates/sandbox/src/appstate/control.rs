//! What the owner does with the phone that reaches companions by app state.
//!
//! `POST /accounts/{phone}/addressbook` saves a contact, `DELETE …/addressbook/{contact}` forgets one;
//! `POST /accounts/{phone}/chats` archives, pins, mutes or marks a chat; `GET /accounts/{phone}/chats` what the owner
//! sees of them, whichever device changed it; `GET /accounts/{phone}/appstate` shows what the account's devices agree
//! on, decrypted.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{delete, get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};
use wacore_binary::Jid;

use super::{Action, Collection, Mutation, action::ContactNames};
use crate::{
    control::{accounts::account, body::Body, error::Refused},
    ids::Phone,
    world::{Sim, World},
};

/// What phones take as a name.
const NAME_CHARS: usize = 256;

pub fn router() -> Router<Arc<Sim>> {
    Router::new()
        .route("/accounts/{phone}/addressbook", post(save_contact))
        .route(
            "/accounts/{phone}/addressbook/{contact}",
            delete(forget_contact),
        )
        .route("/accounts/{phone}/chats", post(change_chat).get(chats))
        .route("/accounts/{phone}/appstate", get(show))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Contact {
    phone: Phone,
    name: String,
}

async fn save_contact(
    State(sim): State<Arc<Sim>>,
    Path(phone): Path<String>,
    Body(b): Body<Contact>,
) -> Result<Json<Value>, Refused> {
    let name = b.name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS {
        return Err(Refused::field(
            "name",
            format!("1 to {NAME_CHARS} characters"),
        ));
    }
    sim.act(|w| {
        let owner = account(w, &phone)?.phone;
        // A number that is not on WhatsApp is saved all the same, without a LID.
        let lid = w
            .account(b.phone)?
            .filter(|a| a.on_whatsapp)
            .map(|a| a.lid_jid());
        let names = ContactNames::from_full(name);
        let action = Action::contact(Some(&b.phone.jid()), lid.as_ref(), &names, w.now_ms())?;
        wrote(w, owner, action)
    })
}

/// The entry goes, as its owner deletes it on the phone.
async fn forget_contact(
    State(sim): State<Arc<Sim>>,
    Path((phone, contact)): Path<(String, String)>,
) -> Result<Json<Value>, Refused> {
    let contact: Phone = contact
        .parse()
        .map_err(|_| Refused::field("contact", "a number"))?;
    sim.act(|w| {
        let owner = account(w, &phone)?.phone;
        // Only the index names it; what the removed entry says does not matter.
        let names = ContactNames::from_full("gone");
        let action = Action::contact(Some(&contact.jid()), None, &names, w.now_ms())?;
        wrote(w, owner, action.removed())
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Chat {
    /// A number, or the JID of a person or a group.
    chat: String,
    archived: Option<bool>,
    pinned: Option<bool>,
    /// End of the silence in Unix milliseconds, -1 for ever, 0 unmutes.
    muted_until: Option<i64>,
    read: Option<bool>,
}

async fn change_chat(
    State(sim): State<Arc<Sim>>,
    Path(phone): Path<String>,
    Body(b): Body<Chat>,
) -> Result<Json<Value>, Refused> {
    let chat = match b.chat.parse::<Phone>() {
        Ok(phone) => phone.jid(),
        Err(_) => b
            .chat
            .parse::<Jid>()
            .map_err(|e| Refused::field("chat", e.to_string()))?,
    };
    sim.act(|w| {
        let owner = account(w, &phone)?.phone;
        let now = w.now_ms();
        let action = match (b.archived, b.pinned, b.muted_until, b.read) {
            (Some(yes), None, None, None) => Action::archive(&chat, yes, None, now),
            (None, Some(yes), None, None) => Action::pin(&chat, yes, now),
            (None, None, Some(until), None) => {
                Action::mute(&chat, (until != 0).then_some(until), now)
            }
            (None, None, None, Some(yes)) => Action::mark_read(&chat, yes, None, now),
            _ => return Err(Refused::bad("one of archived, pinned, mutedUntil, read")),
        };
        wrote(w, owner, action?)
    })
}

/// `{data: [{chat, archived, pinned, mutedUntil, read}]}`: chats somebody did something to.
async fn chats(
    State(sim): State<Arc<Sim>>,
    Path(phone): Path<String>,
) -> Result<Json<Value>, Refused> {
    sim.act(|w| {
        let owner = account(w, &phone)?.phone;
        let mut out = Vec::new();
        for (chat, state) in w.chat_states(owner)? {
            let mut v = serde_json::to_value(state).map_err(anyhow::Error::from)?;
            if let Some(o) = v.as_object_mut() {
                o.insert("chat".into(), chat.into());
            }
            out.push(v);
        }
        Ok(Json(json!({ "data": out })))
    })
}

fn wrote(w: &mut World<'_>, owner: Phone, action: Action) -> Result<Json<Value>, Refused> {
    let collection = action.collection;
    w.author(owner, vec![action])?;
    let version = w.app_state_version(owner, collection)?;
    Ok(Json(
        json!({ "collection": collection.as_str(), "version": version }),
    ))
}

async fn show(
    State(sim): State<Arc<Sim>>,
    Path(phone): Path<String>,
) -> Result<Json<Value>, Refused> {
    sim.act(|w| {
        let owner = account(w, &phone)?.phone;
        let mut collections = Vec::new();
        for c in Collection::ALL {
            let version = w.app_state_version(owner, c)?;
            let actions: Vec<Value> = w.app_state_actions(owner, c)?.iter().map(view).collect();
            collections.push(json!({ "name": c.as_str(), "version": version, "actions": actions }));
        }
        Ok(Json(json!({ "collections": collections })))
    })
}

/// The fields tests ask for; the rest of an action is its index.
fn view(m: &Mutation) -> Value {
    let v = &m.value;
    json!({
        "index": m.index,
        "timestamp": v.timestamp,
        "fullName": v.contact_action.as_option().and_then(|c| c.full_name.clone()),
        "firstName": v.contact_action.as_option().and_then(|c| c.first_name.clone()),
        "lidJid": v.contact_action.as_option().and_then(|c| c.lid_jid.clone()),
        "pushName": v.push_name_setting.as_option().and_then(|p| p.name.clone()),
        "archived": v.archive_chat_action.as_option().and_then(|a| a.archived),
        "pinned": v.pin_action.as_option().and_then(|p| p.pinned),
        "muted": v.mute_action.as_option().and_then(|m| m.muted),
        "mutedUntil": v.mute_action.as_option().and_then(|m| m.mute_end_timestamp),
        "read": v.mark_chat_as_read_action.as_option().and_then(|m| m.read),
    })
}
