//! Marketplace users through forms (seed 003; contracts, platformos).

mod bad_requests;
mod create;
mod credentials;
mod fields;
mod items;
mod list;
mod read;
mod sessions;
mod stored;
mod update;

use serde_json::{Value, json};

use crate::harness::{Key, Request, Response, Server};

const FORM: &str = "reference_rest_api_create_user";
const CONTENT_TYPE: &str = "application/vnd.api+json";

/// A creation through the built-in form, yet to be sent.
fn creation(server: &Server, key: &Key, form: &Value) -> Request {
    request(server, key).json(&json!({ "form_configuration_name": FORM, "form": form }))
}

fn request(server: &Server, key: &Key) -> Request {
    token(server.post("/api/users"), key)
}

fn token(request: Request, key: &Key) -> Request {
    request.header("authorization", &format!("Token token={}", key.token))
}

/// A request through a form, yet to be sent.
fn through(request: Request, key: &Key, form: &str, given: &Value) -> Request {
    token(request, key).json(&json!({ "form_configuration_name": form, "form": given }))
}

/// Creates a user that must be created: their number.
fn created(server: &Server, key: &Key, form: &Value) -> i64 {
    let made = creation(server, key, form).send();
    let id = made.expect(201)["id"].as_i64().unwrap();
    assert_answer(&made, 201, &json!({"id": id, "errors": {}}));
    id
}

/// Status, content type and the whole body.
#[track_caller]
fn assert_answer(answer: &Response, status: u16, body: &Value) {
    answer.assert(status, body);
    assert_eq!(answer.header("content-type"), Some(CONTENT_TYPE));
}

/// 422 with these words under these fields.
#[track_caller]
fn assert_invalid(answer: &Response, errors: &Value) {
    assert_answer(answer, 422, &json!({"id": null, "errors": errors}));
}

/// These words under `base`.
#[track_caller]
fn assert_base(answer: &Response, status: u16, words: &[&str]) {
    assert_answer(answer, status, &json!({"errors": {"base": words}}));
}

fn shown(server: &Server, key: &Key, id: i64) -> Value {
    let path = format!("/api/users/{id}");
    token(server.get(&path), key).send().expect(200)
}

/// The user as `/v1` shows them.
fn stored(server: &Server, key: &Key, id: i64) -> Value {
    let path = format!("/v1/users/{id}");
    server.get(&path).bearer(&key.token).send().expect(200)
}
