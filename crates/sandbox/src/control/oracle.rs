//! `GET /ledger` and `GET /trace`.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Query, State},
    routing::get,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::Refused;
use crate::world::Sim;

pub fn router() -> Router<Arc<Sim>> {
    Router::new()
        .route("/ledger", get(ledger))
        .route("/trace", get(trace))
}

#[derive(Deserialize)]
struct Since {
    /// Unix milliseconds.
    since: Option<i64>,
}

async fn ledger(
    State(sim): State<Arc<Sim>>,
    Query(q): Query<Since>,
) -> Result<Json<Value>, Refused> {
    sim.act(|w| Ok(Json(w.ledger_view(q.since.unwrap_or(0))?)))
}

#[derive(Deserialize)]
struct Which {
    phone: Option<String>,
    limit: Option<usize>,
}

async fn trace(State(sim): State<Arc<Sim>>, Query(q): Query<Which>) -> Json<Value> {
    let lines = sim.trace.last(q.phone.as_deref(), q.limit.unwrap_or(200));
    Json(json!({"lines": lines, "errors": sim.trace.errors()}))
}
