//! Changing users through forms: what it does, and who may.

use directory::keys::NewKey;
use serde_json::{Value, json};

use super::{
    CONTENT_TYPE, FORM, assert_base, assert_invalid, created, shown, stored, through, token,
};
use crate::harness::{Key, Response, Server};

fn update(server: &Server, key: &Key, form: &str, id: i64, given: &Value) -> Response {
    let path = format!("/api/users/{id}");
    through(server.request("PUT", &path), key, form, given).send()
}

fn owned(server: &Server, email: &str, scopes: &[&str]) -> Key {
    server.key_with(NewKey {
        owner_email: Some(email.to_owned()),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        ..NewKey::default()
    })
}

#[test]
fn an_update_changes_what_came_and_nothing_else() {
    let server = Server::start();
    let key = server.key();
    let given = json!({"email": "ada@example.org", "first_name": "Ada", "last_name": "L",
        "featured": true, "password": "tide plank ferry"});
    let id = created(&server, &key, &given);
    let before = stored(&server, &key, id);
    let changes = json!({"first_name": "Augusta", "last_name": "", "featured": null, "x": 1});
    let answer = update(&server, &key, FORM, id, &changes);
    answer.assert_empty(204);
    let user = shown(&server, &key, id);
    assert_eq!(
        (&user["first_name"], &user["featured"]),
        (&json!("Augusta"), &json!(true))
    );
    assert_eq!(user["last_name"], Value::Null);
    assert!(server.password_is(id, "tide plank ferry"));
    let after = stored(&server, &key, id);
    assert_eq!(after["version"], before["version"].as_i64().unwrap() + 1);
    update(&server, &key, FORM, id, &changes).assert_empty(204);
    assert_eq!(stored(&server, &key, id)["version"], after["version"]);
    let path = format!("/api/users/{id}");
    let given = json!({"password": "another ferry 9", "email": "Ada@Example.org"});
    let answer = through(server.request("PATCH", &path), &key, FORM, &given).send();
    answer.assert_empty(204);
    assert!(server.password_is(id, "another ferry 9"));
    let events: Vec<_> = server
        .user_events(id)
        .into_iter()
        .map(|e| e.event_type)
        .collect();
    let expected = [
        "user_created",
        "user_updated",
        "user_password_changed",
        "user_updated",
    ];
    assert_eq!(events, expected);
}

#[test]
fn what_is_wrong_with_an_update_is_told_and_nothing_is_written() {
    let server = Server::start();
    let key = server.key();
    let id = created(&server, &key, &json!({"email": "ada@example.org"}));
    created(&server, &key, &json!({"email": "eve@example.org"}));
    let version = stored(&server, &key, id)["version"].clone();
    let wrong = json!({"email": "eve@example.org", "password": "short", "featured": "x"});
    let errors = json!({"email": ["has already been taken"], "featured": ["is invalid"],
        "password": ["is too short (minimum is 6 characters)"]});
    assert_invalid(&update(&server, &key, FORM, id, &wrong), &errors);
    let blank = json!({"email": ["can't be blank"]});
    assert_invalid(
        &update(&server, &key, FORM, id, &json!({"email": " "})),
        &blank,
    );
    let answer = update(&server, &key, "nowhere", id, &json!({}));
    assert_base(&answer, 406, &["form_configuration_name must exist"]);
    assert_eq!(answer.header("content-type"), Some(CONTENT_TYPE));
    let path = format!("/api/users/{id}");
    let answer = token(server.request("PUT", &path), &key)
        .json(&json!([]))
        .send();
    assert_base(&answer, 406, &["the body is not a JSON object"]);
    for path in [
        "/api/users/999999",
        "/api/users/x",
        "/api/users/01",
        "/api/users/1x.json",
    ] {
        let answer = through(server.request("PUT", path), &key, FORM, &json!({})).send();
        assert_base(&answer, 404, &["Not Found"]);
    }
    let answer = server.request("PUT", &path).json(&json!({})).send();
    assert_base(&answer, 401, &["Invalid Authentication"]);
    assert_eq!(stored(&server, &key, id)["version"], version);
}

#[test]
fn presence_holds_where_a_value_is_stored() {
    let server = Server::start();
    let key = server.key();
    server.form(
        "name: strict\nresource: User\nconfiguration:\n  email: {}\n  first_name: { validation: { \
         presence: true } }\n  password: { validation: { presence: true } }\n  profiles: { dev: { \
         properties: { bio: { validation: { presence: true } } } } }",
    );
    let given = json!({"email": "ada@example.org", "first_name": "Ada"});
    let id = created(&server, &key, &given);
    let missing = json!({"password": ["can't be blank"],
        "profiles.dev.properties.bio": ["can't be blank"]});
    assert_invalid(&update(&server, &key, "strict", id, &json!({})), &missing);
    let given =
        json!({"password": "tide plank", "profiles": {"dev": {"properties": {"bio": "x"}}}});
    update(&server, &key, "strict", id, &given).assert_empty(204);
    update(&server, &key, "strict", id, &json!({})).assert_empty(204);
    let blank = json!({"first_name": ["can't be blank"]});
    assert_invalid(
        &update(&server, &key, "strict", id, &json!({"first_name": ""})),
        &blank,
    );
}

#[test]
fn a_form_says_who_may_update_through_it() {
    let server = Server::start();
    let admin = server.key();
    for owner in ["self", "creator"] {
        server.form(&format!(
            "name: by_{owner}\nresource: User\nresource_owner: {owner}\nconfiguration: {{ email: \
             {{}}, last_name: {{}} }}"
        ));
    }
    let writes = ["users:write"];
    let ada = owned(&server, "ada@example.org", &writes);
    let eve = owned(&server, "eve@example.org", &writes);
    let in_capitals = owned(&server, "Eve@Example.ORG", &writes);
    let nobody = server.key_with(NewKey {
        scopes: vec!["users:write".to_owned()],
        ..NewKey::default()
    });
    let reader = owned(&server, "ada@example.org", &["users:read"]);
    // Made by Eve's key, and Ada's own.
    let id = created(&server, &eve, &json!({"email": "ada@example.org"}));
    let given = json!({"last_name": "L"});
    for (form, key, status) in [
        ("by_self", &ada, 204),
        ("by_self", &eve, 404),
        ("by_self", &nobody, 404),
        ("by_self", &admin, 204),
        ("by_self", &reader, 401),
        ("by_creator", &ada, 404),
        ("by_creator", &eve, 204),
        ("by_creator", &in_capitals, 204),
        ("by_creator", &nobody, 404),
        ("by_creator", &admin, 204),
        (FORM, &ada, 204),
        (FORM, &eve, 204),
        (FORM, &nobody, 204),
        (FORM, &reader, 401),
    ] {
        let answer = update(&server, key, form, id, &given);
        assert_eq!(answer.status, status, "{form} {}", answer.text);
    }
}

#[test]
fn what_forms_keep_stays_when_another_api_changes_the_user() {
    let server = Server::start();
    let key = server.key();
    server.form(
        "name: keeps\nresource: User\nconfiguration: { email: {}, properties: { a: {} }, \
         transactables: { boat: {} } }",
    );
    let given = json!({"email": "ada@example.org", "properties": {"a": 1},
        "transactables": {"boat": {"name": "Ann"}}});
    let made = through(server.post("/api/users"), &key, "keeps", &given).send();
    let id = made.expect(201)["id"].as_i64().unwrap();
    let before = stored(&server, &key, id);
    assert_eq!(before["transactables"]["boat"][0]["name"], "Ann");
    let patch = json!({"first_name": "Ada"});
    let path = format!("/v1/users/{id}");
    let native = server
        .request("PATCH", &path)
        .bearer(&key.token)
        .json(&patch)
        .send();
    let native = native.expect(200);
    for part in ["properties", "profiles", "relationships", "transactables"] {
        assert_eq!(native[part], before[part], "{part}");
    }
    let listed = server
        .get("/v1/users")
        .bearer(&key.token)
        .send()
        .expect(200);
    assert_eq!(listed["data"][0]["transactables"], before["transactables"]);
}
