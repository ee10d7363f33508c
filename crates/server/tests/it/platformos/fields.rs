//! What is wrong with a field: 422, all of it together, and nothing written.

use serde_json::{Value, json};

use super::{FORM, assert_invalid, created, creation, request};
use crate::harness::Server;

/// Each form is answered with its errors, and no user is made.
fn refuses(cases: &[(Value, Value)]) {
    let server = Server::start();
    let key = server.key();
    for (form, errors) in cases {
        assert_invalid(&creation(&server, &key, form).send(), errors);
    }
    assert_eq!(server.user_count(), 0);
}

#[test]
fn an_email_is_required() {
    let blank = json!({"email": ["can't be blank"]});
    refuses(&[
        (json!({}), blank.clone()),
        (json!({"email": null}), blank.clone()),
        (json!({"email": ""}), blank.clone()),
        (json!({"email": " \t"}), blank),
    ]);
}

#[test]
fn an_email_needs_the_form_of_one() {
    let invalid = json!({"email": ["is invalid"]});
    let cases = [
        "ada",
        "ada@",
        "@example.org",
        "ada@localhost",
        "ada lovelace@example.org",
        "ada@example..org",
        "ada@[127.0.0.1]",
        "<b>ada</b>",
        "ada@b@example.org",
        "ada\u{0}@example.org",
        "ada@example.org\r\nBcc: bob@example.org",
    ];
    refuses(&cases.map(|email| (json!({ "email": email }), invalid.clone())));
}

#[test]
fn an_email_has_254_characters_at_most() {
    let long = format!("a@{}.org", "x.".repeat(130));
    refuses(&[(
        json!({ "email": long }),
        json!({"email": ["is too long (maximum is 254 characters)"]}),
    )]);
}

#[test]
fn a_password_has_6_to_999_characters() {
    let with = |password: String| json!({"email": "ada@example.org", "password": password});
    let short = json!({"password": ["is too short (minimum is 6 characters)"]});
    let long = json!({"password": ["is too long (maximum is 999 characters)"]});
    refuses(&[
        (with(String::new()), short.clone()),
        (with("abcde".to_owned()), short.clone()),
        (with("ééééé".to_owned()), short),
        (with("x".repeat(1_000)), long.clone()),
        (with("x".repeat(100_000)), long),
        (
            with("abc\u{0}defg".to_owned()),
            json!({"password": ["is invalid"]}),
        ),
        (
            with("a\u{0}".to_owned()),
            json!({"password": ["is too short (minimum is 6 characters)", "is invalid"]}),
        ),
    ]);
}

#[test]
fn a_password_at_the_edges_is_kept_exactly() {
    let server = Server::start();
    let key = server.key();
    for (number, password) in ["ééé ab", "      ", "123456", &"é".repeat(999)]
        .into_iter()
        .enumerate()
    {
        let form = json!({"email": format!("u{number}@example.org"), "password": password});
        let id = created(&server, &key, &form);
        assert!(server.password_is(id, password));
        assert!(!server.password_is(id, password.trim_end_matches(['b', ' ', '6', 'é'])));
    }
}

#[test]
fn a_value_of_another_type_is_invalid() {
    let others = |field: &str| {
        let text = !matches!(field, "featured" | "public_profile");
        let mut values = vec![
            json!(5),
            json!(1.5),
            json!(9_223_372_036_854_775_808_u64),
            json!([]),
            json!(["a"]),
            json!({}),
            json!({"a": "b"}),
        ];
        if text {
            values.extend([json!(true), json!(false)]);
        } else {
            values.extend([json!("true"), json!("1"), json!(""), json!(0), json!(1)]);
        }
        values
    };
    let mut cases = Vec::new();
    for field in [
        "email",
        "password",
        "first_name",
        "last_name",
        "middle_name",
        "name",
        "external_id",
        "featured",
        "public_profile",
    ] {
        for value in others(field) {
            let mut form = json!({"email": "ada@example.org"});
            form[field] = value;
            cases.push((form, json!({ field: ["is invalid"] })));
        }
    }
    refuses(&cases);
}

#[test]
fn a_text_has_255_characters_at_most_and_no_nul() {
    let mut cases = Vec::new();
    for field in [
        "first_name",
        "last_name",
        "middle_name",
        "name",
        "external_id",
    ] {
        let mut form = json!({"email": "ada@example.org"});
        form[field] = json!("é".repeat(256));
        let long = json!({ field: ["is too long (maximum is 255 characters)"] });
        cases.push((form.clone(), long));
        form[field] = json!("a\u{0}b");
        cases.push((form, json!({ field: ["is invalid"] })));
    }
    refuses(&cases);
}

#[test]
fn names_may_hold_spaces_markup_and_any_script() {
    let server = Server::start();
    let key = server.key();
    let form = json!({
        "email": "ada@example.org", "first_name": "<script>alert(1)</script>",
        "last_name": "O'Neil & Söhne", "middle_name": "李 🚢", "name": "é".repeat(255),
        "external_id": "'; DROP TABLE users; --",
    });
    let id = created(&server, &key, &form);
    let user = super::shown(&server, &key, id);
    for (field, value) in form.as_object().unwrap() {
        assert_eq!(&user[field], value, "{field}");
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once_what_is_taken_too() {
    let server = Server::start();
    let key = server.key();
    created(&server, &key, &json!({"email": "ada@example.org"}));
    let form = json!({
        "email": "ADA@example.org", "password": "abc", "first_name": 5,
        "last_name": "x".repeat(256), "middle_name": "\u{0}", "external_id": ["x"],
        "featured": "yes", "public_profile": 1, "unlisted": {"a": 1},
    });
    let errors = json!({
        "email": ["has already been taken"],
        "password": ["is too short (minimum is 6 characters)"],
        "first_name": ["is invalid"],
        "last_name": ["is too long (maximum is 255 characters)"],
        "middle_name": ["is invalid"],
        "external_id": ["is invalid"],
        "featured": ["is invalid"],
        "public_profile": ["is invalid"],
    });
    assert_invalid(&creation(&server, &key, &form).send(), &errors);
    assert_eq!(server.user_count(), 1);
}

#[test]
fn a_refusal_never_shows_what_was_sent() {
    let server = Server::start();
    let key = server.key();
    let form = json!({"email": "s3cret", "password": "s3cre", "featured": "s3cret"});
    let body = json!({"form_configuration_name": FORM, "form": form});
    let answer = request(&server, &key).json(&body).send();
    assert_eq!(answer.status, 422);
    assert!(!answer.text.contains("s3cre"), "{}", answer.text);
}
