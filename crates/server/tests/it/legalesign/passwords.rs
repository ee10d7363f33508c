//! `POST /api/v1/user/`: the vendor's rule for passwords (seed 004, `password`).

use serde_json::json;

use super::{Case, ada, ada_with};

const SHORT: &str = "Ensure this value has at least 8 characters";
const LONG: &str = "Ensure this value has at most 99 characters";
const INVALID: &str = "Enter a valid value.";

#[test]
fn the_seeds_example_of_an_error_comes_out_as_printed() {
    let case = Case::start();
    let printed = json!({"user": {"password": ["Ensure this value has at least 8 characters"]}});
    let refused = case.create(&ada_with("password", "Short1!"));
    refused.assert(400, &printed);
    let text = r#"{"user":{"password":["Ensure this value has at least 8 characters"]}}"#;
    assert_eq!(refused.text, text);
    assert_eq!(refused.header("content-type"), Some("application/json"));
    assert_eq!(case.server.user_count(), 0);
}

#[test]
fn each_special_character_makes_a_password() {
    let case = Case::start();
    let special = "=+-^$*.[]{}()?\"!@#%&/\\,><':;|_~`";
    assert_eq!(special.chars().count(), 32);
    for (number, c) in special.chars().enumerate() {
        let password = format!("{c}Passw0rd");
        let email = format!("ada{number}@example.org");
        let mut body = ada_with("email", email.as_str());
        body["password"] = password.as_str().into();
        assert_eq!(case.create(&body).status, 201, "{password}");
        let id = case.stored(&email)["id"].as_i64().unwrap();
        assert!(case.server.password_is(id, &password), "{password}");
    }
}

#[test]
fn a_good_password_is_kept_exactly() {
    let case = Case::start();
    let longest = "Aa1!".repeat(25)[1..].to_owned();
    assert_eq!(longest.len(), 99);
    let good = [
        "Passw0r~",
        "pASS0rd!",
        "1!Aaaaaa",
        "aaaaaaA1!",
        "!!!!!!aA1",
        "11111aA_",
        "Aa1!éééé",
        "Aa1!👩👩👩👩",
        "\u{200b}Aa1!xxx",
        "Aa1\\\"xyz",
        "<b>Aa1</b>",
        longest.as_str(),
    ];
    for (number, password) in good.into_iter().enumerate() {
        let email = format!("ada{number}@example.org");
        let mut body = ada_with("email", email.as_str());
        body["password"] = password.into();
        assert_eq!(case.create(&body).status, 201, "{password}");
        let id = case.stored(&email)["id"].as_i64().unwrap();
        assert!(case.server.password_is(id, password), "{password}");
        let mut other = password.to_owned();
        other.pop();
        assert!(!case.server.password_is(id, &other), "{password}");
    }
}

#[test]
fn each_rule_that_a_password_breaks_is_told_once() {
    let case = Case::start();
    let long = |count: usize| format!("Aa1!{}", "x".repeat(count - 4));
    let table: [(String, &str); 34] = [
        ("a".into(), SHORT),
        (" ".into(), SHORT),
        ("Aa1!".into(), SHORT),
        ("Aa1!Aa1".into(), SHORT),
        ("       ".into(), SHORT),
        ("aaaaaaa".into(), SHORT),
        ("éééAa1!".into(), SHORT),
        ("👩Aa1!👩".into(), SHORT),
        (long(100), LONG),
        (long(999), LONG),
        (long(1_000), LONG),
        (long(100_000), LONG),
        ("x".repeat(100), LONG),
        (" ".repeat(100), LONG),
        ("password1!".into(), INVALID),
        ("PASSWORD1!".into(), INVALID),
        ("Password!!".into(), INVALID),
        ("Password11".into(), INVALID),
        ("passwordpassword".into(), INVALID),
        ("PASSWORDPASSWORD".into(), INVALID),
        ("1234567890".into(), INVALID),
        ("!!!!!!!!!!".into(), INVALID),
        ("Pass word1!".into(), INVALID),
        (" Password1!".into(), INVALID),
        ("Password1! ".into(), INVALID),
        ("Password1!\n".into(), INVALID),
        ("Pass\tword1!".into(), INVALID),
        ("Pass\u{a0}word1!".into(), INVALID),
        ("Pass\u{3000}word1!".into(), INVALID),
        ("Pass\u{2028}word1!".into(), INVALID),
        ("ÉÉÉÉéééé1!aaa".into(), INVALID),
        ("Password\u{661}!".into(), INVALID),
        ("Password1é".into(), INVALID),
        ("Password1€".into(), INVALID),
    ];
    for (password, message) in table {
        let body = ada_with("password", password.as_str());
        case.assert_refused(&body, &json!({"password": [message]}));
    }
    case.create(&ada()).assert_empty(201);
}

#[test]
fn a_refused_password_is_not_shown_again() {
    let case = Case::start();
    let refused = case.create(&ada_with("password", "correct horse"));
    assert_eq!(refused.status, 400, "{}", refused.text);
    assert!(!refused.text.contains("horse"), "{}", refused.text);
}
