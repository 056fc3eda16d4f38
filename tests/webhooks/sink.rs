//! A receiver that the test plays.

use crate::harness::{PATIENCE, schemas, until};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::Value;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::net::TcpListener;

/// What it does with a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// 200.
    Takes,
    /// This status.
    Answers(u16),
    /// 503 with `Retry-After: 100`.
    Busy,
    /// Says nothing.
    Hangs,
    /// 200, and then a body without end.
    Floods,
}

/// One delivery as it came.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub headers: HeaderMap,
    pub body: String,
    /// It was answered with 200.
    pub taken: bool,
}

impl Delivery {
    pub fn event(&self) -> Value {
        let event = serde_json::from_str(&self.body).unwrap();
        schemas::check(&event, "a webhook");
        event
    }

    pub fn id(&self) -> &str {
        self.headers["webhook-id"].to_str().unwrap()
    }

    /// The foreign library's verdict.
    #[track_caller]
    pub fn is_signed_by(&self, secret: &str) -> bool {
        let webhook = standardwebhooks::Webhook::new(secret).unwrap();
        webhook.verify(self.body.as_bytes(), &self.headers).is_ok()
    }
}

struct Inside {
    came: Vec<Delivery>,
    mood: Mood,
    /// Ids that are answered with 500 whatever the mood.
    refused: Vec<String>,
}

/// The receiver.
#[derive(Clone)]
pub struct Sink {
    pub url: String,
    inside: Arc<Mutex<Inside>>,
}

impl Sink {
    pub async fn new() -> Self {
        let inside = Arc::new(Mutex::new(Inside {
            came: Vec::new(),
            mood: Mood::Takes,
            refused: Vec::new(),
        }));
        let router = Router::new()
            .route("/hook", post(hook))
            .with_state(Arc::clone(&inside));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, inside }
    }

    pub fn mood(&self, mood: Mood) {
        self.inside.lock().unwrap().mood = mood;
    }

    /// Events with this text are answered with 500 from now on.
    pub fn refuse(&self, text: &str) {
        self.inside.lock().unwrap().refused.push(text.to_owned());
    }

    /// And no longer.
    pub fn forgive(&self) {
        self.inside.lock().unwrap().refused.clear();
    }

    pub fn came(&self) -> Vec<Delivery> {
        self.inside.lock().unwrap().came.clone()
    }

    /// Texts of the messages that were taken, in the order they were.
    pub fn texts(&self) -> Vec<String> {
        let came = self.came();
        let taken = came.iter().filter(|delivery| delivery.taken);
        taken
            .filter_map(|delivery| Some(delivery.event()["payload"]["body"].as_str()?.to_owned()))
            .collect()
    }

    /// Waits until enough has come.
    pub async fn until(&self, what: &str, enough: impl Fn(&[Delivery]) -> bool) -> Vec<Delivery> {
        until(what, || async {
            let came = self.came();
            enough(&came).then_some(came)
        })
        .await
    }
}

async fn hook(
    State(inside): State<Arc<Mutex<Inside>>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body = String::from_utf8(body.to_vec()).unwrap();
    let mood = {
        let mut inside = inside.lock().unwrap();
        let refused = inside.refused.iter().any(|text| body.contains(text));
        let mood = if refused {
            Mood::Answers(500)
        } else {
            inside.mood
        };
        inside.came.push(Delivery {
            headers,
            body,
            taken: matches!(mood, Mood::Takes | Mood::Floods),
        });
        mood
    };
    match mood {
        Mood::Takes => "ok".into_response(),
        Mood::Answers(status) => {
            (StatusCode::from_u16(status).unwrap(), "no".repeat(10_000)).into_response()
        }
        Mood::Busy => (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "100")]).into_response(),
        Mood::Hangs => {
            tokio::time::sleep(PATIENCE * 2).await;
            "late".into_response()
        }
        Mood::Floods => {
            let chunk = Bytes::from(vec![b'x'; 64 << 10]);
            let endless = futures_util::stream::unfold((), move |()| {
                let chunk = chunk.clone();
                async move {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    Some((Ok::<_, std::io::Error>(chunk), ()))
                }
            });
            axum::body::Body::from_stream(endless).into_response()
        }
    }
}
