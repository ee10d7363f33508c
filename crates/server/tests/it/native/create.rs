//! `POST /v1/users`: what is made.

use serde_json::{Value, json};

use super::{events, id_of, plain_user, user, with};
use crate::harness::{START, Server};
use directory::keys::NewKey;

/// All fields that a client may send for any user, with the values that come back.
pub fn every_field() -> Value {
    json!({
        "email": "Ada@Example.org", "first_name": "Ada <b>", "middle_name": "King of",
        "last_name": "O'Lovelace", "name": "Countess", "gender": "female",
        "phone": "(415) 555-2671", "avatar_url": "https://x.org/a.png", "address": "1 St. James",
        "city": "London", "state": "CA", "zip": "00123", "timezone": "Europe/London",
        "title": "Dr.", "external_id": "e-1", "rating": 4.5, "agreed_to_terms": true,
        "agreed_to_terms_at": "2024-01-02T03:04:05.678Z", "featured": false,
        "public_profile": true, "suspended_at": null,
    })
}

#[test]
fn an_email_alone_makes_a_user() {
    let server = Server::start();
    let key = server.key();
    let request = server.post("/v1/users").bearer(&key.token);
    let made = request.json(&json!({"email": "ada@example.org"})).send();
    let body = made.expect(201);
    let location = format!("/v1/users/{}", body["id"]);
    assert_eq!(made.header("location"), Some(location.as_str()));
    assert_eq!(made.header("etag"), Some("\"1\""));
    assert_eq!(made.header("content-type"), Some("application/json"));
    assert_eq!(made.header("idempotency-replayed"), None);
    assert_eq!(
        body,
        plain_user(&body["id"], &body["uid"], "ada@example.org")
    );
    let uid = body["uid"].as_str().unwrap();
    assert!(
        uid.len() == 32 && uid.bytes().all(|c| c.is_ascii_hexdigit()),
        "{uid}"
    );
    assert!(uid.as_bytes()[12] == b'7', "a UUIDv7: {uid}");
    assert_eq!(events(&server, id_of(&body)), ["user_created"]);
}

#[test]
fn every_field_is_kept_and_shown() {
    let server = Server::start();
    let key = server.key();
    let made = user(&server, &key, &every_field());
    let expected = with(
        plain_user(&made["id"], &made["uid"], "Ada@Example.org"),
        every_field(),
    );
    assert_eq!(made, expected);
    let read = server.get(&format!("/v1/users/{}", made["id"]));
    read.bearer(&key.token).send().assert(200, &expected);
}

#[test]
fn a_worker_has_the_attributes_of_a_worker() {
    let server = Server::start();
    let key = server.key();
    let badge = server.badge("Forklift");
    let made = user(
        &server,
        &key,
        &json!({
            "email": "w@example.org", "kind": "worker", "badges": [{"badge_id": badge}],
            "worker": {"synced_worker_id": 7, "onboarding_state": "take_quiz",
                "w2_onboarding_status": "pending", "w2_employee_id": "E7",
                "drug_tested": "failed"},
        }),
    );
    let held = made["badges"][0]["id"].as_i64().unwrap();
    let expected = json!({
        "kind": "worker",
        "worker": {"synced_worker_id": 7, "onboarding_state": "take_quiz",
            "w2_onboarding_status": "pending", "w2_employee_id": "E7", "drug_tested": "failed"},
        "badges": [{"id": held, "badge_id": badge, "name": "Forklift", "expires_at": null,
            "suspended": false}],
    });
    let plain = plain_user(&made["id"], &made["uid"], "w@example.org");
    assert_eq!(made, with(plain, expected));
}

#[test]
fn a_worker_of_whom_nothing_is_said_has_started_nothing() {
    let server = Server::start();
    let key = server.key();
    for (index, worker) in [json!({}), Value::Null].into_iter().enumerate() {
        let email = format!("w{index}@example.org");
        let made = user(
            &server,
            &key,
            &json!({"email": email, "kind": "worker", "worker": worker}),
        );
        let expected = json!({"synced_worker_id": null, "onboarding_state": "not_started",
            "w2_onboarding_status": "not_started", "w2_employee_id": null, "drug_tested": null});
        assert_eq!(made["worker"], expected);
    }
}

#[test]
fn every_value_of_every_enum_is_taken() {
    let server = Server::start();
    let key = server.key();
    let values = [
        (
            "onboarding_state",
            "not_started,started,take_quiz,take_background_check,\
            schedule_call,call,pending_background_check,complete,rejected,error,invited",
        ),
        (
            "w2_onboarding_status",
            "not_started,started,pending,completed,queued",
        ),
        ("drug_tested", "passed,failed"),
    ];
    for (field, names) in values {
        for name in names.split(',') {
            let email = format!("{field}.{name}@example.org");
            let body = json!({"email": email, "kind": "worker", "worker": {field: name}});
            assert_eq!(user(&server, &key, &body)["worker"][field], name);
        }
    }
    let account = server.account("Acme");
    for role in ["customer_admin", "requestor", "read_only"] {
        let body = json!({"email": format!("{role}@example.org"), "kind": "employer",
            "employer": {"customer_id": account, "role": role}});
        let made = user(&server, &key, &body);
        assert_eq!(
            made["employer"],
            json!({"customer_id": account, "role": role})
        );
        let admin = role == "customer_admin";
        let member = json!([{"id": account, "name": "Acme", "role": role, "admin": admin,
            "primary": true}]);
        assert_eq!(made["accounts"], member);
    }
    for role in ["customer_admin", "requestor", "read_only", "member"] {
        let body = json!({"email": format!("member.{role}@example.org"),
            "accounts": [{"id": account, "role": role}]});
        assert_eq!(user(&server, &key, &body)["accounts"][0]["role"], role);
    }
}

#[test]
fn accounts_and_groups_are_joined() {
    let server = Server::start();
    let key = server.key();
    let (acme, ajax) = (server.account("Acme"), server.account("Ajax"));
    let (ops, sales) = (server.group("Ops"), server.group("Sales"));
    let made = user(
        &server,
        &key,
        &json!({
            "email": "m@example.org",
            "accounts": [{"id": acme}, {"id": ajax, "role": "requestor", "admin": true,
                "primary": true}],
            "groups": [{"id": ops.id, "permission": 1}, {"id": sales.id}],
        }),
    );
    let expected = json!({
        "accounts": [
            {"id": ajax, "name": "Ajax", "role": "requestor", "admin": true, "primary": true},
            {"id": acme, "name": "Acme", "role": "member", "admin": false, "primary": false},
        ],
        "groups": [
            {"id": ops.id, "slug": "ops", "name": "Ops", "permission": 1},
            {"id": sales.id, "slug": "sales", "name": "Sales", "permission": 3},
        ],
    });
    let plain = plain_user(&made["id"], &made["uid"], "m@example.org");
    assert_eq!(made, with(plain, expected));
    assert_eq!(
        events(&server, id_of(&made)),
        [
            "user_created",
            "user_added_to_account",
            "user_added_to_account"
        ]
    );
}

#[test]
fn the_first_account_is_primary_where_none_says_so() {
    let server = Server::start();
    let key = server.key();
    let (acme, ajax) = (server.account("Acme"), server.account("Ajax"));
    let body = json!({"email": "m@example.org", "accounts": [{"id": acme}, {"id": ajax}]});
    let made = user(&server, &key, &body);
    assert_eq!(made["accounts"][0]["id"], acme);
    assert_eq!(made["accounts"][0]["primary"], true);
    assert_eq!(made["accounts"][1]["primary"], false);
}

#[test]
fn a_bound_key_and_its_owner_stand_at_what_it_makes() {
    let server = Server::start();
    let account = server.account("Acme");
    let key = server.key_with(NewKey {
        account_id: Some(account),
        owner_email: Some("owner@example.org".to_owned()),
        ..NewKey::default()
    });
    let made = user(&server, &key, &json!({"email": "m@example.org"}));
    let expected = json!({
        "created_by": "owner@example.org", "updated_by": "owner@example.org",
        "accounts": [{"id": account, "name": "Acme", "role": "member", "admin": false,
            "primary": true}],
    });
    let plain = plain_user(&made["id"], &made["uid"], "m@example.org");
    assert_eq!(made, with(plain, expected));
    let event = &server.user_events(id_of(&made))[0];
    assert_eq!(event.account_id, Some(account));
    assert_eq!(
        (event.actor_type.as_str(), &event.actor_id),
        ("key", &key.id)
    );
}

#[test]
fn a_password_is_stored_and_never_shown() {
    let server = Server::start();
    let key = server.key();
    let password = "  tide plank ferry 🜁 orbit ";
    let body = json!({"email": "p@example.org", "password": password});
    let made = user(&server, &key, &body);
    assert_eq!(made, plain_user(&made["id"], &made["uid"], "p@example.org"));
    assert!(server.password_is(id_of(&made), password));
    assert!(!server.password_is(id_of(&made), password.trim()));
    let long = "tide plank ferry orbit ".repeat(43) + "0123456789";
    assert_eq!(long.chars().count(), 999);
    let made = user(
        &server,
        &key,
        &json!({"email": "q@example.org", "password": long}),
    );
    assert!(server.password_is(id_of(&made), &long));
}

#[test]
fn an_event_tells_what_was_made_and_no_secret() {
    let server = Server::start();
    let key = server.key();
    let body = json!({"email": "p@example.org", "first_name": "P",
        "password": "tide plank ferry orbit"});
    let request = server.post("/v1/users").bearer(&key.token);
    let made = request.header("x-request-id", "r-1").json(&body).send();
    let events = server.user_events(id_of(&made.expect(201)));
    assert_eq!(events.len(), 1);
    let event = &events[0];
    let change: Value = serde_json::from_str(&event.change).unwrap();
    let expected = json!({"old": {}, "new": {"email": "p@example.org", "first_name": "P"}});
    assert_eq!(change, expected);
    assert_eq!(event.request_id, "r-1");
    assert_eq!(event.created_at, START.parse().unwrap());
}

#[test]
fn a_name_is_shown_joined_or_split_as_it_was_given() {
    let server = Server::start();
    let key = server.key();
    let cases = [
        (
            json!({"first_name": "Ada", "last_name": "King"}),
            json!(["Ada", "King", "Ada King"]),
        ),
        (
            json!({"name": "Ada K. Lovelace"}),
            json!(["Ada K.", "Lovelace", "Ada K. Lovelace"]),
        ),
        (json!({"name": "李"}), json!(["李", null, "李"])),
        (
            json!({"name": "Countess", "last_name": "King"}),
            json!([null, "King", "Countess"]),
        ),
    ];
    for (index, (names, shown)) in cases.into_iter().enumerate() {
        let body = with(names, json!({"email": format!("n{index}@example.org")}));
        let made = user(&server, &key, &body);
        assert_eq!(
            json!([made["first_name"], made["last_name"], made["name"]]),
            shown
        );
    }
}

#[test]
fn an_email_is_trimmed_and_kept_as_given() {
    let server = Server::start();
    let key = server.key();
    let made = user(&server, &key, &json!({"email": "  A.B+c@BÜCHER.example "}));
    assert_eq!(made["email"], "A.B+c@BÜCHER.example");
    // Dots and tags make other addresses.
    user(&server, &key, &json!({"email": "ab+c@bücher.example"}));
    user(&server, &key, &json!({"email": "a.b@bücher.example"}));
}

#[test]
fn a_time_may_have_any_offset_and_is_shown_in_utc() {
    let server = Server::start();
    let key = server.key();
    let body = json!({"email": "t@example.org",
        "suspended_at": "2026-01-01T00:30:00.1239+02:00"});
    let made = user(&server, &key, &body);
    assert_eq!(made["suspended_at"], "2025-12-31T22:30:00.123Z");
    assert_eq!(made["status"], "suspended");
}

#[test]
fn a_json_type_of_any_name_is_taken() {
    let server = Server::start();
    let key = server.key();
    let types = [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/vnd.x+json",
    ];
    for (index, content_type) in types.into_iter().enumerate() {
        let body = json!({"email": format!("c{index}@example.org")}).to_string();
        let request = server.post("/v1/users").bearer(&key.token);
        request.body(content_type, body).send().expect(201);
    }
}

#[test]
fn what_was_shown_can_be_sent_back() {
    // Null says no more than absent on creation.
    let server = Server::start();
    let key = server.key();
    let nulls = json!({"email": "n@example.org", "kind": null, "first_name": null, "phone": null,
        "rating": null, "featured": null, "agreed_to_terms_at": null, "worker": null,
        "employer": null, "badges": null, "groups": null, "accounts": null});
    let made = user(&server, &key, &nulls);
    assert_eq!(made, plain_user(&made["id"], &made["uid"], "n@example.org"));
}
