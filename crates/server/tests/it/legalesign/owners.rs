//! Whose permissions a key has: who its owner is, and who is none any more.

use directory::keys::NewKey;
use serde_json::{Value, json};

use super::{Case, PASSWORD, ada_with};
use crate::harness::Key;

/// The status of making a group by a key: 403 for an owner who administers none.
fn makes_a_group(case: &Case, key: &Key) -> u16 {
    let made = case.by(key, "POST", "/api/v1/group/");
    made.json(&json!({"name": "Third"})).send().status
}

fn native(case: &Case, method: &str, path: &str, body: &Value) -> u16 {
    let request = case.server.request(method, path).bearer(&case.key.token);
    request.json(body).send().status
}

/// A key of `boss@example.org`, who may do next to nothing in `sales`, and their path in `/v1`.
fn owned() -> (Case, Key, String) {
    let case = Case::start();
    case.server.group("Sales");
    case.member("boss@example.org", "sales", 5);
    let key = case.owned_by("Boss@example.org");
    assert_eq!(makes_a_group(&case, &key), 403);
    let path = format!("/v1/users/{}", case.stored("boss@example.org")["id"]);
    (case, key, path)
}

fn assert_refused(case: &Case, key: &Key) {
    assert_eq!(makes_a_group(case, key), 403);
    for path in ["group/", "member/", "invited/", "notifications/"] {
        let path = format!("/api/v1/{path}");
        case.by(key, "GET", &path).send().assert_empty(403);
    }
    let user = ada_with("password", PASSWORD);
    let made = case.by(key, "POST", "/api/v1/user/").json(&user);
    made.send().assert_empty(403);
}

#[test]
fn a_key_whose_owner_was_deleted_does_nothing_until_they_are_back() {
    let (case, key, path) = owned();
    assert_eq!(native(&case, "DELETE", &path, &json!({})), 204);
    assert_refused(&case, &key);
    let restore = format!("{path}/restore");
    assert_eq!(native(&case, "POST", &restore, &json!({})), 200);
    assert_eq!(makes_a_group(&case, &key), 403);
    case.by(&key, "GET", "/api/v1/group/").send().expect(200);
}

#[test]
fn a_key_whose_owner_was_erased_does_nothing() {
    let (case, key, path) = owned();
    let erase = format!("{path}/erase");
    assert_eq!(native(&case, "POST", &erase, &json!({})), 204);
    assert_refused(&case, &key);
}

#[test]
fn a_key_whose_owner_has_another_email_does_nothing() {
    let (case, key, path) = owned();
    let moved = json!({"email": "other@example.org"});
    assert_eq!(native(&case, "PATCH", &path, &moved), 200);
    assert_refused(&case, &key);
    // One of an owner who never was anybody is another matter.
    let free = case.owned_by("nobody@example.org");
    assert_eq!(makes_a_group(&case, &free), 201);
}

#[test]
fn a_pending_user_is_nobodys_owner() {
    let case = Case::start();
    case.server.group("Sales");
    case.member("boss@example.org", "sales", 1);
    let boss = case.owned_by("boss@example.org");
    let ops = case.owned_by("ops@example.org");
    let pending = ada_with("email", "ops@example.org");
    let made = case.by(&boss, "POST", "/api/v1/user/").json(&pending);
    made.send().assert_empty(201);
    let listed = case.by(&ops, "GET", "/api/v1/group/").send().expect(200);
    assert_eq!(listed["meta"]["total_count"], 1);
    assert_eq!(makes_a_group(&case, &ops), 201);
    // Nor does one who goes again take anything along.
    let path = format!("/v1/users/{}", case.stored("ops@example.org")["id"]);
    assert_eq!(native(&case, "DELETE", &path, &json!({})), 204);
    assert_eq!(makes_a_group(&case, &ops), 201);
}

#[test]
fn an_owner_manages_whom_they_made_however_their_address_is_written() {
    let case = Case::start();
    case.server.group("Sales");
    case.member("boss@example.org", "sales", 1);
    let [one, other] = ["Boss@Example.org", "boss@example.org"].map(|own| case.owned_by(own));
    let free = ada_with("password", PASSWORD);
    let made = case.by(&one, "POST", "/api/v1/user/").json(&free).send();
    made.assert_empty(201);
    let place = made.header("location").unwrap();
    case.by(&other, "GET", place).send().expect(200);
    let patch = case.by(&other, "PATCH", place);
    let patch = patch.json(&json!({"first_name": "Augusta"}));
    patch.send().assert_empty(202);
    case.member("second@example.org", "sales", 1);
    let stranger = case.owned_by("second@example.org");
    case.by(&stranger, "GET", place).send().assert_empty(404);
}

#[test]
fn public_pool_access_does_not_tell_whether_an_invitation_is_there() {
    let case = Case::start();
    case.server.group("Sales");
    let account = case.server.account("Acme");
    let key = case.server.key_with(NewKey {
        account_id: Some(account),
        public_pool: true,
        ..NewKey::default()
    });
    let place = case.made(
        "member",
        &json!({"email": "b@example.org", "group": "sales"}),
    );
    for place in [place.as_str(), "/api/v1/invited/999/"] {
        case.by(&key, "DELETE", place).send().assert_empty(403);
    }
}
