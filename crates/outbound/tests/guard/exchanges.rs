//! Exchanges with servers that behave badly, and names that lead elsewhere.

use async_trait::async_trait;
use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use wharf_outbound::{Error, Limits, Lookup, Outbound, Policy, Refused, Request};

/// No test hangs longer.
const DEADLINE: Duration = Duration::from_secs(20);

/// A server that hands each connection, its request read, to `answer`; and how many connections it saw.
async fn server<F, Fut>(answer: F) -> (SocketAddr, Arc<AtomicUsize>)
where
    F: Fn(TcpStream, String) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let seen = Arc::new(AtomicUsize::new(0));
    let (counter, answer) = (Arc::clone(&seen), Arc::new(answer));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            let answer = Arc::clone(&answer);
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => head.push(byte),
                        Err(_) => return,
                    }
                }
                answer(stream, String::from_utf8_lossy(&head).into_owned()).await;
            });
        }
    });
    (at, seen)
}

async fn polite() -> (SocketAddr, Arc<AtomicUsize>) {
    server(|mut stream, head| async move {
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{path}",
            path.len()
        );
        let _ = stream.write_all(answer.as_bytes()).await;
    })
    .await
}

/// Names and the answers they have, one after another; the last stays.
struct Names(Mutex<Vec<Vec<&'static str>>>);

impl Names {
    fn new(answers: &[&[&'static str]]) -> Arc<Self> {
        Arc::new(Self(Mutex::new(
            answers.iter().map(|a| a.to_vec()).collect(),
        )))
    }
}

#[async_trait]
impl Lookup for Names {
    async fn lookup(&self, _: &str) -> Vec<IpAddr> {
        let mut answers = self.0.lock().unwrap();
        let now = if answers.len() > 1 {
            answers.remove(0)
        } else {
            answers[0].clone()
        };
        now.iter().map(|text| text.parse().unwrap()).collect()
    }
}

fn policy(subnets: &[&str]) -> Policy {
    Policy {
        allow_http: true,
        allow_subnets: subnets.iter().map(|net| net.parse().unwrap()).collect(),
    }
}

fn loopback() -> Outbound {
    Outbound::builder()
        .policy(policy(&["127.0.0.1"]))
        .build()
        .unwrap()
}

fn quick() -> Limits {
    Limits {
        first_byte: Duration::from_secs(2),
        whole: Duration::from_secs(30),
        largest: 1 << 20,
        window: Duration::from_secs(1),
        least: 100,
    }
}

async fn body(out: &Outbound, url: &str, limits: &Limits) -> Result<Vec<u8>, Error> {
    timeout(DEADLINE, async {
        out.get(url, limits).await?.whole().await
    })
    .await
    .expect("the exchange has an end")
}

#[tokio::test]
async fn an_answer_comes_whole() {
    let (at, _) = polite().await;
    let got = body(&loopback(), &format!("http://{at}/hello"), &quick()).await;
    assert_eq!(got.unwrap(), b"/hello");
}

#[tokio::test]
async fn a_private_address_is_refused_and_not_dialled() {
    let (at, seen) = polite().await;
    let out = Outbound::builder().policy(policy(&[])).build().unwrap();
    let got = body(&out, &format!("http://{at}/"), &quick()).await;
    assert!(
        matches!(got, Err(Error::Refused(Refused::Address(_)))),
        "{got:?}"
    );
    let mapped = format!("http://[::ffff:127.0.0.1]:{}/", at.port());
    let got = body(&out, &mapped, &quick()).await;
    assert!(
        matches!(got, Err(Error::Refused(Refused::Address(_)))),
        "{got:?}"
    );
    assert_eq!(seen.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_and_not_dialled() {
    let (at, seen) = polite().await;
    let url = format!("http://inside.example:{}/", at.port());
    for inside in [
        "127.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
    ] {
        let inside: &'static str = inside;
        let out = Outbound::builder()
            .policy(policy(&[]))
            .lookup(Names::new(&[&[inside]]))
            .build()
            .unwrap();
        let got = body(&out, &url, &quick()).await;
        assert!(
            matches!(&got, Err(Error::Refused(Refused::Address(at))) if *at == inside.parse::<IpAddr>().unwrap()),
            "{inside}: {got:?}"
        );
        assert!(matches!(out.check(&url).await, Err(Error::Refused(_))));
    }
    assert_eq!(seen.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn of_several_addresses_only_the_permitted_are_dialled() {
    let (at, seen) = polite().await;
    // The server listens on 127.0.0.1; 127.0.0.2 is not allowed, and would be dialled first.
    let out = Outbound::builder()
        .policy(policy(&["127.0.0.1"]))
        .lookup(Names::new(&[&["127.0.0.2", "10.0.0.1", "127.0.0.1"]]))
        .build()
        .unwrap();
    let got = body(
        &out,
        &format!("http://both.example:{}/x", at.port()),
        &quick(),
    )
    .await;
    assert_eq!(got.unwrap(), b"/x");
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_answer_of_the_dns_that_changes_after_the_check_changes_nothing() {
    let (at, seen) = polite().await;
    let out = Outbound::builder()
        .policy(policy(&["127.0.0.9"]))
        .lookup(Names::new(&[&["127.0.0.9"], &["127.0.0.1"]]))
        .build()
        .unwrap();
    let url = format!("http://rebinds.example:{}/", at.port());
    // Saved as a setting: judged by the first answer. Dialled: by the second.
    assert!(out.check(&url).await.is_ok());
    let got = body(&out, &url, &quick()).await;
    assert!(
        matches!(got, Err(Error::Refused(Refused::Address(_)))),
        "{got:?}"
    );
    assert_eq!(seen.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_name_without_addresses_is_said_to_be_one() {
    let out = Outbound::builder()
        .policy(policy(&[]))
        .lookup(Names::new(&[&[]]))
        .build()
        .unwrap();
    let got = body(&out, "http://nowhere.example/", &quick()).await;
    assert!(matches!(got, Err(Error::Unresolved)), "{got:?}");
    assert!(matches!(
        out.check("http://nowhere.example/").await,
        Err(Error::Unresolved)
    ));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let (inner, seen) = polite().await;
    let (at, _) = server(move |mut stream, _| async move {
        let answer =
            format!("HTTP/1.1 302 Found\r\nlocation: http://{inner}/\r\ncontent-length: 0\r\n\r\n");
        let _ = stream.write_all(answer.as_bytes()).await;
    })
    .await;
    let answer = loopback()
        .get(&format!("http://{at}/"), &quick())
        .await
        .unwrap();
    assert_eq!(answer.status(), 302);
    assert_eq!(seen.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_redirect_that_may_be_followed_is_judged_like_the_first_url() {
    let (at, _) = server(|mut stream, _| async move {
        let answer = "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/latest\r\ncontent-length: 0\r\n\r\n";
        let _ = stream.write_all(answer.as_bytes()).await;
    })
    .await;
    let out = Outbound::builder()
        .policy(policy(&["127.0.0.1"]))
        .redirects(3)
        .build()
        .unwrap();
    let got = body(&out, &format!("http://{at}/"), &quick()).await;
    assert!(
        matches!(got, Err(Error::Refused(Refused::Address(_)))),
        "{got:?}"
    );

    let (round, seen) = server(|mut stream, head| async move {
        let host = head.lines().find_map(|l| l.strip_prefix("host: ")).unwrap_or_default().to_owned();
        let answer = format!("HTTP/1.1 302 Found\r\nlocation: http://{host}/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        let _ = stream.write_all(answer.as_bytes()).await;
    })
    .await;
    let got = body(&out, &format!("http://{round}/"), &quick()).await;
    assert!(
        matches!(got, Err(Error::Refused(Refused::Redirect))),
        "{got:?}"
    );
    assert_eq!(seen.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn one_byte_a_second_is_cut_off() {
    let (at, _) = server(|mut stream, _| async move {
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
            .await;
        let mut ticks = tokio::time::interval(Duration::from_millis(200));
        loop {
            ticks.tick().await;
            if stream.write_all(b"x").await.is_err() {
                return;
            }
        }
    })
    .await;
    let got = body(&loopback(), &format!("http://{at}/"), &quick()).await;
    assert!(matches!(got, Err(Error::TooSlow)), "{got:?}");
}

#[tokio::test]
async fn a_steady_but_endless_answer_ends_with_the_whole_deadline() {
    let (at, _) = server(|mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        let mut ticks = tokio::time::interval(Duration::from_millis(100));
        loop {
            ticks.tick().await;
            if stream.write_all(&[b'x'; 500]).await.is_err() {
                return;
            }
        }
    })
    .await;
    let limits = Limits {
        whole: Duration::from_secs(3),
        ..quick()
    };
    let got = body(&loopback(), &format!("http://{at}/"), &limits).await;
    assert!(matches!(got, Err(Error::TooSlow)), "{got:?}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_left() {
    let (at, _) = server(|stream, _| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let got = body(&loopback(), &format!("http://{at}/"), &quick()).await;
    assert!(matches!(got, Err(Error::TooSlow)), "{got:?}");
}

#[tokio::test]
async fn ten_gigabytes_are_refused_when_announced_and_when_not() {
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    let (at, _) = server(move |mut stream, head| {
        let counter = Arc::clone(&counter);
        async move {
            let length = if head.starts_with("GET /honest") {
                "content-length: 10737418240\r\n"
            } else {
                ""
            };
            let _ = stream
                .write_all(format!("HTTP/1.1 200 OK\r\n{length}\r\n").as_bytes())
                .await;
            let block = vec![0; 64 << 10];
            for _ in 0..(10u64 << 30) / (64 << 10) {
                if stream.write_all(&block).await.is_err() {
                    return;
                }
                counter.fetch_add(block.len(), Ordering::SeqCst);
            }
        }
    })
    .await;
    for path in ["honest", "silent"] {
        let got = body(&loopback(), &format!("http://{at}/{path}"), &quick()).await;
        assert!(
            matches!(got, Err(Error::TooLarge(limit)) if limit == 1 << 20),
            "{path}: {got:?}"
        );
    }
    // What the sockets' buffers hold went out as well, and not much more.
    assert!(sent.load(Ordering::SeqCst) < 64 << 20);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_no_body() {
    let (at, _) = server(|mut stream, _| async move {
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf")
            .await;
    })
    .await;
    let got = body(&loopback(), &format!("http://{at}/"), &quick()).await;
    assert!(matches!(got, Err(Error::Broken(_))), "{got:?}");
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    drop(listener);
    let got = body(&loopback(), &format!("http://{at}/"), &quick()).await;
    assert!(matches!(got, Err(Error::Unreachable(_))), "{got:?}");
}

#[tokio::test]
async fn an_error_never_tells_the_url() {
    let out = loopback();
    for url in [
        "http://127.0.0.1:9/?token=geheim",
        "https://10.0.0.1/geheim",
        "https://u:geheim@example.com/",
    ] {
        let error = out.send(Request::get(url), &quick()).await.unwrap_err();
        let mut text = format!("{error} {error:?}");
        let mut cause = std::error::Error::source(&error);
        while let Some(this) = cause {
            text.push_str(&format!(" {this} {this:?}"));
            cause = this.source();
        }
        assert!(!text.contains("geheim"), "{text}");
    }
}
