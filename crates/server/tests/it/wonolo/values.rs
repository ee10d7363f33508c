//! The values that `POST /api_v2/users` takes: enums, booleans, date-times, numbers.

use serde_json::{Value, json};

use super::{assert_refused, created, employer, stored, with, worker};
use crate::harness::{Key, START, Server};

/// The value of a field of a Worker made with it, whose email is the `number`th.
fn kept(server: &Server, key: &Key, number: usize, extra: Value, field: &str) -> Value {
    let email = json!({"email": format!("w{number}@example.org")});
    created(server, key, &with(with(worker(), email), extra))[field].clone()
}

#[test]
fn every_enum_value_is_kept() {
    let server = Server::start();
    let key = server.key();
    let enums: [(&str, &[&str]); 3] = [
        (
            "onboarding_last_state",
            &[
                "not_started",
                "started",
                "take_quiz",
                "take_background_check",
                "schedule_call",
                "call",
                "pending_background_check",
                "complete",
                "rejected",
                "error",
                "invited",
            ],
        ),
        (
            "w2_onboarding_status",
            &["not_started", "started", "pending", "completed", "queued"],
        ),
        ("drug_tested", &["passed", "failed"]),
    ];
    let mut number = 0;
    for (field, values) in enums {
        for value in values {
            number += 1;
            assert_eq!(
                kept(&server, &key, number, json!({ field: value }), field),
                *value
            );
        }
    }
    // `invited` is a state like any other here: nobody is sent anything.
    let invited = with(
        worker(),
        json!({"email": "i@example.org", "onboarding_last_state": "invited"}),
    );
    let invited = created(&server, &key, &invited);
    let id = invited["id"].as_i64().unwrap();
    assert_eq!(server.invitations_of(id), []);
    assert_eq!(stored(&server, &invited)["status"], "active");
}

#[test]
fn a_value_outside_its_enum_is_refused() {
    let server = Server::start();
    let key = server.key();
    let account = server.account("Acme");
    for (field, values) in [
        ("onboarding_last_state", ["done", "Started", "started,call"]),
        ("w2_onboarding_status", ["complete", "invited", " pending"]),
        ("drug_tested", ["true", "Passed", "no"]),
        ("type", ["worker", "Requestor", "WORKER"]),
    ] {
        for value in values {
            let user = with(worker(), json!({ field: value }));
            assert_refused(
                &server,
                &key,
                &user,
                json!({ field: ["is not included in the list"] }),
            );
        }
    }
    for role in ["member", "admin", "Requestor"] {
        let user = with(employer(account), json!({ "role": role }));
        assert_refused(
            &server,
            &key,
            &user,
            json!({"role": ["is not included in the list"]}),
        );
    }
}

#[test]
fn booleans_are_true_false_1_and_0_as_text_or_json() {
    let server = Server::start();
    let key = server.key();
    let values = [
        (json!(true), true),
        (json!("true"), true),
        (json!(1), true),
        (json!("1"), true),
        (json!(false), false),
        (json!("false"), false),
        (json!(0), false),
        (json!("0"), false),
    ];
    for (number, (value, truth)) in values.into_iter().enumerate() {
        let flags = json!({"agreed_to_terms": value, "suspended": value});
        let email = json!({"email": format!("b{number}@example.org")});
        let made = created(&server, &key, &with(with(worker(), email), flags));
        assert_eq!(
            (&made["agreed_to_terms"], &made["suspended"]),
            (&json!(truth), &json!(truth))
        );
    }
    for wrong in [
        json!("yes"),
        json!(2),
        json!("TRUE"),
        json!(1.5),
        json!([true]),
    ] {
        let user = with(
            worker(),
            json!({"agreed_to_terms": wrong, "suspended": wrong}),
        );
        let errors = json!({
            "agreed_to_terms": ["is not included in the list"],
            "suspended": ["is not included in the list"],
        });
        assert_refused(&server, &key, &user, errors);
    }
}

#[test]
fn date_times_are_read_in_any_iso_8601_form_and_shown_in_one() {
    let server = Server::start();
    let key = server.key();
    for (number, (given, shown)) in [
        ("2017-05-24T17:01:19.391Z", "2017-05-24T17:01:19.391Z"),
        ("2017-05-24T17:01:19Z", "2017-05-24T17:01:19.000Z"),
        ("2017-05-24T17:01:19.391999Z", "2017-05-24T17:01:19.391Z"),
        ("2017-05-24T17:01:19+02:00", "2017-05-24T15:01:19.000Z"),
        ("2017-05-24T17:01:19-0530", "2017-05-24T22:31:19.000Z"),
        ("2017-05-24 17:01:19.5", "2017-05-24T17:01:19.500Z"),
        ("2017-05-24T17:01:19", "2017-05-24T17:01:19.000Z"),
        ("2017-05-24T17:01", "2017-05-24T17:01:00.000Z"),
        ("20170524T170119Z", "2017-05-24T17:01:19.000Z"),
        ("2017-05-24", "2017-05-24T00:00:00.000Z"),
        ("20170524", "2017-05-24T00:00:00.000Z"),
    ]
    .into_iter()
    .enumerate()
    {
        let times = json!({
            "suspended_at": given, "agreed_to_terms_date": given, "phone_verified_at": given,
        });
        let email = json!({"email": format!("t{number}@example.org")});
        let made = created(&server, &key, &with(with(worker(), email), times));
        for field in ["suspended_at", "agreed_to_terms_date", "phone_verified_at"] {
            assert_eq!(made[field], shown, "{field}: {given}");
        }
        assert_eq!(made["suspended"], true, "who has a time is suspended");
    }
    for wrong in [
        json!("yesterday"),
        json!("2017-13-01"),
        json!("2017-02-30T00:00:00Z"),
        json!("17:01:19"),
        json!("2017-05-24T25:00:00Z"),
        json!("2017-05"),
        json!("2017-05-24T17:01:19 02:00"),
        json!("2017-05-24T17:01:19+02:00[Europe/Paris]"),
        json!("1495645279"),
        json!(1_495_645_279),
        json!(true),
        json!("2017-05-24T17:01:19Z\0"),
        json!("-000001-12-31T23:59:59Z"),
        json!("-009999-06-01"),
    ] {
        let user = with(
            worker(),
            json!({
                "suspended_at": wrong, "agreed_to_terms_date": wrong, "phone_verified_at": wrong,
            }),
        );
        let errors = json!({
            "suspended_at": ["is invalid"],
            "agreed_to_terms_date": ["is invalid"],
            "phone_verified_at": ["is invalid"],
        });
        assert_refused(&server, &key, &user, errors);
    }
}

#[test]
fn suspending_without_a_time_sets_it_and_not_suspending_clears_it() {
    let server = Server::start();
    let key = server.key();
    let at = "2026-01-02T03:04:05.678Z";
    for (number, (given, suspended, shown)) in [
        (json!({"suspended": true}), true, json!(START)),
        (
            json!({"suspended": "1", "suspended_at": at}),
            true,
            json!(at),
        ),
        (
            json!({"suspended": false, "suspended_at": at}),
            false,
            json!(null),
        ),
        (json!({"suspended_at": at}), true, json!(at)),
        (json!({}), false, json!(null)),
    ]
    .into_iter()
    .enumerate()
    {
        let email = json!({"email": format!("s{number}@example.org")});
        let made = created(&server, &key, &with(with(worker(), email), given));
        assert_eq!(
            (&made["suspended"], &made["suspended_at"]),
            (&json!(suspended), &shown)
        );
        let status = if suspended { "suspended" } else { "active" };
        assert_eq!(stored(&server, &made)["status"], status);
    }
}

#[test]
fn a_rating_is_a_number_from_0_to_5() {
    let server = Server::start();
    let key = server.key();
    for (number, (given, shown)) in [
        (json!(0), 0.0),
        (json!(5), 5.0),
        (json!(5.0), 5.0),
        (json!("4.75"), 4.75),
        (json!("3"), 3.0),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(
            kept(&server, &key, number, json!({ "rating": given }), "rating"),
            json!(shown)
        );
    }
    for out in [
        json!(5.01),
        json!(-0.1),
        json!("6"),
        json!(1e300),
        json!(9_223_372_036_854_775_808_u64),
    ] {
        let user = with(worker(), json!({ "rating": out }));
        assert_refused(&server, &key, &user, json!({"rating": ["must be in 0..5"]}));
    }
    for no_number in [
        json!("five"),
        json!("1e0"),
        json!(true),
        json!({}),
        json!([4]),
        json!("NaN"),
    ] {
        let user = with(worker(), json!({ "rating": no_number }));
        assert_refused(&server, &key, &user, json!({"rating": ["is not a number"]}));
    }
}

#[test]
fn a_number_is_text_for_zip_phone_external_id_and_w2_employee_id_only() {
    let server = Server::start();
    let key = server.key();
    let numbers = json!({
        "zip": 94103, "phone": 4_155_552_671_u64, "external_id": 77, "w2_employee_id": 9,
    });
    let made = created(&server, &key, &with(worker(), numbers));
    let shown = [
        &made["zip"],
        &made["phone"],
        &made["external_id"],
        &made["w2_employee_id"],
    ];
    assert_eq!(shown, ["94103", "4155552671", "77", "9"]);
    let others = [
        "gender",
        "avatar_url",
        "address",
        "city",
        "address_state",
        "verified_phone",
        "first_name",
        "last_name",
        "email",
        "password",
        "password_confirmation",
        "type",
        "onboarding_last_state",
        "w2_onboarding_status",
        "drug_tested",
    ];
    let (mut user, mut errors) = (json!({}), json!({}));
    for field in others {
        user[field] = json!(7);
        errors[field] = json!(["is invalid"]);
    }
    // The kind cannot be read, so what only Employers have is judged too.
    user["title"] = json!(7);
    user["role"] = json!(7);
    errors["title"] = json!(["is invalid"]);
    errors["role"] = json!(["is invalid"]);
    assert_refused(&server, &key, &user, errors);
}

#[test]
fn values_of_a_wrong_type_are_refused_all_together() {
    let server = Server::start();
    let key = server.key();
    let account = server.account("Acme");
    let texts = [
        "gender",
        "avatar_url",
        "address",
        "city",
        "address_state",
        "zip",
        "phone",
        "external_id",
        "w2_employee_id",
        "verified_phone",
    ];
    for wrong in [json!(true), json!(["x"]), json!({"x": "y"})] {
        let (mut user, mut errors) = (worker(), json!({}));
        for field in texts {
            user[field] = wrong.clone();
            errors[field] = json!(["is invalid"]);
        }
        for field in ["first_name", "last_name", "email", "password"] {
            user[field] = wrong.clone();
            errors[field] = json!(["is invalid"]);
        }
        errors["password_confirmation"] = json!(["doesn't match Password"]);
        assert_refused(&server, &key, &user, errors);
    }
    for wrong in [
        json!(7.5),
        json!("7.5"),
        json!("x"),
        json!(true),
        json!([7]),
        json!({"id": 7}),
        json!(9_223_372_036_854_775_808_u64),
        json!("9223372036854775808"),
        json!(1e20),
    ] {
        let user = with(worker(), json!({"synced_worker_id": wrong}));
        let errors = json!({"synced_worker_id": ["must be an integer"]});
        assert_refused(&server, &key, &user, errors);
        let user = with(employer(account), json!({ "customer_id": wrong }));
        assert_refused(
            &server,
            &key,
            &user,
            json!({"customer_id": ["must be an integer"]}),
        );
    }
    let title = with(employer(account), json!({"title": ["x"]}));
    assert_refused(&server, &key, &title, json!({"title": ["is invalid"]}));
    let edge = json!({"synced_worker_id": i64::MAX});
    let kept = created(&server, &key, &with(worker(), edge));
    assert_eq!(kept["synced_worker_id"], i64::MAX);
}
