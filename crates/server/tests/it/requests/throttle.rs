//! Failed credentials are slowed down by (key, address) and by address; nobody is locked out.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use muster::http::trusted_proxies::TrustedProxies;
use serde_json::json;

use crate::harness::{Key, Response, Server};

fn with(server: &Server, token: &str) -> Response {
    server.get("/v1/users").bearer(token).send()
}

fn wrong(key: &Key) -> String {
    format!("{}.wrong", key.id)
}

#[track_caller]
fn assert_limited(answer: &Response, seconds: &str) {
    let expected = json!({"type": "about:blank", "title": "Too Many Requests", "status": 429,
        "code": "rate_limited", "detail": "too many requests",
        "request_id": answer.header("x-request-id").unwrap()});
    answer.assert(429, &expected);
    assert_eq!(answer.header("retry-after"), Some(seconds));
}

#[track_caller]
fn fail(server: &Server, token: &str, times: usize) {
    for n in 0..times {
        assert_eq!(with(server, token).status, 401, "failure {n}");
    }
}

#[test]
fn after_ten_failures_a_key_waits_a_minute() {
    let server = Server::start();
    let (key, other) = (server.key(), server.key());
    fail(&server, &wrong(&key), 10);
    assert_limited(&with(&server, &wrong(&key)), "60");
    // Unchecked: the right secret tells a guesser nothing.
    assert_limited(&with(&server, &key.token), "60");
    with(&server, &other.token).expect(200);
    server.advance(Duration::from_secs(59));
    assert_limited(&with(&server, &key.token), "1");
    with(&server, &other.token).expect(200);
    server.advance(Duration::from_secs(1));
    with(&server, &key.token).expect(200);
    fail(&server, &wrong(&key), 10);
    assert_limited(&with(&server, &key.token), "60");
}

#[test]
fn what_succeeds_is_no_failure() {
    let server = Server::start();
    let key = server.key();
    for _ in 0..9 {
        fail(&server, &wrong(&key), 1);
        with(&server, &key.token).expect(200);
    }
    for _ in 0..150 {
        with(&server, &key.token).expect(200);
    }
}

#[test]
fn unknown_keys_count_as_one() {
    let server = Server::start();
    let key = server.key();
    for n in 0..10 {
        fail(&server, &format!("1-{n:020}.wrong"), 1);
    }
    for unknown in [
        "1-ffffffffffffffffffff.wrong",
        "99-1.wrong",
        "1-token",
        "nothing",
        "x.y",
    ] {
        assert_limited(&with(&server, unknown), "60");
    }
    with(&server, &key.token).expect(200);
    fail(&server, &wrong(&key), 1);
    server.advance(Duration::from_secs(60));
    fail(&server, "1-ffffffffffffffffffff.wrong", 1);
}

#[test]
fn a_request_without_a_credential_is_no_failure() {
    let server = Server::start();
    let key = server.key();
    for _ in 0..120 {
        assert_eq!(server.get("/v1/users").send().status, 401);
    }
    fail(&server, "1-ffffffffffffffffffff.wrong", 1);
    with(&server, &key.token).expect(200);
}

#[test]
fn after_a_hundred_failures_an_address_waits_and_others_go_on() {
    let server = Server::start();
    let keys: Vec<Key> = (0..11).map(|_| server.key()).collect();
    for key in &keys[..10] {
        fail(&server, &wrong(key), 10);
    }
    let last = &keys[10];
    assert_limited(&with(&server, &last.token), "60");
    // Whatever a client says of where it comes from.
    for header in ["x-forwarded-for", "forwarded", "x-real-ip"] {
        let request = server
            .get("/v1/users")
            .bearer(&last.token)
            .header(header, "203.0.113.7");
        assert_limited(&request.send(), "60");
    }
    for key in [&keys[0], last] {
        let answer = from_elsewhere(&server, &key.token, "");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    server.advance(Duration::from_secs(60));
    with(&server, &last.token).expect(200);
}

/// A server behind proxies on this machine's first address and in 10.0.0.0/8.
fn behind_proxies() -> Server {
    let networks = ["127.0.0.1", "10.0.0.0/8"].map(|network| network.parse().unwrap());
    Server::start_with(|app| {
        app.trusted_proxies = TrustedProxies::new(networks.into_iter().collect());
    })
}

fn forwarded(server: &Server, token: &str, lines: &[&str]) -> Response {
    let mut request = server.get("/v1/users").bearer(token);
    for line in lines {
        request = request.header("x-forwarded-for", line);
    }
    request.send()
}

#[test]
fn behind_a_trusted_proxy_each_client_counts_by_itself() {
    let server = behind_proxies();
    let key = server.key();
    // What a client says itself stands to the left of what the proxy saw.
    for n in 0..10 {
        let forged = format!("198.51.100.{n}, 203.0.113.7, 10.0.0.5");
        let failed = forwarded(&server, &wrong(&key), &[&forged]);
        assert_eq!(failed.status, 401);
    }
    for chain in [
        &["203.0.113.7"][..],
        &["198.51.100.200", "203.0.113.7, 10.0.0.9"],
    ] {
        assert_limited(&forwarded(&server, &key.token, chain), "60");
    }
    for other in [&["203.0.113.8"][..], &["203.0.113.7, 203.0.113.8"], &[]] {
        forwarded(&server, &key.token, other).expect(200);
    }
}

#[test]
fn what_a_proxy_says_that_is_no_address_counts_as_the_proxy() {
    let server = behind_proxies();
    let key = server.key();
    for n in 0..10 {
        let hidden = format!("203.0.113.{n}, unknown");
        let failed = forwarded(&server, &wrong(&key), &[&hidden]);
        assert_eq!(failed.status, 401);
    }
    assert_limited(&with(&server, &key.token), "60");
    // `Forwarded` is not read.
    let request = server.get("/v1/users").bearer(&key.token);
    let request = request.header("forwarded", "for=203.0.113.9");
    assert_limited(&request.send(), "60");
    forwarded(&server, &key.token, &["203.0.113.1"]).expect(200);
}

#[test]
fn who_is_no_trusted_proxy_is_not_believed() {
    let server = behind_proxies();
    let key = server.key();
    for n in 0..10 {
        let header = format!("X-Forwarded-For: 203.0.113.{n}\r\n");
        let answer = from_elsewhere(&server, &wrong(&key), &header);
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    }
    let header = "X-Forwarded-For: 203.0.113.200\r\n";
    let answer = from_elsewhere(&server, &key.token, header);
    assert!(answer.starts_with("HTTP/1.1 429"), "{answer}");
    with(&server, &key.token).expect(200);
}

/// Asks from another address of this machine, which is no proxy's, with one more line of head.
fn from_elsewhere(server: &Server, token: &str, header: &str) -> String {
    let address = server
        .url()
        .strip_prefix("http://")
        .unwrap()
        .parse()
        .unwrap();
    let stream = server.wait(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        socket.connect(address).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    let mut stream = stream;
    let head = format!(
        "GET /v1/users HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\
        Authorization: Bearer {token}\r\n{header}\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// How often the feed tells of an event.
fn told(server: &Server, key: &Key, event: &str) -> Vec<serde_json::Value> {
    server.settle();
    let path = format!("/v1/events?type={event}");
    let page = server.get(&path).bearer(&key.token).send().expect(200);
    page["data"].as_array().unwrap().clone()
}

#[test]
fn a_key_that_is_slowed_down_is_told_of_once_a_minute() {
    let server = Server::start();
    let (key, watcher) = (server.key(), server.key());
    let told = || told(&server, &watcher, "api_rate_limited");
    fail(&server, &wrong(&key), 9);
    assert_eq!(told().len(), 0);
    fail(&server, &wrong(&key), 1);
    for _ in 0..5 {
        assert_eq!(with(&server, &wrong(&key)).status, 429);
    }
    let first = told();
    assert_eq!(first.len(), 1);
    assert_eq!(first[0]["subject"], json!({ "type": "key", "id": key.id }));
    assert_eq!(first[0]["actor"]["type"], "system");
    server.advance(Duration::from_secs(60));
    fail(&server, &wrong(&key), 10);
    assert_eq!(told().len(), 2);
    // A key that nobody has is nothing to tell of.
    for _ in 0..11 {
        with(&server, "1-0123456789abcdef0123.wrong");
    }
    assert_eq!(told().len(), 2);
}

#[test]
fn a_webhook_too_many_is_told_of_once_a_minute() {
    let server = Server::start();
    let key = server.key();
    let ask = || {
        let request = server.post("/v1/webhooks").bearer(&key.token);
        let body = json!({ "url": "http://127.0.0.1:1/hook" });
        request.json(&body).send().status
    };
    for _ in 0..100 {
        assert_eq!(ask(), 201);
    }
    let told = || told(&server, &key, "quota_exceeded");
    assert_eq!(told().len(), 0);
    for _ in 0..3 {
        assert_eq!(ask(), 409);
    }
    let first = told();
    assert_eq!(first.len(), 1);
    let new = json!({ "quota": "webhooks", "limit": 100 });
    assert_eq!(first[0]["change"]["new"], new);
    server.advance(Duration::from_secs(60));
    assert_eq!(ask(), 409);
    assert_eq!(told().len(), 2);
}
