//! Credentials: nothing but a living key and its whole secret opens anything.

use std::time::Duration;

use directory::keys::{self, NewKey};
use muster::http::throttle::Throttle;
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::harness::{Key, Response, Server, described};

/// A server that does not count failures: there are many here.
fn patient() -> Server {
    Server::start_with(|app| app.throttle = Throttle::new(0, 0))
}

fn with(server: &Server, authorization: &str) -> Response {
    server
        .get("/v1/users")
        .header("authorization", authorization)
        .send()
}

#[track_caller]
fn assert_unknown(answer: &Response) {
    let expected = json!({"type": "about:blank", "title": "Unauthorized", "status": 401,
        "code": "unauthenticated", "detail": "authentication is required",
        "request_id": answer.header("x-request-id").unwrap()});
    answer.assert(401, &expected);
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
}

#[test]
fn no_credential_or_one_of_another_form_is_unknown() {
    let server = patient();
    let Key { id, secret, token } = server.key();
    assert_unknown(&server.get("/v1/users").send());
    for value in [
        "".to_owned(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        token.clone(),
        format!("Basic {token}"),
        format!("ApiKey {id}:{secret}"),
        format!("Token {token}"),
        format!("Bearer{token}"),
        format!("Bearer {id}"),
        format!("Bearer {secret}"),
        format!("Bearer {id}."),
        format!("Bearer .{secret}"),
        format!("Bearer {id}:{secret}"),
        format!("Bearer {secret}.{id}"),
        format!("Bearer {token} {token}"),
        format!("Bearer \"{token}\""),
        format!("Bearer {}", "x".repeat(10_000)),
    ] {
        assert_unknown(&with(&server, &value));
    }
    for parameter in ["access_token", "token", "api_key"] {
        assert_unknown(&server.get(&format!("/v1/users?{parameter}={token}")).send());
    }
    for scheme in ["Bearer", "bearer", "BEARER"] {
        with(&server, &format!("{scheme} {token}")).expect(200);
    }
}

#[test]
fn no_part_of_a_token_and_no_changed_bit_opens_anything() {
    let server = patient();
    let token = server.key().token;
    for end in 0..token.len() {
        assert_unknown(&with(&server, &format!("Bearer {}", &token[..end])));
        assert_unknown(&with(&server, &format!("Bearer {}", &token[end + 1..])));
    }
    for place in 0..token.len() {
        for bit in [0, 1, 5] {
            let mut bytes = token.clone().into_bytes();
            bytes[place] ^= 1 << bit;
            let changed = String::from_utf8(bytes).unwrap();
            if changed.bytes().all(|byte| byte.is_ascii_graphic()) {
                assert_unknown(&with(&server, &format!("Bearer {changed}")));
            }
        }
    }
    for more in ["x", ".", "=", "."] {
        assert_unknown(&with(&server, &format!("Bearer {token}{more}")));
    }
    with(&server, &format!("Bearer {token}")).expect(200);
}

#[test]
fn a_secret_opens_its_own_key_alone() {
    let server = patient();
    let other = server.tenant("other");
    let (mine, second) = (server.key(), server.key());
    let theirs = server.key_of(other, NewKey::default());
    assert_unknown(&with(
        &server,
        &format!("Bearer {}.{}", mine.id, second.secret),
    ));
    assert_unknown(&with(
        &server,
        &format!("Bearer {}.{}", mine.id, theirs.secret),
    ));
    // The tenant in the id is part of the credential.
    let (_, rest) = theirs.id.split_once('-').unwrap();
    for tenant in ["1", "99", "0", "-2", "02", ""] {
        let moved = format!("Bearer {tenant}-{rest}.{}", theirs.secret);
        assert_unknown(&with(&server, &moved));
    }
    with(&server, &format!("Bearer {}", theirs.token)).expect(200);
}

#[test]
fn a_revoked_key_and_its_tokens_end_at_once() {
    let server = patient();
    let key = server.key();
    let (id, secret) = (key.id.clone(), key.secret.clone());
    let (access, _) = server.write(move |tx| keys::issue_token(tx, &id, &secret.clone().into()));
    let access = format!("Bearer {}", access.expose_secret());
    let token = format!("Bearer {}", key.token);
    with(&server, &token).expect(200);
    with(&server, &access).expect(200);
    let (actor, id) = (server.operator(), key.id.clone());
    server.write(move |tx| keys::revoke(tx, &actor, &id));
    assert_unknown(&with(&server, &token));
    assert_unknown(&with(&server, &access));
}

#[test]
fn a_rotated_key_has_its_new_secret_alone() {
    let server = patient();
    let key = server.key();
    let (actor, id) = (server.operator(), key.id.clone());
    let new: Key = server.write(move |tx| keys::rotate(tx, &actor, &id)).into();
    assert_eq!(new.id, key.id);
    assert_unknown(&with(&server, &format!("Bearer {}", key.token)));
    with(&server, &format!("Bearer {}", new.token)).expect(200);
}

#[test]
fn a_key_and_a_token_end_when_they_say() {
    let server = patient();
    let expires_at = server
        .now()
        .checked_add(jiff::SignedDuration::from_secs(60))
        .ok();
    let short = server.key_with(NewKey {
        expires_at,
        ..NewKey::default()
    });
    let long = server.key();
    let (id, secret) = (long.id.clone(), long.secret.clone());
    let (access, end) = server.write(move |tx| keys::issue_token(tx, &id, &secret.clone().into()));
    let access = format!("Bearer {}", access.expose_secret());
    server.advance(Duration::from_millis(59_999));
    with(&server, &format!("Bearer {}", short.token)).expect(200);
    server.advance(Duration::from_millis(1));
    assert_unknown(&with(&server, &format!("Bearer {}", short.token)));
    with(&server, &access).expect(200);
    let rest = end.duration_since(server.now());
    server.advance(Duration::from_secs(u64::try_from(rest.as_secs()).unwrap()));
    assert_unknown(&with(&server, &access));
    with(&server, &format!("Bearer {}", long.token)).expect(200);
}

/// Every call that is described and not open to all: its API, method and path.
fn calls_for_known_callers() -> Vec<(&'static str, String, String)> {
    let mut found = Vec::new();
    for path in described().paths() {
        let document = described().document(path.dialect);
        for (method, call) in described().calls(path) {
            let ways = call.get("security").unwrap_or(&document["security"]);
            let ways = ways.as_array().unwrap();
            // None, or an empty one among them: nobody is asked who they are.
            let open = ways.is_empty() || ways.contains(&json!({}));
            let parts = path.template.split('/');
            let parts = parts.map(|part| if part.starts_with('{') { "1" } else { part });
            let url = parts.collect::<Vec<_>>().join("/");
            if !open && path.template == path.of {
                found.push((path.dialect, method.to_uppercase(), url));
            }
        }
    }
    found
}

#[test]
fn every_route_asks_for_a_credential_before_anything_else() {
    let server = patient();
    let calls = calls_for_known_callers();
    let native = calls.iter().filter(|(api, ..)| *api == "native");
    assert!(native.count() > 70 && calls.len() > 120, "{calls:?}");
    for (api, method, path) in calls {
        let request = server.request(&method, &path);
        let answer = if api == "wonolo" {
            // A token may stand in the body, which must be one that can be read.
            request.json(&json!({})).send()
        } else {
            request.body("text/plain", "{").send()
        };
        assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text);
        if api == "native" {
            assert_unknown(&answer);
        }
    }
    for path in ["/v1/users/x", "/v1/users?nickname=1"] {
        assert_unknown(&server.get(path).body("text/plain", "{").send());
    }
}
