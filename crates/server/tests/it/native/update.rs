//! `PATCH /v1/users/{id}`: JSON Merge Patch (RFC 7396), `ETag` and `If-Match`.

use std::time::Duration;

use serde_json::{Value, json};

use super::create::every_field;
use super::{assert_invalid, assert_problem, assert_taken, events, id_of, user, with};
use crate::harness::{Key, Request, Response, Server};
use directory::keys::NewKey;

const LATER: &str = "2026-11-21T04:51:40.123Z";

fn patch(server: &Server, key: &Key, user: &Value, body: &Value) -> Response {
    request(server, key, user).json(body).send()
}

pub fn request(server: &Server, key: &Key, user: &Value) -> Request {
    server
        .request("PATCH", &format!("/v1/users/{}", user["id"]))
        .bearer(&key.token)
}

#[test]
fn only_what_is_named_changes() {
    let server = Server::start();
    let key = server.key_with(NewKey {
        owner_email: Some("o@example.org".to_owned()),
        ..NewKey::default()
    });
    let made = user(&server, &key, &every_field());
    server.advance(Duration::from_secs(60));
    let answer = patch(&server, &key, &made, &json!({"city": "Paris"}));
    let expected = with(
        made.clone(),
        json!({"city": "Paris", "updated_at": LATER, "version": 2}),
    );
    answer.assert(200, &expected);
    assert_eq!(answer.header("etag"), Some("\"2\""));
    let read = server
        .get(&format!("/v1/users/{}", made["id"]))
        .bearer(&key.token)
        .send();
    read.assert(200, &expected);
    let last = server.user_events(id_of(&made)).pop().unwrap();
    assert_eq!(last.event_type, "user_updated");
    let change: Value = serde_json::from_str(&last.change).unwrap();
    assert_eq!(
        change,
        json!({"old": {"city": "London"}, "new": {"city": "Paris"}})
    );
}

#[test]
fn null_clears_every_field_but_email_and_kind() {
    let server = Server::start();
    let key = server.key();
    let made = user(
        &server,
        &key,
        &with(
            every_field(),
            json!({
        "suspended_at": "2026-01-01T00:00:00.000Z"}),
        ),
    );
    let mut nulls = every_field();
    for value in nulls.as_object_mut().unwrap().values_mut() {
        *value = Value::Null;
    }
    nulls.as_object_mut().unwrap().remove("email");
    let answer = patch(&server, &key, &made, &nulls);
    let cleared = with(nulls, json!({"version": 2, "status": "active"}));
    answer.assert(200, &with(made, cleared));
}

#[test]
fn both_json_types_are_taken() {
    let server = Server::start();
    let key = server.key();
    let made = user(&server, &key, &json!({"email": "a@example.org"}));
    for (version, content_type) in [(2, "application/json"), (3, "application/merge-patch+json")] {
        let body = json!({"city": content_type}).to_string();
        let answer = request(&server, &key, &made)
            .body(content_type, body)
            .send();
        assert_eq!(answer.expect(200)["version"], version);
    }
    let answer = request(&server, &key, &made).form("city=Paris").send();
    let detail = "the content type is not one that this call takes";
    assert_problem(&answer, 415, "unsupported_media_type", detail, &Value::Null);
}

#[test]
fn what_changes_nothing_writes_nothing() {
    let server = Server::start();
    let key = server.key();
    let made = user(
        &server,
        &key,
        &json!({"email": "a@example.org", "city": "Paris"}),
    );
    server.advance(Duration::from_secs(60));
    for body in [
        json!({}),
        json!({"city": "Paris", "state": null, "worker": null}),
    ] {
        patch(&server, &key, &made, &body).assert(200, &made);
    }
    assert_eq!(events(&server, id_of(&made)), ["user_created"]);
}

#[test]
fn a_change_is_refused_as_a_creation_is() {
    let server = Server::start();
    let key = server.key();
    user(&server, &key, &json!({"email": "taken@example.org"}));
    let made = user(&server, &key, &json!({"email": "a@example.org"}));
    let body = json!({"email": "Taken@example.org", "rating": 9, "zip": 1, "x": 1,
        "password": "password", "timezone": "Mars", "phone": "\u{0}",
        "suspended_at": "soon"});
    let errors = [
        ("/email", "taken"),
        ("/rating", "out_of_range"),
        ("/zip", "wrong_type"),
        ("/x", "unknown_field"),
        ("/password", "guessable"),
        ("/timezone", "not_included"),
        ("/phone", "bad_format"),
        ("/suspended_at", "wrong_type"),
    ];
    assert_invalid(&patch(&server, &key, &made, &body), &errors);
    assert_taken(
        &patch(&server, &key, &made, &json!({"email": "TAKEN@example.org"})),
        &["/email"],
    );
    let blank = [("/email", "blank"), ("/password", "blank")];
    assert_invalid(
        &patch(
            &server,
            &key,
            &made,
            &json!({"email": null, "password": null}),
        ),
        &blank,
    );
    for body in ["[]", "null", "{"] {
        let answer = request(&server, &key, &made)
            .body("application/json", body)
            .send();
        assert_eq!(answer.expect(400)["code"], "unreadable");
    }
    let read = server
        .get(&format!("/v1/users/{}", made["id"]))
        .bearer(&key.token)
        .send();
    read.assert(200, &made);
}

#[test]
fn the_kind_is_given_once() {
    let server = Server::start();
    let key = server.key();
    let account = server.account("Acme");
    let made = user(&server, &key, &json!({"email": "a@example.org"}));
    let needs_kind = json!({"worker": {"drug_tested": "passed"}});
    assert_invalid(
        &patch(&server, &key, &made, &needs_kind),
        &[("/kind", "blank")],
    );
    let body = json!({"kind": "worker", "worker": {"drug_tested": "passed"}});
    let worker = patch(&server, &key, &made, &body).expect(200);
    let expected = json!({"synced_worker_id": null, "onboarding_state": "not_started",
        "w2_onboarding_status": "not_started", "w2_employee_id": null, "drug_tested": "passed"});
    assert_eq!(
        (&worker["kind"], &worker["worker"]),
        (&json!("worker"), &expected)
    );
    let same = patch(&server, &key, &made, &json!({"kind": "worker"}));
    same.assert(200, &worker);
    let other =
        json!({"kind": "employer", "employer": {"customer_id": account, "role": "read_only"}});
    assert_invalid(
        &patch(&server, &key, &made, &other),
        &[("/kind", "immutable")],
    );
    assert_invalid(
        &patch(&server, &key, &made, &json!({"kind": null})),
        &[("/kind", "immutable")],
    );
    let employer = json!({"employer": {"role": "read_only"}});
    assert_invalid(
        &patch(&server, &key, &made, &employer),
        &[("/employer", "immutable")],
    );
}

#[test]
fn an_object_of_attributes_is_merged_and_null_takes_it_away() {
    let server = Server::start();
    let key = server.key();
    let body = json!({"email": "w@example.org", "kind": "worker", "worker": {
        "synced_worker_id": 7, "w2_employee_id": "E1", "onboarding_state": "call"}});
    let made = user(&server, &key, &body);
    let merged = json!({"worker": {"drug_tested": "failed", "synced_worker_id": null}});
    let merged = patch(&server, &key, &made, &merged).expect(200);
    let expected = json!({"synced_worker_id": null, "onboarding_state": "call",
        "w2_onboarding_status": "not_started", "w2_employee_id": "E1", "drug_tested": "failed"});
    assert_eq!(merged["worker"], expected);
    let gone = patch(&server, &key, &made, &json!({"worker": null})).expect(200);
    let expected = json!({"synced_worker_id": null, "onboarding_state": "not_started",
        "w2_onboarding_status": "not_started", "w2_employee_id": null, "drug_tested": null});
    assert_eq!(gone["worker"], expected);
    // The employee id is free again.
    let other =
        json!({"email": "x@example.org", "kind": "worker", "worker": {"w2_employee_id": "E1"}});
    user(&server, &key, &other);
}

#[test]
fn an_employer_moves_with_their_customer() {
    let server = Server::start();
    let key = server.key();
    let (acme, ajax) = (server.account("Acme"), server.account("Ajax"));
    let made = user(
        &server,
        &key,
        &json!({"email": "e@example.org", "kind": "employer",
        "employer": {"customer_id": acme, "role": "requestor"}}),
    );
    let body = json!({"employer": {"customer_id": ajax, "role": "customer_admin"}});
    let moved = patch(&server, &key, &made, &body).expect(200);
    let member = json!([{"id": ajax, "name": "Ajax", "role": "customer_admin", "admin": true,
        "primary": true}]);
    assert_eq!(moved["accounts"], member);
    let errors = [
        ("/employer/customer_id", "blank"),
        ("/employer/role", "blank"),
    ];
    assert_invalid(
        &patch(&server, &key, &made, &json!({"employer": null})),
        &errors,
    );
    let unknown = json!({"employer": {"customer_id": 99}});
    let errors = [("/employer/customer_id", "must_exist")];
    assert_invalid(&patch(&server, &key, &made, &unknown), &errors);
}

#[test]
fn badges_are_given_changed_and_taken() {
    let server = Server::start();
    let key = server.key();
    let (fork, crane) = (server.badge("Forklift"), server.badge("Crane"));
    let made = user(
        &server,
        &key,
        &json!({"email": "w@example.org", "kind": "worker"}),
    );
    let given = json!({"badges": [{"badge_id": fork}]});
    let given = patch(&server, &key, &made, &given).expect(200);
    let held = given["badges"][0]["id"].as_i64().unwrap();
    let shown = |badge: i64, name: &str| {
        json!([{"id": held, "badge_id": badge, "name": name,
        "expires_at": null, "suspended": false}])
    };
    assert_eq!(given["badges"], shown(fork, "Forklift"));
    assert_eq!(given["version"], 2);
    let changed = json!({"badges": [{"id": held, "badge_id": crane}]});
    let changed = patch(&server, &key, &made, &changed).expect(200);
    assert_eq!(changed["badges"], shown(crane, "Crane"));
    let again = json!({"badges": [{"badge_id": crane}]});
    assert_taken(
        &patch(&server, &key, &made, &again),
        &["/badges/0/badge_id"],
    );
    let nobodys = json!({"badges": [{"id": held + 1, "remove": true}, {"remove": true}]});
    let errors = [("/badges/0/id", "must_exist"), ("/badges/1/id", "blank")];
    assert_invalid(&patch(&server, &key, &made, &nobodys), &errors);
    let errors = [("/badges", "wrong_type")];
    assert_invalid(
        &patch(&server, &key, &made, &json!({"badges": null})),
        &errors,
    );
    patch(&server, &key, &made, &json!({"badges": []})).assert(200, &changed);
    let taken = json!({"badges": [{"id": held, "remove": true}, {"badge_id": fork}]});
    let taken = patch(&server, &key, &made, &taken).expect(200);
    assert_eq!(taken["badges"].as_array().unwrap().len(), 1);
    assert_eq!(taken["badges"][0]["badge_id"], fork);
    assert_ne!(taken["badges"][0]["id"], held);
}

#[test]
fn a_password_is_changed() {
    let server = Server::start();
    let key = server.key();
    let made = user(
        &server,
        &key,
        &json!({"email": "p@example.org", "last_name": "Brontosaurus",
        "password": "tide plank ferry orbit"}),
    );
    let id = id_of(&made);
    let body = json!({"password": "copper lantern 7 vale"});
    let changed = patch(&server, &key, &made, &body).expect(200);
    assert_eq!(changed, with(made.clone(), json!({"version": 2})));
    assert!(server.password_is(id, "copper lantern 7 vale"));
    assert!(!server.password_is(id, "tide plank ferry orbit"));
    assert_eq!(
        events(&server, id),
        ["user_created", "user_password_changed", "user_updated"]
    );
    for event in server.user_events(id) {
        assert!(!event.change.contains("copper") && !event.change.contains("argon2"));
    }
    // What is stored of the user counts as known.
    let guessed = patch(&server, &key, &made, &json!({"password": "brontosaurus1"}));
    assert_invalid(&guessed, &[("/password", "guessable")]);
    assert!(server.password_is(id, "copper lantern 7 vale"));
}

#[test]
fn a_new_email_frees_the_old_one() {
    let server = Server::start();
    let key = server.key();
    let made = user(&server, &key, &json!({"email": "old@example.org"}));
    let moved = patch(&server, &key, &made, &json!({"email": "New@example.org"}));
    assert_eq!(moved.expect(200)["email"], "New@example.org");
    let other = user(&server, &key, &json!({"email": "OLD@example.org"}));
    let back = patch(&server, &key, &made, &json!({"email": "old@example.org"}));
    assert_taken(&back, &["/email"]);
    let taken = patch(&server, &key, &other, &json!({"email": "new@EXAMPLE.org"}));
    assert_taken(&taken, &["/email"]);
    // Another spelling of one's own is no conflict.
    let spelled = patch(&server, &key, &made, &json!({"email": "NEW@example.org"}));
    assert_eq!(spelled.expect(200)["email"], "NEW@example.org");
}

#[test]
fn a_suspension_begins_and_ends() {
    let server = Server::start();
    let key = server.key();
    let made = user(&server, &key, &json!({"email": "s@example.org"}));
    let body = json!({"suspended_at": "2026-05-01T00:00:00Z"});
    let suspended = patch(&server, &key, &made, &body).expect(200);
    let expected = json!(["suspended", "2026-05-01T00:00:00.000Z"]);
    assert_eq!(
        json!([suspended["status"], suspended["suspended_at"]]),
        expected
    );
    let active = patch(&server, &key, &made, &json!({"suspended_at": null})).expect(200);
    assert_eq!(
        json!([active["status"], active["suspended_at"]]),
        json!(["active", null])
    );
}
