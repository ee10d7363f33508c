//! `Idempotency-Key` on POST.

use std::time::Duration;

use serde_json::{Value, json};

use super::{assert_bad_parameter, assert_invalid, assert_problem, id_of, user};
use crate::harness::{Key, Response, Server};
use crate::sessions::{member, person, role, token, within};
use directory::keys::NewKey;
use directory::users::UserChange;

fn post(server: &Server, key: &Key, name: &str, path: &str, body: &Value) -> Response {
    let request = server.post(path).bearer(&key.token);
    request.header("idempotency-key", name).json(body).send()
}

/// Status, body and the headers that a replay repeats.
fn told(answer: &Response) -> (u16, Value, [Option<String>; 3]) {
    let header = |name| answer.header(name).map(str::to_owned);
    let headers = [header("location"), header("etag"), header("content-type")];
    (answer.status, answer.json(), headers)
}

#[test]
fn the_first_answer_is_replayed() {
    let server = Server::start();
    let key = server.key();
    let body = json!({"email": "a@example.org", "password": "tide plank ferry orbit"});
    let first = post(&server, &key, "k", "/v1/users", &body);
    assert_eq!(
        (first.status, first.header("idempotency-replayed")),
        (201, None)
    );
    server.advance(Duration::from_secs(24 * 3600 - 1));
    let second = post(&server, &key, "k", "/v1/users", &body);
    assert_eq!(told(&second), told(&first));
    assert_eq!(second.header("idempotency-replayed"), Some("true"));
    assert_ne!(second.header("x-request-id"), first.header("x-request-id"));
    assert_eq!(server.user_count(), 1);
    // The answer is the first one, whatever became of the user since.
    let path = format!("/v1/users/{}", first.json()["id"]);
    server
        .request("DELETE", &path)
        .bearer(&key.token)
        .send()
        .assert_empty(204);
    assert_eq!(
        told(&post(&server, &key, "k", "/v1/users", &body)),
        told(&first)
    );
}

#[test]
fn the_same_object_is_the_same_request_however_it_is_written() {
    let server = Server::start();
    let key = server.key();
    for body in [
        "{\"email\":\"a@example.org\",\"city\":\"X\"}",
        " { \"city\" : \"\\u0058\", \"email\":\"a@example.org\" } ",
    ] {
        let request = server.post("/v1/users").bearer(&key.token);
        let request = request
            .header("idempotency-key", "k")
            .body("application/json", body);
        assert_eq!(request.send().status, 201);
    }
    assert_eq!(server.user_count(), 1);
}

#[test]
fn after_a_day_a_key_is_new() {
    let server = Server::start();
    let key = server.key();
    let first = post(
        &server,
        &key,
        "k",
        "/v1/users",
        &json!({"email": "a@example.org"}),
    );
    server.advance(Duration::from_secs(24 * 3600));
    let second = post(
        &server,
        &key,
        "k",
        "/v1/users",
        &json!({"email": "b@example.org"}),
    );
    assert_eq!(second.header("idempotency-replayed"), None);
    assert_ne!(second.expect(201)["id"], first.expect(201)["id"]);
    assert_eq!(server.user_count(), 2);
}

#[test]
fn another_request_under_the_key_is_refused() {
    let server = Server::start();
    let key = server.key();
    post(
        &server,
        &key,
        "k",
        "/v1/users",
        &json!({"email": "a@example.org"}),
    )
    .expect(201);
    for body in [
        json!({"email": "b@example.org"}),
        json!({"email": "a@example.org", "city": "X"}),
        json!({}),
    ] {
        let answer = post(&server, &key, "k", "/v1/users", &body);
        let errors = json!([{"parameter": "Idempotency-Key", "code": "mismatch",
            "message": "differs from the first request"}]);
        assert_problem(&answer, 422, "invalid", super::INVALID, &errors);
    }
    assert_eq!(server.user_count(), 1);
}

#[test]
fn a_refused_request_is_not_kept() {
    let server = Server::start();
    let key = server.key();
    let holder = user(&server, &key, &json!({"email": "a@example.org"}));
    let body = json!({"email": "a@example.org"});
    for _ in 0..2 {
        let answer = post(&server, &key, "k", "/v1/users", &body);
        assert_eq!(answer.expect(409)["code"], "taken");
        assert_eq!(answer.header("idempotency-replayed"), None);
    }
    let invalid = post(&server, &key, "k", "/v1/users", &json!({"email": 1}));
    assert_invalid(&invalid, &[("/email", "wrong_type")]);
    let path = format!("/v1/users/{}", holder["id"]);
    server
        .request("DELETE", &path)
        .bearer(&key.token)
        .send()
        .assert_empty(204);
    post(&server, &key, "k", "/v1/users", &body).expect(201);
}

#[test]
fn a_key_counts_for_its_caller_and_route_alone() {
    let server = Server::start();
    let (one, two) = (server.key(), server.key());
    let other = server.key_of(server.tenant("other"), NewKey::default());
    post(
        &server,
        &one,
        "k",
        "/v1/users",
        &json!({"email": "a@example.org"}),
    )
    .expect(201);
    post(
        &server,
        &two,
        "k",
        "/v1/users",
        &json!({"email": "b@example.org"}),
    )
    .expect(201);
    post(
        &server,
        &other,
        "k",
        "/v1/users",
        &json!({"email": "a@example.org"}),
    )
    .expect(201);
    for path in ["/v1/accounts", "/v1/groups", "/v1/badges"] {
        let first = post(&server, &one, "k", path, &json!({"name": "A"}));
        assert_eq!(
            (first.status, first.header("idempotency-replayed")),
            (201, None),
            "{path}"
        );
        let second = post(&server, &one, "k", path, &json!({"name": "A"}));
        assert_eq!(told(&second), told(&first));
        assert_eq!(second.header("idempotency-replayed"), Some("true"));
        let rows = server.get(path).bearer(&one.token).send().expect(200);
        assert_eq!(rows["data"].as_array().unwrap().len(), 1);
    }
    assert_eq!(server.user_count(), 2);
}

#[test]
fn restoring_is_replayed_too() {
    let server = Server::start();
    let key = server.key();
    let made = user(&server, &key, &json!({"email": "a@example.org"}));
    let other = user(&server, &key, &json!({"email": "b@example.org"}));
    for each in [&made, &other] {
        let path = format!("/v1/users/{}", each["id"]);
        server
            .request("DELETE", &path)
            .bearer(&key.token)
            .send()
            .assert_empty(204);
    }
    let restore = |user: &Value| {
        let path = format!("/v1/users/{}/restore", id_of(user));
        let request = server.post(&path).bearer(&key.token);
        request.header("idempotency-key", "k").send()
    };
    let first = restore(&made);
    assert_eq!((first.status, first.header("etag")), (200, Some("\"3\"")));
    let second = restore(&made);
    assert_eq!(told(&second), told(&first));
    assert_eq!(second.header("idempotency-replayed"), Some("true"));
    assert_eq!(restore(&other).expect(422)["code"], "invalid");
    assert_eq!(server.user_count(), 1);
}

#[test]
fn a_key_that_cannot_be_one_is_refused() {
    let server = Server::start();
    let key = server.key();
    let body = json!({"email": "a@example.org"});
    for name in [String::new(), "x".repeat(256)] {
        let answer = post(&server, &key, &name, "/v1/users", &body);
        assert_bad_parameter(&answer, "Idempotency-Key", "bad_format");
    }
    assert_eq!(server.user_count(), 0);
    post(&server, &key, &"x".repeat(255), "/v1/users", &body).expect(201);
}

#[test]
fn of_many_at_once_one_creates() {
    let server = Server::start();
    let key = server.key();
    let body = json!({"email": "a@example.org"});
    let answers: Vec<Response> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| post(&server, &key, "k", "/v1/users", &body)))
            .collect();
        all.into_iter().map(|each| each.join().unwrap()).collect()
    });
    let created = |answer: &&Response| answer.status == 201;
    let ids: std::collections::BTreeSet<i64> = answers
        .iter()
        .filter(created)
        .map(|each| id_of(&each.json()))
        .collect();
    assert_eq!(ids.len(), 1);
    let fresh = |answer: &&Response| answer.header("idempotency-replayed").is_none();
    assert_eq!(answers.iter().filter(created).filter(fresh).count(), 1);
    for answer in answers.iter().filter(|each| !created(each)) {
        let detail = "a request with this idempotency key is under way";
        assert_problem(answer, 409, "conflict", detail, &Value::Null);
    }
    assert_eq!(server.user_count(), 1);
}

/// Each POST that has no body, or whose body names nothing new.
#[test]
fn what_is_done_by_a_post_is_done_once_for_its_key() {
    let server = Server::start();
    let key = server.key();
    let made = user(&server, &key, &json!({"email": "a@example.org"}));
    let invite = json!({"type": "Worker", "first_name": "Ada", "last_name": "Lovelace",
        "phone": "415 555 2671"});
    let invited = server.post("/api_v2/users/invite").bearer(&key.token);
    let invited = invited.json(&invite).send().expect(201)["user"]["id"].clone();
    let invitation = server.invitations_of(invited.as_i64().unwrap())[0].id;
    let hook = server.post("/v1/webhooks").bearer(&key.token);
    let hook = hook
        .json(&json!({"url": "https://example.org/hook"}))
        .send();
    let hook = hook.expect(201)["id"].clone();
    let event = server.user_events(id_of(&made))[0].id;
    server.write(move |tx| directory::event::sequence(tx, directory::TenantId(1)));
    for (path, body, status) in [
        (format!("/v1/invitations/{invitation}/revoke"), "", 204),
        (format!("/v1/users/{}/erase", made["id"]), "", 204),
        (format!("/v1/webhooks/{hook}/test"), "", 202),
        (
            format!("/v1/webhooks/{hook}/deliveries/{event}/replay"),
            "",
            202,
        ),
        (
            format!("/v1/webhooks/{hook}/replay"),
            "{\"since\":\"2026-11-21T00:00:00Z\"}",
            202,
        ),
    ] {
        let send = |name: &str| {
            let request = server.post(&path).bearer(&key.token);
            let request = request.header("idempotency-key", name);
            let request = if body.is_empty() {
                request
            } else {
                request.body("application/json", body)
            };
            request.send()
        };
        let events = || {
            server.read(|tx| {
                let sql = "SELECT count(*) FROM events WHERE tenant_id = $1";
                tx.query_opt(sql, &[1_i64.into()], |row| row.int())
            })
        };
        let first = send("k");
        assert_eq!(
            (first.status, first.header("idempotency-replayed")),
            (status, None),
            "{path}"
        );
        let before = events();
        let second = send("k");
        assert_eq!(
            (second.status, &second.text),
            (status, &first.text),
            "{path}"
        );
        assert_eq!(
            second.header("content-type"),
            first.header("content-type"),
            "{path}"
        );
        assert_eq!(
            second.header("idempotency-replayed"),
            Some("true"),
            "{path}"
        );
        assert_eq!(events(), before, "{path}");
    }
}

#[test]
fn a_key_is_of_the_account_and_the_name_that_it_is_used_in() {
    let server = Server::start();
    let (first, second) = (server.account("First"), server.account("Second"));
    let of = |names: [&str; 2]| UserChange {
        accounts: vec![member(first, false), member(second, false)],
        roles: vec![role(names[0], Some(first)), role(names[1], Some(second))],
        ..UserChange::default()
    };
    person(&server, "ada@example.org", of(["superAdmin", "superAdmin"]));
    let own = token(&server, "ada@example.org");
    let create = |token: &str, account: i64| {
        let request = server.post("/v1/users").bearer(token);
        let request = request.header("idempotency-key", "k");
        let body = json!({"email": "grace@example.org"});
        let answer = within(request, account).json(&body).send();
        (
            answer.status,
            answer.header("idempotency-replayed").is_some(),
        )
    };
    assert_eq!(create(&own, first), (201, false));
    assert_eq!(create(&own, second), (409, false), "the email is taken");
    assert_eq!(create(&own, first), (201, true));
    // Whoever acts as another is asked as them.
    let clerk = person(&server, "clerk@example.org", of(["manager", "manager"]));
    let path = format!("/v1/users/{clerk}/impersonate");
    let begun = server
        .post(&path)
        .bearer(&own)
        .json(&json!({"reason": "x"}));
    let begun = within(begun, first).send().expect(201);
    let acting = begun["token"].as_str().unwrap();
    assert_eq!(create(acting, first), (409, false));
}
