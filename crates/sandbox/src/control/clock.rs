//! `GET /clock` and `POST /clock {advance}`: the world's time, which only goes forward.

use std::sync::Arc;

use axum::{Json, Router, extract::State, routing::get};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{body::Body, error::Refused};
use crate::world::Sim;

pub fn router() -> Router<Arc<Sim>> {
    Router::new().route("/clock", get(show).post(advance))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    /// Milliseconds.
    advance: i64,
}

async fn show(State(sim): State<Arc<Sim>>) -> Json<Value> {
    Json(json!({"now": sim.clock.now_ms()}))
}

async fn advance(
    State(sim): State<Arc<Sim>>,
    Body(b): Body<Advance>,
) -> Result<Json<Value>, Refused> {
    if b.advance < 0 {
        return Err(Refused::field("advance", "time does not go back"));
    }
    sim.clock.advance(b.advance);
    Ok(Json(json!({"now": sim.clock.now_ms()})))
}
