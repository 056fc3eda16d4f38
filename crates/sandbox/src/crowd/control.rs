//! `POST /populate`.

use std::sync::Arc;

use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use serde::Deserialize;

use super::{
    Spec,
    apply::{PopulateError, Populated},
};
use crate::{
    control::{body::Body, error::Refused},
    ids::Phone,
    world::Sim,
};

pub fn router() -> Router<Arc<Sim>> {
    Router::new().route("/populate", post(populate))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Populate {
    people: u32,
    #[serde(default)]
    groups: u32,
    #[serde(default)]
    messages: u32,
    #[serde(default)]
    seed: u64,
    r#for: Phone,
}

impl From<PopulateError> for Refused {
    fn from(e: PopulateError) -> Self {
        let why = e.to_string();
        match e {
            PopulateError::NoAccount(_) => Refused::field("for", why),
            PopulateError::Repeated | PopulateError::Taken(_) | PopulateError::TooMuchLive(_) => {
                Refused::conflict(why)
            }
            PopulateError::Spec(_) => Refused::bad(why),
            PopulateError::Other(e) => Refused::from(e),
        }
    }
}

async fn populate(
    State(sim): State<Arc<Sim>>,
    Body(b): Body<Populate>,
) -> Result<(StatusCode, Json<Populated>), Refused> {
    let spec = Spec {
        people: b.people,
        groups: b.groups,
        messages: b.messages,
        seed: b.seed,
        account: b.r#for.to_string(),
    };
    // A large crowd takes seconds; the sockets of others must not wait for the thread.
    let work = tokio::task::spawn_blocking(move || sim.act(|w| w.populate(b.r#for, spec)));
    let done = work
        .await
        .map_err(|e| Refused::from(anyhow::anyhow!("populating: {e}")))??;
    Ok((StatusCode::CREATED, Json(done)))
}
