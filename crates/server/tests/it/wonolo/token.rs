//! `/api_v2/authorize`, and what a token opens.

use std::time::Duration;

use directory::TenantId;
use directory::keys::{self, NewKey};
use serde_json::{Value, json};

use super::{created, token, worker};
use crate::harness::{Key, Response, Server};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn assert_unauthenticated(answer: &Response) {
    answer.assert(401, &json!({"error": "authentication is required"}));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
}

fn read(server: &Server, token: &str) -> Response {
    server
        .get("/api_v2/users/1")
        .header("authorization", &format!("Bearer {token}"))
        .send()
}

/// The same text with its last character another.
fn flipped(text: &str) -> String {
    let (start, last) = text.split_at(text.len() - 1);
    format!("{start}{}", if last == "A" { "B" } else { "A" })
}

#[test]
fn a_key_is_given_a_token_however_it_is_sent() {
    let server = Server::start();
    let key = server.key();
    let user = created(&server, &key, &worker());
    let form = format!("api_key={}&secret_key={}", key.id, key.secret);
    let object = json!({"api_key": key.id, "secret_key": key.secret});
    for path in [
        "authorize",
        "authenticate",
        "authorize.json",
        "authenticate.json",
    ] {
        let path = format!("/api_v2/{path}");
        let answers = [
            server.post(&path).form(&form).send(),
            server.post(&path).json(&object).send(),
            server.post(&format!("{path}?{form}")).send(),
        ];
        for answer in answers {
            let body = answer.expect(200);
            let token = body["token"].as_str().unwrap();
            let expected = json!({"token": token, "expires_at": "2026-11-22T04:50:40Z"});
            assert_eq!(body, expected);
            assert_eq!(answer.header("content-type"), Some("application/json"));
            let path = format!("/api_v2/users/{}?token={token}", user["id"]);
            server.get(&path).send().expect(200);
        }
    }
}

#[test]
fn a_key_that_is_missing_is_named() {
    let server = Server::start();
    let post = |body: Value| server.post("/api_v2/authorize").json(&body).send();
    let missing = |names: &str| json!({"error": format!("Missing parameter {names}")});
    for absent in [
        json!({}),
        json!({"api_key": ""}),
        json!({"api_key": null, "secret_key": ""}),
    ] {
        post(absent).assert(422, &missing("api_key, secret_key"));
    }
    post(json!({"secret_key": "s"})).assert(422, &missing("api_key"));
    post(json!({"api_key": "a"})).assert(422, &missing("secret_key"));
    let none = server.post("/api_v2/authenticate").send();
    none.assert(422, &missing("api_key, secret_key"));
    for (body, name) in [
        (json!({"api_key": 7, "secret_key": "s"}), "api_key"),
        (json!({"api_key": "a", "secret_key": ["s"]}), "secret_key"),
    ] {
        let error = format!("Invalid parameter '{name}': Must be a String");
        post(body).assert(422, &json!({ "error": error }));
    }
}

#[test]
fn a_wrong_key_is_unauthenticated() {
    let server = Server::start();
    let (key, other) = (server.key(), server.key());
    let far = server.key_of(server.tenant("far"), NewKey::default());
    let revoked = server.key();
    let (operator, id) = (server.operator(), revoked.id.clone());
    server.write(move |tx| keys::revoke(tx, &operator, &id));
    let ended = server.key_with(NewKey {
        expires_at: Some(server.now()),
        ..NewKey::default()
    });
    let truncated = &key.secret[..key.secret.len() - 1];
    let unknown = flipped(&key.id);
    for (id, secret) in [
        (key.id.as_str(), other.secret.as_str()),
        (&key.id, far.secret.as_str()),
        (&far.id, &key.secret),
        (&key.id, truncated),
        (&key.id, &flipped(&key.secret)),
        (&key.id, &key.secret.to_uppercase()),
        (&unknown, &key.secret),
        (&revoked.id, &revoked.secret),
        (&ended.id, &ended.secret),
        ("1-", "x"),
        ("\0", "\0"),
    ] {
        let body = json!({"api_key": id, "secret_key": secret});
        let answer = server.post("/api_v2/authorize").json(&body).send();
        assert_unauthenticated(&answer);
    }
}

#[test]
fn a_token_holds_for_24_hours_beside_others() {
    let server = Server::start();
    let key = server.key();
    let tokens = [
        token(&server, &key),
        token(&server, &key),
        token(&server, &key),
    ];
    server.advance(DAY - Duration::from_millis(1));
    let late = token(&server, &key);
    for each in tokens.iter().chain([&late]) {
        assert_eq!(read(&server, each).status, 404);
    }
    server.advance(Duration::from_millis(1));
    for each in &tokens {
        assert_unauthenticated(&read(&server, each));
    }
    assert_eq!(read(&server, &late).status, 404);
}

#[test]
fn a_token_ends_with_its_key() {
    let server = Server::start();
    let (key, other) = (server.key(), server.key());
    let tokens = [token(&server, &key), token(&server, &key)];
    let (others, turned) = (token(&server, &other), server.key());
    let turned_token = token(&server, &turned);
    let operator = server.operator();
    server.write(move |tx| {
        keys::revoke(tx, &operator, &key.id)?;
        keys::rotate(tx, &operator, &turned.id).map(|_| ())
    });
    for each in tokens.iter().chain([&turned_token]) {
        assert_unauthenticated(&read(&server, each));
    }
    assert_eq!(read(&server, &others).status, 404);
}

#[test]
fn a_token_travels_in_query_form_json_or_header() {
    let server = Server::start();
    let key = server.key();
    let user = created(&server, &key, &worker());
    let path = format!("/api_v2/users/{}", user["id"]);
    for token in [token(&server, &key), key.token.clone()] {
        let answers = [
            server.get(&format!("{path}?token={token}")).send(),
            server.get(&path).bearer(&token).send(),
            server
                .get(&path)
                .header("authorization", &format!("bearer {token}"))
                .send(),
            server.get(&path).form(&format!("token={token}")).send(),
            server.get(&path).json(&json!({ "token": token })).send(),
            // An empty token is none, and the header counts.
            server.get(&format!("{path}?token=")).bearer(&token).send(),
            // The body's parameter counts before the query's, any parameter before the header.
            server
                .get(&format!("{path}?token=x"))
                .form(&format!("token={token}"))
                .send(),
            server
                .get(&format!("{path}?token={token}"))
                .bearer("x")
                .send(),
        ];
        for answer in answers {
            answer.assert(200, &json!({ "user": user }));
        }
    }
}

#[test]
fn without_a_right_token_nothing_is_told() {
    let server = Server::start();
    let key = server.key();
    let user = created(&server, &key, &worker());
    let right = token(&server, &key);
    let id = &user["id"];
    let cut = &right[..right.len() - 1];
    let (turned, longer) = (flipped(&right), format!("{right}x"));
    let tenant = format!("2{}", &right[1..]);
    for path in [
        format!("/api_v2/users/{id}"),
        "/api_v2/users/0".to_owned(),
        "/api_v2/users".to_owned(),
        "/api_v2/badges".to_owned(),
        "/api_v2/badges/1".to_owned(),
    ] {
        for wrong in ["", cut, &turned, &longer, &tenant, "\0", "Bearer"] {
            let body = json!({ "token": wrong });
            assert_unauthenticated(&server.get(&path).json(&body).send());
        }
        // The minute ends, so that no failure is one too many.
        server.advance(Duration::from_secs(60));
        for wrong in [
            json!(7),
            json!(null),
            json!([right]),
            json!({"token": right}),
        ] {
            let body = json!({ "token": wrong });
            assert_unauthenticated(&server.get(&path).json(&body).send());
        }
        assert_unauthenticated(&server.get(&path).send());
        assert_unauthenticated(
            &server
                .get(&path)
                .header("authorization", "Basic eDp5")
                .send(),
        );
    }
    for path in ["/api_v2/users", "/api_v2/badges"] {
        assert_unauthenticated(&server.post(path).json(&json!({})).send());
        let body = json!({"user": worker(), "name": "x"});
        assert_unauthenticated(&server.post(path).bearer(&turned).json(&body).send());
        assert_unauthenticated(
            &server
                .post(path)
                .bearer(&turned)
                .body("text/csv", "a")
                .send(),
        );
    }
    assert_eq!(server.user_count(), 1);
}

#[test]
fn a_token_opens_its_own_tenant_alone() {
    let server = Server::start();
    let far = server.tenant("far");
    let (key, far_key) = (server.key(), server.key_of(far, NewKey::default()));
    let far_token = token(&server, &far_key);
    let user = created(&server, &key, &worker());
    let path = format!("/api_v2/users/{}", user["id"]);
    let foreign = server.get(&path).bearer(&far_token).send();
    foreign.assert(404, &json!({"error": "not found"}));
    // The same person there is another user, and takes nothing from this one.
    let there = created(&server, &far_key, &worker());
    assert_eq!(there["email"], user["email"]);
    assert_eq!((server.users_of(TenantId(1)), server.users_of(far)), (1, 1));
}

#[test]
fn guessing_is_slowed_down_and_locks_nobody_out() {
    let server = Server::start();
    let (key, other): (Key, Key) = (server.key(), server.key());
    let held = token(&server, &key);
    let authorize = |secret: &str| {
        let body = json!({"api_key": key.id, "secret_key": secret});
        server.post("/api_v2/authorize").json(&body).send()
    };
    for _ in 0..10 {
        assert_unauthenticated(&authorize("wrong"));
    }
    for secret in ["wrong", key.secret.as_str()] {
        let limited = authorize(secret);
        limited.assert(429, &json!({"error": "too many requests"}));
        assert_eq!(limited.header("retry-after"), Some("60"));
    }
    // Others go on, and so does what was given out before.
    token(&server, &other);
    assert_eq!(read(&server, &held).status, 404);
    server.advance(Duration::from_secs(60));
    authorize(&key.secret).expect(200);
}
