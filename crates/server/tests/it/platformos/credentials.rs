//! Who may call: everything else is 401, for there is no 403 here.

use std::time::Duration;

use directory::keys::{self, NewKey};
use serde_json::{Value, json};

use super::{FORM, assert_answer, assert_base, creation, token};
use crate::harness::{Key, Response, Server};

fn body() -> Value {
    json!({"form_configuration_name": FORM, "form": {"email": "ada@example.org"}})
}

fn create_as(server: &Server, authorization: &str) -> Response {
    server
        .post("/api/users")
        .header("authorization", authorization)
        .json(&body())
        .send()
}

#[track_caller]
fn assert_unauthenticated(answer: &Response) {
    assert_base(answer, 401, &["Invalid Authentication"]);
    assert_eq!(answer.header("www-authenticate"), Some("Token"));
}

fn scoped(server: &Server, scope: &str) -> Key {
    server.key_with(NewKey {
        scopes: vec![scope.to_owned()],
        ..NewKey::default()
    })
}

#[test]
fn a_token_is_taken_in_quotes_too_whatever_the_schemes_case() {
    let server = Server::start();
    let key = server.key();
    let ways = [
        format!("Token token={}", key.token),
        format!("Token token=\"{}\"", key.token),
        format!("token token={}", key.token),
    ];
    for (number, way) in ways.iter().enumerate() {
        let form = json!({ "email": format!("u{number}@example.org") });
        let made = server
            .post("/api/users")
            .header("authorization", way)
            .json(&json!({"form_configuration_name": FORM, "form": form}))
            .send();
        made.expect(201);
        let read = server
            .get("/api/users/1")
            .header("authorization", way)
            .send();
        read.expect(200);
    }
}

#[test]
fn no_credential_is_no_authentication() {
    let server = Server::start();
    let key = server.key();
    assert_unauthenticated(&server.post("/api/users").json(&body()).send());
    assert_unauthenticated(&server.get("/api/users/1").send());
    for way in [
        String::new(),
        "Token".to_owned(),
        "Token ".to_owned(),
        "Token token=".to_owned(),
        "Token token=\"\"".to_owned(),
        format!("Token {}", key.token),
        format!("Token key={}", key.token),
        format!("Bearer {}", key.token),
        format!("Bearer token={}", key.token),
        format!("Basic {}", key.token),
        key.token.clone(),
    ] {
        assert_unauthenticated(&create_as(&server, &way));
    }
    let in_query = format!("/api/users?token={}", key.token);
    assert_unauthenticated(&server.post(&in_query).json(&body()).send());
    assert_eq!(server.user_count(), 0);
}

/// The token with one bit of its last character flipped, still a printable character.
fn flipped(token: &str) -> String {
    let last = token.chars().last().unwrap();
    let other = char::from(u8::try_from(last).unwrap() ^ 1);
    format!("{}{other}", &token[..token.len() - 1])
}

#[test]
fn a_wrong_credential_is_no_authentication() {
    let server = Server::start_with(|app| {
        app.throttle = muster::http::throttle::Throttle::new(1_000, 1_000);
    });
    let key = server.key();
    let other = server.key();
    let tenant = server.tenant("other");
    let foreign = server.key_of(tenant, NewKey::default());
    let half = key.token.len() / 2;
    for wrong in [
        key.token[..key.token.len() - 1].to_owned(),
        key.token[1..].to_owned(),
        key.token[..half].to_owned(),
        format!("{}x", key.token),
        flipped(&key.token),
        key.token.to_uppercase(),
        key.id.clone(),
        key.secret.clone(),
        format!("{}.", key.id),
        format!(".{}", key.secret),
        format!("{}.{}", key.id, other.secret),
        format!("{}.{}", key.id, foreign.secret),
        format!("{}.{}", foreign.id, key.secret),
        format!("\"{}", key.token),
    ] {
        assert_unauthenticated(&create_as(&server, &format!("Token token={wrong}")));
        let read = server
            .get("/api/users/1")
            .header("authorization", &format!("Token token={wrong}"));
        assert_unauthenticated(&read.send());
    }
    assert_eq!(server.user_count() + server.users_of(tenant), 0);
}

#[test]
fn a_revoked_or_ended_key_is_no_authentication() {
    let server = Server::start();
    let key = server.key();
    let ending = server.key_with(NewKey {
        expires_at: Some(server.now() + jiff::SignedDuration::from_secs(60)),
        ..NewKey::default()
    });
    creation(&server, &key, &json!({"email": "a@example.org"}))
        .send()
        .expect(201);
    creation(&server, &ending, &json!({"email": "b@example.org"}))
        .send()
        .expect(201);
    let (operator, id) = (server.operator(), key.id.clone());
    server.write(move |tx| keys::revoke(tx, &operator, &id));
    server.advance(Duration::from_secs(60));
    for key in [key, ending] {
        assert_unauthenticated(&creation(&server, &key, &json!({})).send());
        assert_unauthenticated(&token(server.get("/api/users/1"), &key).send());
    }
    assert_eq!(server.user_count(), 2);
}

#[test]
fn an_access_token_serves_as_its_key() {
    let server = Server::start();
    let key = server.key();
    let (id, secret) = (key.id.clone(), key.secret.clone());
    let (access, _) = server.write(move |tx| keys::issue_token(tx, &id, &secret.clone().into()));
    let access = Key {
        token: secrecy::ExposeSecret::expose_secret(&access).to_owned(),
        ..key
    };
    let made = creation(&server, &access, &json!({"email": "ada@example.org"})).send();
    assert_answer(&made, 201, &json!({"id": 1, "errors": {}}));
    server.advance(Duration::from_secs(24 * 60 * 60));
    assert_unauthenticated(&token(server.get("/api/users/1"), &access).send());
}

#[test]
fn a_scope_that_is_missing_is_no_authentication() {
    let server = Server::start();
    let reader = scoped(&server, "users:read");
    let writer = scoped(&server, "users:write");
    let neither = scoped(&server, "groups:write");
    let form = json!({"email": "ada@example.org"});
    for key in [&reader, &neither] {
        assert_unauthenticated(&creation(&server, key, &form).send());
    }
    assert_eq!(server.user_count(), 0);
    creation(&server, &writer, &form).send().expect(201);
    token(server.get("/api/users/1"), &writer)
        .send()
        .expect(200);
    token(server.get("/api/users/1"), &reader)
        .send()
        .expect(200);
    assert_unauthenticated(&token(server.get("/api/users/1"), &neither).send());
    assert_unauthenticated(&token(server.get("/api/users/999"), &neither).send());
}

#[test]
fn permission_is_asked_before_the_body_is_judged() {
    let server = Server::start();
    let reader = scoped(&server, "users:read");
    let answer = super::request(&server, &reader)
        .body("text/plain", "x")
        .send();
    assert_unauthenticated(&answer);
    let nobody = server
        .post("/api/users")
        .body("application/json", "{")
        .send();
    assert_unauthenticated(&nobody);
}

#[test]
fn a_public_pool_key_makes_nobody() {
    let server = Server::start();
    let account = server.account("Harbour");
    let pool = server.key_with(NewKey {
        account_id: Some(account),
        public_pool: true,
        ..NewKey::default()
    });
    let answer = creation(&server, &pool, &json!({"email": "ada@example.org"})).send();
    assert_unauthenticated(&answer);
    assert_eq!(server.user_count(), 0);
}

#[test]
fn too_many_wrong_secrets_are_told_in_this_shape() {
    let server = Server::start();
    let key = server.key();
    let wrong = format!("Token token={}", flipped(&key.token));
    for _ in 0..10 {
        assert_unauthenticated(&create_as(&server, &wrong));
    }
    let limited = create_as(&server, &wrong);
    assert_base(&limited, 429, &["Too Many Requests"]);
    let wait: u64 = limited.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    server.advance(Duration::from_secs(60));
    assert_unauthenticated(&create_as(&server, &wrong));
    assert_eq!(server.user_count(), 0);
}
