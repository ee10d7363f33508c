//! `POST /v1/users`: what is refused, all at once, and that nothing is written then.

use serde_json::{Value, json};

use super::create::every_field;
use super::{INVALID, assert_invalid, assert_problem, assert_taken, user, with};
use crate::harness::{Key, Response, Server};

pub fn post(server: &Server, key: &Key, body: &Value) -> Response {
    server
        .post("/v1/users")
        .bearer(&key.token)
        .json(body)
        .send()
}

/// Each body must be refused with these broken rules, and write nothing.
#[track_caller]
pub fn refused(cases: &[(Value, &[(&str, &str)])]) {
    let server = Server::start();
    let key = server.key();
    for (body, errors) in cases {
        assert_invalid(&post(&server, &key, body), errors);
    }
    assert_eq!(server.user_count(), 0);
}

pub fn plus(fields: Value) -> Value {
    with(json!({"email": "a@example.org"}), fields)
}

#[test]
fn an_email_is_required() {
    let blank: &[(&str, &str)] = &[("/email", "blank")];
    refused(&[
        (json!({}), blank),
        (json!({"email": null}), blank),
        (json!({"email": ""}), blank),
        (json!({"email": "   "}), blank),
    ]);
}

#[test]
fn a_text_that_is_no_email_is_refused() {
    let format: &[(&str, &str)] = &[("/email", "bad_format")];
    let bad = [
        "ada",
        "ada@",
        "ada@localhost",
        "@x.org",
        "a b@x.org",
        "a@b@x.org",
        "a\u{0}@x.org",
        "a@x.org\r\nBcc: b@x.org",
        "<a@x.org>",
        "a@[127.0.0.1]",
    ];
    let cases: Vec<_> = bad
        .iter()
        .map(|email| (json!({"email": email}), format))
        .collect();
    refused(&cases);
    let long = format!("a@{}.org", "x".repeat(250));
    refused(&[(json!({"email": long}), &[("/email", "too_long")])]);
}

#[test]
fn every_broken_rule_comes_with_its_words() {
    let server = Server::start();
    let key = server.key();
    let body = json!({"first_name": 1, "rating": 6, "kind": "boss", "nickname": "A",
        "password": "short", "zip": "x".repeat(33)});
    let errors = json!([
        {"pointer": "/nickname", "code": "unknown_field", "message": "is no field of the resource"},
        {"pointer": "/kind", "code": "not_included", "message": "is none of the values allowed"},
        {"pointer": "/first_name", "code": "wrong_type", "message": "must be a string"},
        {"pointer": "/email", "code": "blank", "message": "is required"},
        {"pointer": "/password", "code": "too_short", "message": "needs at least 8 characters"},
        {"pointer": "/zip", "code": "too_long", "message": "takes at most 32 characters"},
        {"pointer": "/rating", "code": "out_of_range", "message": "must be 0 to 5"},
    ]);
    assert_problem(
        &post(&server, &key, &body),
        422,
        "invalid",
        INVALID,
        &errors,
    );
    assert_eq!(server.user_count(), 0);
}

#[test]
fn what_is_taken_is_told_with_all_else() {
    let server = Server::start();
    let key = server.key();
    let worker = |email: &str, phone: &str, employee: &str| {
        json!({"email": email, "phone": phone, "kind": "worker",
            "worker": {"w2_employee_id": employee}})
    };
    user(
        &server,
        &key,
        &worker("ada@example.org", "415-555-2671", "E1"),
    );
    let again = post(&server, &key, &json!({"email": "ADA@EXAMPLE.ORG"}));
    assert_taken(&again, &["/email"]);
    let all = post(
        &server,
        &key,
        &worker("Ada@example.org", "+1 (415) 5552671", "E1"),
    );
    let body = all.expect(409);
    assert_eq!(body["code"], "taken");
    let mut pointers: Vec<&str> = body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| each["pointer"].as_str().unwrap())
        .collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/email", "/phone", "/worker/w2_employee_id"]);
    let mixed = with(
        worker("Ada@example.org", "4155552671", "E1"),
        json!({"rating": -1}),
    );
    let errors = [
        ("/email", "taken"),
        ("/phone", "taken"),
        ("/worker/w2_employee_id", "taken"),
        ("/rating", "out_of_range"),
    ];
    assert_invalid(&post(&server, &key, &mixed), &errors);
    assert_eq!(server.user_count(), 1);
}

#[test]
fn phone_and_employee_id_are_unique_among_workers_alone() {
    let server = Server::start();
    let key = server.key();
    let phone = json!({"phone": "415-555-2671"});
    user(
        &server,
        &key,
        &with(
            json!({"email": "a@example.org", "kind": "worker"}),
            phone.clone(),
        ),
    );
    user(
        &server,
        &key,
        &with(json!({"email": "b@example.org"}), phone),
    );
    assert_eq!(server.user_count(), 2);
}

#[test]
fn an_employer_needs_a_customer_and_a_role() {
    let server = Server::start();
    let key = server.key();
    let errors = [
        ("/employer/customer_id", "blank"),
        ("/employer/role", "blank"),
    ];
    for body in [
        json!({"kind": "employer"}),
        json!({"kind": "employer", "employer": {}}),
        json!({"kind": "employer", "employer": {"customer_id": null, "role": null}}),
    ] {
        assert_invalid(&post(&server, &key, &plus(body)), &errors);
    }
    let unknown =
        plus(json!({"kind": "employer", "employer": {"customer_id": 99, "role": "boss"}}));
    let errors = [
        ("/employer/customer_id", "must_exist"),
        ("/employer/role", "not_included"),
    ];
    assert_invalid(&post(&server, &key, &unknown), &errors);
    assert_eq!(server.user_count(), 0);
}

#[test]
fn what_only_one_kind_has_is_refused_for_others() {
    let server = Server::start();
    let key = server.key();
    let account = server.account("Acme");
    let badge = server.badge("Forklift");
    let employer = json!({"customer_id": account, "role": "requestor"});
    let worker = json!({"drug_tested": "passed"});
    let badges = json!([{"badge_id": badge}]);
    let cases: [(Value, &[(&str, &str)]); 5] = [
        (json!({"worker": worker}), &[("/kind", "blank")]),
        (
            json!({"employer": employer, "badges": badges}),
            &[("/kind", "blank")],
        ),
        (
            json!({"kind": "worker", "employer": employer}),
            &[("/employer", "immutable")],
        ),
        (
            json!({"kind": "employer", "employer": employer, "worker": worker}),
            &[("/worker", "immutable")],
        ),
        (
            json!({"kind": "employer", "employer": employer, "badges": badges}),
            &[("/badges", "immutable")],
        ),
    ];
    for (fields, errors) in cases {
        assert_invalid(&post(&server, &key, &plus(fields)), errors);
    }
    assert_eq!(server.user_count(), 0);
}

#[test]
fn a_password_is_long_enough_and_not_guessed_easily() {
    let password = |text: &str| json!({"email": "lovelace@example.org", "last_name": "Lovelace", "password": text});
    let guessable: &[(&str, &str)] = &[("/password", "guessable")];
    refused(&[
        (password(""), &[("/password", "too_short")]),
        (password("tide pl"), &[("/password", "too_short")]),
        (password(&"tide".repeat(250)), &[("/password", "too_long")]),
        (password("password"), guessable),
        (password("lovelace1"), guessable),
        (
            json!({"email": "a@example.org", "password": null}),
            &[("/password", "blank")],
        ),
    ]);
}

#[test]
fn nobody_verifies_themselves() {
    let server = Server::start();
    let key = server.key();
    let fields = json!({
        "email_verified_at": "2026-01-01T00:00:00Z", "verified_phone": "+14155552671",
        "phone_verified_at": "2026-01-01T00:00:00Z", "id": 1, "uid": "0", "created_by": "x@y.org",
        "updated_by": "x@y.org", "created_at": "2026-01-01T00:00:00Z", "updated_at": null,
        "version": 9, "status": "active", "last_login_at": null, "deleted_at": null,
        "tenant_id": 2, "pending_since": null, "roles": ["admin"], "permissions": [],
        "profiles": {}, "relationships": {}, "transactables": {}, "customer_id": 1,
        "role": "admin", "synced_worker_id": 1, "a/b~c": 1,
    });
    let names: Vec<String> = fields
        .as_object()
        .unwrap()
        .keys()
        .map(|name| format!("/{}", name.replace('~', "~0").replacen('/', "~1", 1)))
        .collect();
    let errors: Vec<(&str, &str)> = names
        .iter()
        .map(|pointer| (pointer.as_str(), "unknown_field"))
        .collect();
    assert_invalid(&post(&server, &key, &plus(fields)), &errors);
    let worker = plus(json!({"kind": "worker", "worker": {"verified_phone": "+1", "role": 1}}));
    let errors = [
        ("/worker/verified_phone", "unknown_field"),
        ("/worker/role", "unknown_field"),
    ];
    assert_invalid(&post(&server, &key, &worker), &errors);
    assert_eq!(server.user_count(), 0);
    let made = user(&server, &key, &every_field());
    let path = format!("/v1/users/{}", made["id"]);
    let patch = json!({"email_verified_at": null, "verified_phone": "1", "phone_verified_at": null,
        "id": 1, "uid": "0", "created_by": null, "version": 1, "status": "active",
        "accounts": [], "groups": []});
    let names: Vec<String> = patch
        .as_object()
        .unwrap()
        .keys()
        .map(|name| format!("/{name}"))
        .collect();
    let errors: Vec<(&str, &str)> = names
        .iter()
        .map(|pointer| (pointer.as_str(), "unknown_field"))
        .collect();
    let answer = server
        .request("PATCH", &path)
        .bearer(&key.token)
        .json(&patch)
        .send();
    assert_invalid(&answer, &errors);
    server
        .get(&path)
        .bearer(&key.token)
        .send()
        .assert(200, &made);
}

#[test]
fn a_body_that_is_no_json_object_is_unreadable() {
    let server = Server::start();
    let key = server.key();
    for body in [
        "[]",
        "null",
        "\"a\"",
        "1",
        "[{\"email\":\"a@example.org\"}]",
    ] {
        let request = server.post("/v1/users").bearer(&key.token);
        let answer = request.body("application/json", body).send();
        assert_problem(
            &answer,
            400,
            "unreadable",
            "the body is not a JSON object",
            &Value::Null,
        );
    }
    for body in [
        "",
        "{",
        "{\"email\":\"a@example.org\"",
        "{\"email\":\"a@example.org\",}",
        "email=a",
    ] {
        let request = server.post("/v1/users").bearer(&key.token);
        let answer = request.body("application/json", body).send();
        assert_eq!(answer.expect(400)["code"], "unreadable");
    }
    assert_eq!(server.user_count(), 0);
}

#[test]
fn a_type_that_is_not_json_is_refused() {
    let server = Server::start();
    let key = server.key();
    let detail = "the content type is not one that this call takes";
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "text/json",
        "multipart/form-data; boundary=x",
        "application/xml",
        "",
    ] {
        let request = server.post("/v1/users").bearer(&key.token);
        let answer = request
            .body(content_type, "{\"email\":\"a@example.org\"}")
            .send();
        assert_problem(&answer, 415, "unsupported_media_type", detail, &Value::Null);
    }
    assert_eq!(server.user_count(), 0);
}
