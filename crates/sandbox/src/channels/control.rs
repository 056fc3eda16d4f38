//! `/channels`: channels as people run and follow them.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{delete, get, post},
};
use buffa::Message as _;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use waproto::whatsapp as wa;

use super::{documents::sized, store::Channel};
use crate::{
    control::{
        accounts::account,
        body::{Body, object},
        error::Refused,
    },
    ids::Phone,
    people::{
        compose::{self, Beside, Say},
        content, cover,
        write::message_id,
    },
    world::{Sim, World},
};

pub fn router() -> Router<Arc<Sim>> {
    Router::new()
        .route("/channels", post(create).get(list))
        .route("/channels/{jid}", get(show))
        .route("/channels/{jid}/posts", post(publish))
        .route("/channels/{jid}/posts/{id}", delete(take_back).patch(edit))
        .route("/channels/{jid}/followers", post(follow))
        .route("/channels/{jid}/followers/{phone}", delete(unfollow))
        .route("/channels/{jid}/reactions", post(react))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    owner: Phone,
    name: String,
    #[serde(default)]
    description: String,
}

async fn create(
    State(sim): State<Arc<Sim>>,
    Body(b): Body<Create>,
) -> Result<(StatusCode, Json<Value>), Refused> {
    if !sized(&b.name, &b.description) {
        return Err(Refused::field(
            "name",
            "1 to 100 characters, a description up to 2048",
        ));
    }
    sim.act(|w| {
        account(w, &b.owner.to_string())?;
        let c = w.add_channel(b.owner, &b.name, &b.description)?;
        Ok((StatusCode::CREATED, Json(view(w, &c)?)))
    })
}

async fn list(State(sim): State<Arc<Sim>>) -> Result<Json<Value>, Refused> {
    sim.act(|w| {
        let all = w.channels()?;
        let all = all
            .iter()
            .map(|c| view(w, c))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Json(json!({ "data": all })))
    })
}

async fn show(
    State(sim): State<Arc<Sim>>,
    Path(jid): Path<String>,
) -> Result<Json<Value>, Refused> {
    sim.act(|w| {
        let c = channel(w, &jid)?;
        Ok(Json(view(w, &c)?))
    })
}

fn channel(w: &World<'_>, jid: &str) -> Result<Channel, Refused> {
    w.channel(jid)?
        .ok_or_else(|| Refused::not_found(format!("no channel {jid}")))
}

/// Posts oldest first; a post that was taken back has no text.
fn view(w: &World<'_>, c: &Channel) -> anyhow::Result<Value> {
    let mut posts = Vec::new();
    for p in w.posts(&c.jid, None, u32::MAX)? {
        let msg = p
            .body
            .as_deref()
            .map(wa::Message::decode_from_slice)
            .transpose()?;
        let reactions = w.post_reactions(&c.jid, p.server_id)?.into_iter();
        let reactions: Vec<_> = reactions
            .map(|(emoji, count)| json!({"emoji": emoji, "count": count}))
            .collect();
        posts.push(json!({
            "waMessageId": p.id, "serverId": p.server_id, "timestamp": p.at * 1000,
            "deleted": msg.is_none(), "body": msg.as_ref().and_then(content::body), "reactions": reactions,
        }));
    }
    Ok(json!({
        "channelJid": c.jid, "owner": c.owner, "name": c.name, "description": c.description, "invite": c.invite,
        "followers": w.followers(&c.jid)?, "mutedBy": w.muting(&c.jid)?, "posts": posts,
    }))
}

/// `{text}`, or any body of `send` with its `type`. `told: false`: the server has it and tells no device, as one that lost
/// its connection in that moment would find.
async fn publish(
    State(sim): State<Arc<Sim>>,
    Path(jid): Path<String>,
    Body(mut b): Body<Map<String, Value>>,
) -> Result<Json<Value>, Refused> {
    b.entry("type").or_insert_with(|| "text".into());
    let told = b.remove("told") != Some(Value::Bool(false));
    let say: Say = object(b)?;
    sim.act(|w| {
        let c = channel(w, &jid)?;
        let msg = compose::message(say, Beside::in_channel(), &w.sim.media, w.now())
            .map_err(|e| Refused::field("media", format!("{e:#}")))?;
        let kind = cover::proper(&msg).kind;
        let (post, _) = w.add_post(&c.jid, &message_id(), kind, &msg.encode_to_vec())?;
        if told {
            w.tell_post(&c, &post, &msg, None)?;
        }
        Ok(Json(
            json!({"waMessageId": post.id, "serverId": post.server_id}),
        ))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    text: String,
}

async fn edit(
    State(sim): State<Arc<Sim>>,
    Path((jid, id)): Path<(String, String)>,
    Body(b): Body<Edit>,
) -> Result<StatusCode, Refused> {
    let msg = wa::Message {
        conversation: Some(b.text),
        ..Default::default()
    };
    sim.act(|w| change(w, &jid, &id, Some(&msg.encode_to_vec())))
}

async fn take_back(
    State(sim): State<Arc<Sim>>,
    Path((jid, id)): Path<(String, String)>,
) -> Result<StatusCode, Refused> {
    sim.act(|w| change(w, &jid, &id, None))
}

fn change(
    w: &mut World<'_>,
    jid: &str,
    id: &str,
    body: Option<&[u8]>,
) -> Result<StatusCode, Refused> {
    let c = channel(w, jid)?;
    let post = w
        .post_by_id(jid, id)?
        .filter(|p| p.body.is_some())
        .ok_or_else(|| Refused::not_found(format!("no post {id}")))?;
    w.change_post(jid, post.server_id, body)?;
    w.tell_change(&c, post.server_id, None)?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Follow {
    phone: Phone,
}

async fn follow(
    State(sim): State<Arc<Sim>>,
    Path(jid): Path<String>,
    Body(b): Body<Follow>,
) -> Result<StatusCode, Refused> {
    sim.act(|w| {
        let c = channel(w, &jid)?;
        account(w, &b.phone.to_string())?;
        if c.owner == b.phone {
            return Err(Refused::conflict("the owner follows it already"));
        }
        w.follow(&jid, b.phone)?;
        Ok(StatusCode::NO_CONTENT)
    })
}

async fn unfollow(
    State(sim): State<Arc<Sim>>,
    Path((jid, phone)): Path<(String, String)>,
) -> Result<StatusCode, Refused> {
    sim.act(|w| {
        let a = account(w, &phone)?;
        if w.unfollow(&jid, a.phone)? {
            Ok(StatusCode::NO_CONTENT)
        } else {
            Err(Refused::not_found("they do not follow it"))
        }
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct React {
    phone: Phone,
    server_id: i64,
    /// Empty takes it back.
    emoji: String,
}

async fn react(
    State(sim): State<Arc<Sim>>,
    Path(jid): Path<String>,
    Body(b): Body<React>,
) -> Result<StatusCode, Refused> {
    sim.act(|w| {
        let c = channel(w, &jid)?;
        account(w, &b.phone.to_string())?;
        w.post(&jid, b.server_id)?
            .ok_or_else(|| Refused::field("serverId", "no such post"))?;
        w.react_to_post(&jid, b.server_id, b.phone, &b.emoji)?;
        w.tell_reactions(&c, b.server_id)?;
        Ok(StatusCode::NO_CONTENT)
    })
}
