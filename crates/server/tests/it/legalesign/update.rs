//! `PATCH /api/v1/user/{username}/`.

use directory::keys::NewKey;
use serde_json::{Value, json};

use super::{Case, PASSWORD, ada_with};
use crate::harness::Response;

fn patched(case: &Case, place: &str, body: &Value) -> Response {
    case.request("PATCH", place).json(body).send()
}

#[test]
fn names_change_and_nothing_else_does() {
    let case = Case::start();
    let place = case.created(&ada_with("password", PASSWORD));
    let before = case.shown(&place);
    let changed = patched(
        &case,
        &place,
        &json!({
            "first_name": "Augusta", "email": "other@example.org", "timezone": "Europe/Paris",
            "username": "x", "groups": ["x"], "password": "Other-pass1", "id": 7,
            "email_verified_at": "2026-01-01T00:00:00Z",
        }),
    );
    changed.assert_empty(202);
    assert_eq!(changed.header("content-type"), None);
    assert_eq!(changed.header("location"), None);
    let mut expected = before;
    expected["first_name"] = json!("Augusta");
    assert_eq!(case.shown(&place), expected);
    patched(&case, &place, &json!({"last_name": "King"})).assert_empty(202);
    expected["last_name"] = json!("King");
    assert_eq!(case.shown(&place), expected);
    let stored = case.stored("ada@example.org");
    assert_eq!(stored["email_verified_at"], Value::Null);
    assert!(
        case.server
            .password_is(stored["id"].as_i64().unwrap(), PASSWORD)
    );
    patched(&case, &place, &json!({})).assert_empty(202);
    assert_eq!(case.shown(&place), expected);
    assert_eq!(case.stored("ada@example.org")["version"], 3);
}

#[test]
fn only_the_names_that_come_are_checked_each_as_at_creation() {
    let case = Case::start();
    let place = case.created(&ada_with("password", PASSWORD));
    let before = case.shown(&place);
    let long = "Ensure this value has at most 30 characters";
    for (body, told) in [
        (
            json!({"first_name": "a".repeat(31)}),
            json!({"first_name": [long]}),
        ),
        (
            json!({"first_name": "<b>", "last_name": "x\n"}),
            json!({"first_name": ["Enter a valid value."], "last_name": ["Enter a valid value."]}),
        ),
        (
            json!({"first_name": "", "last_name": null}),
            json!({
                "first_name": ["This field is required."],
                "last_name": ["This field is required."],
            }),
        ),
        (
            json!({"last_name": 7}),
            json!({"last_name": ["Enter a valid value."]}),
        ),
    ] {
        patched(&case, &place, &body).assert(400, &json!({ "user": told }));
    }
    assert_eq!(case.shown(&place), before);
}

#[test]
fn a_name_that_this_api_would_refuse_stays_when_the_other_changes() {
    let case = Case::start();
    let name = "N".repeat(40);
    let post = case.server.post("/v1/users").bearer(&case.key.token);
    let body = json!({"email": "n@example.org", "first_name": name, "last_name": "<x>"});
    let user = post.json(&body).send().expect(201);
    let place = format!("/api/v1/user/{}/", user["uid"].as_str().unwrap());
    assert_eq!(case.shown(&place)["first_name"], json!(name));
    patched(&case, &place, &json!({"last_name": "Noether"})).assert_empty(202);
    let shown = case.shown(&place);
    assert_eq!(
        (&shown["first_name"], &shown["last_name"]),
        (&json!(name), &json!("Noether"))
    );
}

#[test]
fn who_is_not_there_or_elsewhere_is_404_and_a_missing_scope_403() {
    let mut case = Case::start();
    let place = case.created(&ada_with("password", PASSWORD));
    let absent = format!("/api/v1/user/{}/", "0".repeat(32));
    let good = json!({"first_name": "X"});
    patched(&case, &absent, &good).assert_empty(404);
    patched(&case, "/api/v1/user/1/", &good).assert_empty(404);
    let bare = case
        .request("PATCH", place.trim_end_matches('/'))
        .json(&good);
    bare.send().assert_empty(404);
    case.key = case.server.key_with(NewKey {
        scopes: vec!["users:read".to_owned()],
        ..NewKey::default()
    });
    patched(&case, &place, &good).assert_empty(403);
    let other = case.server.tenant("other");
    case.key = case.server.key_of(other, NewKey::default());
    patched(&case, &place, &good).assert_empty(404);
}

#[test]
fn a_body_that_cannot_be_read_changes_nothing() {
    let case = Case::start();
    let place = case.created(&ada_with("password", PASSWORD));
    for (kind, body, status) in [
        ("application/json", "[]", 400),
        ("application/json", "{", 400),
        (
            "application/json",
            "{\"first_name\":\"A\",\"first_name\":\"B\"}",
            400,
        ),
        ("text/plain", "{}", 415),
        ("application/x-www-form-urlencoded", "first_name=B", 415),
    ] {
        let refused = case.request("PATCH", &place).body(kind, body).send();
        assert!(refused.expect(status)["error"].is_string());
    }
    assert_eq!(case.stored("ada@example.org")["version"], 1);
}
