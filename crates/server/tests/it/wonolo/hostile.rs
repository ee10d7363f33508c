//! Bodies that cannot be read, and paths and methods that are not there.

use serde_json::{Value, json};

use super::{PASSWORD, worker};
use crate::harness::{Request, Response, Server};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// Every way to send a token must meet the same refusal, which says why and echoes nothing.
fn assert_unreadable(send: impl Fn() -> Request, token: &str) -> Response {
    let answer = send().bearer(token).send();
    assert_eq!(answer.status, 400, "{}", answer.text);
    assert_eq!(answer.header("content-type"), Some(JSON));
    let body = answer.json();
    let members = body.as_object().unwrap();
    assert!(members.len() == 1 && body["error"].is_string(), "{body}");
    assert!(!answer.text.contains("s3cret"));
    // Without a credential outside the body there is none to be judged first.
    assert_eq!(send().send().status, 400);
    answer
}

#[test]
fn what_cannot_be_read_is_400_and_writes_nothing() {
    let server = Server::start();
    let key = server.key();
    let deep = |open: &str| open.repeat(100_000);
    let surrogate = r#"{"user":{"first_name":"s3cret\ud800"}}"#;
    let bodies: [(&str, Vec<u8>); 17] = [
        (JSON, b"{".to_vec()),
        (JSON, b"s3cret".to_vec()),
        (JSON, b"[]".to_vec()),
        (JSON, b"null".to_vec()),
        (JSON, br#""s3cret""#.to_vec()),
        (JSON, b"7".to_vec()),
        (JSON, br#"[{"user":{}}]"#.to_vec()),
        (
            JSON,
            br#"{"user":{"email":"s3cret","email":"s3cret"}}"#.to_vec(),
        ),
        (JSON, surrogate.into()),
        (JSON, b"{\"user\":\"\xff\"}".to_vec()),
        (JSON, deep("[").into()),
        (JSON, deep("{\"user\":").into()),
        (JSON, b"user[type]=Worker".to_vec()),
        (FORM, format!("user{}=1", deep("[a]")).into()),
        (FORM, b"user[type=s3cret".to_vec()),
        (FORM, b"user=1&user[type]=Worker".to_vec()),
        (FORM, b"user[type]=%ff".to_vec()),
    ];
    for (content_type, body) in bodies {
        let send = || {
            server
                .post("/api_v2/users")
                .body(content_type, body.clone())
        };
        assert_unreadable(send, &key.token);
        let send = || {
            server
                .post("/api_v2/authorize")
                .body(content_type, body.clone())
        };
        assert_unreadable(send, &key.token);
    }
    assert_unreadable(|| server.post("/api_v2/users?a[b=1"), &key.token);
    assert_unreadable(|| server.get("/api_v2/users/1?a=%ff"), &key.token);
    let many = "a=1&".repeat(1_001);
    assert_unreadable(|| server.post("/api_v2/users").form(&many), &key.token);
    assert_eq!(server.user_count(), 0);
}

#[test]
fn too_large_a_body_is_413() {
    let server = Server::start();
    let key = server.key();
    let body = json!({"user": {"first_name": "x".repeat(2 << 20)}});
    for path in ["/api_v2/users", "/api_v2/authorize", "/api_v2/badges"] {
        let answer = server.post(path).bearer(&key.token).json(&body).send();
        answer.assert(413, &json!({"error": "the body is too large"}));
        assert_eq!(answer.header("content-type"), Some(JSON));
    }
    assert_eq!(server.user_count(), 0);
}

#[test]
fn another_content_type_is_415() {
    let server = Server::start();
    let key = server.key();
    let body = json!({ "user": worker() }).to_string();
    for content_type in [
        "text/plain",
        "application/xml",
        "multipart/form-data; boundary=x",
        "x",
    ] {
        let answer = server
            .post("/api_v2/users")
            .bearer(&key.token)
            .body(content_type, body.clone())
            .send();
        let error = "the content type is not one that this call takes";
        answer.assert(415, &json!({ "error": error }));
    }
    assert_eq!(server.user_count(), 0);
}

#[test]
fn the_last_of_a_forms_repeated_fields_counts() {
    let server = Server::start();
    let key = server.key();
    let form = format!(
        "user[type]=x&user[type]=Worker&user[email]=a@example.org&user[first_name]=A\
         &user[last_name]=B&user[password]={PASSWORD}&user[password_confirmation]={PASSWORD}"
    );
    let answer = server
        .post("/api_v2/users")
        .bearer(&key.token)
        .form(&form)
        .send();
    assert_eq!(answer.expect(201)["user"]["type"], "Worker");
}

#[test]
fn a_wrong_credential_is_told_before_an_unreadable_body() {
    let server = Server::start();
    for path in ["/api_v2/users", "/api_v2/users?token=x"] {
        let answer = server.post(path).bearer("1-x").body(JSON, "{").send();
        answer.assert(401, &json!({"error": "authentication is required"}));
    }
}

#[test]
fn an_unrouted_path_and_a_wrong_method_are_told_in_this_shape() {
    let server = Server::start();
    for path in [
        "/api_v2",
        "/api_v2/nowhere",
        "/api_v2/users/1/nowhere",
        "/api_v2/users.xml",
    ] {
        let answer = server.get(path).send();
        answer.assert(404, &json!({"error": "there is no such path"}));
        assert_eq!(answer.header("content-type"), Some(JSON));
    }
    for (method, path, allow) in [
        ("GET", "/api_v2/authorize", "POST"),
        ("DELETE", "/api_v2/users", "GET,HEAD,POST"),
        ("DELETE", "/api_v2/users/1", "GET,HEAD,PATCH,PUT"),
        ("POST", "/api_v2/users/1/tracking", "GET,HEAD"),
    ] {
        let answer = server.request(method, path).send();
        answer.assert(405, &json!({"error": "the path does not take this method"}));
        assert_eq!(answer.header("allow"), Some(allow));
    }
}

#[test]
fn a_secret_is_in_no_answer_and_no_event() {
    let server = Server::start();
    let key = server.key();
    let answer = super::create(&server, &key, &worker());
    let made: Value = answer.expect(201);
    assert!(!answer.text.contains("password") && !answer.text.contains(PASSWORD));
    let events = server.user_events(made["user"]["id"].as_i64().unwrap());
    assert!(events.iter().all(|each| !each.change.contains("password")));
    let wrong = json!({"type": "x", "password": "s3cret", "password_confirmation": "s3cret!"});
    assert!(!super::create(&server, &key, &wrong).text.contains("s3cret"));
}
