//! `POST /v1/password-resets`, and the page that its link leads to.

use std::time::Duration;

use directory::users::{Change, UserChange};
use serde_json::{Value, json};

use crate::harness::Response;
use crate::invitations::Case;
use crate::native::assert_invalid;
use crate::sessions::{PASSWORD, change, enter, get, person, token};

const NEW: &str = "orbit ferry plank tide";

fn ask(case: &Case, email: &str) -> Response {
    let body = json!({"email": email});
    case.server.post("/v1/password-resets").json(&body).send()
}

/// Somebody who asked for a link, and the link.
fn asked() -> (Case, i64, String) {
    let case = Case::start();
    let id = person(&case.server, "ada@example.org", UserChange::default());
    ask(&case, "Ada@example.org").assert_empty(202);
    let link = case.link();
    (case, id, link)
}

#[test]
fn a_mailed_link_sets_the_password_once_and_ends_all_sessions() {
    let (case, id, link) = asked();
    let messages = case.messages();
    assert_eq!(
        (messages.len(), messages[0].to.as_str()),
        (1, "ada@example.org")
    );
    assert!(messages[0].text.contains("new password"));
    assert!(link.starts_with("/password-resets/1-"));
    let before = token(&case.server, "ada@example.org");
    let page = case.open(&link);
    assert_eq!(page.status, 200);
    assert_eq!(
        case.open(&link).status,
        200,
        "looking at it changes nothing"
    );
    let done = case.answer(&link, NEW, NEW, false);
    assert_eq!(done.status, 200, "{}", done.text);
    assert!(case.server.password_is(id, NEW));
    assert_eq!(get(&case.server, "/v1/session", &before).status, 401);
    assert_eq!(
        case.answer(&link, PASSWORD, PASSWORD, false).status,
        404,
        "it works once"
    );
    enter(&case.server, "ada@example.org", NEW).expect(201);
    let types: Vec<_> = case
        .server
        .user_events(id)
        .into_iter()
        .map(|each| each.event_type)
        .collect();
    for name in ["user_password_reset_requested", "user_password_changed"] {
        assert!(types.contains(&name.to_owned()), "{types:?}");
    }
    let user = case
        .server
        .get(&format!("/v1/users/{id}"))
        .bearer(&case.key.token);
    assert_ne!(user.send().expect(200)["email_verified_at"], Value::Null);
}

#[test]
fn whoevers_the_email_is_the_answer_is_the_same() {
    let case = Case::start();
    person(&case.server, "ada@example.org", UserChange::default());
    let suspended = UserChange {
        suspended: Change::Set(true),
        ..UserChange::default()
    };
    person(&case.server, "sue@example.org", suspended);
    let fields = |answer: Response| {
        let ids = ["x-request-id", "date"];
        let headers: Vec<_> = answer.headers().to_vec();
        let headers: Vec<_> = headers
            .into_iter()
            .filter(|(name, _)| !ids.contains(&name.as_str()))
            .collect();
        (answer.status, answer.text.clone(), headers)
    };
    let known = fields(ask(&case, "ada@example.org"));
    assert_eq!(fields(ask(&case, "nobody@example.org")), known);
    assert_eq!(fields(ask(&case, "sue@example.org")), known);
    let to: Vec<_> = case.messages().into_iter().map(|each| each.to).collect();
    assert_eq!(to, ["ada@example.org"], "and only who may is written to");
    let left = case.server.read(|tx| {
        let count = "SELECT count(*) FROM password_reset_requests WHERE tenant_id = 1";
        tx.query_one(count, &[], |row| row.int())
    });
    assert_eq!(left, 0, "what was asked for is not kept");
}

#[test]
fn who_has_yet_to_answer_an_invitation_is_sent_that_again_and_no_way_around_it() {
    let case = Case::start();
    let (worker, first) = case.invited();
    let again = || {
        ask(&case, "ada@example.org").assert_empty(202);
        case.messages().len()
    };
    assert_eq!(again(), 1, "it was sent a moment ago");
    case.server.advance(Duration::from_secs(60));
    assert_eq!(again(), 2);
    let link = case.link();
    assert!(link.starts_with("/invitations/"), "{link}");
    assert_eq!(case.open(&first).status, 404);
    let path = format!("/v1/users/{}/password-reset", worker["id"]);
    assert_eq!(
        case.native("POST", &path).json(&json!({})).send().status,
        409
    );
    // One that was taken back is not asked for.
    let path = format!("/v1/invitations/{}/revoke", case.number(&worker["id"]));
    assert_eq!(case.native("POST", &path).send().status, 204);
    case.server.advance(Duration::from_secs(60));
    assert_eq!(again(), 2);
}

#[test]
fn nobodys_mailbox_is_filled_and_the_newest_link_holds() {
    let (case, _, first) = asked();
    for _ in 0..3 {
        ask(&case, "ada@example.org").assert_empty(202);
    }
    assert_eq!(case.messages().len(), 1, "one a minute");
    case.server.advance(Duration::from_secs(61));
    ask(&case, "ada@example.org").assert_empty(202);
    let messages = case.messages();
    assert_eq!(messages.len(), 2);
    let second = &messages[1].link;
    assert_ne!(second, &first);
    assert_eq!(case.open(&first).status, 404);
    assert_eq!(case.open(second).status, 200);
}

#[test]
fn a_request_that_nothing_comes_of_holds_up_no_other() {
    let case = Case::start();
    let broken = person(&case.server, "ada@example.org", UserChange::default());
    person(&case.server, "bob@example.org", UserChange::default());
    // As another version may have left it.
    let unread = directory::store::Value::Json(r#"{"email_verified_at":"never"}"#.into());
    case.server.write(move |tx| {
        let sql = "UPDATE users SET attributes = $1 WHERE tenant_id = $2 AND id = $3";
        tx.execute(sql, &[unread.clone(), 1_i64.into(), broken.into()])
    });
    ask(&case, "ada@example.org").assert_empty(202);
    ask(&case, "bob@example.org").assert_empty(202);
    let to: Vec<_> = case.messages().into_iter().map(|each| each.to).collect();
    assert_eq!(to, ["bob@example.org"]);
    let left = case.server.read(|tx| {
        let count = "SELECT count(*) FROM password_reset_requests WHERE tenant_id = 1";
        tx.query_one(count, &[], |row| row.int())
    });
    assert_eq!(left, 0, "it is not tried for ever");
}

#[test]
fn requests_are_slowed_down_by_email_and_address_alike() {
    let case = Case::start();
    person(&case.server, "ada@example.org", UserChange::default());
    for email in ["ada@example.org", "nobody@example.org"] {
        for _ in 0..10 {
            assert_eq!(ask(&case, email).status, 202);
        }
        let limited = ask(&case, email);
        assert_eq!(limited.status, 429);
        assert!(limited.header("retry-after").is_some());
    }
    assert_eq!(ask(&case, "other@example.org").status, 202);
}

#[test]
fn a_link_ends_with_time_with_the_address_and_with_a_suspension() {
    let (case, id, link) = asked();
    let suspended = |on| UserChange {
        suspended: Change::Set(on),
        ..UserChange::default()
    };
    change(&case.server, id, suspended(true));
    assert_eq!(case.open(&link).status, 404);
    change(&case.server, id, suspended(false));
    assert_eq!(case.open(&link).status, 200);
    let email = |text: &str| UserChange {
        email: Change::Set(directory::model::Email::parse(text).unwrap()),
        ..UserChange::default()
    };
    change(&case.server, id, email("new@example.org"));
    assert_eq!(case.open(&link).status, 404);
    change(&case.server, id, email("ada@example.org"));
    assert_eq!(case.open(&link).status, 200);
    case.server.advance(Duration::from_secs(3_600));
    assert_eq!(case.open(&link).status, 404);
    assert_eq!(case.answer(&link, NEW, NEW, false).status, 404);
    assert!(case.server.password_is(id, PASSWORD));
}

#[test]
fn the_form_tells_what_is_wrong_and_sets_nothing() {
    let (case, id, link) = asked();
    for (password, again, told) in [
        ("", "", "Enter a password."),
        ("short", "short", "Use at least 8 characters."),
        ("password", "password", "easily guessed"),
        ("ada@example.org", "ada@example.org", "easily guessed"),
        (NEW, "", "Enter the password once more."),
        (NEW, PASSWORD, "The two passwords differ."),
    ] {
        let answer = case.answer(&link, password, again, false);
        assert_eq!(answer.status, 422, "{password}");
        assert!(answer.text.contains(told), "{told}: {}", answer.text);
        assert!(!answer.text.contains(NEW), "a password is never shown");
    }
    let json = case
        .server
        .post(&link)
        .json(&json!({"password": NEW}))
        .send();
    assert_eq!(json.status, 415);
    assert!(case.server.password_is(id, PASSWORD));
    assert_eq!(case.open(&format!("{link}x")).status, 404);
    assert_eq!(case.open("/password-resets/1-nobodys").status, 404);
    let page = case.open(&link);
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
    ] {
        assert_eq!(page.header(name), Some(value));
    }
}

#[test]
fn an_administrator_has_a_link_sent() {
    let case = Case::start();
    let id = person(&case.server, "ada@example.org", UserChange::default());
    let send = |id: i64, token: &str| {
        let path = format!("/v1/users/{id}/password-reset");
        case.server
            .post(&path)
            .bearer(token)
            .json(&json!({}))
            .send()
    };
    send(id, &case.key.token).assert_empty(202);
    let link = case.link();
    assert_eq!(case.answer(&link, NEW, NEW, false).status, 200);
    assert_eq!(send(999_999, &case.key.token).status, 404);
    let own = crate::sessions::enter(&case.server, "ada@example.org", NEW).expect(201);
    let own = own["token"].as_str().unwrap();
    assert_eq!(send(id, own).status, 403);
}

#[test]
fn a_request_of_the_wrong_shape_is_refused() {
    let case = Case::start();
    let send = |body: &Value| case.server.post("/v1/password-resets").json(body).send();
    assert_invalid(&send(&json!({})), &[("/email", "blank")]);
    assert_invalid(&send(&json!({"email": "x"})), &[("/email", "bad_format")]);
    assert_invalid(&send(&json!({"email": 1})), &[("/email", "wrong_type")]);
    let extra = json!({"email": "a@example.org", "link": "https://evil.example"});
    assert_invalid(&send(&extra), &[("/link", "unknown_field")]);
}
