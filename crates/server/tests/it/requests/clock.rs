//! Requirement 12: a clock that jumps by five minutes, to and fro, breaks nothing that runs out.

use std::time::Duration;

use directory::keys::NewKey;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::harness::{Key, Response, Server};

/// To and fro, and back to where it was.
const JUMPS: [i64; 5] = [-5, 10, -10, 10, -5];

fn jump(server: &Server, minutes: i64) {
    let by = SignedDuration::from_mins(minutes);
    server.clock.jump_to(server.now().checked_add(by).unwrap());
}

fn create(server: &Server, key: &Key, idempotency_key: &str, email: &str) -> Response {
    server
        .post("/v1/users")
        .bearer(&key.token)
        .header("idempotency-key", idempotency_key)
        .json(&json!({"email": email}))
        .send()
}

fn read(server: &Server, token: &str, user: &Value) -> u16 {
    let path = format!("/v1/users/{}", user["id"]);
    server.get(&path).bearer(token).send().status
}

fn access_token(server: &Server, key: &Key) -> String {
    let form = format!("api_key={}&secret_key={}", key.id, key.secret);
    let answer = server.post("/api_v2/authorize").form(&form).send();
    answer.expect(200)["token"].as_str().unwrap().to_owned()
}

#[test]
fn what_runs_out_outlives_a_clock_that_jumps() {
    let server = Server::start();
    let in_an_hour = server.now().checked_add(Duration::from_secs(3_600));
    let key = server.key_with(NewKey {
        expires_at: Some(in_an_hour.unwrap()),
        ..NewKey::default()
    });
    let first = create(&server, &key, "once", "ada@example.org");
    let user = first.expect(201);
    let token = access_token(&server, &key);
    let list = server.get("/v1/users?limit=1").bearer(&key.token).send();
    assert_eq!(list.status, 200);
    for (turn, minutes) in JUMPS.into_iter().enumerate() {
        jump(&server, minutes);
        assert_eq!(read(&server, &key.token, &user), 200, "the key, {minutes}");
        assert_eq!(read(&server, &token, &user), 200, "the token, {minutes}");
        let again = create(&server, &key, "once", "ada@example.org");
        again.assert(201, &user);
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        let other = format!("u{turn}@example.org");
        create(&server, &key, &other, &other).expect(201);
        assert_eq!(read(&server, &access_token(&server, &key), &user), 200);
    }
    assert_eq!(server.user_count(), 1 + JUMPS.len());
    // And nothing lives longer for it.
    server.advance(Duration::from_secs(3_600));
    assert_eq!(read(&server, &key.token, &user), 401, "the key has run out");
    assert_eq!(read(&server, &token, &user), 401, "the token went with it");
}

#[test]
fn changes_go_on_while_the_clock_jumps_and_none_is_lost() {
    let server = Server::start();
    let key = server.key();
    let user = create(&server, &key, "once", "ada@example.org").expect(201);
    let path = format!("/v1/users/{}", user["id"]);
    for (turn, minutes) in JUMPS.into_iter().enumerate() {
        jump(&server, minutes);
        let version = turn + 1;
        let body = json!({"first_name": format!("N{turn}")});
        let patch = || {
            server
                .request("PATCH", &path)
                .bearer(&key.token)
                .json(&body)
        };
        let stale = format!("\"{turn}\"");
        assert_eq!(patch().header("if-match", &stale).send().status, 412);
        let stored = format!("\"{version}\"");
        let changed = patch().header("if-match", &stored).send().expect(200);
        assert_eq!(changed["version"], version + 1);
        let updated: Timestamp = changed["updated_at"].as_str().unwrap().parse().unwrap();
        assert_eq!(updated, server.now());
    }
    assert_eq!(server.user_events(1).len(), 1 + JUMPS.len());
}

#[test]
fn who_is_slowed_down_is_not_locked_out_by_a_jump() {
    let server = Server::start();
    let key = server.key();
    for minutes in JUMPS {
        let wrong = format!("{}.{}", key.id, "A".repeat(43));
        let guess = |token: &str| server.get("/v1/users").bearer(token).send().status;
        for _ in 0..10 {
            assert_eq!(guess(&wrong), 401);
        }
        assert_eq!(guess(&wrong), 429);
        jump(&server, minutes);
        assert_eq!(guess(&key.token), 200, "after a jump of {minutes} minutes");
    }
}
