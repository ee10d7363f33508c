//! `POST /api/v1/user/`: bodies that cannot be read.

use serde_json::{Value, json};

use super::{Case, ada};

/// Sends a body under a content type: 4xx `{"error":"…"}`, nobody made. Answers the text.
#[track_caller]
fn refused(case: &Case, content_type: &str, body: &[u8], status: u16) -> String {
    let post = case.request("POST", "/api/v1/user/");
    let answer = post.body(content_type, body).send();
    let told = answer.expect(status);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(case.server.user_count(), 0);
    let object = told.as_object().unwrap();
    assert_eq!(object.len(), 1, "{told}");
    object["error"].as_str().unwrap().to_owned()
}

fn json_refused(case: &Case, body: impl AsRef<[u8]>) -> String {
    refused(case, "application/json", body.as_ref(), 400)
}

#[test]
fn a_body_that_is_no_json_object_is_unreadable() {
    let case = Case::start();
    assert_eq!(json_refused(&case, ""), "the body is empty");
    for body in ["[]", "null", "\"x\"", "1", "true"] {
        assert_eq!(
            json_refused(&case, body),
            "the body is not a JSON object",
            "{body}"
        );
    }
    let whole = ada().to_string();
    for body in [
        &whole[..whole.len() - 1],
        "{",
        "x",
        "{'a':1}",
        "{\"a\":1,}",
        "{} {}",
        "\u{feff}{}",
    ] {
        let told = json_refused(&case, body);
        assert!(
            told.starts_with("the body is not readable JSON: "),
            "{told}"
        );
        assert!(!told.contains("Ada"), "{told}");
    }
}

#[test]
fn repeated_keys_are_unreadable() {
    let case = Case::start();
    let body = r#"{"first_name":"Ada","last_name":"L","email":"a@x.org","email":"b@x.org"}"#;
    assert!(json_refused(&case, body).contains("a key is repeated"));
}

#[test]
fn bytes_that_are_no_text_are_unreadable() {
    let case = Case::start();
    let lone = r#"{"first_name":"\ud800","last_name":"L","email":"a@x.org"}"#;
    json_refused(&case, lone);
    json_refused(&case, b"{\"first_name\":\"\xff\"}");
    json_refused(&case, b"{\"first_name\":\"a\0b\"}");
    json_refused(&case, b"\0");
}

#[test]
fn deep_nesting_ends_before_it_costs_anything() {
    let case = Case::start();
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!(
            "{{\"groups\":{}1{}}}",
            open.repeat(100_000),
            close.repeat(100_000)
        );
        assert!(json_refused(&case, deep).contains("nested too deeply"));
    }
    let mut body = ada();
    body["other"] = (0..1_001).map(Value::from).collect();
    assert!(json_refused(&case, body.to_string()).contains("too many members"));
}

#[test]
fn two_mebibytes_are_too_large() {
    let case = Case::start();
    let mut body = ada();
    body["first_name"] = "x".repeat(2 << 20).into();
    let told = refused(&case, "application/json", body.to_string().as_bytes(), 413);
    assert_eq!(told, "the body is too large");
}

#[test]
fn another_content_type_is_not_taken() {
    let case = Case::start();
    let body = ada().to_string();
    let form = "first_name=Ada&last_name=Lovelace&email=ada%40example.org";
    for (content_type, body) in [
        ("text/plain", body.as_str()),
        ("application/xml", &body),
        ("application/x-www-form-urlencoded", form),
        ("multipart/form-data; boundary=x", "--x--"),
        ("", &body),
    ] {
        let told = refused(&case, content_type, body.as_bytes(), 415);
        assert_eq!(told, "the content type is not one that this call takes");
    }
    let bare = case.request("POST", "/api/v1/user/").send();
    bare.assert(
        415,
        &json!({"error": "the content type is not one that this call takes"}),
    );
}

#[test]
fn json_by_its_other_names_is_taken() {
    let case = Case::start();
    for (number, content_type) in [
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/vnd.api+json",
    ]
    .into_iter()
    .enumerate()
    {
        let mut body = ada();
        body["email"] = format!("ada{number}@example.org").into();
        let post = case.request("POST", "/api/v1/user/");
        let made = post.body(content_type, body.to_string()).send();
        made.assert_empty(201);
    }
    assert_eq!(case.server.user_count(), 3);
}
