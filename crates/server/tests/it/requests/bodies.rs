//! Bodies and queries that cost too much or cannot be read: refused, and nothing written.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Key, Response, Server};

fn post(server: &Server, key: &Key, body: impl Into<Vec<u8>>) -> Response {
    let request = server.post("/v1/users").bearer(&key.token);
    request.body("application/json", body).send()
}

#[track_caller]
fn assert_unreadable(answer: &Response) {
    let body = answer.expect(400);
    assert_eq!(body["code"], "unreadable");
    assert_eq!(body.get("errors"), None);
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
}

/// A body of so many bytes that makes a user.
fn padded(bytes: usize) -> String {
    let body = json!({"email": "a@example.org"}).to_string();
    body.clone() + &" ".repeat(bytes - body.len())
}

#[test]
fn a_body_above_one_mebibyte_is_too_large() {
    let server = Server::start();
    let key = server.key();
    for bytes in [(1 << 20) + 1, 2 << 20] {
        let answer = post(&server, &key, padded(bytes));
        let expected = json!({"type": "about:blank", "title": "Payload Too Large", "status": 413,
            "code": "too_large", "detail": "the body is too large",
            "request_id": answer.header("x-request-id").unwrap()});
        answer.assert(413, &expected);
    }
    assert_eq!(server.user_count(), 0);
    post(&server, &key, padded(1 << 20)).expect(201);
}

#[test]
fn a_chunked_body_is_measured_too() {
    let server = Server::start();
    let key = server.key();
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000)).repeat(17) + "0\r\n\r\n";
    let head = format!(
        "POST /v1/users HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\
        Authorization: Bearer {}\r\nContent-Type: application/json\r\n\
        Transfer-Encoding: chunked\r\n\r\n",
        key.token
    );
    let answer = raw(&server, &(head + &chunk));
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

fn raw(server: &Server, text: &str) -> String {
    let address = server.url().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

#[test]
fn a_body_that_does_not_arrive_in_time_is_too_slow() {
    let server = Server::start_with(|app| app.body_timeout = Duration::from_millis(50));
    let key = server.key();
    let head = format!(
        "POST /v1/users HTTP/1.1\r\nHost: a\r\nX-Request-Id: slow-1\r\n\
        Authorization: Bearer {}\r\nContent-Type: application/json\r\n\
        Content-Length: 100\r\n\r\n{{\"email\":",
        key.token
    );
    let answer = raw(&server, &head);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(head.contains("x-request-id: slow-1"), "{answer}");
    let expected = json!({"type": "about:blank", "title": "Request Timeout", "status": 408,
        "code": "too_slow", "detail": "the body took too long to arrive",
        "request_id": "slow-1"});
    assert_eq!(serde_json::from_str::<Value>(body).unwrap(), expected);
    assert_eq!(server.user_count(), 0);
    post(&server, &key, padded(100)).expect(201);
}

#[test]
fn a_body_that_breaks_off_writes_nothing() {
    let server = Server::start();
    let key = server.key();
    let body = json!({"email": "a@example.org"}).to_string();
    let head = format!(
        "POST /v1/users HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\n\
        Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        key.token,
        body.len() + 1
    );
    let address = server.url().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/1.1 2"));
    assert_eq!(server.user_count(), 0);
}

#[test]
fn nesting_is_bounded_before_it_is_read() {
    let server = Server::start();
    let key = server.key();
    let nested = |open: &str, close: &str, levels: usize| {
        format!("{{\"x\":{}1{}}}", open.repeat(levels), close.repeat(levels))
    };
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let fits = post(&server, &key, nested(open, close, 15));
        assert_eq!(fits.expect(422)["errors"][0]["pointer"], "/x");
        for levels in [16, 17, 1_000, 100_000] {
            assert_unreadable(&post(&server, &key, nested(open, close, levels)));
        }
        assert_unreadable(&post(&server, &key, open.repeat(100_000)));
    }
    assert_eq!(server.user_count(), 0);
}

#[test]
fn more_than_a_thousand_fields_are_refused() {
    let server = Server::start();
    let key = server.key();
    let fields = |count: usize| {
        let all: Vec<String> = (0..count).map(|n| format!("\"f{n}\":1")).collect();
        format!("{{{}}}", all.join(","))
    };
    let fits = post(&server, &key, fields(1_000)).expect(422);
    assert_eq!(
        fits["errors"].as_array().unwrap().len(),
        1_001,
        "and the email is missing"
    );
    assert_unreadable(&post(&server, &key, fields(1_001)));
    let items = format!("{{\"badges\":[{}]}}", vec!["1"; 1_000].join(","));
    assert_unreadable(&post(&server, &key, items));
}

#[test]
fn what_is_not_strictly_json_is_refused() {
    let server = Server::start();
    let key = server.key();
    let bodies: [&[u8]; 14] = [
        br#"{"email":"a@example.org","email":"b@example.org"}"#,
        br#"{"email":"a@example.org","\u0065mail":"b@example.org"}"#,
        br#"{"email":"a@example.org","worker":{"drug_tested":"passed","drug_tested":"failed"}}"#,
        br#"{"email":"a@example.org","city":"\ud800"}"#,
        br#"{"email":"a@example.org","city":"\udc00\ud800"}"#,
        b"{\"email\":\"a@example.org\",\"city\":\"\xff\"}",
        b"{\"email\":\"a@example.org\",\"city\":\"\xed\xa0\x80\"}",
        b"{\"email\":\"a@example.org\",\"city\":\"\0\"}",
        b"{\"email\":\"a@example.org\"}\0",
        b"\xef\xbb\xbf{\"email\":\"a@example.org\"}",
        br#"{"email":"a@example.org"} {}"#,
        br#"{"email":"a@example.org","rating":1e999}"#,
        br#"{"email":"a@example.org","rating":NaN}"#,
        br#"{'email':'a@example.org'}"#,
    ];
    for body in bodies {
        let answer = post(&server, &key, body);
        assert_unreadable(&answer);
        assert!(
            !answer.text.contains("example.org"),
            "nothing sent is shown: {}",
            answer.text
        );
    }
    assert_eq!(server.user_count(), 0);
}

#[test]
fn a_query_is_bounded_as_a_body_is() {
    let server = Server::start();
    let key = server.key();
    let get = |query: &str| {
        server
            .get(&format!("/v1/users?{query}"))
            .bearer(&key.token)
            .send()
    };
    let pairs = |count: usize| vec!["limit=5"; count].join("&");
    get(&pairs(1_000)).expect(200);
    for query in [
        pairs(1_001),
        format!("a{}=1", "[b]".repeat(16)),
        format!("a{}=1", "[b]".repeat(1_000)),
        format!("{}=1", "a".repeat(1_025)),
        "a=%zz".to_owned(),
        "a=%c3%28".to_owned(),
        "a]=1".to_owned(),
    ] {
        assert_unreadable(&get(&query));
    }
}
