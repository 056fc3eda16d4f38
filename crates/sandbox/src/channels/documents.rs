//! What clients ask of channels by `w:mex`.
//!
//! The ids are those of wacore 0.7.0 (`iq/mex_operations.rs`), the answers what its reader and whatsmeow's
//! (`types/newsletter.go`) expect: numbers as text, roles in small letters, states too.

use anyhow::Context;
use serde_json::{Value, json};

use super::store::{Channel, Role};
use crate::{
    ids::{DeviceAddr, Phone},
    mex::{Answer, Document, MexError, text},
    world::World,
};

pub const DOCUMENTS: &[Document] = &[
    Document {
        id: "25149874324715067",
        handler: create,
    },
    Document {
        id: "27456920720571478",
        handler: fetch,
    },
    Document {
        id: "25399611239711790",
        handler: subscribed,
    },
    Document {
        id: "24404358912487870",
        handler: join,
    },
    Document {
        id: "9767147403369991",
        handler: leave,
    },
    Document {
        id: "24250201037901610",
        handler: update,
    },
    Document {
        id: "31938993655691868",
        handler: user_setting,
    },
];

const NOT_FOUND: MexError = MexError::Refused(404, "Not Found");
const FORBIDDEN: MexError = MexError::Refused(403, "Forbidden");
const BAD_REQUEST: MexError = MexError::Refused(400, "Bad Request");

/// What WhatsApp takes as a name, and as a description.
const NAME_CHARS: usize = 100;
const DESCRIPTION_CHARS: usize = 2048;

fn metadata(w: &World<'_>, c: &Channel, viewer: Phone) -> anyhow::Result<Value> {
    let subscribers = w.followers(&c.jid)?.len();
    let (role, muted) = match w.channel_role(c, viewer)? {
        Role::Owner => ("owner", false),
        Role::Follower { muted } => ("subscriber", muted),
        Role::Guest => ("guest", true),
    };
    let since = (c.created_at * 1_000_000).to_string();
    let said = |text: &str| json!({"id": since, "text": text, "update_time": since});
    Ok(json!({
        "id": c.jid,
        "state": {"type": "active"},
        "thread_metadata": {
            "creation_time": c.created_at.to_string(),
            "invite": c.invite,
            "handle": null,
            "name": said(&c.name),
            "description": said(&c.description),
            "subscribers_count": subscribers.to_string(),
            "verification": "UNVERIFIED",
            "picture": null,
            "preview": {"id": null, "type": "PREVIEW", "direct_path": ""},
            "settings": {"reaction_codes": {"value": "ALL"}},
        },
        "viewer_metadata": {"role": role, "mute": if muted { "ON" } else { "OFF" }},
    }))
}

/// A name of 1 to 100 characters and a description of up to 2048.
pub fn sized(name: &str, description: &str) -> bool {
    (1..=NAME_CHARS).contains(&name.trim().chars().count())
        && description.chars().count() <= DESCRIPTION_CHARS
}

fn create(w: &mut World<'_>, d: DeviceAddr, v: &Value) -> Answer {
    let input = v.get("input").context("variable input")?;
    let name = text(input, "name")?;
    let description = input
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if !sized(name, description) {
        return Err(BAD_REQUEST);
    }
    let c = w.add_channel(d.phone, name, description)?;
    Ok(json!({"xwa2_newsletter_create": metadata(w, &c, d.phone)?}))
}

fn fetch(w: &mut World<'_>, d: DeviceAddr, v: &Value) -> Answer {
    let input = v.get("input").context("variable input")?;
    let key = text(input, "key")?;
    let found = match text(input, "type")? {
        "JID" => w.channel(key)?,
        "INVITE" => w.channel_by_invite(key)?,
        _ => return Err(BAD_REQUEST),
    };
    let c = found.ok_or(NOT_FOUND)?;
    Ok(json!({"xwa2_newsletter": metadata(w, &c, d.phone)?}))
}

fn subscribed(w: &mut World<'_>, d: DeviceAddr, _: &Value) -> Answer {
    let mut all = Vec::new();
    for c in w.channels_of(d.phone)? {
        all.push(metadata(w, &c, d.phone)?);
    }
    Ok(json!({"xwa2_newsletter_subscribed": all}))
}

fn named(w: &World<'_>, v: &Value) -> Result<Channel, MexError> {
    w.channel(text(v, "newsletter_id")?)?.ok_or(NOT_FOUND)
}

fn join(w: &mut World<'_>, d: DeviceAddr, v: &Value) -> Answer {
    let c = named(w, v)?;
    if c.owner != d.phone {
        w.follow(&c.jid, d.phone)?;
    }
    Ok(json!({"xwa2_newsletter_join_v2": metadata(w, &c, d.phone)?}))
}

fn leave(w: &mut World<'_>, d: DeviceAddr, v: &Value) -> Answer {
    let c = named(w, v)?;
    // An owner cannot leave; nobody leaves what they do not follow.
    if c.owner == d.phone || !w.unfollow(&c.jid, d.phone)? {
        return Err(FORBIDDEN);
    }
    Ok(json!({"xwa2_newsletter_leave_v2": {"id": c.jid, "state": {"type": "active"}}}))
}

fn update(w: &mut World<'_>, d: DeviceAddr, v: &Value) -> Answer {
    let mut c = named(w, v)?;
    if c.owner != d.phone {
        return Err(FORBIDDEN);
    }
    let updates = v.get("updates").context("variable updates")?;
    let new = |key: &str| updates.get(key).and_then(Value::as_str).map(str::to_owned);
    c.name = new("name").unwrap_or(c.name);
    c.description = new("description").unwrap_or(c.description);
    if !sized(&c.name, &c.description) {
        return Err(BAD_REQUEST);
    }
    w.rename_channel(&c)?;
    Ok(json!({"xwa2_newsletter_update": metadata(w, &c, d.phone)?}))
}

/// Muting. Only followers hear of followers' activity, only owners of admins'.
fn user_setting(w: &mut World<'_>, d: DeviceAddr, v: &Value) -> Answer {
    let input = v.get("input").context("variable input")?;
    let c = named(w, input)?;
    let muted = match text(input, "value")? {
        "ON" => true,
        "OFF" => false,
        _ => return Err(BAD_REQUEST),
    };
    match (text(input, "type")?, w.channel_role(&c, d.phone)?) {
        ("MUTE_FOLLOWER_ACTIVITY", Role::Follower { .. }) => {
            w.mute_channel(&c.jid, d.phone, muted)?;
        }
        ("MUTE_FOLLOWER_ACTIVITY" | "MUTE_ADMIN_ACTIVITY", Role::Owner) => {}
        ("MUTE_FOLLOWER_ACTIVITY" | "MUTE_ADMIN_ACTIVITY", _) => return Err(FORBIDDEN),
        _ => return Err(BAD_REQUEST),
    }
    Ok(json!({"xwa2_newsletter_update_user_setting": {"id": c.jid, "state": {"type": "active"}}}))
}
