//! What must not open an invitation, and what must not show.

use std::time::Duration;

use directory::users::{self, Change, Include, UserChange, UserKey};
use directory::violation::Violations;
use serde_json::json;

use super::{Case, PASSWORD, assert_page};

#[test]
fn unknown_foreign_and_mangled_links_are_the_same_page() {
    let case = Case::start();
    let (_, link) = case.invited();
    let stranger = case.server.tenant("stranger");
    let secret = link.strip_prefix("/invitations/1-").unwrap();
    let unknown = case.open("/invitations/1-unknown");
    assert_page(&unknown, 404, "This link does not work");
    for path in [
        format!("/invitations/{}-{secret}", stranger.0),
        format!("/invitations/1-{}", &secret[1..]),
        format!("{}A", link),
        format!("{}%00", link),
        format!("/invitations/01-{secret}"),
        format!("/invitations/{secret}"),
        format!("/invitations/{}", "9".repeat(600)),
    ] {
        case.server.advance(Duration::from_secs(61));
        for page in [case.open(&path), case.accept(&path)] {
            assert_eq!((page.status, &page.text), (404, &unknown.text), "{path}");
        }
    }
    assert_eq!(case.open(&link).status, 200);
}

#[test]
fn guessing_links_is_slowed_down_and_shuts_nobody_out() {
    let case = Case::start();
    let (_, link) = case.invited();
    for number in 0..10 {
        let page = case.open(&format!("/invitations/1-guess{number}"));
        assert_eq!(page.status, 404);
    }
    let wrong = "/invitations/1-guess";
    let page = case.open(wrong);
    assert_page(&page, 429, "Too many links were tried");
    assert_eq!(page.header("retry-after"), Some("60"));
    assert_eq!(case.accept(wrong).status, 429);
    // A wrong link is no wrong key, and no other person's link.
    assert_eq!(case.native("GET", "/v1/users").send().status, 200);
    assert_eq!(case.accept(&link).status, 200);
    case.server.advance(Duration::from_secs(60));
    assert_eq!(case.open(wrong).status, 404);
}

#[test]
fn a_name_cannot_write_into_the_page() {
    let case = Case::start();
    let name = "<script>alert(1)</script>\"'&{{ 7 * 7 }}";
    let made = case
        .native("POST", "/users")
        .header("x-account-id", &case.account.to_string())
        .json(&json!({ "email": "grace@example.org", "name": format!("{name} Hopper") }));
    assert_eq!(made.send().status, 201);
    let page = case.open(&case.link());
    assert_eq!(page.status, 200);
    assert!(!page.text.contains("<script"), "{}", page.text);
    assert!(
        page.text.contains("&lt;script&gt;alert(1)"),
        "{}",
        page.text
    );
    assert!(page.text.contains("{{ 7 * 7 }}"), "{}", page.text);
}

#[test]
fn a_link_ends_when_its_person_has_another_email() {
    let case = Case::start();
    let (worker, link) = case.invited();
    let path = format!("/v1/users/{}", worker["id"]);
    let moved = case.native("PATCH", &path).body(
        "application/merge-patch+json",
        r#"{"email":"right@example.org"}"#,
    );
    assert_eq!(moved.send().status, 200);
    assert_eq!(case.open(&link).status, 404);
    assert_eq!(case.accept(&link).status, 404);
    // To be sent again, it goes to the address that is theirs now.
    let number = case.number(&worker["id"]);
    let path = format!("/v1/invitations/{number}/resend");
    assert_eq!(case.native("POST", &path).send().status, 202);
    let message = case.messages().pop().unwrap();
    assert_eq!(message.to, "right@example.org");
    assert_eq!(case.accept(&message.link).status, 200);
}

#[test]
fn a_suspended_or_deleted_user_cannot_accept() {
    let case = Case::start();
    let (worker, link) = case.invited();
    let path = format!("/v1/users/{}", worker["id"]);
    let id = worker["id"].as_i64().unwrap();
    let suspend = |on: bool| {
        let actor = case.server.operator();
        case.server.write(move |tx| {
            let change = UserChange {
                suspended: Change::Set(on),
                ..UserChange::default()
            };
            let (key, none) = (UserKey::Id(id), Violations::new());
            users::update(tx, &actor, &key, None, &change, none, Include::default())
        })
    };
    suspend(true);
    assert_eq!(case.open(&link).status, 404);
    assert_eq!(case.accept(&link).status, 404);
    suspend(false);
    assert_eq!(case.open(&link).status, 200);
    assert_eq!(case.native("DELETE", &path).send().status, 204);
    assert_eq!(case.open(&link).status, 404);
    assert_eq!(case.accept(&link).status, 404);
}

#[test]
fn an_answer_is_bounded_and_of_one_shape() {
    let case = Case::start();
    let (worker, link) = case.invited();
    let send = |kind: &str, body: Vec<u8>| case.server.post(&link).body(kind, body).send();
    let form = "application/x-www-form-urlencoded";
    for (answer, status) in [
        (send("application/json", b"{}".to_vec()), 415),
        (
            send("multipart/form-data; boundary=x", b"--x--".to_vec()),
            415,
        ),
        (send(form, vec![b'a'; (1 << 20) + 1]), 413),
        (send(form, b"password=%zz".to_vec()), 400),
        (send(form, b"password=\xff".to_vec()), 400),
        (
            send(form, b"password[]=a&password_confirmation[b]=c".to_vec()),
            422,
        ),
    ] {
        assert_eq!(answer.status, status, "{}", answer.text);
        assert_eq!(
            answer.header("content-type"),
            Some("text/html; charset=utf-8")
        );
    }
    assert_eq!(case.stored(&worker["id"])["status"], "pending");
}

#[test]
fn neither_events_nor_lists_hold_the_secret_or_its_hash() {
    let case = Case::start();
    let (worker, link) = case.invited();
    assert_eq!(case.accept(&link).status, 200);
    case.server.settle();
    let token = link.strip_prefix("/invitations/").unwrap();
    let hash = directory::secret::digest(token);
    for path in [
        "/v1/events?limit=200".to_owned(),
        "/v1/invitations".to_owned(),
        format!("/v1/users/{}", worker["id"]),
        format!("/v1/users/{}/events", worker["id"]),
    ] {
        let text = case.native("GET", &path).send().text;
        for hidden in [token, &token[2..], hash.as_str(), PASSWORD, "argon2"] {
            assert!(!text.contains(hidden), "{path} holds {hidden}");
        }
    }
}
