//! What a creation names besides itself: what must be unique, and what must exist.

use directory::TenantId;
use directory::keys::NewKey;
use serde_json::{Value, json};

use super::{assert_refused, create, created, employer, with, worker};
use crate::harness::{Key, Response, Server};

const TAKEN: &str = "has already been taken";

#[test]
fn an_email_is_unique_whatever_its_case_and_whichever_api_made_it() {
    let server = Server::start();
    let key = server.key();
    let account = server.account("Acme");
    created(&server, &key, &worker());
    let native = json!({"email": "Eve@example.org"});
    server
        .post("/v1/users")
        .bearer(&key.token)
        .json(&native)
        .send()
        .expect(201);
    for user in [
        worker(),
        with(worker(), json!({"email": " ADA@Example.ORG "})),
        with(employer(account), json!({"email": "ada@example.org"})),
        employer(account),
    ] {
        assert_refused(&server, &key, &user, json!({"email": [TAKEN]}));
    }
}

#[test]
fn of_creations_of_one_email_at_one_moment_one_succeeds() {
    let server = Server::start();
    let key = server.key();
    let answers: Vec<Response> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| create(&server, &key, &worker())))
            .collect();
        threads
            .into_iter()
            .map(|each| each.join().unwrap())
            .collect()
    });
    let (made, refused): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|each| each.status == 201);
    assert_eq!((made.len(), server.user_count()), (1, 1));
    for each in refused {
        each.assert(422, &json!({"errors": {"email": [TAKEN]}}));
    }
}

#[test]
fn a_phone_is_unique_among_workers_however_it_is_written() {
    let server = Server::start();
    let key = server.key();
    let account = server.account("Acme");
    created(
        &server,
        &key,
        &with(worker(), json!({"phone": "(415) 555-2671"})),
    );
    for phone in ["4155552671", "+1 415 555 2671"] {
        let user = with(worker(), json!({"email": "b@example.org", "phone": phone}));
        assert_refused(&server, &key, &user, json!({"phone": [TAKEN]}));
        let email = format!("e{}@example.org", phone.len());
        let employer = with(employer(account), json!({"email": email, "phone": phone}));
        assert_eq!(created(&server, &key, &employer)["phone"], phone);
    }
}

#[test]
fn a_w2_employee_id_is_unique_and_an_external_id_is_not() {
    let server = Server::start();
    let key = server.key();
    let ids = json!({"w2_employee_id": "W-9", "external_id": "77"});
    created(&server, &key, &with(worker(), ids.clone()));
    let again = with(with(worker(), ids), json!({"email": "b@example.org"}));
    assert_refused(&server, &key, &again, json!({"w2_employee_id": [TAKEN]}));
    let other = with(again, json!({"w2_employee_id": "w-9"}));
    assert_eq!(created(&server, &key, &other)["external_id"], "77");
}

#[test]
fn everything_wrong_is_told_at_once_and_what_is_taken_too() {
    let server = Server::start();
    let key = server.key();
    let badge = server.badge("Forklift");
    let first = json!({"phone": "4155552671", "w2_employee_id": "W-9"});
    created(&server, &key, &with(worker(), first));
    let user = with(
        worker(),
        json!({
            "phone": "+14155552671",
            "w2_employee_id": "W-9",
            "first_name": "A B",
            "last_name": "",
            "password": "short",
            "password_confirmation": "other",
            "rating": 6,
            "suspended": "maybe",
            "onboarding_last_state": "lost",
            "synced_worker_id": 1.5,
            "zip": "9".repeat(33),
            "user_badges_attributes":
                [{"badge_id": badge}, {"badge_id": badge}, {"badge_id": 999_999}, {}, {}, 7],
        }),
    );
    let errors = json!({
        "email": [TAKEN],
        "phone": [TAKEN],
        "w2_employee_id": [TAKEN],
        "first_name": ["is invalid"],
        "last_name": ["can't be blank"],
        "password": ["is too short (minimum is 8 characters)"],
        "password_confirmation": ["doesn't match Password"],
        "rating": ["must be in 0..5"],
        "suspended": ["is not included in the list"],
        "onboarding_last_state": ["is not included in the list"],
        "synced_worker_id": ["must be an integer"],
        "zip": ["is too long (maximum is 32 characters)"],
        "user_badges": ["is invalid"],
        "user_badges.badge_id": [TAKEN, "must exist", "can't be blank"],
    });
    assert_refused(&server, &key, &user, errors);
}

#[test]
fn a_badge_is_named_rightly_and_once() {
    let server = Server::start();
    let key = server.key();
    let badge = server.badge("Forklift");
    let foreign = server.badge_of(server.tenant("far"), "Far");
    let held = {
        let attributes = json!({"user_badges_attributes": {"badge_id": badge}});
        let other = with(
            worker(),
            with(attributes, json!({"email": "o@example.org"})),
        );
        created(&server, &key, &other)["user_badges"][0]["id"].clone()
    };
    let (at_badge, at_id) = ("user_badges.badge_id", "user_badges.id");
    for (given, errors) in [
        (
            json!({"badge_id": 999_999}),
            json!({ at_badge: ["must exist"] }),
        ),
        (
            json!({ "badge_id": foreign }),
            json!({ at_badge: ["must exist"] }),
        ),
        (json!({}), json!({ at_badge: ["can't be blank"] })),
        (
            json!({"badge_id": "x"}),
            json!({ at_badge: ["must be an integer"] }),
        ),
        (
            json!({"badge_id": 1.5}),
            json!({ at_badge: ["must be an integer"] }),
        ),
        (
            json!([{"badge_id": badge}, {"badge_id": badge}]),
            json!({ at_badge: [TAKEN] }),
        ),
        (
            json!({"badge_id": badge, "id": held}),
            json!({ at_id: ["must exist"] }),
        ),
        (
            json!({"_destroy": "1", "id": held}),
            json!({ at_id: ["must exist"] }),
        ),
        (
            json!({"_destroy": true}),
            json!({ at_id: ["can't be blank"] }),
        ),
        (
            json!({"_destroy": "0"}),
            json!({ at_badge: ["can't be blank"] }),
        ),
        (
            json!({"_destroy": "yes", "badge_id": badge}),
            json!({"user_badges._destroy": ["is not included in the list"]}),
        ),
        (
            json!({"id": "x", "badge_id": "y"}),
            json!({ at_id: ["must be an integer"], at_badge: ["must be an integer"] }),
        ),
        (json!("x"), json!({"user_badges": ["is invalid"]})),
        (json!(7), json!({"user_badges": ["is invalid"]})),
        (json!([[]]), json!({"user_badges": ["is invalid"]})),
        (
            json!({"0": {"badge_id": badge}, "1": "x"}),
            json!({"user_badges": ["is invalid"]}),
        ),
    ] {
        let user = with(worker(), json!({"user_badges_attributes": given}));
        assert_refused(&server, &key, &user, errors);
    }
}

#[test]
fn an_employer_needs_a_role_and_an_existing_customer() {
    let server = Server::start();
    let key = server.key();
    let far = server.tenant("far");
    let foreign = server.account_of(far, "Far");
    let blank = json!(["can't be blank"]);
    for (given, errors) in [
        (json!({}), json!({"role": blank, "customer_id": blank})),
        (
            json!({"role": "", "customer_id": null}),
            json!({"role": blank, "customer_id": blank}),
        ),
        (
            json!({"role": "requestor"}),
            json!({ "customer_id": blank }),
        ),
        (
            json!({"role": "requestor", "customer_id": 999_999}),
            json!({"customer_id": ["must exist"]}),
        ),
        (
            json!({"role": "requestor", "customer_id": 0}),
            json!({"customer_id": ["must exist"]}),
        ),
        (
            json!({"role": "requestor", "customer_id": -1}),
            json!({"customer_id": ["must exist"]}),
        ),
        (
            json!({"role": "requestor", "customer_id": foreign}),
            json!({"customer_id": ["must exist"]}),
        ),
    ] {
        let user = with(with(worker(), json!({"type": "Employer"})), given);
        assert_refused(&server, &key, &user, errors);
    }
    // There, the very same request is right.
    let far_key = server.key_of(far, NewKey::default());
    let made: Value = created(&server, &far_key, &employer(foreign));
    assert_eq!(made["customer_id"], foreign);
    assert_eq!((server.users_of(TenantId(1)), server.users_of(far)), (0, 1));
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
