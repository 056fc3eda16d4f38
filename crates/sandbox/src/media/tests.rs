//! Uploads and downloads over real HTTPS, by a client that trusts the root alone.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as B64};
use sha2::{Digest, Sha256};
use tokio::{
    net::TcpListener,
    time::{Duration, timeout},
};

use super::{
    Media, MediaKind, MediaServer,
    crypto::{open, seal},
    server::Outside,
};
use crate::{clock::Clock, ids::Phone};

const DEVICE: &str = "15550001:1@s.whatsapp.net";

/// A world with a clock and one fault.
#[derive(Default)]
struct Around {
    clock: Clock,
    gone: std::sync::Mutex<Option<Phone>>,
}

impl Outside for Around {
    fn now(&self) -> i64 {
        self.clock.now()
    }
    fn gone(&self, phone: Option<Phone>) -> bool {
        let mut gone = self.gone.lock().unwrap();
        gone.is_some() && *gone == phone && gone.take().is_some()
    }
}

struct Rig {
    dir: tempfile::TempDir,
    around: Arc<Around>,
    media: Arc<Media>,
    server: MediaServer,
    http: reqwest::Client,
}

impl Rig {
    async fn start() -> Self {
        Self::at(tempfile::tempdir().unwrap()).await
    }

    async fn at(dir: tempfile::TempDir) -> Self {
        let around = Arc::new(Around::default());
        let media = Arc::new(Media::open(Some(dir.path())).unwrap());
        let listen = "127.0.0.1:0".parse().unwrap();
        let server = MediaServer::start(media.clone(), listen, around.clone())
            .await
            .unwrap();
        assert_eq!(media.host().unwrap(), server.addr().to_string());
        let ca = reqwest::Certificate::from_pem(&std::fs::read(media.ca_file()).unwrap()).unwrap();
        let http = reqwest::Client::builder()
            .tls_certs_only([ca])
            .build()
            .unwrap();
        Self {
            dir,
            around,
            media,
            server,
            http,
        }
    }

    fn upload_url(&self, kind: &str, hash: &[u8; 32]) -> String {
        let token = B64.encode(hash);
        let auth = self
            .media
            .auth()
            .issue(DEVICE, self.around.clock.now())
            .unwrap();
        format!(
            "https://{}/mms/{kind}/{token}?auth={auth}&token={token}",
            self.server.addr()
        )
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        self.http
            .get(format!("https://{}{path}", self.server.addr()))
            .send()
            .await
            .unwrap()
    }
}

async fn json(response: reqwest::Response) -> serde_json::Value {
    assert_eq!(response.status(), 200);
    response.json().await.unwrap()
}

#[tokio::test]
async fn what_is_uploaded_is_downloaded_by_its_direct_path() {
    let rig = Rig::start().await;
    let sealed = seal(MediaKind::Document, [5; 32], &vec![42; 3_000_000]).unwrap();
    let url = rig.upload_url("document", &sealed.file_enc_sha256);
    let up = json(
        rig.http
            .post(&url)
            .body(sealed.body.clone())
            .send()
            .await
            .unwrap(),
    )
    .await;
    let path = up["direct_path"].as_str().unwrap();
    assert_eq!(up["url"], format!("https://{}{path}", rig.server.addr()));

    let down = rig.get(path).await;
    assert_eq!(down.status(), 200);
    assert_eq!(down.bytes().await.unwrap(), sealed.body);
    // The ways clients append to a path that already has a query.
    for tail in ["&hash=x&mms-type=document&__wa-mms=", "?auth=a&token=b"] {
        assert_eq!(
            rig.get(&format!("{path}{tail}"))
                .await
                .bytes()
                .await
                .unwrap(),
            sealed.body
        );
    }
    let part = rig
        .http
        .get(up["url"].as_str().unwrap())
        .header("range", "bytes=10-19")
        .send()
        .await
        .unwrap();
    assert_eq!(part.status(), 206);
    assert_eq!(part.bytes().await.unwrap(), sealed.body[10..20]);

    let again = json(
        rig.http
            .put(&url)
            .body(sealed.body.clone())
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(again, up, "the same upload again finds the first");
    let resume = json(
        rig.http
            .post(format!("{url}&resume=1"))
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(
        (&resume["resume"], &resume["direct_path"]),
        (&"complete".into(), &up["direct_path"])
    );
}

#[tokio::test]
async fn a_wrong_hash_token_auth_or_type_keeps_nothing() {
    let rig = Rig::start().await;
    let (good, other) = (
        Sha256::digest(b"body").into(),
        Sha256::digest(b"other").into(),
    );
    let ok = rig.upload_url("image", &good);
    let forged = ok.replace("auth=", "auth=x");
    for (url, status) in [
        (rig.upload_url("image", &other), 400),
        (format!("{ok}x"), 400),
        (ok.replace(&B64.encode(good), "abc"), 400),
        (format!("{ok}&file_offset=2"), 400),
        (forged, 401),
        (ok.split('?').next().unwrap().to_owned(), 401),
        (rig.upload_url("imagery", &good), 404),
    ] {
        let refused = rig.http.post(&url).body("body").send().await.unwrap();
        assert_eq!(refused.status(), status, "{url}");
    }
    assert_eq!(
        rig.http.post(&ok).send().await.unwrap().status(),
        400,
        "an empty body"
    );
    assert_eq!(rig.media.blobs().find("image", &good).unwrap(), None);
    assert_eq!(
        std::fs::read_dir(rig.dir.path().join("media/incoming"))
            .unwrap()
            .count(),
        0
    );
    assert_eq!(
        json(
            rig.http
                .post(format!("{ok}&resume=1"))
                .send()
                .await
                .unwrap()
        )
        .await["resume"],
        "0"
    );

    rig.around.clock.advance(7 * 3600 * 1000);
    assert_eq!(
        rig.http
            .post(&ok)
            .body("body")
            .send()
            .await
            .unwrap()
            .status(),
        401,
        "a stale token"
    );
}

#[tokio::test]
async fn unknown_is_404_and_expired_or_discarded_is_410() {
    let rig = Rig::start().await;
    assert_eq!(rig.get("/v/t62.7118-24/00_n.enc").await.status(), 404);
    assert_eq!(
        rig.get("/v/t62.7118-24/..%2f..%2fupload-secret")
            .await
            .status(),
        404
    );
    let (sealed, path) = rig.media.upload(MediaKind::History, b"chunk").unwrap();
    let url = rig.upload_url("md-msg-hist", &sealed.file_enc_sha256);
    assert_eq!(rig.http.delete(&url).send().await.unwrap().status(), 400);
    let url = format!("{url}&d_md={}", B64.encode(&path));
    assert_eq!(rig.http.delete(url).send().await.unwrap().status(), 200);
    assert_eq!(rig.get(&path).await.status(), 410);
}

#[tokio::test]
async fn a_file_can_be_gone_for_one_account_and_be_back() {
    let rig = Rig::start().await;
    let (_, path) = rig.media.upload(MediaKind::Image, b"picture").unwrap();
    *rig.around.gone.lock().unwrap() = Some("15550001".parse().unwrap());
    let auth = |device: &str| {
        rig.media
            .auth()
            .issue(device, rig.around.clock.now())
            .unwrap()
    };
    let (mine, other) = (auth(DEVICE), auth("15550002:1@s.whatsapp.net"));
    assert_eq!(
        rig.get(&format!("{path}?auth={other}&token=x"))
            .await
            .status(),
        200
    );
    assert_eq!(
        rig.get(&format!("{path}?auth={mine}&token=x"))
            .await
            .status(),
        410
    );
    assert_eq!(rig.get(&format!("{path}&auth={mine}")).await.status(), 200);
}

#[tokio::test]
async fn a_restart_keeps_root_tokens_and_blobs() {
    let rig = Rig::start().await;
    let root = std::fs::read(rig.media.ca_file()).unwrap();
    let before = rig.server.addr();
    let (sealed, path) = rig.media.upload(MediaKind::AppState, b"snapshot").unwrap();
    let token = rig
        .media
        .auth()
        .issue(DEVICE, rig.around.clock.now())
        .unwrap();
    let Rig {
        dir, server, media, ..
    } = rig;
    drop((server, media));
    let freed = async {
        while TcpListener::bind(before).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(10), freed).await.unwrap();
    let rig = Rig::at(dir).await;
    assert_eq!(rig.server.addr(), before);
    assert_eq!(std::fs::read(rig.media.ca_file()).unwrap(), root);
    assert!(
        rig.media
            .auth()
            .check(&token, rig.around.clock.now())
            .is_some()
    );
    let body = rig.get(&path).await.bytes().await.unwrap();
    assert_eq!(
        open(MediaKind::AppState, &sealed.media_key, &body).unwrap(),
        b"snapshot"
    );
}

#[tokio::test]
async fn a_client_that_does_not_know_the_root_is_turned_away() {
    let rig = Rig::start().await;
    let stranger = reqwest::Client::builder()
        .tls_certs_only([])
        .build()
        .unwrap();
    let refused = stranger
        .get(format!("https://{}/v/a/b_n.enc", rig.server.addr()))
        .send()
        .await
        .unwrap_err();
    assert!(refused.is_connect(), "{refused:?}");
}
