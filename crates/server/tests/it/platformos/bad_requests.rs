//! Wrong parameters: 406, and nothing written.

use serde_json::{Value, json};

use super::{FORM, assert_base, request, token};
use crate::harness::Server;

/// Each body is answered 406 with its words.
fn refuses(cases: &[(Value, &[&str])]) {
    let server = Server::start();
    let key = server.key();
    for (body, words) in cases {
        assert_base(&request(&server, &key).json(body).send(), 406, words);
    }
    assert_eq!(server.user_count(), 0);
}

fn form() -> Value {
    json!({"email": "ada@example.org"})
}

#[test]
fn a_body_that_is_no_object_is_not_acceptable() {
    let words: &[&str] = &["the body is not a JSON object"];
    refuses(&[
        (json!([]), words),
        (
            json!([{"form_configuration_name": FORM, "form": form()}]),
            words,
        ),
        (json!(null), words),
        (json!("text"), words),
        (json!(5), words),
        (json!(true), words),
    ]);
}

#[test]
fn a_name_of_no_form_for_users_is_not_acceptable() {
    let with = |name: Value| json!({"form_configuration_name": name, "form": form()});
    let blank: &[&str] = &["form_configuration_name can't be blank"];
    let unknown: &[&str] = &["form_configuration_name must exist"];
    let invalid: &[&str] = &["form_configuration_name is invalid"];
    refuses(&[
        (json!({"form": form()}), blank),
        (with(json!(null)), blank),
        (with(json!("")), unknown),
        (with(json!("nowhere")), unknown),
        (with(json!("reference_rest_api_create_user ")), unknown),
        (with(json!("reference_rest_api_create_user\u{0}")), unknown),
        (with(json!("Reference_rest_api_create_user")), unknown),
        // A form, but for another resource.
        (with(json!("reference_rest_api_create_session")), unknown),
        (with(json!(5)), invalid),
        (with(json!(true)), invalid),
        (with(json!([FORM])), invalid),
        (with(json!({"name": FORM})), invalid),
    ]);
}

#[test]
fn a_form_that_is_no_object_is_not_acceptable() {
    let with = |form: Value| json!({"form_configuration_name": FORM, "form": form});
    let blank: &[&str] = &["form can't be blank"];
    let invalid: &[&str] = &["form is invalid"];
    refuses(&[
        (json!({"form_configuration_name": FORM}), blank),
        (
            json!({"form_configuration_name": FORM, "email": "ada@example.org"}),
            blank,
        ),
        (with(json!(null)), blank),
        (with(json!([])), invalid),
        (with(json!([form()])), invalid),
        (with(json!("email")), invalid),
        (with(json!(5)), invalid),
        (with(json!(false)), invalid),
    ]);
}

#[test]
fn both_parameters_are_told_together() {
    refuses(&[
        (
            json!({}),
            &[
                "form_configuration_name can't be blank",
                "form can't be blank",
            ],
        ),
        (
            json!({"form_configuration_name": "nowhere", "form": []}),
            &["form_configuration_name must exist", "form is invalid"],
        ),
        (
            json!({"form_name": 5, "form": "x"}),
            &["form_name is invalid", "form is invalid"],
        ),
    ]);
}

#[test]
fn a_body_that_is_not_json_by_its_type_is_not_acceptable() {
    let server = Server::start();
    let key = server.key();
    let body = json!({"form_configuration_name": FORM, "form": form()}).to_string();
    let words = ["the content type is not one that this call takes"];
    for content_type in [
        "text/plain",
        "text/json",
        "application/xml",
        "application/jsonx",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "",
    ] {
        let answer = request(&server, &key)
            .body(content_type, body.clone())
            .send();
        assert_base(&answer, 406, &words);
    }
    let form = format!("form_configuration_name={FORM}&form[email]=ada@example.org");
    assert_base(&request(&server, &key).form(&form).send(), 406, &words);
    assert_base(&request(&server, &key).send(), 406, &words);
    assert_eq!(server.user_count(), 0);
}

#[test]
fn a_body_that_cannot_be_read_is_not_acceptable() {
    let server = Server::start();
    let key = server.key();
    let around = |inside: &str| {
        format!(r#"{{"form_configuration_name":"{FORM}","form":{{"email":"a@b.org",{inside}}}}}"#)
    };
    let twice = format!(
        r#"{{"form_configuration_name":"{FORM}","form":{{"email":"a@b.org"}},"form":{{}}}}"#
    );
    let many = format!(r#""x":[{}0]"#, "0,".repeat(1_000));
    let nested = |depth: usize| {
        around(&format!(
            r#""x":{}{}"#,
            "[".repeat(depth),
            "]".repeat(depth)
        ))
    };
    let mut bodies: Vec<Vec<u8>> = [
        String::new(),
        "{".to_owned(),
        "not json".to_owned(),
        format!("{}x", around(r#""x":1"#)),
        around(r#""email":"c@b.org""#),
        around(r#""first_name":"\ud800""#),
        around(r#""first_name":"\udc00 x""#),
        around(r#""featured":1e999"#),
        around(&many),
        twice,
        nested(15),
        nested(100_000),
        "[".repeat(100_000),
        r#"{"form":"#.repeat(100_000),
    ]
    .into_iter()
    .map(String::into_bytes)
    .collect();
    bodies.push(b"{\"form_configuration_name\":\"\xff\"}".to_vec());
    for body in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        let answer = request(&server, &key).body("application/json", body).send();
        let told = answer.json();
        let words = told["errors"]["base"][0].as_str().unwrap();
        assert!(words.starts_with("the body is "), "{shown}: {words}");
        assert_base(&answer, 406, &[words]);
        assert!(!words.contains("b.org"), "{words}");
    }
    assert_eq!(server.user_count(), 0);
    // One level less is read.
    let fits = request(&server, &key).body("application/json", nested(14));
    fits.send().expect(201);
}

#[test]
fn a_body_of_two_mebibytes_is_not_acceptable() {
    let server = Server::start();
    let key = server.key();
    let body = json!({"form_configuration_name": FORM,
        "form": {"email": "ada@example.org", "name": "x".repeat(2 << 20)}});
    let answer = request(&server, &key).json(&body).send();
    assert_base(&answer, 406, &["the body is too large"]);
    assert_eq!(server.user_count(), 0);
}

#[test]
fn an_unrouted_path_is_told_in_this_shape() {
    let server = Server::start();
    let key = server.key();
    for path in [
        "/api/users/1/profiles",
        "/api/users/",
        "/api/user/",
        "/api/user/profiles",
        "/api/sessions/1",
    ] {
        assert_base(&server.post(path).send(), 404, &["Not Found"]);
        assert_base(&token(server.get(path), &key).send(), 404, &["Not Found"]);
    }
}

#[test]
fn a_wrong_method_is_told_in_this_shape() {
    let server = Server::start();
    for (method, path, allowed) in [
        ("DELETE", "/api/users", "GET,HEAD,POST"),
        ("PUT", "/api/users.json", "GET,HEAD,POST"),
        ("POST", "/api/users/1", "GET,HEAD,PUT,PATCH"),
        ("GET", "/api/user/transactables", "POST"),
        ("POST", "/api/user/relationship_users/1", "PUT,PATCH,DELETE"),
        ("GET", "/api/sessions", "POST,DELETE"),
    ] {
        let answer = server.request(method, path).send();
        assert_base(&answer, 405, &["Method Not Allowed"]);
        assert_eq!(answer.header("allow"), Some(allowed));
    }
}
