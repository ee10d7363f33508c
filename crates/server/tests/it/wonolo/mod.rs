//! `/api_v2` (contracts, wonolo; seeds 000 and 001).

mod badges;
mod create;
mod filter;
mod hostile;
mod invite;
mod list;
mod memberships;
mod privilege;
mod read;
mod references;
mod refuse;
mod tap;
mod texts;
mod token;
mod tracking;
mod update;
mod values;

use serde_json::{Value, json};

use crate::harness::{Key, Response, Server};

pub const PASSWORD: &str = "tide plank ferry";

/// A Worker with what is required and no more.
pub fn worker() -> Value {
    json!({
        "type": "Worker",
        "email": "ada@example.org",
        "password": PASSWORD,
        "password_confirmation": PASSWORD,
        "first_name": "Ada",
        "last_name": "Lovelace",
    })
}

/// An Employer with what is required and no more.
pub fn employer(customer_id: i64) -> Value {
    let own = json!({
        "type": "Employer",
        "email": "eve@example.org",
        "role": "requestor",
        "customer_id": customer_id,
    });
    with(worker(), own)
}

/// An object with some of its members set anew.
pub fn with(mut base: Value, members: Value) -> Value {
    let map = base.as_object_mut().unwrap();
    map.extend(members.as_object().unwrap().clone());
    base
}

/// An object with one of its members taken away.
pub fn without(mut base: Value, member: &str) -> Value {
    base.as_object_mut().unwrap().remove(member).unwrap();
    base
}

/// Sends a user to be created, wrapped, under a key's own bearer token.
pub fn create(server: &Server, key: &Key, user: &Value) -> Response {
    server
        .post("/api_v2/users")
        .bearer(&key.token)
        .json(&json!({ "user": user }))
        .send()
}

/// A user that was created: the object inside the answer.
pub fn created(server: &Server, key: &Key, user: &Value) -> Value {
    create(server, key, user).expect(201)["user"].clone()
}

/// The user must be refused with exactly this body, and nothing be written.
#[track_caller]
pub fn assert_refused(server: &Server, key: &Key, user: &Value, errors: Value) {
    let before = server.user_count();
    let answer = create(server, key, user);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    answer.assert(422, &json!({ "errors": errors }));
    assert_eq!(server.user_count(), before, "nothing is written");
}

/// A token made from a key.
pub fn token(server: &Server, key: &Key) -> String {
    let answer = server
        .post("/api_v2/authorize")
        .form(&format!("api_key={}&secret_key={}", key.id, key.secret))
        .send();
    answer.expect(200)["token"].as_str().unwrap().to_owned()
}

/// A user as `/v1` shows them: what is stored.
pub fn stored(server: &Server, user: &Value) -> Value {
    let key = server.key();
    let path = format!("/v1/users/{}", user["id"]);
    server.get(&path).bearer(&key.token).send().expect(200)
}
