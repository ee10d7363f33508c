//! `POST /v1/users`: what is refused, all at once, and that nothing is written then.

use serde_json::{Value, json};

use super::create::every_field;
use super::{INVALID, assert_invalid, assert_problem, assert_taken, user, with};
use crate::harness::{Key, Response, Server};

fn post(server: &Server, key: &Key, body: &Value) -> Response {
    server
        .post("/v1/users")
        .bearer(&key.token)
        .json(body)
        .send()
}

/// Each body must be refused with these broken rules, and write nothing.
#[track_caller]
fn refused(cases: &[(Value, &[(&str, &str)])]) {
    let server = Server::start();
    let key = server.key();
    for (body, errors) in cases {
        assert_invalid(&post(&server, &key, body), errors);
    }
    assert_eq!(server.user_count(), 0);
}

fn plus(fields: Value) -> Value {
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
fn no_field_takes_a_value_of_another_type() {
    let server = Server::start();
    let key = server.key();
    let texts = [
        "kind",
        "email",
        "first_name",
        "middle_name",
        "last_name",
        "name",
        "gender",
        "phone",
        "avatar_url",
        "address",
        "city",
        "state",
        "zip",
        "timezone",
        "title",
        "external_id",
        "password",
    ];
    let not = |allowed: fn(&Value) -> bool| {
        let all = [
            json!(1),
            json!(1.5),
            json!(true),
            json!("1"),
            json!([]),
            json!({}),
        ];
        all.into_iter()
            .filter(|value| !allowed(value))
            .collect::<Vec<_>>()
    };
    let fields = texts
        .iter()
        .map(|name| (*name, not(Value::is_string)))
        .chain([("rating", not(Value::is_number))])
        .chain(
            ["agreed_to_terms", "featured", "public_profile"].map(|n| (n, not(Value::is_boolean))),
        )
        .chain(["agreed_to_terms_at", "suspended_at"].map(|n| (n, not(|_| false))))
        .chain(["worker", "employer"].map(|n| (n, not(Value::is_object))))
        .chain(["badges", "groups", "accounts"].map(|n| (n, not(Value::is_array))));
    let mut count = 0;
    for (name, values) in fields {
        for value in values {
            let answer = post(&server, &key, &plus(json!({name: value})));
            let pointer = format!("/{name}");
            assert_invalid(&answer, &[(&pointer, "wrong_type")]);
            count += 1;
        }
    }
    assert_eq!(count, 17 * 5 + 4 + 3 * 5 + 2 * 6 + 2 * 5 + 3 * 5);
    assert_eq!(server.user_count(), 0);
}

#[test]
fn no_attribute_of_a_kind_takes_a_value_of_another_type() {
    let server = Server::start();
    let key = server.key();
    let account = server.account("Acme");
    let no_integer = json!([
        "1",
        1.5,
        true,
        [],
        {},
        9_223_372_036_854_775_808_u64,
        9_007_199_254_740_992_i64,
        1e300
    ]);
    let no_text = json!([1, 1.5, true, [], {}]);
    for (name, values) in [
        ("synced_worker_id", &no_integer),
        ("onboarding_state", &no_text),
        ("w2_onboarding_status", &no_text),
        ("w2_employee_id", &no_text),
        ("drug_tested", &no_text),
    ] {
        for value in values.as_array().unwrap() {
            let body = plus(json!({"kind": "worker", "worker": {name: value}}));
            let pointer = format!("/worker/{name}");
            assert_invalid(&post(&server, &key, &body), &[(&pointer, "wrong_type")]);
        }
    }
    for value in no_integer.as_array().unwrap() {
        let body = plus(json!({"kind": "employer",
            "employer": {"customer_id": value, "role": "requestor"}}));
        let errors = [("/employer/customer_id", "wrong_type")];
        assert_invalid(&post(&server, &key, &body), &errors);
    }
    for value in no_text.as_array().unwrap() {
        let body = plus(json!({"kind": "employer",
            "employer": {"customer_id": account, "role": value}}));
        assert_invalid(
            &post(&server, &key, &body),
            &[("/employer/role", "wrong_type")],
        );
    }
    assert_eq!(server.user_count(), 0);
}

#[test]
fn no_entry_of_a_list_takes_a_value_of_another_type() {
    let server = Server::start();
    let key = server.key();
    let account = server.account("Acme");
    let group = server.group("Ops").id;
    let cases = [
        (json!({"badges": [1]}), "/badges/0"),
        (json!({"badges": [{"badge_id": "1"}]}), "/badges/0/badge_id"),
        (json!({"groups": ["ops"]}), "/groups/0"),
        (
            json!({"groups": [{"id": group, "permission": "1"}]}),
            "/groups/0/permission",
        ),
        (json!({"accounts": [{"id": account}, null]}), "/accounts/1"),
        (
            json!({"accounts": [{"id": account, "role": 1}]}),
            "/accounts/0/role",
        ),
        (
            json!({"accounts": [{"id": account, "admin": 1}]}),
            "/accounts/0/admin",
        ),
        (
            json!({"accounts": [{"id": account, "primary": "yes"}]}),
            "/accounts/0/primary",
        ),
    ];
    for (fields, pointer) in cases {
        let body = with(plus(fields), json!({"kind": "worker"}));
        assert_invalid(&post(&server, &key, &body), &[(pointer, "wrong_type")]);
    }
    for value in [json!("1"), json!(1.5), json!(9_223_372_036_854_775_808_u64)] {
        for list in ["groups", "accounts"] {
            let body = plus(json!({list: [{"id": value}]}));
            let pointer = format!("/{list}/0/id");
            assert_invalid(&post(&server, &key, &body), &[(&pointer, "wrong_type")]);
        }
    }
    let many: Vec<Value> = (0..101).map(|_| json!({"id": account})).collect();
    assert_invalid(
        &post(&server, &key, &plus(json!({"accounts": many}))),
        &[("/accounts", "too_long")],
    );
    assert_eq!(server.user_count(), 0);
}

#[test]
fn entries_of_lists_name_what_they_mean() {
    let server = Server::start();
    let key = server.key();
    let badge = server.badge("Forklift");
    let group = server.group("Ops").id;
    let body = plus(json!({"kind": "worker",
        "badges": [{}, {"badge_id": badge}, {"badge_id": badge}, {"remove": true}, {"id": 1},
            {"badge_id": badge, "expires_at": "2030-01-01T00:00:00Z"}],
        "groups": [{}, {"id": group, "permission": 7}, {"id": group, "permission": 0}],
        "accounts": [{"role": "boss"}]}));
    let errors = [
        ("/badges/0/badge_id", "blank"),
        ("/badges/2/badge_id", "taken"),
        ("/badges/3/id", "blank"),
        ("/badges/4/id", "must_exist"),
        ("/badges/5/expires_at", "unknown_field"),
        ("/badges/5/badge_id", "taken"),
        ("/groups/0/id", "blank"),
        ("/groups/1/permission", "out_of_range"),
        ("/groups/2/permission", "out_of_range"),
        ("/accounts/0/id", "blank"),
        ("/accounts/0/role", "not_included"),
    ];
    assert_invalid(&post(&server, &key, &body), &errors);
    assert_eq!(server.user_count(), 0);
}

#[test]
fn a_value_that_is_none_of_those_allowed_is_refused() {
    let worker = |field: &str| plus(json!({"kind": "worker", "worker": {field: "Passed"}}));
    refused(&[
        (
            plus(json!({"kind": "Worker"})),
            &[("/kind", "not_included")],
        ),
        (plus(json!({"kind": ""})), &[("/kind", "not_included")]),
        (
            worker("onboarding_state"),
            &[("/worker/onboarding_state", "not_included")],
        ),
        (
            worker("w2_onboarding_status"),
            &[("/worker/w2_onboarding_status", "not_included")],
        ),
        (
            worker("drug_tested"),
            &[("/worker/drug_tested", "not_included")],
        ),
        (
            plus(json!({"timezone": "Mars/Base"})),
            &[("/timezone", "not_included")],
        ),
        (
            plus(json!({"agreed_to_terms_at": "yesterday"})),
            &[("/agreed_to_terms_at", "wrong_type")],
        ),
        (
            plus(json!({"agreed_to_terms_at": "2026-01-01T00:00:00"})),
            &[("/agreed_to_terms_at", "wrong_type")],
        ),
        (
            plus(json!({"suspended_at": "-009998-01-01T00:00:00Z"})),
            &[("/suspended_at", "wrong_type")],
        ),
        (
            plus(json!({"suspended_at": "2026-02-30T00:00:00Z"})),
            &[("/suspended_at", "wrong_type")],
        ),
        (
            plus(json!({"phone": "call me"})),
            &[("/phone", "bad_format")],
        ),
        (
            plus(json!({"rating": -0.1})),
            &[("/rating", "out_of_range")],
        ),
        (plus(json!({"rating": 5.1})), &[("/rating", "out_of_range")]),
    ]);
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
fn no_text_is_longer_than_its_field_or_holds_a_nul() {
    let server = Server::start();
    let key = server.key();
    let limits = [
        ("first_name", 255),
        ("middle_name", 255),
        ("last_name", 255),
        ("name", 255),
        ("gender", 255),
        ("avatar_url", 2048),
        ("address", 1000),
        ("city", 255),
        ("state", 255),
        ("zip", 32),
        ("title", 255),
        ("external_id", 255),
    ];
    for (field, max) in limits {
        let pointer = format!("/{field}");
        let long = plus(json!({field: "é".repeat(max + 1)}));
        assert_invalid(&post(&server, &key, &long), &[(&pointer, "too_long")]);
        let nul = plus(json!({field: "a\u{0}b"}));
        assert_invalid(&post(&server, &key, &nul), &[(&pointer, "bad_format")]);
    }
    for (field, code) in [("timezone", "bad_format"), ("phone", "bad_format")] {
        let pointer = format!("/{field}");
        let nul = plus(json!({field: "\u{0}"}));
        assert_invalid(&post(&server, &key, &nul), &[(&pointer, code)]);
    }
    let employee = plus(json!({"kind": "worker", "worker": {"w2_employee_id": "E\u{0}"}}));
    assert_invalid(
        &post(&server, &key, &employee),
        &[("/worker/w2_employee_id", "bad_format")],
    );
    assert_eq!(server.user_count(), 0);
    let mut full = json!({"email": "a@example.org"});
    for (field, max) in limits {
        full[field] = "é".repeat(max).into();
    }
    user(&server, &key, &full);
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
