//! `POST /accounts/{phone}/expire-media {waMessageId, forget?}`: the network drops the file of a message this
//! person sees (410 from now on); with `forget` the phones lose their copy too and answer so when asked.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::post,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    control::{accounts::account, body::Body, error::Refused},
    world::Sim,
};

pub fn router() -> Router<Arc<Sim>> {
    Router::new().route("/accounts/{phone}/expire-media", post(expire))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Expire {
    wa_message_id: String,
    #[serde(default)]
    forget: bool,
}

async fn expire(
    State(sim): State<Arc<Sim>>,
    Path(phone): Path<String>,
    Body(b): Body<Expire>,
) -> Result<Json<Value>, Refused> {
    sim.act(|w| {
        let owner = account(w, &phone)?.phone;
        let none = || Refused::field("waMessageId", "this person sees no such file");
        let line = w
            .inbox(owner)?
            .into_iter()
            .find(|e| e.wa_message_id == b.wa_message_id);
        let chat = line.ok_or_else(none)?.chat;
        let file = w
            .file_of(owner, &chat, &b.wa_message_id)?
            .ok_or_else(none)?;
        let blobs = w.sim.media.blobs();
        let expired = blobs.expire(&file.direct_path)?;
        let forgotten = b.forget && blobs.forget(&file.direct_path)?;
        Ok(Json(json!({"expired": expired, "forgotten": forgotten})))
    })
}
