//! `/v1` (contracts, native).

mod create;
mod create_refused;
mod create_types;
mod delete;
mod event_types;
mod filter;
mod forms;
mod idempotency;
mod isolation;
mod jobs;
mod list;
mod named;
mod notifications;
mod read;
mod redirects;
mod scopes;
mod update;
mod versions;

use serde_json::{Value, json};

use crate::harness::{Key, Response, START, Server};

/// Makes a user, which must be possible.
pub fn user(server: &Server, key: &Key, body: &Value) -> Value {
    let made = server
        .post("/v1/users")
        .bearer(&key.token)
        .json(body)
        .send();
    made.expect(201)
}

pub fn id_of(user: &Value) -> i64 {
    user["id"].as_i64().unwrap()
}

/// A user of whom nothing is known but an email, as they are shown.
pub fn plain_user(id: &Value, uid: &Value, email: &str) -> Value {
    let person = json!({
        "id": id, "uid": uid, "kind": null, "status": "active", "suspended_at": null,
        "email": email, "email_verified_at": null, "first_name": null, "middle_name": null,
        "last_name": null, "name": null, "gender": null, "phone": null, "verified_phone": null,
        "phone_verified_at": null, "avatar_url": null, "address": null, "city": null,
        "state": null, "zip": null, "timezone": null, "title": null, "external_id": null,
    });
    let rest = json!({
        "rating": null, "agreed_to_terms": null, "agreed_to_terms_at": null, "featured": null,
        "public_profile": null, "last_login_at": null, "worker": null, "employer": null,
        "accounts": [], "groups": [], "badges": [], "properties": {}, "profiles": {},
        "relationships": {}, "transactables": {}, "created_by": null, "updated_by": null, "created_at": START,
        "updated_at": START, "version": 1,
    });
    with(person, rest)
}

/// `value` with these fields in place of its own.
pub fn with(mut value: Value, fields: Value) -> Value {
    for (name, field) in fields.as_object().unwrap() {
        value[name] = field.clone();
    }
    value
}

/// The answer must be this problem, to the last field; `errors` null: it has none.
#[track_caller]
pub fn assert_problem(answer: &Response, status: u16, code: &str, detail: &str, errors: &Value) {
    let title = match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        412 => "Precondition Failed",
        413 => "Payload Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        _ => panic!("no title for {status}"),
    };
    let mut expected = json!({
        "type": "about:blank", "title": title, "status": status, "code": code,
        "detail": detail, "request_id": answer.header("x-request-id").unwrap(),
    });
    if !errors.is_null() {
        expected["errors"] = errors.clone();
    }
    answer.assert(status, &expected);
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    let challenge = (status == 401).then_some("Bearer");
    assert_eq!(answer.header("www-authenticate"), challenge);
}

pub const INVALID: &str = "the request breaks the rules of its resource";

/// The answer must be 422 with exactly these broken rules, in any order.
#[track_caller]
pub fn assert_invalid(answer: &Response, errors: &[(&str, &str)]) {
    let body = answer.expect(422);
    assert_eq!(
        (&body["code"], &body["detail"]),
        (&json!("invalid"), &json!(INVALID))
    );
    assert_eq!(broken(&body), sorted(errors));
}

fn broken(body: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut found: Vec<(String, String)> = body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| (text(&each["pointer"]), text(&each["code"])))
        .collect();
    found.sort();
    found
}

fn sorted(errors: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = errors
        .iter()
        .map(|(pointer, code)| ((*pointer).to_owned(), (*code).to_owned()))
        .collect();
    all.sort();
    all
}

/// The answer must be 409 with exactly these fields taken.
#[track_caller]
pub fn assert_taken(answer: &Response, pointers: &[&str]) {
    let errors: Vec<Value> = pointers
        .iter()
        .map(|pointer| json!({"pointer": pointer, "code": "taken", "message": "is already taken"}))
        .collect();
    assert_problem(answer, 409, "taken", INVALID, &errors.into());
}

/// The answer must be 400 for this parameter.
#[track_caller]
pub fn assert_bad_parameter(answer: &Response, name: &str, code: &str) {
    let body = answer.expect(400);
    assert_eq!(body["code"], "unreadable");
    let errors = body["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1);
    assert_eq!(
        (&errors[0]["parameter"], &errors[0]["code"]),
        (&json!(name), &json!(code))
    );
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
}

/// The names of what happened to a user, oldest first.
pub fn events(server: &Server, id: i64) -> Vec<String> {
    server
        .user_events(id)
        .into_iter()
        .map(|each| each.event_type)
        .collect()
}
