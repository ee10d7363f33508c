//! A webhook's attempt against receivers on loopback: good ones, broken ones and hostile ones.

mod receiver;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use directory::clock::{Clock, FakeClock, SystemClock, SystemRandom};
use jiff::Timestamp;
use muster::deliver::guard::{AllowedNetworks, Forbidden};
use muster::deliver::retry::RetryAfter;
use muster::deliver::signature::WebhookSecret;
use muster::deliver::webhook::{Attempt, DEADLINE, Failure, Outcome, Request, WebhookSender};
use rustls::RootCertStore;
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use receiver::{Receiver, read_request};

const BODY: &str = r#"{"type":"user_created","timestamp":"2026-01-02T03:04:05.678Z","data":{}}"#;

fn networks(allowed: &[&str]) -> AllowedNetworks {
    allowed.iter().map(|text| text.parse().unwrap()).collect()
}

/// A sender that reaches loopback, without trust in any certificate.
fn sender_within(deadline: Duration) -> WebhookSender {
    let clock = Arc::new(SystemClock::new());
    let allowed = networks(&["127.0.0.0/8", "::1"]);
    WebhookSender::with(allowed, clock, RootCertStore::empty(), deadline).unwrap()
}

fn sender() -> WebhookSender {
    sender_within(DEADLINE)
}

/// A sender for which nothing was opened.
fn guarded() -> WebhookSender {
    WebhookSender::new(AllowedNetworks::default(), Arc::new(SystemClock::new())).unwrap()
}

async fn send(sender: &WebhookSender, url: &str) -> Attempt {
    let secrets = [WebhookSecret::generate(&SystemRandom)];
    send_signed(sender, url, &secrets).await
}

async fn send_signed(sender: &WebhookSender, url: &str, secrets: &[WebhookSecret]) -> Attempt {
    let request = Request {
        url,
        id: "msg_1",
        timestamp: SystemClock::new().now().as_second(),
        body: &Bytes::from_static(BODY.as_bytes()),
        secrets,
    };
    sender.send(request).await
}

/// Says `head`, and then a byte every 20 ms for as long as anybody listens.
async fn drip(mut stream: TcpStream, head: &'static [u8]) {
    read_request(&mut stream).await.unwrap();
    stream.write_all(head).await.unwrap();
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    loop {
        pace.tick().await;
        if stream.write_all(b"a").await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_delivery_is_a_signed_post_of_the_body_as_it_is() {
    let (receiver, mut received) = Receiver::keeping().await;
    let secrets = [1, 2].map(|_| WebhookSecret::generate(&SystemRandom));
    let url = format!("{}?a=b", receiver.url());
    let attempt = send_signed(&sender(), &url, &secrets).await;
    assert_eq!(attempt.outcome, Outcome::Delivered);
    assert_eq!((attempt.status, attempt.answer.as_str()), (Some(204), ""));
    let request = received.recv().await.unwrap();
    assert_eq!(request.line, "POST /hook?a=b HTTP/1.1");
    assert_eq!(request.body, BODY.as_bytes());
    let header = |name: &str| request.headers[name].to_str().unwrap();
    assert_eq!(header("content-type"), "application/json");
    let agent = concat!("Muster/", env!("CARGO_PKG_VERSION"));
    assert_eq!(header("user-agent"), agent);
    assert_eq!(header("host"), receiver.address.to_string());
    assert_eq!(header("webhook-id"), "msg_1");
    for absent in ["accept-encoding", "referer", "cookie", "authorization"] {
        assert!(!request.headers.contains_key(absent), "{absent}");
    }
    for secret in &secrets {
        let webhook = standardwebhooks::Webhook::new(secret.expose().expose_secret()).unwrap();
        webhook.verify(&request.body, &request.headers).unwrap();
    }
}

#[tokio::test]
async fn a_connection_that_was_answered_on_serves_the_next_attempt() {
    let (receiver, mut received) = Receiver::keeping().await;
    let sender = sender();
    for _ in 0..3 {
        let attempt = send(&sender, &receiver.url()).await;
        assert_eq!(attempt.outcome, Outcome::Delivered);
        received.recv().await.unwrap();
    }
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn an_answer_says_what_it_means_for_the_delivery() {
    let huge = "Retry-After: 1000000000\r\n";
    let asked = Some(RetryAfter::Delay(Duration::from_secs(1_000_000_000)));
    for (status, header, outcome, retry_after) in [
        (200, huge, Outcome::Delivered, None),
        (299, "", Outcome::Delivered, None),
        (304, "", Outcome::Refused, None),
        (404, "", Outcome::Refused, None),
        (410, huge, Outcome::Gone, None),
        (429, huge, Outcome::Refused, asked),
        (500, "Retry-After: soon\r\n", Outcome::Refused, None),
        (503, huge, Outcome::Refused, asked),
    ] {
        let answer = format!("HTTP/1.1 {status} Said\r\n{header}\r\nwhat it said");
        let receiver = Receiver::saying(answer).await;
        let attempt = send(&sender(), &receiver.url()).await;
        assert_eq!(attempt.outcome, outcome, "{status}");
        assert_eq!(attempt.status, Some(status));
        assert_eq!(attempt.retry_after, retry_after, "{status}");
        let said = if status == 304 { "" } else { "what it said" };
        assert_eq!(attempt.answer, said, "{status}");
    }
}

#[tokio::test]
async fn a_redirection_is_not_followed_and_no_success() {
    let target = Receiver::saying("HTTP/1.1 200 OK\r\n\r\n").await;
    for status in [301, 302, 303, 307, 308] {
        let answer = format!(
            "HTTP/1.1 {status} Moved\r\nLocation: {}\r\n\r\n",
            target.url()
        );
        let receiver = Receiver::saying(answer).await;
        let attempt = send(&sender(), &receiver.url()).await;
        assert_eq!(attempt.outcome, Outcome::Refused);
        assert_eq!(attempt.status, Some(status));
    }
    assert_eq!(target.connections(), 0);
}

#[tokio::test]
async fn a_head_that_does_not_end_in_time_is_no_answer() {
    let deadline = Duration::from_millis(200);
    for head in [b"HTTP/1.1 200 ".as_slice(), b"HTTP/1.1 200 OK\r\nx-a: "] {
        let receiver = Receiver::start(move |stream| drip(stream, head)).await;
        let attempt = send(&sender_within(deadline), &receiver.url()).await;
        assert_eq!(attempt.outcome, Outcome::Failed(Failure::TimedOut));
        assert_eq!(attempt.status, None);
        assert!(attempt.duration >= deadline, "{:?}", attempt.duration);
        assert!(attempt.duration < DEADLINE, "{:?}", attempt.duration);
        assert_eq!(attempt.outcome.to_string(), "no answer in time");
    }
}

#[tokio::test]
async fn a_body_that_does_not_end_in_time_leaves_the_status_as_it_is() {
    let deadline = Duration::from_millis(200);
    for (head, outcome) in [
        (b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), Outcome::Delivered),
        (b"HTTP/1.1 500 No\r\n\r\n", Outcome::Refused),
    ] {
        let receiver = Receiver::start(move |stream| drip(stream, head)).await;
        let attempt = send(&sender_within(deadline), &receiver.url()).await;
        assert_eq!(attempt.outcome, outcome);
        assert!(attempt.duration >= deadline && attempt.duration < DEADLINE);
        assert!(attempt.answer.starts_with('a'), "{:?}", attempt.answer);
    }
}

#[tokio::test]
async fn a_receiver_that_takes_the_connection_and_says_nothing_is_left_in_time() {
    let silent = Receiver::start(|mut stream| async move {
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let sender = sender_within(Duration::from_millis(200));
    for url in [silent.url(), format!("https://{}/", silent.address)] {
        let attempt = send(&sender, &url).await;
        assert_eq!(attempt.outcome, Outcome::Failed(Failure::TimedOut));
        assert!(attempt.duration < DEADLINE, "{:?}", attempt.duration);
    }
}

#[tokio::test]
async fn an_endless_body_is_read_to_64_kib_and_the_connection_ended() {
    let (sender_of_end, mut end) = mpsc::unbounded_channel();
    let receiver = Receiver::start(move |mut stream| {
        let ended = sender_of_end.clone();
        async move {
            read_request(&mut stream).await.unwrap();
            let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n";
            stream.write_all(head).await.unwrap();
            while stream.write_all(&[b'a'; 16_384]).await.is_ok() {}
            ended.send(()).unwrap();
        }
    })
    .await;
    let attempt = send(&sender(), &receiver.url()).await;
    assert_eq!(attempt.outcome, Outcome::Delivered);
    assert_eq!(attempt.answer, "a".repeat(1_024));
    assert!(attempt.duration < DEADLINE, "{:?}", attempt.duration);
    end.recv().await.unwrap();
}

#[tokio::test]
async fn an_endless_head_is_no_answer() {
    let receiver = Receiver::start(|mut stream| async move {
        read_request(&mut stream).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nx-a: ").await.unwrap();
        while stream.write_all(&[b'a'; 16_384]).await.is_ok() {}
    })
    .await;
    let attempt = send(&sender(), &receiver.url()).await;
    assert_eq!(attempt.outcome, Outcome::Failed(Failure::Broken));
    assert!(attempt.duration < DEADLINE, "{:?}", attempt.duration);
}

#[tokio::test]
async fn an_answer_in_gzip_is_not_unpacked() {
    // 20 000 times `a`.
    let mut packed = vec![
        31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 237, 193, 49, 1, 0, 0, 0, 194,
    ];
    packed.extend([160, 172, 235, 95, 194, 26, 30, 64, 1]);
    packed.extend([0; 18]);
    packed.extend([240, 96, 49, 135, 189, 202, 32, 78, 0, 0]);
    let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 55\r\n\r\n";
    let receiver = Receiver::saying([head.as_bytes(), &packed].concat()).await;
    let attempt = send(&sender(), &receiver.url()).await;
    assert_eq!(attempt.outcome, Outcome::Delivered);
    assert!(!attempt.answer.contains("aa"), "{:?}", attempt.answer);
    assert!(attempt.answer.starts_with("\u{fffd}\u{fffd}\u{fffd}"));
    assert!(attempt.answer.chars().count() <= packed.len());
}

#[tokio::test]
async fn what_breaks_is_told_without_an_address() {
    let closing = Receiver::start(|mut stream| async move {
        read_request(&mut stream).await.unwrap();
    })
    .await;
    let babbling = Receiver::saying("SSH-2.0-server\r\n\r\n").await;
    let bound = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}/", bound.local_addr().unwrap());
    drop(bound);
    // Longer than a name may be, so that nobody is asked for it.
    let no_name = format!("http://{}.invalid/", "a".repeat(64));
    for (url, failure) in [
        (closing.url(), Failure::Broken),
        (babbling.url(), Failure::Broken),
        (nobody, Failure::Unreachable),
        (no_name, Failure::Unresolved),
    ] {
        let attempt = send(&sender(), &url).await;
        assert_eq!(attempt.outcome, Outcome::Failed(failure), "{url}");
        assert_eq!((attempt.status, attempt.answer.as_str()), (None, ""));
        let told = attempt.outcome.to_string();
        assert!(!told.contains("127"), "{told}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_leaves_the_status_as_it_is() {
    let short = "HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\nshort";
    let receiver = Receiver::saying(short).await;
    let attempt = send(&sender(), &receiver.url()).await;
    assert_eq!(attempt.outcome, Outcome::Delivered);
    assert_eq!(attempt.answer, "short");
}

#[tokio::test]
async fn a_name_with_a_closed_address_is_refused_without_a_connection() {
    let receiver = Receiver::saying("HTTP/1.1 200 OK\r\n\r\n").await;
    let port = receiver.address.port();
    for name in ["localhost", "LOCALHOST"] {
        let attempt = send(&guarded(), &format!("https://{name}:{port}/")).await;
        assert_eq!(attempt.outcome, Outcome::Forbidden(Forbidden::Address));
        assert!(!attempt.outcome.to_string().contains("127"));
    }
    let elsewhere = networks(&["10.0.0.0/8"]);
    let clock = Arc::new(SystemClock::new());
    let elsewhere = WebhookSender::new(elsewhere, clock).unwrap();
    let attempt = send(&elsewhere, &format!("http://localhost:{port}/")).await;
    assert_eq!(attempt.outcome, Outcome::Forbidden(Forbidden::Address));
    assert_eq!(receiver.connections(), 0);
    let attempt = send(&sender(), &format!("http://localhost:{port}/")).await;
    assert_eq!(attempt.outcome, Outcome::Delivered);
}

#[tokio::test]
async fn no_notation_of_a_closed_address_gets_a_connection() {
    let receiver = Receiver::saying("HTTP/1.1 200 OK\r\n\r\n").await;
    let port = receiver.address.port();
    let hosts = [
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[::1]",
        "0",
    ];
    for host in hosts {
        let attempt = send(&guarded(), &format!("https://{host}:{port}/")).await;
        assert_eq!(
            attempt.outcome,
            Outcome::Forbidden(Forbidden::Address),
            "{host}"
        );
        let attempt = send(&guarded(), &format!("http://{host}:{port}/")).await;
        assert_eq!(
            attempt.outcome,
            Outcome::Forbidden(Forbidden::PlainText),
            "{host}"
        );
    }
    assert_eq!(receiver.connections(), 0);
    for host in hosts.into_iter().take(4) {
        let attempt = send(&sender(), &format!("http://{host}:{port}/")).await;
        assert_eq!(attempt.outcome, Outcome::Delivered, "{host}");
    }
}

#[tokio::test]
async fn what_cannot_be_signed_is_not_sent() {
    let receiver = Receiver::saying("HTTP/1.1 200 OK\r\n\r\n").await;
    let attempt = send_signed(&sender(), &receiver.url(), &[]).await;
    assert_eq!(attempt.outcome, Outcome::Failed(Failure::Unsigned));
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn the_duration_is_the_clocks() {
    let clock = Arc::new(FakeClock::new(Timestamp::UNIX_EPOCH));
    let passing = clock.clone();
    let receiver = Receiver::start(move |mut stream| {
        let clock = passing.clone();
        async move {
            read_request(&mut stream).await.unwrap();
            clock.advance(Duration::from_millis(1_234));
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
            stream.write_all(answer).await.unwrap();
        }
    })
    .await;
    let roots = RootCertStore::empty();
    let sender = WebhookSender::with(networks(&["127.0.0.1"]), clock, roots, DEADLINE).unwrap();
    let attempt = send(&sender, &receiver.url()).await;
    assert_eq!(attempt.duration, Duration::from_millis(1_234));
}

#[test]
fn a_proxy_in_the_environment_is_not_asked() {
    // The variables are read once a process, and cannot be set safely in a running one.
    let nobody = "http://127.0.0.1:9";
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    again.args([
        "--exact",
        "deliver_webhook::a_connection_that_was_answered_on_serves_the_next_attempt",
    ]);
    for name in [
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ] {
        again.env(name, nobody);
    }
    let output = again
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && told.contains("1 passed"),
        "{told}"
    );
}
