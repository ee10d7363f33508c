//! Logging in and out, and what users do then.

use serde_json::{Value, json};

use super::{assert_answer, assert_base, assert_invalid, created, through, token};
use crate::harness::{Key, Response, Server};

const FORM: &str = "reference_rest_api_create_session";
const PASSWORD: &str = "tide plank ferry";

fn log_in(server: &Server, email: &str, password: &str) -> Response {
    let given = json!({"email": email, "password": password});
    let body = json!({"form_configuration_name": FORM, "form": given});
    server.post("/api/sessions").json(&body).send()
}

/// A user who is logged in: their number, and the token as a key is put into requests.
fn logged_in(server: &Server, key: &Key, email: &str) -> (i64, Key) {
    let id = created(server, key, &json!({"email": email, "password": PASSWORD}));
    let started = log_in(server, email, PASSWORD).expect(201);
    let token = started["token"].as_str().unwrap().to_owned();
    let key = Key {
        id: String::new(),
        secret: String::new(),
        token,
    };
    (id, key)
}

#[test]
fn a_session_begins_with_a_token_that_ends_with_it() {
    let server = Server::start();
    let key = server.key();
    created(
        &server,
        &key,
        &json!({"email": "ada@example.org", "password": PASSWORD}),
    );
    let answer = log_in(&server, " ADA@example.org", PASSWORD);
    let started = answer.expect(201);
    let expected = json!({"id": started["id"], "token": started["token"],
        "expires_at": started["expires_at"], "errors": {}});
    assert_answer(&answer, 201, &expected);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(started["id"].is_i64());
    let ends: jiff::Timestamp = started["expires_at"].as_str().unwrap().parse().unwrap();
    assert!(ends > server.now());
    let token_text = started["token"].as_str().unwrap();
    let with = |path: &str, method: &str| {
        let request = server.request(method, path);
        let value = format!("Token token=\"{token_text}\"");
        request.header("authorization", &value).send()
    };
    with("/api/sessions.json", "DELETE").assert_empty(204);
    assert_base(
        &with("/api/sessions", "DELETE"),
        401,
        &["Invalid Authentication"],
    );
    assert_base(&with("/api/users", "GET"), 401, &["Invalid Authentication"]);
    let answer = token(server.request("DELETE", "/api/sessions"), &key).send();
    assert_base(&answer, 401, &["Invalid Authentication"]);
}

#[test]
fn wrong_credentials_are_told_alike_on_base() {
    let server = Server::start();
    let key = server.key();
    created(
        &server,
        &key,
        &json!({"email": "ada@example.org", "password": PASSWORD}),
    );
    created(&server, &key, &json!({"email": "none@example.org"}));
    for (email, password) in [
        ("ada@example.org", "wrong password"),
        ("nobody@example.org", PASSWORD),
        ("none@example.org", PASSWORD),
        ("no address", PASSWORD),
    ] {
        let errors = json!({"base": ["Invalid email or password"]});
        assert_invalid(&log_in(&server, email, password), &errors);
    }
    let blank = json!({"email": ["can't be blank"], "password": ["can't be blank"]});
    assert_invalid(&log_in(&server, "", ""), &blank);
    let body = json!({"form_configuration_name": super::FORM, "form": {}});
    let answer = server.post("/api/sessions").json(&body).send();
    assert_base(&answer, 406, &["form_configuration_name must exist"]);
}

#[test]
fn guessing_is_slowed_down() {
    let server = Server::start();
    let key = server.key();
    created(
        &server,
        &key,
        &json!({"email": "ada@example.org", "password": PASSWORD}),
    );
    for _ in 0..10 {
        assert_eq!(log_in(&server, "ada@example.org", "wrong").status, 422);
    }
    let answer = log_in(&server, "ada@example.org", PASSWORD);
    assert_base(&answer, 429, &["Too Many Requests"]);
    assert!(answer.header("retry-after").is_some());
}

#[test]
fn users_change_themselves_where_a_form_lets_them_and_act_for_themselves() {
    let server = Server::start();
    let key = server.key();
    server.form(
        "name: by_self\nresource: User\nresource_owner: self\nconfiguration: { email: {}, \
         last_name: {}, password: {} }",
    );
    server.form("name: boat_form\nresource: Transactable\ntype: boat\nconfiguration: {}");
    let (ada, own) = logged_in(&server, &key, "ada@example.org");
    let (eve, _) = logged_in(&server, &key, "eve@example.org");
    let put = |form: &str, id: i64, given: &Value| {
        let path = format!("/api/users/{id}");
        through(server.request("PUT", &path), &own, form, given).send()
    };
    put("by_self", ada, &json!({"last_name": "L"})).assert_empty(204);
    assert_eq!(put("by_self", eve, &json!({"last_name": "L"})).status, 404);
    // A form for whoever may update users gives nobody that right.
    let words = &["Invalid Authentication"];
    assert_base(
        &put(super::FORM, ada, &json!({"featured": true})),
        401,
        words,
    );
    // One's own password needs the old one, which no form asks for.
    assert_base(
        &put("by_self", ada, &json!({"password": "another ferry"})),
        401,
        words,
    );
    let boats = "/api/user/transactables";
    let made = through(
        server.post(boats),
        &own,
        "boat_form",
        &json!({"name": "Ann"}),
    )
    .send();
    let id = made.expect(201)["id"].clone();
    let path = format!("{boats}/{id}");
    let given = json!({"name": "Eve"});
    let changed = through(server.request("PUT", &path), &own, "boat_form", &given).send();
    changed.assert_empty(204);
    let user = super::shown(&server, &key, ada);
    assert_eq!(user["transactables"]["boat"][0]["name"], "Eve");
    token(server.request("DELETE", &path), &own)
        .send()
        .assert_empty(204);
}
