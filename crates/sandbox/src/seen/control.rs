//! `GET /accounts/{phone}/seen?since=` and `POST /accounts/{phone}/presence {state}`.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    control::{accounts::account, body::Body, error::Refused},
    world::Sim,
};

pub fn router() -> Router<Arc<Sim>> {
    Router::new()
        .route("/accounts/{phone}/seen", get(seen))
        .route("/accounts/{phone}/presence", post(presence))
}

#[derive(Deserialize)]
struct Since {
    since: Option<i64>,
}

async fn seen(
    State(sim): State<Arc<Sim>>,
    Path(phone): Path<String>,
    Query(q): Query<Since>,
) -> Result<Json<Value>, Refused> {
    sim.act(|w| {
        let a = account(w, &phone)?;
        Ok(Json(
            json!({"events": w.seen_by(a.phone, q.since.unwrap_or(0))?}),
        ))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Presence {
    state: Presently,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Presently {
    Available,
    Unavailable,
}

async fn presence(
    State(sim): State<Arc<Sim>>,
    Path(phone): Path<String>,
    Body(b): Body<Presence>,
) -> Result<Json<Value>, Refused> {
    sim.act(|w| {
        let a = account(w, &phone)?;
        let here = matches!(b.state, Presently::Available);
        w.sim.online.set_available(a.phone.device(0), here);
        w.presence_changed(a.phone)?;
        Ok(Json(
            json!({"watchedBy": w.sim.online.watchers(a.phone).len()}),
        ))
    })
}
