//! Receives Wharf's events: verifies each, passes over what it has seen, prints the rest.

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use serde_json::Value;
use standardwebhooks::Webhook;
use std::{
    collections::HashSet,
    env,
    error::Error,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::net::TcpListener;

struct Receiver {
    webhook: Webhook,
    /// In memory, so until it ends. A program that acts on events keeps the ids in its database, in the transaction of
    /// what it does.
    seen: Mutex<HashSet<String>>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let secret = env::var("WEBHOOK_SECRET")
        .map_err(|_| "WEBHOOK_SECRET: set it to the whsec_… of your webhook")?;
    let port = env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let receiver = Receiver {
        webhook: Webhook::new(&secret)?,
        seen: Mutex::default(),
    };
    let app = Router::new()
        .route("/hook", post(hook))
        .with_state(Arc::new(receiver));
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("listening on http://{}/hook", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

async fn hook(
    State(receiver): State<Arc<Receiver>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    // Over the bytes as they came: a body that was parsed and written anew has another signature.
    if receiver.webhook.verify(&body, &headers).is_err() {
        return StatusCode::UNAUTHORIZED;
    }
    let (Some(id), Ok(event)) = (headers.get("webhook-id"), serde_json::from_slice(&body)) else {
        return StatusCode::BAD_REQUEST;
    };
    // The same id comes again when an answer was late or lost.
    let id = String::from_utf8_lossy(id.as_bytes()).into_owned();
    if receiver
        .seen
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(id)
    {
        handle(&event);
    }
    StatusCode::NO_CONTENT
}

/// The answer waits for this: what takes long belongs in a queue.
fn handle(event: &Value) {
    println!("{event}");
}
