//! The values that `POST /api_v2/users` takes: enums, booleans, date-times, numbers, names,
//! passwords, badges.

use serde_json::{Value, json};

use super::{assert_refused, create, created, employer, stored, with, worker};
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
    // `error` and `invited` are states like any other here: nobody is sent anything.
    assert_eq!(
        server.read(|tx| {
            let actor = directory::Actor::system(directory::TenantId(1), "test");
            directory::users::invitations(tx, &actor, 1).map(|all| all.len())
        }),
        0
    );
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
        json!(9_007_199_254_740_992_u64),
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
    let edge = json!({"synced_worker_id": 9_007_199_254_740_991_i64});
    let kept = created(&server, &key, &with(worker(), edge));
    assert_eq!(kept["synced_worker_id"], 9_007_199_254_740_991_i64);
}

#[test]
fn names_hold_letters_digits_dash_and_period_only() {
    let server = Server::start();
    let key = server.key();
    let good = [
        "Ada",
        "Jean-Luc",
        "J.R.",
        "Łukasz",
        "李",
        "अनिल",
        "e\u{301}va",
        "R2",
    ];
    for (number, name) in good.into_iter().enumerate() {
        let names = json!({"first_name": name, "last_name": name});
        let email = json!({"email": format!("n{number}@example.org")});
        let made = created(&server, &key, &with(with(worker(), names), email));
        assert_eq!(
            (&made["first_name"], &made["last_name"]),
            (&json!(name), &json!(name))
        );
    }
    for name in [
        "Ada King",
        " Ada",
        "O'Neil",
        "<b>Ada</b>",
        "Ada_L",
        "Ada\0",
        "Ada\n",
        "👩",
    ] {
        let user = with(worker(), json!({"first_name": name, "last_name": name}));
        let errors = json!({"first_name": ["is invalid"], "last_name": ["is invalid"]});
        assert_refused(&server, &key, &user, errors);
    }
    for name in ["", "  ", "\t"] {
        let user = with(worker(), json!({"first_name": name, "last_name": name}));
        let errors = json!({"first_name": ["can't be blank"], "last_name": ["can't be blank"]});
        assert_refused(&server, &key, &user, errors);
    }
    let user = with(worker(), json!({"first_name": "a".repeat(256)}));
    let errors = json!({"first_name": ["is too long (maximum is 255 characters)"]});
    assert_refused(&server, &key, &user, errors);
}

#[test]
fn an_email_needs_a_domain() {
    let server = Server::start();
    let key = server.key();
    for email in [
        "ada",
        "ada@",
        "@example.org",
        "ada@localhost",
        "a b@example.org",
        "ada@x..org",
        "ada@[127.0.0.1]",
        "ada@example.org\0",
        "<ada@example.org>",
        "ada@example.org\r\nBcc: eve@example.org",
    ] {
        let user = with(worker(), json!({ "email": email }));
        assert_refused(&server, &key, &user, json!({"email": ["is invalid"]}));
    }
    for blank in [json!(""), json!("  "), json!(null)] {
        let user = with(worker(), json!({ "email": blank }));
        assert_refused(&server, &key, &user, json!({"email": ["can't be blank"]}));
    }
    let long = with(
        worker(),
        json!({"email": format!("a@{}.org", "x".repeat(300))}),
    );
    let errors = json!({"email": ["is too long (maximum is 254 characters)"]});
    assert_refused(&server, &key, &long, errors);
}

#[test]
fn a_password_has_8_characters_and_is_repeated() {
    let server = Server::start();
    let key = server.key();
    let short = "is too short (minimum is 8 characters)";
    let long = "is too long (maximum is 999 characters)";
    let (blank, unequal) = ("can't be blank", "doesn't match Password");
    let endless = "x".repeat(1_000);
    for (password, confirmation, errors) in [
        (
            json!("1234567"),
            json!("1234567"),
            json!({"password": [short]}),
        ),
        (
            json!("ééééééé"),
            json!("ééééééé"),
            json!({"password": [short]}),
        ),
        (json!(endless), json!(endless), json!({"password": [long]})),
        (
            json!("12345678"),
            json!("12345679"),
            json!({"password_confirmation": [unequal]}),
        ),
        (
            json!("12345678"),
            json!("12345678 "),
            json!({"password_confirmation": [unequal]}),
        ),
        (
            json!("12345678"),
            json!(""),
            json!({"password_confirmation": [blank]}),
        ),
        (
            json!("12345678"),
            json!(null),
            json!({"password_confirmation": [blank]}),
        ),
        (
            json!(""),
            json!(""),
            json!({"password": [blank], "password_confirmation": [blank]}),
        ),
        (
            json!(null),
            json!("12345678"),
            json!({"password": [blank], "password_confirmation": [unequal]}),
        ),
        (
            json!("short"),
            json!("other"),
            json!({"password": [short], "password_confirmation": [unequal]}),
        ),
        (
            json!("a\0b"),
            json!("x"),
            json!({"password": ["is invalid", short], "password_confirmation": [unequal]}),
        ),
        (
            json!(12_345_678),
            json!(12_345_678),
            json!({"password": ["is invalid"], "password_confirmation": ["is invalid"]}),
        ),
    ] {
        let both = json!({"password": password, "password_confirmation": confirmation});
        assert_refused(&server, &key, &with(worker(), both), errors);
    }
    // No block-list and no composition here: the vendor's rule is a length.
    let spaced = format!("  {}é  ", "x".repeat(994));
    for (number, password) in ["12345678", "password", "éééééééé", &spaced]
        .iter()
        .enumerate()
    {
        let both = json!({
            "password": password,
            "password_confirmation": password,
            "email": format!("p{number}@example.org"),
        });
        let made = created(&server, &key, &with(worker(), both));
        assert!(server.password_is(made["id"].as_i64().unwrap(), password));
    }
}

#[test]
fn texts_are_bounded_and_hold_no_nul() {
    let server = Server::start();
    let key = server.key();
    let account = server.account("Acme");
    for (field, max) in [
        ("gender", 255),
        ("avatar_url", 2_048),
        ("address", 1_000),
        ("city", 255),
        ("address_state", 255),
        ("zip", 32),
        ("external_id", 255),
        ("w2_employee_id", 255),
        ("verified_phone", 64),
    ] {
        let longest = "é".repeat(max);
        let user = with(worker(), json!({ field: format!("{longest}é") }));
        let message = format!("is too long (maximum is {max} characters)");
        assert_refused(&server, &key, &user, json!({ field: [message] }));
        let nul = with(worker(), json!({ field: "a\0b" }));
        assert_refused(&server, &key, &nul, json!({ field: ["is invalid"] }));
        let email = format!("{field}@example.org");
        let longest = with(worker(), json!({ field: longest, "email": email }));
        assert_eq!(create(&server, &key, &longest).status, 201, "{field}");
    }
    let title = with(employer(account), json!({"title": "a\0"}));
    assert_refused(&server, &key, &title, json!({"title": ["is invalid"]}));
}

#[test]
fn a_phone_has_any_form_that_reads_as_a_number() {
    let server = Server::start();
    let key = server.key();
    let good = [
        "(415) 555-2671",
        "+44 20 7946 0018",
        "650.253.0000",
        "1-800-FLOWERS",
    ];
    for (number, phone) in good.into_iter().enumerate() {
        assert_eq!(
            kept(&server, &key, number, json!({ "phone": phone }), "phone"),
            phone
        );
    }
    for junk in ["call me", "x", "+", "1", "415\0", "<script>"] {
        let user = with(worker(), json!({ "phone": junk }));
        assert_refused(&server, &key, &user, json!({"phone": ["is invalid"]}));
    }
}

/// The badges of a Worker made with a body.
fn badges_of(server: &Server, key: &Key, request: &str, form: bool) -> Vec<Value> {
    let post = server.post("/api_v2/users").bearer(&key.token);
    let answer = if form {
        post.form(request).send()
    } else {
        post.body("application/json", request).send()
    };
    let user = answer.expect(201)["user"].clone();
    let badges = user["user_badges"].as_array().unwrap().clone();
    let ids: Vec<&Value> = badges.iter().map(|each| &each["id"]).collect();
    assert!(
        badges.iter().all(|each| each["user_id"] == user["id"])
            && ids.is_sorted_by_key(|id| id.as_i64())
    );
    badges
        .into_iter()
        .map(|each| each["badge_id"].clone())
        .collect()
}

#[test]
fn badges_come_as_one_hash_an_array_or_a_hash_of_indexes() {
    let server = Server::start();
    let key = server.key();
    let (one, two) = (server.badge("Forklift"), server.badge("Barista"));
    let required = "user[type]=Worker&user[first_name]=A&user[last_name]=B\
        &user[password]=12345678&user[password_confirmation]=12345678";
    let name = "user[user_badges_attributes]";
    for (number, (pairs, expected)) in [
        (format!("{name}[badge_id]={one}"), vec![one]),
        (
            format!("{name}[badge_id]={one}&{name}[_destroy]=0&{name}[id]="),
            vec![one],
        ),
        (
            format!("{name}[][badge_id]={one}&{name}[][badge_id]={two}"),
            vec![one, two],
        ),
        (
            format!("{name}[0][badge_id]={two}&{name}[1][badge_id]={one}"),
            vec![two, one],
        ),
        (
            format!("{name}[10][badge_id]={two}&{name}[9][badge_id]={one}"),
            vec![one, two],
        ),
        (format!("{name}="), vec![]),
    ]
    .into_iter()
    .enumerate()
    {
        let form = format!("{required}&user[email]=f{number}@example.org&{pairs}");
        assert_eq!(badges_of(&server, &key, &form, true), expected, "{pairs}");
    }
    for (number, (given, expected)) in [
        (json!({"badge_id": one}), vec![one]),
        (
            json!({"badge_id": one.to_string(), "_destroy": false}),
            vec![one],
        ),
        (
            json!([{"badge_id": one}, {"badge_id": two}]),
            vec![one, two],
        ),
        (
            json!({"1": {"badge_id": one}, "0": {"badge_id": two}}),
            vec![two, one],
        ),
        (json!([]), vec![]),
        (json!(null), vec![]),
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("j{number}@example.org");
        let user = with(
            worker(),
            json!({"email": email, "user_badges_attributes": given}),
        );
        assert_eq!(
            badges_of(&server, &key, &user.to_string(), false),
            expected,
            "{given}"
        );
    }
}
