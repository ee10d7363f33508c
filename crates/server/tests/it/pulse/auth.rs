//! `/auth/login`, `/auth/session`, `/auth/logout` (contracts, pulse, Calls).

use directory::keys::NewKey;
use directory::users::UserChange;
use serde_json::{Value, json};

use super::{Desk, assert_error};
use crate::harness::{Response, Server};
use crate::sessions::{PASSWORD, change, member, person, role};

fn login(server: &Server, body: &Value) -> Response {
    server.post("/auth/login").json(body).send()
}

fn session(server: &Server, token: &str) -> Response {
    server.get("/auth/session").bearer(token).send()
}

fn clerk(desk: &Desk) -> i64 {
    let change = UserChange {
        accounts: vec![member(desk.account, false)],
        roles: vec![role("viewer", None), role("manager", Some(desk.account))],
        ..UserChange::default()
    };
    person(&desk.server, "ada@example.org", change)
}

#[test]
fn a_login_shows_the_user_and_what_each_role_allows() {
    let desk = Desk::open();
    let id = clerk(&desk);
    let body = json!({"email": "ADA@example.org", "password": PASSWORD, "remember": true});
    let answer = login(&desk.server, &body);
    let shown = answer.expect(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let user = desk.read(id).expect(200);
    for (name, value) in user.as_object().unwrap() {
        assert_eq!(&shown[name], value, "{name}");
    }
    let account = desk.account.to_string();
    let acme = json!({"accountId": account, "accountName": "Acme Payments",
        "usersPrimaryAccount": true, "accountAdmin": false});
    assert_eq!(shown["primaryAccount"], acme);
    assert_eq!(shown["impersonating"], Value::Null);
    assert_eq!(shown["expiresAt"], "2026-11-22T04:50:40.123Z");
    assert_eq!(shown["permissionsFromRoles"], shown["flatPermissionsList"]);
    let details = &shown["permissionsFromRolesDetails"];
    let both =
        json!([{"role": "manager", "accountId": account}, {"role": "viewer", "accountId": null}]);
    assert_eq!(details["readUsers"], both);
    assert_eq!(details["updateUsers"], json!([both[0]]));
    let token = shown["token"].as_str().unwrap();
    session(&desk.server, token).assert(200, &shown);
    let more = 6;
    let fields = shown.as_object().unwrap().len();
    assert_eq!(fields, user.as_object().unwrap().len() + more, "{shown}");
}

#[test]
fn a_key_and_its_secret_log_its_owner_in() {
    let desk = Desk::open();
    let pair = |key: &crate::harness::Key| json!({"apiKey": key.id, "apiSecret": key.secret});
    let nobody = "the key belongs to no user who could log in";
    assert_error(&login(&desk.server, &pair(&desk.key)), 403, nobody);
    let owner = person(&desk.server, super::OWNER, UserChange::default());
    let shown = login(&desk.server, &pair(&desk.key)).expect(200);
    assert_eq!(shown["id"], owner);
    let token = shown["token"].as_str().unwrap();
    session(&desk.server, token).assert(200, &shown);
    let made = desk.server.post("/users").bearer(token);
    let made = made.header("x-account-id", &desk.account.to_string());
    let made = made
        .json(&json!({"email": "new@example.org"}))
        .send()
        .expect(201);
    assert_eq!(made["createdBy"], super::OWNER, "it acts as the key");
    let without = desk.server.key_with(NewKey::default());
    assert_error(&login(&desk.server, &pair(&without)), 403, nobody);
    let mut wrong = pair(&desk.key);
    wrong["apiSecret"] = json!("wrong");
    let who = "authentication is required";
    assert_error(&login(&desk.server, &wrong), 401, who);
    let id = desk.key.id.clone();
    let operator = desk.server.operator();
    desk.server
        .write(move |tx| directory::keys::revoke(tx, &operator, &id));
    assert_error(&session(&desk.server, token), 401, who);
    assert_error(&login(&desk.server, &pair(&desk.key)), 401, who);
}

#[test]
fn a_logout_ends_the_session_and_a_key_has_none() {
    let desk = Desk::open();
    let id = clerk(&desk);
    let body = json!({"email": "ada@example.org", "password": PASSWORD});
    let shown = login(&desk.server, &body).expect(200);
    let token = shown["token"].as_str().unwrap();
    let logout = |token: &str| desk.server.post("/auth/logout").bearer(token).send();
    logout(token).assert_empty(204);
    let who = "authentication is required";
    assert_error(&logout(token), 401, who);
    assert_error(&session(&desk.server, token), 401, who);
    assert_error(&session(&desk.server, &desk.key.token), 401, who);
    assert_error(&desk.server.get("/auth/session").send(), 401, who);
    let types: Vec<_> = desk
        .server
        .user_events(id)
        .into_iter()
        .map(|each| each.event_type)
        .collect();
    assert_eq!(
        &types[types.len() - 2..],
        ["user_logged_in", "user_logged_out"]
    );
}

#[test]
fn whatever_is_wrong_with_a_login_is_told_alike() {
    let desk = Desk::open();
    let id = clerk(&desk);
    let pair = |email: &str, password: &str| json!({"email": email, "password": password});
    let who = "authentication is required";
    for (email, password) in [
        ("ada@example.org", "wrong"),
        ("ada@example.org", ""),
        ("nobody@example.org", PASSWORD),
        ("", ""),
    ] {
        assert_error(&login(&desk.server, &pair(email, password)), 401, who);
    }
    let suspension = UserChange {
        suspended: directory::users::Change::Set(true),
        ..UserChange::default()
    };
    change(&desk.server, id, suspension);
    let right = pair("ada@example.org", PASSWORD);
    assert_error(&login(&desk.server, &right), 401, who);
    for n in 0..8 {
        let answer = login(&desk.server, &right);
        let limited = n == 7;
        assert_eq!(answer.status, if limited { 429 } else { 401 }, "{n}");
        if limited {
            assert_error(&answer, 429, "too many requests");
            assert!(answer.header("retry-after").is_some());
        }
    }
}

#[test]
fn a_login_of_the_wrong_shape_is_400() {
    let desk = Desk::open();
    let blank = "email: is required; password: is required";
    assert_error(&login(&desk.server, &json!({})), 400, blank);
    let cases = [
        (json!({"email": "a@example.org"}), "password: is required"),
        (json!({"password": "x"}), "email: is required"),
        (json!({"email": null, "password": null}), blank),
        (
            json!({"email": 1, "password": []}),
            "email: must be a string; password: must be a string",
        ),
        (json!({"apiKey": "1-a"}), "apiSecret: is required"),
        (
            json!({"apiSecret": {}, "apiKey": true}),
            "apiKey: must be a string; apiSecret: must be a string",
        ),
        (
            json!({"email": "a@example.org", "password": "x", "apiKey": "1-a", "apiSecret": "b"}),
            "apiKey: is no field of the resource",
        ),
    ];
    for (body, message) in cases {
        assert_error(&login(&desk.server, &body), 400, message);
    }
    for raw in [
        "",
        "{",
        "[]",
        "null",
        "1",
        "\"x\"",
        "{\"email\":\"a\",\"email\":\"b\"}",
    ] {
        let answer = desk
            .server
            .post("/auth/login")
            .body("application/json", raw)
            .send();
        assert_eq!(answer.status, 400, "{raw}");
        assert_eq!(answer.json()["error"], "Bad Request");
    }
    let form = desk
        .server
        .post("/auth/login")
        .form("email=a&password=b")
        .send();
    assert_error(
        &form,
        415,
        "the content type is not one that this call takes",
    );
    let deep = format!("{{\"email\":{}1{}}}", "[".repeat(100), "]".repeat(100));
    let answer = desk
        .server
        .post("/auth/login")
        .body("application/json", deep)
        .send();
    assert_eq!(answer.status, 400);
    let long = json!({"email": "x".repeat(100_000), "password": "y".repeat(100_000)});
    assert_eq!(login(&desk.server, &long).status, 401);
    let huge = json!({"email": "x".repeat(2_000_000), "password": "y"});
    assert_eq!(login(&desk.server, &huge).status, 413);
}

#[test]
fn who_acts_as_another_is_shown_in_the_session() {
    let desk = Desk::open();
    let id = clerk(&desk);
    let path = format!("/v1/users/{id}/impersonate");
    let begin = desk.server.post(&path).bearer(&desk.key.token);
    let begun = begin
        .json(&json!({"reason": "ticket 7"}))
        .send()
        .expect(201);
    let token = begun["token"].as_str().unwrap();
    let shown = session(&desk.server, token).expect(200);
    assert_eq!(shown["email"], "ada@example.org");
    let by = json!({"byType": "key", "byId": desk.key.id, "byEmail": super::OWNER,
        "reason": "ticket 7"});
    assert_eq!(shown["impersonating"], by);
    let patch = desk
        .server
        .request("PATCH", &format!("/users/{id}"))
        .bearer(token);
    let patch = patch.header("x-account-id", &desk.account.to_string());
    let changed = patch.json(&json!({"name": "Ada"})).send().expect(200);
    assert_eq!(changed["updatedBy"], super::OWNER, "who really acts");
}

#[test]
fn what_is_wrong_with_a_chosen_password_is_told_of_its_own_field() {
    let desk = Desk::open();
    person(&desk.server, "ada@example.org", UserChange::default());
    let body = json!({"email": "ada@example.org", "password": PASSWORD, "newPassword": "short"});
    let refused = login(&desk.server, &body);
    let message = refused.expect(400)["message"].to_string();
    assert!(message.contains("newPassword: "), "{message}");
    assert!(!message.contains("new_password"), "{message}");
}
