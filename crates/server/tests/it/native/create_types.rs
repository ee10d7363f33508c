//! `POST /v1/users`: values of another type, of no known form, or too long.

use serde_json::{Value, json};

use super::create_refused::{plus, post, refused};
use super::{assert_invalid, user, with};
use crate::harness::Server;

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
        9_223_372_036_854_775_808_u64,
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
