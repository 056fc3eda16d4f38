//! Against a small object store on loopback. That signatures are right is shown by the documented example, beside the code.

use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use wharf_domain::{
    Error,
    ports::{
        blobs::{Blobs, Chunks},
        clock::Clock,
    },
};
use wharf_media::{S3Blobs, S3Settings};
use wharf_outbound::{Outbound, Policy};
use wharf_types::Millis;

const START: Millis = 1_700_000_000_000;

struct Hands(AtomicI64);
impl Clock for Hands {
    fn now(&self) -> Millis {
        self.0.load(Ordering::SeqCst)
    }
}

struct Made(Vec<bytes::Bytes>);
#[async_trait::async_trait]
impl Chunks for Made {
    async fn chunk(&mut self) -> Result<Option<bytes::Bytes>, Error> {
        Ok(self.0.pop())
    }
}

#[derive(Default)]
struct Bucket {
    /// Name → bytes and the second of the last change, as the request's date says.
    objects: Mutex<BTreeMap<String, (Vec<u8>, String)>>,
    uploads: AtomicUsize,
    /// Answers 500 to everything.
    broken: std::sync::atomic::AtomicBool,
}

fn iso(stamp: &str) -> String {
    let s = stamp.as_bytes();
    let part = |from: usize, to: usize| String::from_utf8_lossy(&s[from..to]).into_owned();
    format!(
        "{}-{}-{}T{}:{}:{}.000Z",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(9, 11),
        part(11, 13),
        part(13, 15)
    )
}

async fn serve(mut stream: TcpStream, bucket: Arc<Bucket>) -> std::io::Result<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        let head = String::from_utf8(head).unwrap();
        let header = |name: &str| {
            let line = head
                .lines()
                .find(|l| l.to_ascii_lowercase().starts_with(&format!("{name}: ")));
            line.map_or("", |line| line.split_once(": ").unwrap().1)
                .to_owned()
        };
        let mut body = vec![0; header("content-length").parse().unwrap_or(0)];
        stream.read_exact(&mut body).await?;
        let mut words = head.split(' ');
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let hash: String = Sha256::digest(&body)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        let signed = header("authorization");
        let good = signed.starts_with("AWS4-HMAC-SHA256 Credential=key/20")
            && signed
                .contains("/here/s3/aws4_request,SignedHeaders=host;x-amz-content-sha256;x-amz-")
            && header("x-amz-content-sha256") == hash
            && header("x-amz-date").len() == 16;
        let key = path
            .strip_prefix("/files")
            .map(|key| key.trim_start_matches('/').to_owned());
        let (status, extra, answer) = match key {
            _ if bucket.broken.load(Ordering::SeqCst) => (500, String::new(), Vec::new()),
            _ if !good => (403, String::new(), Vec::new()),
            None => (404, String::new(), Vec::new()),
            Some(key) => {
                let mut objects = bucket.objects.lock().unwrap();
                let at = iso(&header("x-amz-date"));
                match (method, key.as_str()) {
                    // Two a page.
                    ("GET", "") => {
                        let get = |name: &str| {
                            let pair = query
                                .split('&')
                                .find_map(|pair| pair.strip_prefix(&format!("{name}=")));
                            pair.unwrap_or_default()
                                .replace("%2F", "/")
                                .replace("%3D", "=")
                        };
                        let (prefix, after) = (get("prefix"), get("continuation-token"));
                        let after = after.trim_start_matches("after/=").to_owned();
                        let mut names = objects
                            .iter()
                            .filter(|(name, _)| name.starts_with(&prefix) && **name > after);
                        let mut xml = String::from("<ListBucketResult>");
                        let mut last = String::new();
                        for (name, (bytes, at)) in names.by_ref().take(2) {
                            last = name.clone();
                            xml += &format!(
                                "<Contents><Key>{name}</Key><LastModified>{at}</LastModified><Size>{}</Size></Contents>",
                                bytes.len()
                            );
                        }
                        if names.next().is_some() {
                            xml += &format!(
                                "<NextContinuationToken>after/={last}</NextContinuationToken>"
                            );
                        }
                        (200, String::new(), xml.into_bytes())
                    }
                    ("PUT", key) if !header("x-amz-copy-source").is_empty() => {
                        assert_eq!(header("x-amz-copy-source"), format!("/files/{key}"));
                        match objects.get_mut(key) {
                            Some(object) => {
                                object.1 = at;
                                (200, String::new(), Vec::new())
                            }
                            None => (404, String::new(), Vec::new()),
                        }
                    }
                    ("PUT", key) => {
                        bucket.uploads.fetch_add(1, Ordering::SeqCst);
                        objects.insert(key.to_owned(), (body, at));
                        (200, String::new(), Vec::new())
                    }
                    ("DELETE", key) => {
                        objects.remove(key);
                        (204, String::new(), Vec::new())
                    }
                    (_, key) => match objects.get(key) {
                        None => (404, String::new(), Vec::new()),
                        Some((bytes, _)) if method == "HEAD" => (
                            200,
                            format!("content-length: {}\r\n", bytes.len()),
                            Vec::new(),
                        ),
                        Some((bytes, _)) => {
                            let range = header("range");
                            let (from, to) =
                                range.trim_start_matches("bytes=").split_once('-').unwrap();
                            let (from, to): (usize, usize) =
                                (from.parse().unwrap(), to.parse().unwrap());
                            (206, String::new(), bytes[from..=to].to_vec())
                        }
                    },
                }
            }
        };
        let extra = if extra.is_empty() {
            format!("content-length: {}\r\n", answer.len())
        } else {
            extra
        };
        stream
            .write_all(format!("HTTP/1.1 {status} X\r\n{extra}\r\n").as_bytes())
            .await?;
        stream.write_all(&answer).await?;
    }
}

struct Room {
    bucket: Arc<Bucket>,
    blobs: S3Blobs,
    clock: Arc<Hands>,
    dir: tempfile::TempDir,
}

impl Room {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at: SocketAddr = listener.local_addr().unwrap();
        let bucket = Arc::new(Bucket::default());
        let served = Arc::clone(&bucket);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that goes away is no trouble.
                tokio::spawn(serve(stream, Arc::clone(&served)));
            }
        });
        let settings = S3Settings {
            endpoint: format!("http://{at}"),
            bucket: "files".into(),
            region: "here".into(),
            access_key: "key".into(),
            secret_key: "secret".into(),
        };
        let policy = Policy {
            allow_http: true,
            allow_subnets: vec!["127.0.0.1".parse().unwrap()],
        };
        let out = Outbound::builder().policy(policy).build().unwrap();
        let clock = Arc::new(Hands(AtomicI64::new(START)));
        let dir = tempfile::tempdir().unwrap();
        let blobs = S3Blobs::open(settings, dir.path(), out, Arc::clone(&clock) as _).unwrap();
        Self {
            bucket,
            blobs,
            clock,
            dir,
        }
    }

    async fn keep(&self, byte: u8, size: usize) -> wharf_domain::ports::blobs::Blob {
        let mut body = Made(vec![vec![byte; size].into()]);
        let file = self.blobs.fill(&mut body, 1 << 30).await.unwrap();
        self.blobs.keep(file).await.unwrap()
    }

    fn scratch_files(&self) -> usize {
        std::fs::read_dir(self.dir.path().join("scratch"))
            .unwrap()
            .count()
    }
}

#[tokio::test]
async fn what_is_kept_comes_back_whole_and_in_parts() {
    let room = Room::new().await;
    let blob = room.keep(7, 300_000).await;
    let mut part = room.blobs.read(&blob.sha256, 10, 5).await.unwrap().unwrap();
    assert_eq!(part.chunk().await.unwrap().unwrap(), vec![7; 5]);
    let copy = room.blobs.copy(&blob.sha256).await.unwrap().unwrap();
    assert_eq!(std::fs::read(copy.path()).unwrap(), vec![7; 300_000]);
    drop(copy);
    // The same bytes are uploaded once.
    assert_eq!(room.keep(7, 300_000).await, blob);
    assert_eq!(room.bucket.uploads.load(Ordering::SeqCst), 1);
    assert_eq!(room.scratch_files(), 0);
}

#[tokio::test]
async fn the_list_goes_over_all_pages_and_leaves_out_what_is_none_of_ours() {
    let room = Room::new().await;
    for byte in 0..5 {
        room.keep(byte, 10).await;
    }
    let other = (b"x".to_vec(), "2020-01-01T00:00:00.000Z".to_owned());
    room.bucket
        .objects
        .lock()
        .unwrap()
        .insert("readme.txt".into(), other);
    let kept = room.blobs.list().await.unwrap();
    assert_eq!(kept.len(), 5);
    assert!(
        kept.iter()
            .all(|kept| kept.blob.size == 10 && kept.used_at == START)
    );
}

#[tokio::test]
async fn what_was_used_since_is_not_removed() {
    let room = Room::new().await;
    let blob = room.keep(1, 10).await;
    room.clock.0.store(START + 60_000, Ordering::SeqCst);
    assert_eq!(room.blobs.used(&blob.sha256).await.unwrap(), Some(10));
    assert!(
        !room
            .blobs
            .remove(&blob.sha256, START + 60_000)
            .await
            .unwrap()
    );
    assert!(
        room.blobs
            .remove(&blob.sha256, START + 61_000)
            .await
            .unwrap()
    );
    assert_eq!(room.blobs.used(&blob.sha256).await.unwrap(), None);
    assert!(room.blobs.read(&blob.sha256, 0, 1).await.unwrap().is_none());
    assert!(room.blobs.copy(&blob.sha256).await.unwrap().is_none());
}

#[tokio::test]
async fn other_bytes_under_a_hash_are_noticed_and_trouble_is_no_absence() {
    let room = Room::new().await;
    let blob = room.keep(1, 10).await;
    room.bucket
        .objects
        .lock()
        .unwrap()
        .get_mut(&blob.sha256)
        .unwrap()
        .0 = vec![2; 10];
    assert!(room.blobs.copy(&blob.sha256).await.is_err());
    room.bucket.broken.store(true, Ordering::SeqCst);
    assert!(matches!(
        room.blobs.used(&blob.sha256).await,
        Err(Error::Unavailable(_))
    ));
    assert!(room.blobs.list().await.is_err());
    assert!(room.blobs.read("../secret", 0, 1).await.is_err());
}
