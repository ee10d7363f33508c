//! The texts that `POST /api_v2/users` takes: names, emails, passwords, phones.

use serde_json::json;

use super::{assert_refused, create, created, employer, with, worker};
use crate::harness::Server;

#[test]
fn names_hold_letters_digits_dash_and_period_only() {
    let server = Server::start();
    let key = server.key();
    let good = [
        "Ada",
        "Jean-Luc",
        "J.R.",
        "Łukasz",
        "李",
        "अनिल",
        "e\u{301}va",
        "R2",
    ];
    for (number, name) in good.into_iter().enumerate() {
        let names = json!({"first_name": name, "last_name": name});
        let email = json!({"email": format!("n{number}@example.org")});
        let made = created(&server, &key, &with(with(worker(), names), email));
        assert_eq!(
            (&made["first_name"], &made["last_name"]),
            (&json!(name), &json!(name))
        );
    }
    for name in [
        "Ada King",
        " Ada",
        "O'Neil",
        "<b>Ada</b>",
        "Ada_L",
        "Ada\0",
        "Ada\n",
        "👩",
    ] {
        let user = with(worker(), json!({"first_name": name, "last_name": name}));
        let errors = json!({"first_name": ["is invalid"], "last_name": ["is invalid"]});
        assert_refused(&server, &key, &user, errors);
    }
    for name in ["", "  ", "\t"] {
        let user = with(worker(), json!({"first_name": name, "last_name": name}));
        let errors = json!({"first_name": ["can't be blank"], "last_name": ["can't be blank"]});
        assert_refused(&server, &key, &user, errors);
    }
    let user = with(worker(), json!({"first_name": "a".repeat(256)}));
    let errors = json!({"first_name": ["is too long (maximum is 255 characters)"]});
    assert_refused(&server, &key, &user, errors);
}

#[test]
fn an_email_needs_a_domain() {
    let server = Server::start();
    let key = server.key();
    for email in [
        "ada",
        "ada@",
        "@example.org",
        "ada@localhost",
        "a b@example.org",
        "ada@x..org",
        "ada@[127.0.0.1]",
        "ada@example.org\0",
        "<ada@example.org>",
        "ada@example.org\r\nBcc: eve@example.org",
    ] {
        let user = with(worker(), json!({ "email": email }));
        assert_refused(&server, &key, &user, json!({"email": ["is invalid"]}));
    }
    for blank in [json!(""), json!("  "), json!(null)] {
        let user = with(worker(), json!({ "email": blank }));
        assert_refused(&server, &key, &user, json!({"email": ["can't be blank"]}));
    }
    let long = with(
        worker(),
        json!({"email": format!("a@{}.org", "x".repeat(300))}),
    );
    let errors = json!({"email": ["is too long (maximum is 254 characters)"]});
    assert_refused(&server, &key, &long, errors);
}

#[test]
fn a_password_has_8_characters_and_is_repeated() {
    let server = Server::start();
    let key = server.key();
    let short = "is too short (minimum is 8 characters)";
    let long = "is too long (maximum is 999 characters)";
    let (blank, unequal) = ("can't be blank", "doesn't match Password");
    let endless = "x".repeat(1_000);
    for (password, confirmation, errors) in [
        (
            json!("1234567"),
            json!("1234567"),
            json!({"password": [short]}),
        ),
        (
            json!("ééééééé"),
            json!("ééééééé"),
            json!({"password": [short]}),
        ),
        (json!(endless), json!(endless), json!({"password": [long]})),
        (
            json!("12345678"),
            json!("12345679"),
            json!({"password_confirmation": [unequal]}),
        ),
        (
            json!("12345678"),
            json!("12345678 "),
            json!({"password_confirmation": [unequal]}),
        ),
        (
            json!("12345678"),
            json!(""),
            json!({"password_confirmation": [blank]}),
        ),
        (
            json!("12345678"),
            json!(null),
            json!({"password_confirmation": [blank]}),
        ),
        (
            json!(""),
            json!(""),
            json!({"password": [blank], "password_confirmation": [blank]}),
        ),
        (
            json!(null),
            json!("12345678"),
            json!({"password": [blank], "password_confirmation": [unequal]}),
        ),
        (
            json!("short"),
            json!("other"),
            json!({"password": [short], "password_confirmation": [unequal]}),
        ),
        (
            json!("a\0b"),
            json!("x"),
            json!({"password": ["is invalid", short], "password_confirmation": [unequal]}),
        ),
        (
            json!(12_345_678),
            json!(12_345_678),
            json!({"password": ["is invalid"], "password_confirmation": ["is invalid"]}),
        ),
    ] {
        let both = json!({"password": password, "password_confirmation": confirmation});
        assert_refused(&server, &key, &with(worker(), both), errors);
    }
    // No block-list and no composition here: the vendor's rule is a length.
    let spaced = format!("  {}é  ", "x".repeat(994));
    for (number, password) in ["12345678", "password", "éééééééé", &spaced]
        .iter()
        .enumerate()
    {
        let both = json!({
            "password": password,
            "password_confirmation": password,
            "email": format!("p{number}@example.org"),
        });
        let made = created(&server, &key, &with(worker(), both));
        assert!(server.password_is(made["id"].as_i64().unwrap(), password));
    }
}

#[test]
fn texts_are_bounded_and_hold_no_nul() {
    let server = Server::start();
    let key = server.key();
    let account = server.account("Acme");
    for (field, max) in [
        ("gender", 255),
        ("avatar_url", 2_048),
        ("address", 1_000),
        ("city", 255),
        ("address_state", 255),
        ("zip", 32),
        ("external_id", 255),
        ("w2_employee_id", 255),
        ("verified_phone", 64),
    ] {
        let longest = "é".repeat(max);
        let user = with(worker(), json!({ field: format!("{longest}é") }));
        let message = format!("is too long (maximum is {max} characters)");
        assert_refused(&server, &key, &user, json!({ field: [message] }));
        let nul = with(worker(), json!({ field: "a\0b" }));
        assert_refused(&server, &key, &nul, json!({ field: ["is invalid"] }));
        let email = format!("{field}@example.org");
        let longest = with(worker(), json!({ field: longest, "email": email }));
        assert_eq!(create(&server, &key, &longest).status, 201, "{field}");
    }
    let title = with(employer(account), json!({"title": "a\0"}));
    assert_refused(&server, &key, &title, json!({"title": ["is invalid"]}));
}

#[test]
fn a_phone_has_any_form_that_reads_as_a_number() {
    let server = Server::start();
    let key = server.key();
    let good = [
        "(415) 555-2671",
        "+44 20 7946 0018",
        "650.253.0000",
        "1-800-FLOWERS",
    ];
    for (number, phone) in good.into_iter().enumerate() {
        let email = format!("w{number}@example.org");
        let user = with(worker(), json!({"email": email, "phone": phone}));
        assert_eq!(created(&server, &key, &user)["phone"], phone);
    }
    for junk in [
        "call me", "x", "+", "1", "12", "+44 12", "415\0", "<script>",
    ] {
        let user = with(worker(), json!({ "phone": junk }));
        assert_refused(&server, &key, &user, json!({"phone": ["is invalid"]}));
    }
}

#[test]
fn an_email_is_kept_as_given_and_trimmed() {
    let server = Server::start();
    let key = server.key();
    let user = with(worker(), json!({"email": "  Ada.L+x@EXAMPLE.org "}));
    assert_eq!(
        created(&server, &key, &user)["email"],
        "Ada.L+x@EXAMPLE.org"
    );
    let again = create(
        &server,
        &key,
        &with(worker(), json!({"email": "adal@example.org"})),
    );
    assert_eq!(again.status, 201, "dots and tags make another address");
}
