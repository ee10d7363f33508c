//! The page itself: what it says, and what it says when something is wrong.

use std::time::Duration;

use serde_json::json;

use super::{Case, PASSWORD, assert_page};
use crate::harness::Response;

/// The texts of the errors that a page shows at its fields.
fn errors(page: &Response) -> Vec<(String, String)> {
    let parts = page.text.split("<p class=\"error\" id=\"").skip(1);
    let read = |part: &str| {
        let (field, rest) = part.split_once("-error\">").unwrap();
        let (text, _) = rest.split_once("</p>").unwrap();
        (field.to_owned(), text.to_owned())
    };
    parts.map(read).collect()
}

#[test]
fn what_is_wrong_is_told_at_its_field_and_nothing_is_set() {
    let case = Case::start();
    let (worker, link) = case.invited();
    let terms = ("agreed_to_terms", "Accept the terms to go on.");
    let differ = ("password_confirmation", "The two passwords differ.");
    let guessed = "This password is easily guessed. Try a few words that have nothing to do with \
        each other.";
    type Told<'a> = &'a [(&'a str, &'a str)];
    let cases: [(&str, &str, bool, Told<'_>); 7] = [
        (
            "",
            "",
            false,
            &[
                ("password", "Enter a password."),
                ("password_confirmation", "Enter the password once more."),
                terms,
            ],
        ),
        (PASSWORD, PASSWORD, false, &[terms]),
        (PASSWORD, "tide plank ferry orbi", true, &[differ]),
        (
            "tide 7p",
            "tide 7p",
            true,
            &[("password", "Use at least 8 characters.")],
        ),
        ("password", "password", true, &[("password", guessed)]),
        (
            "ada@example.org",
            "ada@example.org",
            true,
            &[("password", guessed)],
        ),
        (
            "Lovelace1",
            "lovelace1",
            false,
            &[("password", guessed), differ, terms],
        ),
    ];
    for (password, again, agrees, expected) in cases {
        let page = case.answer(&link, password, again, agrees);
        assert_page(&page, 422, "Welcome, Ada");
        let expected: Vec<_> = expected
            .iter()
            .map(|(field, text)| ((*field).to_owned(), (*text).to_owned()))
            .collect();
        assert_eq!(errors(&page), expected, "{password}");
        assert!(page.text.contains("<title>Error: Welcome, Ada</title>"));
        for (field, text) in &expected {
            let marked = "aria-invalid=\"true\" aria-describedby=\"";
            let input = page.text.split(&format!("id=\"{field}\"")).nth(1).unwrap();
            let input = input.split('>').next().unwrap();
            assert!(input.contains(marked) && input.contains(&format!("{field}-error")));
            assert!(
                page.text
                    .contains(&format!("<a href=\"#{field}\">{text}</a>"))
            );
        }
        assert_eq!(
            page.text.contains(" checked"),
            agrees,
            "the box stays as it was"
        );
        if !password.is_empty() && password != "ada@example.org" && password != "password" {
            assert!(!page.text.contains(password), "no password is shown again");
        }
    }
    let long = "x".repeat(1_000);
    let page = case.answer(&link, &long, &long, true);
    assert_eq!(page.status, 422);
    assert_eq!(errors(&page)[0].1, "Use at most 999 characters.");
    assert_eq!(case.stored(&worker["id"])["status"], "pending");
    assert_eq!(case.accept(&link).status, 200);
}

#[test]
fn every_field_has_its_label_and_the_page_needs_no_script() {
    let case = Case::start();
    let (_, link) = case.invited();
    let page = case.open(&link);
    assert_page(&page, 200, "Welcome, Ada");
    for field in [
        "username",
        "password",
        "password_confirmation",
        "agreed_to_terms",
    ] {
        assert!(
            page.text.contains(&format!("<label for=\"{field}\">")),
            "{field}"
        );
        assert!(
            page.text
                .contains(&format!(" id=\"{field}\" name=\"{field}\"")),
            "{field}"
        );
    }
    assert!(page.text.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
    assert!(
        page.text.contains("<form method=\"post\">"),
        "back to where it came from"
    );
    let body = page.text.split("<body>").nth(1).unwrap();
    for foreign in [
        "<script", "http:", "https:", "src=", "<link", "url(", "@import", "style=",
    ] {
        assert!(!body.contains(foreign), "{foreign}");
    }
    let mut words = body.split_whitespace();
    let handler = words.find(|word| word.starts_with("on") && word.contains('='));
    assert_eq!(handler, None);
    assert!(
        !page.text.contains(link.rsplit('/').next().unwrap()),
        "nor its own secret"
    );
}

#[test]
fn every_page_keeps_its_address_and_its_content_to_itself() {
    use base64::Engine as _;
    use sha2::Digest as _;
    let case = Case::start();
    let (_, link) = case.invited();
    let pages = [
        case.open(&link),
        case.answer(&link, "", "", false),
        case.open("/invitations/1-unknown"),
        case.server.request("DELETE", &link).send(),
        case.server.post(&link).json(&json!({})).send(),
        case.open("/invitations"),
        case.accept(&link),
        case.open(&link),
    ];
    let statuses: Vec<u16> = pages.iter().map(|page| page.status).collect();
    assert_eq!(statuses, [200, 422, 404, 405, 415, 404, 200, 410]);
    for page in pages {
        let style = page.text.split("<style>").nth(1).unwrap();
        let style = style.split("</style>").next().unwrap();
        let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(style));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'"
        );
        for (name, value) in [
            ("content-type", "text/html; charset=utf-8"),
            ("content-security-policy", policy.as_str()),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(page.header(name), Some(value), "{} {name}", page.status);
        }
        assert_eq!(page.header("set-cookie"), None);
        assert_eq!(page.header("location"), None);
    }
}

#[test]
fn an_expired_invitation_says_so() {
    let case = Case::start();
    let (worker, link) = case.invited();
    case.server.advance(Duration::from_secs(14 * 24 * 3_600));
    assert_page(&case.open(&link), 410, "This invitation has expired");
    assert_page(&case.accept(&link), 410, "This invitation has expired");
    assert_eq!(case.stored(&worker["id"])["status"], "pending");
    assert_eq!(case.of_user(&worker["id"])[0]["state"], "expired");
}

#[test]
fn an_accepted_invitation_is_over() {
    let case = Case::start();
    let (worker, link) = case.invited();
    assert_eq!(case.accept(&link).status, 200);
    let other = "lamp quartz meadow fjord";
    for page in [case.open(&link), case.answer(&link, other, other, true)] {
        assert_page(&page, 410, "This invitation was accepted");
    }
    assert!(
        case.server
            .password_is(worker["id"].as_i64().unwrap(), PASSWORD)
    );
}

#[test]
fn to_open_a_link_changes_nothing() {
    let case = Case::start();
    let (worker, link) = case.invited();
    let before = case.stored(&worker["id"]);
    for _ in 0..3 {
        assert_eq!(case.open(&link).status, 200);
        assert_eq!(case.server.request("HEAD", &link).send().status, 200);
    }
    assert_eq!(case.stored(&worker["id"]), before);
    assert_eq!(case.accept(&link).status, 200);
}

#[test]
fn a_password_is_taken_exactly_as_it_came() {
    let case = Case::start();
    let (worker, link) = case.invited();
    let password = "  Zwölf % Böxkämpfer & so  ";
    assert_eq!(case.answer(&link, password, password, true).status, 200);
    let id = worker["id"].as_i64().unwrap();
    assert!(case.server.password_is(id, password));
    assert!(!case.server.password_is(id, password.trim()));
}
