//! `GET /api/v1/user/{username}/`.

use std::time::Duration;

use directory::TenantId;
use directory::keys::NewKey;
use directory::store::Job;
use serde_json::{Value, json};

use super::{Case, PASSWORD, ada, ada_with};

#[test]
fn a_user_is_shown_with_all_their_fields_and_no_other() {
    let case = Case::start();
    case.server.group("Sales");
    let mut body = ada_with("password", PASSWORD);
    body["groups"] = "sales".into();
    body["timezone"] = "America/New_York".into();
    body["email"] = "Ada@Example.org".into();
    let place = case.created(&body);
    let shown = case.request("GET", &place).send();
    assert_eq!(shown.header("content-type"), Some("application/json"));
    let username = place.split('/').nth(4).unwrap();
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    assert!(
        username.len() == 32 && username.bytes().all(hex),
        "{username}"
    );
    let expected = json!({
        "date_joined": "2026-11-21T04:50:40",
        "email": "Ada@Example.org",
        "first_name": "Ada",
        "groups": ["/api/v1/group/sales/"],
        "last_login": null,
        "last_name": "Lovelace",
        "resource_uri": place,
        "timezone": "America/New_York",
        "username": username,
    });
    shown.assert(200, &expected);
    case.server.advance(Duration::from_secs(3600));
    assert_eq!(case.shown(&place), expected);
}

#[test]
fn a_user_who_has_set_no_password_is_shown_too() {
    let case = Case::start();
    case.create(&ada()).assert_empty(201);
    let uid = case.stored("ada@example.org")["uid"].clone();
    let shown = case.shown(&format!("/api/v1/user/{}/", uid.as_str().unwrap()));
    assert_eq!(
        (&shown["username"], &shown["email"]),
        (&uid, &json!("ada@example.org"))
    );
    assert_eq!(
        (&shown["timezone"], &shown["groups"]),
        (&json!("UTC"), &json!([]))
    );
}

/// Makes a user through `/v1`: their uid.
fn native(case: &Case, body: &Value) -> String {
    let post = case.server.post("/v1/users").bearer(&case.key.token);
    let user = post.json(body).send().expect(201);
    user["uid"].as_str().unwrap().to_owned()
}

#[test]
fn a_user_made_elsewhere_is_shown_with_what_they_have() {
    let case = Case::start();
    for (number, (body, first, last, zone)) in [
        (json!({}), Value::Null, Value::Null, "UTC"),
        (
            json!({"name": "Ada King Lovelace"}),
            json!("Ada King"),
            json!("Lovelace"),
            "UTC",
        ),
        (json!({"name": "Ada"}), json!("Ada"), Value::Null, "UTC"),
        (
            json!({"first_name": "Ada <b>"}),
            json!("Ada <b>"),
            Value::Null,
            "UTC",
        ),
        (
            json!({"timezone": "Europe/Kyiv"}),
            Value::Null,
            Value::Null,
            "Europe/Kyiv",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let mut body = body;
        let email = format!("ada{number}@example.org");
        body["email"] = email.as_str().into();
        let uid = native(&case, &body);
        let uri = format!("/api/v1/user/{uid}/");
        let expected = json!({
            "date_joined": "2026-11-21T04:50:40", "email": email, "first_name": first,
            "groups": [], "last_login": null, "last_name": last, "resource_uri": uri,
            "timezone": zone, "username": uid,
        });
        assert_eq!(case.shown(&uri), expected);
        let stored = case.stored(&email);
        assert_eq!(stored["timezone"], body["timezone"], "shown, never stored");
    }
}

#[test]
fn what_is_no_username_is_nobodys() {
    let case = Case::start();
    let place = case.created(&ada_with("password", PASSWORD));
    let user = case.stored("ada@example.org");
    let uid = user["uid"].as_str().unwrap();
    case.request("GET", &place).send().expect(200);
    // The last digit is letter enough to tell upper from lower case.
    for wrong in [
        uid[..31].to_owned(),
        format!("{uid}0"),
        format!("{}A", &uid[..31]),
        format!("{}g", &uid[..31]),
        user["id"].to_string(),
        "ada@example.org".to_owned(),
        String::new(),
        "%00".to_owned(),
        "%ff".to_owned(),
        "0".repeat(32),
        "x".repeat(5_000),
    ] {
        let lost = case
            .request("GET", &format!("/api/v1/user/{wrong}/"))
            .send();
        lost.assert_empty(404);
        assert_eq!(lost.header("content-type"), None);
    }
}

#[test]
fn another_tenants_and_a_deleted_user_are_as_absent_ones() {
    let mut case = Case::start();
    let place = case.created(&ada_with("password", PASSWORD));
    let id = case.stored("ada@example.org")["id"].clone();
    let mine = case.key.clone();
    let other = case.server.tenant("other");
    case.key = case.server.key_of(other, NewKey::default());
    case.request("GET", &place).send().assert_empty(404);
    case.key = mine;
    case.request("GET", &place).send().expect(200);
    let delete = case.server.request("DELETE", &format!("/v1/users/{id}"));
    let gone = delete.bearer(&case.key.token).send();
    gone.assert_empty(204);
    case.request("GET", &place).send().assert_empty(404);
    assert_eq!(case.server.users_of(TenantId(1)), 0);
}

#[test]
fn public_pool_access_sees_workers_with_an_active_job_alone() {
    let mut case = Case::start();
    let account = case.server.account("Acme");
    let worker = json!({"email": "w@example.org", "kind": "worker", "last_name": "Wu"});
    let worker = native(&case, &worker);
    let idle = json!({"email": "i@example.org", "kind": "worker"});
    let idle = native(&case, &idle);
    let worker_id = case.stored("w@example.org")["id"].as_i64().unwrap();
    let (actor, now) = (case.server.operator(), case.server.now());
    case.server.write(move |tx| {
        let job = Job {
            external_id: "j1".to_owned(),
            name: None,
            worker_id,
            account_id: account,
            state: "in_progress".to_owned(),
            state_at: now,
            place: None,
        };
        directory::jobs::put(tx, &actor, &job.clone().into(), Default::default()).map(drop)
    });
    case.key = case.server.key_with(NewKey {
        account_id: Some(account),
        public_pool: true,
        ..NewKey::default()
    });
    let shown = case.shown(&format!("/api/v1/user/{worker}/"));
    assert_eq!(shown["last_name"], "Wu");
    let hidden = case.request("GET", &format!("/api/v1/user/{idle}/")).send();
    hidden.assert_empty(404);
}

#[test]
fn a_head_is_a_get_without_its_body() {
    let case = Case::start();
    let place = case.created(&ada_with("password", PASSWORD));
    let head = case.request("HEAD", &place).send();
    head.assert_empty(200);
    assert_eq!(head.header("content-type"), Some("application/json"));
}
