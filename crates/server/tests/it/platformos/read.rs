//! What a reading shows.

use directory::keys::NewKey;
use serde_json::{Value, json};

use super::{assert_answer, assert_base, created, shown, token};
use crate::harness::{Key, Server};

fn made_natively(server: &Server, key: &Key, body: &Value) -> i64 {
    let made = server.post("/v1/users").bearer(&key.token).json(body);
    made.send().expect(201)["id"].as_i64().unwrap()
}

#[test]
fn a_user_of_another_api_is_shown_by_the_same_number() {
    let server = Server::start();
    let key = server.key();
    let id = made_natively(
        &server,
        &key,
        &json!({
            "email": "Ada@example.org", "first_name": "Ada", "last_name": "Lovelace",
            "external_id": "x-1", "featured": false, "public_profile": true,
            "phone": "+14155550100", "password": "tide plank ferry orbit",
        }),
    );
    let read = token(server.get(&format!("/api/users/{id}")), &key).send();
    let expected = json!({
        "id": id, "email": "Ada@example.org", "external_id": "x-1", "featured": false,
        "first_name": "Ada", "middle_name": null, "last_name": "Lovelace",
        "name": "Ada Lovelace", "public_profile": true, "properties": {}, "profiles": {},
        "relationship_users": {}, "transactables": {},
    });
    assert_answer(&read, 200, &expected);
}

#[test]
fn names_are_joined_or_split_in_what_is_shown_and_kept_as_given() {
    let server = Server::start();
    let key = server.key();
    let parts = json!({"email": "a@example.org", "first_name": "Ada", "middle_name": "B.",
        "last_name": "Lovelace"});
    let user = shown(&server, &key, created(&server, &key, &parts));
    assert_eq!(user["name"], "Ada B. Lovelace");
    let whole = json!({"email": "b@example.org", "name": "Ada King Lovelace"});
    let user = shown(&server, &key, created(&server, &key, &whole));
    let names = ["first_name", "last_name", "name"].map(|field| &user[field]);
    assert_eq!(names, ["Ada King", "Lovelace", "Ada King Lovelace"]);
    let both = json!({"email": "c@example.org", "name": "Countess", "first_name": "Ada"});
    let user = shown(&server, &key, created(&server, &key, &both));
    let names = ["first_name", "last_name", "name"].map(|field| user[field].clone());
    assert_eq!(names, [json!("Ada"), Value::Null, json!("Countess")]);
}

#[test]
fn who_is_absent_deleted_or_anothers_is_not_found_alike() {
    let server = Server::start();
    let key = server.key();
    let tenant = server.tenant("other");
    let stranger = server.key_of(tenant, NewKey::default());
    let foreign = created(&server, &stranger, &json!({"email": "f@example.org"}));
    let deleted = created(&server, &key, &json!({"email": "d@example.org"}));
    let path = format!("/v1/users/{deleted}");
    let gone = server.request("DELETE", &path).bearer(&key.token).send();
    gone.assert_empty(204);
    let mut paths: Vec<String> = [
        "0",
        "-1",
        "+1",
        "01",
        "1.0",
        "1.xml",
        ".json",
        "x",
        "%20",
        "%ff",
        "%00",
        "1%00",
        "9223372036854775807",
        "9223372036854775808",
        "99999999999999999999999",
        "me",
        "d@example.org",
    ]
    .map(|id| format!("/api/users/{id}"))
    .into();
    paths.extend([
        format!("/api/users/{deleted}"),
        format!("/api/users/{foreign}.json"),
    ]);
    // A number may be another tenant's and this one's too; here only the stranger has it.
    assert_ne!(foreign, deleted);
    paths.push(format!("/api/users/{foreign}"));
    for path in paths {
        let answer = token(server.get(&path), &key).send();
        assert_base(&answer, 404, &["Not Found"]);
    }
    assert_eq!(shown(&server, &stranger, foreign)["email"], "f@example.org");
}

#[test]
fn a_bound_key_reads_its_whole_tenant() {
    let server = Server::start();
    let account = server.account("Harbour");
    let bound = server.key_with(NewKey {
        account_id: Some(account),
        ..NewKey::default()
    });
    let id = created(&server, &server.key(), &json!({"email": "ada@example.org"}));
    assert_eq!(shown(&server, &bound, id)["email"], "ada@example.org");
}

#[test]
fn a_public_pool_key_sees_nobody_without_a_job() {
    let server = Server::start();
    let account = server.account("Harbour");
    let pool = server.key_with(NewKey {
        account_id: Some(account),
        public_pool: true,
        ..NewKey::default()
    });
    let id = created(&server, &server.key(), &json!({"email": "ada@example.org"}));
    let read = token(server.get(&format!("/api/users/{id}")), &pool).send();
    assert_base(&read, 404, &["Not Found"]);
}

#[test]
fn a_head_is_a_reading_without_its_body() {
    let server = Server::start();
    let key = server.key();
    let id = created(&server, &key, &json!({"email": "ada@example.org"}));
    let path = format!("/api/users/{id}");
    let head = token(server.request("HEAD", &path), &key).send();
    head.assert_empty(200);
    assert_eq!(head.header("content-type"), Some(super::CONTENT_TYPE));
}

#[test]
fn a_reading_never_shows_the_password() {
    let server = Server::start();
    let key = server.key();
    let form = json!({"email": "ada@example.org", "password": "tide plank ferry"});
    let id = created(&server, &key, &form);
    let read = token(server.get(&format!("/api/users/{id}")), &key).send();
    assert_eq!(read.status, 200);
    for secret in ["password", "tide plank ferry", "argon2"] {
        assert!(!read.text.contains(secret), "{secret}");
    }
}
