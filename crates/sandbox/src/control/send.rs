//! `POST /accounts/{phone}/send`: that person writes.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::post,
};
use serde::Deserialize;
use serde_json::{Value, json};
use waproto::whatsapp as wa;

use super::{accounts::account, body::Body, error::Refused};
use crate::{
    people::write::Writing,
    world::{Sim, World, account::Account},
};

pub fn router() -> Router<Arc<Sim>> {
    Router::new().route("/accounts/{phone}/send", post(send))
}

/// `to` and `type` as in the gateway's send body.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Send {
    to: String,
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
    #[serde(default)]
    hide_number: bool,
}

async fn send(
    State(sim): State<Arc<Sim>>,
    Path(phone): Path<String>,
    Body(b): Body<Send>,
) -> Result<Json<Value>, Refused> {
    sim.act(|w| {
        let from = account(w, &phone)?;
        let group = b.to.ends_with("@g.us");
        if b.hide_number && !from.lid_migrated {
            return Err(Refused::field(
                "hideNumber",
                "this account writes as its number",
            ));
        }
        let msg = match b.kind.as_str() {
            "text" => wa::Message {
                conversation: Some(
                    b.text
                        .clone()
                        .ok_or_else(|| Refused::field("text", "missing"))?,
                ),
                ..Default::default()
            },
            other => return Err(Refused::not_implemented(format!("type {other:?}"))),
        };
        let what = Writing {
            msg: &msg,
            kind: "text",
            hide_number: b.hide_number,
            edit: None,
        };
        let id = if group {
            w.person_writes_to_group(&from, &b.to, &what)?
        } else {
            let to = addressee(w, &b.to)?;
            if !to.on_whatsapp {
                return Err(Refused::field("to", "not on WhatsApp"));
            }
            w.person_writes(&from, &to, &what)?
        };
        Ok(Json(json!({"waMessageId": id})))
    })
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
