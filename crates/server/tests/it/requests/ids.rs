//! `X-Request-Id`, in and out.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::json;

use crate::harness::Server;

fn is_new(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|c| c.is_ascii_hexdigit()) && id.as_bytes()[12] == b'7'
}

#[test]
fn a_plain_id_is_kept() {
    let server = Server::start();
    let key = server.key();
    for id in ["a", "Req-1_2.3", &"x".repeat(128)] {
        let live = server.get("/health/live").header("x-request-id", id).send();
        assert_eq!(live.header("x-request-id"), Some(id));
        let lost = server.get("/v1/nowhere").header("x-request-id", id).send();
        assert_eq!(lost.header("x-request-id"), Some(id));
        assert_eq!(lost.expect(404)["request_id"], id);
    }
    let request = server
        .post("/v1/users")
        .bearer(&key.token)
        .header("x-request-id", "made-it");
    let made = request
        .json(&json!({"email": "a@example.org"}))
        .send()
        .expect(201);
    let event = &server.user_events(made["id"].as_i64().unwrap())[0];
    assert_eq!(event.request_id, "made-it");
}

#[test]
fn an_id_that_is_not_plain_is_replaced() {
    let server = Server::start();
    for id in [
        "",
        "a b",
        "a/b",
        "a\tb",
        "<script>",
        "a\"b",
        "a;b",
        "a:b",
        &"x".repeat(129),
    ] {
        let answer = server.get("/v1/nowhere").header("x-request-id", id).send();
        let given = answer.header("x-request-id").unwrap().to_owned();
        assert!(is_new(&given), "{id:?} became {given:?}");
        assert_eq!(answer.expect(404)["request_id"], given);
    }
}

#[test]
fn an_id_of_other_bytes_than_ascii_is_replaced() {
    let server = Server::start();
    let mut stream = TcpStream::connect(server.url().strip_prefix("http://").unwrap()).unwrap();
    let head = b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Request-Id: \xff\xc3\xa9\r\n\r\n";
    stream.write_all(head).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let line = answer
        .lines()
        .find_map(|line| line.strip_prefix("x-request-id: "))
        .unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && is_new(line),
        "{answer}"
    );
}

#[test]
fn every_request_has_an_id_of_its_own() {
    let server = Server::start();
    let ids: std::collections::BTreeSet<String> = (0..50)
        .map(|_| {
            server
                .get("/health/live")
                .send()
                .header("x-request-id")
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(ids.len(), 50);
    assert!(ids.iter().all(|id| is_new(id)));
}
