//! `POST /api/v1/user/`: what succeeds.

use directory::event::{self, Subject};
use directory::keys::NewKey;
use directory::model::InvitationKind;
use serde_json::{Value, json};

use super::{Case, PASSWORD, ada, ada_with, ada_without};
use crate::harness::START;

fn event_types(case: &Case, user: &Value) -> Vec<String> {
    let events = case.server.user_events(user["id"].as_i64().unwrap());
    events.into_iter().map(|each| each.event_type).collect()
}

#[test]
fn a_user_with_a_password_is_made_at_once_and_located() {
    let case = Case::start();
    let made = case.create(&json!({
        "first_name": "Ada", "last_name": "King Lovelace", "email": "Ada@Example.org",
        "timezone": "Europe/London", "password": PASSWORD,
    }));
    made.assert_empty(201);
    assert_eq!(made.header("content-type"), None);
    let user = case.stored("ada@example.org");
    let location = format!("/api/v1/user/{}/", user["uid"].as_str().unwrap());
    assert_eq!(made.header("location"), Some(location.as_str()));
    assert_eq!(user["first_name"], "Ada");
    assert_eq!(user["last_name"], "King Lovelace");
    assert_eq!(user["email"], "Ada@Example.org");
    assert_eq!(user["timezone"], "Europe/London");
    assert_eq!(user["status"], "active");
    assert_eq!(user["kind"], Value::Null);
    assert_eq!(user["email_verified_at"], Value::Null);
    assert_eq!(user["created_at"], START);
    let id = user["id"].as_i64().unwrap();
    assert!(case.server.password_is(id, PASSWORD));
    assert!(!case.server.password_is(id, "Analytic-Engine2"));
    assert_eq!(case.invitations(&user), []);
    assert_eq!(event_types(&case, &user), ["user_created"]);
    let events = case.server.user_events(id);
    assert!(!format!("{events:?}").contains(PASSWORD));
    assert_eq!(events[0].actor_id, case.key.id);
}

#[test]
fn a_user_without_a_password_is_asked_to_verify_and_not_located() {
    let case = Case::start();
    for (number, none) in [None, Some(Value::Null), Some(json!(""))]
        .into_iter()
        .enumerate()
    {
        let email = format!("ada{number}@example.org");
        let mut body = ada_with("email", email.as_str());
        if let Some(none) = none {
            body["password"] = none;
        }
        let made = case.create(&body);
        made.assert_empty(201);
        assert_eq!(made.header("location"), None);
        assert_eq!(made.header("content-type"), None);
        let user = case.stored(&email);
        assert_eq!(user["status"], "pending");
        assert_eq!(event_types(&case, &user), ["user_created"]);
        let out = case.invitations(&user);
        assert_eq!(out.len(), 1);
        assert_eq!(out[0].kind, InvitationKind::Verify);
        assert_eq!((out[0].group_id, out[0].permission), (None, None));
        assert_eq!(out[0].redirect_to, None);
        let actor = case.server.operator();
        let subject = Subject::new("invitation", out[0].id);
        let sent = case
            .server
            .read(move |tx| event::history(tx, &actor, &subject));
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[0].event_type, "invitation_created");
    }
}

#[test]
fn groups_are_named_by_uri_or_slug_in_a_comma_list() {
    let case = Case::start();
    let slugs: Vec<String> = ["Sales", "Legal & Risk", "営業"]
        .into_iter()
        .map(|name| case.server.group(name).slug)
        .collect();
    let [a, b, c] = slugs.try_into().unwrap();
    let groups = format!(" /api/v1/group/{a}/ , {b},{c} ,{a},/api/v1/group/{b}/");
    let mut body = ada_with("password", PASSWORD);
    body["groups"] = groups.into();
    let place = case.created(&body);
    let uris = [&a, &b, &c].map(|slug| format!("/api/v1/group/{slug}/"));
    assert_eq!(case.shown(&place)["groups"], json!(uris));
    let user = case.stored("ada@example.org");
    let held = user["groups"].as_array().unwrap();
    assert!(held.iter().all(|each| each["permission"] == 3), "{held:?}");
    assert_eq!(case.invitations(&user), []);
}

#[test]
fn a_list_of_no_groups_is_none() {
    let case = Case::start();
    for (number, none) in [json!(""), json!(" "), Value::Null].into_iter().enumerate() {
        let mut body = ada_with("email", format!("ada{number}@example.org"));
        body["groups"] = none;
        body["password"] = PASSWORD.into();
        let place = case.created(&body);
        assert_eq!(case.shown(&place)["groups"], json!([]));
    }
}

#[test]
fn a_user_without_a_password_joins_no_group_yet() {
    let case = Case::start();
    let groups = [case.server.group("Sales"), case.server.group("Legal")];
    let mut body = ada_with("groups", "sales,/api/v1/group/legal/");
    body["permission"] = json!("2");
    case.create(&body).assert_empty(201);
    let user = case.stored("ada@example.org");
    assert_eq!(user["groups"], json!([]));
    assert_eq!(user["status"], "pending");
    let uri = format!("/api/v1/user/{}/", user["uid"].as_str().unwrap());
    assert_eq!(case.shown(&uri)["groups"], json!([]));
    let out = case.invitations(&user);
    let found: Vec<_> = out
        .iter()
        .map(|each| (each.group_id, each.permission))
        .collect();
    let expected = groups.map(|group| (Some(group.id), Some(2)));
    assert_eq!(found, expected);
    assert!(out.iter().all(|each| each.kind == InvitationKind::Verify));
}

#[test]
fn each_permission_is_given_as_text_or_number_and_holds_in_every_group() {
    let case = Case::start();
    case.server.group("Sales");
    case.server.group("Legal");
    let default = [(Value::Null, 3)].into_iter();
    let texts = (1..=6).map(|level: i64| (json!(level.to_string()), level));
    let numbers = (1..=6).map(|level: i64| (json!(level), level));
    for (number, (sent, level)) in default.chain(texts).chain(numbers).enumerate() {
        let email = format!("ada{number}@example.org");
        let mut body = ada_with("email", email.as_str());
        body["groups"] = "sales,legal".into();
        body["password"] = PASSWORD.into();
        body["permission"] = sent.clone();
        case.created(&body);
        let user = case.stored(&email);
        let held = user["groups"].as_array().unwrap();
        let levels: Vec<_> = held.iter().map(|each| &each["permission"]).collect();
        assert_eq!(levels, [level, level], "{sent}");
    }
}

#[test]
fn each_of_the_430_time_zones_is_taken_and_utc_where_none_is_named() {
    let case = Case::start();
    let seed = include_str!("timezones.txt");
    assert_eq!(seed.lines().count(), 430);
    for (number, zone) in seed.lines().enumerate() {
        let email = format!("ada{number}@example.org");
        let mut body = ada_with("email", email.as_str());
        body["timezone"] = zone.into();
        assert_eq!(case.create(&body).status, 201, "{zone}");
        assert_eq!(case.stored(&email)["timezone"], zone);
    }
    case.create(&ada()).assert_empty(201);
    assert_eq!(case.stored("ada@example.org")["timezone"], "UTC");
    let mut body = ada_with("timezone", Value::Null);
    body["email"] = "null@example.org".into();
    case.create(&body).assert_empty(201);
    assert_eq!(case.stored("null@example.org")["timezone"], "UTC");
}

#[test]
fn names_of_any_script_are_kept_as_given() {
    let case = Case::start();
    let long = "é".repeat(30);
    let names = [
        "Jean-Luc",
        "O'Neil",
        "de la Cruz",
        "R2_D2",
        "Łukasz",
        "李",
        "अनिल",
        "e\u{301}va",
        " Ada ",
        " ",
        "x",
        long.as_str(),
    ];
    for (number, name) in names.into_iter().enumerate() {
        let email = format!("ada{number}@example.org");
        let body = json!({"first_name": name, "last_name": name, "email": email});
        assert_eq!(case.create(&body).status, 201, "{name}");
        let user = case.stored(&email);
        assert_eq!(
            (&user["first_name"], &user["last_name"]),
            (&json!(name), &json!(name))
        );
    }
}

#[test]
fn an_email_may_have_75_characters_and_is_kept_trimmed() {
    let case = Case::start();
    let email = format!("Ada+{}@Example.org", "x".repeat(59));
    assert_eq!(email.len(), 75);
    case.create(&ada_with("email", format!(" {email}\n")))
        .assert_empty(201);
    assert_eq!(case.stored(&email)["email"], email.as_str());
}

#[test]
fn other_fields_are_ignored() {
    let case = Case::start();
    let mut body = ada_with("password", PASSWORD);
    for (field, value) in [
        ("id", json!(7)),
        ("uid", json!("0".repeat(32))),
        ("username", json!("root")),
        ("email_verified_at", json!(START)),
        ("kind", json!("employer")),
        ("phone", json!(1)),
        ("is_staff", json!(true)),
        ("date_joined", json!("2001-01-01T00:00:00")),
        ("resource_uri", json!([])),
    ] {
        body[field] = value;
    }
    case.created(&body);
    let user = case.stored("ada@example.org");
    assert_ne!(user["id"], 7);
    assert_ne!(user["uid"], "0".repeat(32));
    assert_eq!(user["created_at"], START);
    for field in ["email_verified_at", "kind", "phone", "employer"] {
        assert_eq!(user[field], Value::Null, "{field}");
    }
}

#[test]
fn a_key_that_is_bound_to_an_account_makes_its_members() {
    let mut case = Case::start();
    let account = case.server.account("Acme");
    case.key = case.server.key_with(NewKey {
        account_id: Some(account),
        owner_email: Some("owner@example.org".to_owned()),
        ..NewKey::default()
    });
    case.created(&ada_with("password", PASSWORD));
    let user = case.stored("ada@example.org");
    assert_eq!(user["accounts"][0]["id"], account);
    assert_eq!(user["accounts"].as_array().unwrap().len(), 1);
    assert_eq!(user["created_by"], "owner@example.org");
    assert_eq!(
        event_types(&case, &user),
        ["user_created", "user_added_to_account"]
    );
}

#[test]
fn an_empty_redirect_is_none() {
    let case = Case::start();
    case.create(&ada_with("redirect_to", "")).assert_empty(201);
    let mut body = ada_with("redirect_to", Value::Null);
    body["email"] = "b@example.org".into();
    case.create(&body).assert_empty(201);
    assert_eq!(case.server.user_count(), 2);
    // What is required is: the bodies above fail without it.
    assert_eq!(case.create(&ada_without("email")).status, 400);
}
