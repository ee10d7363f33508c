//! The capture inbox, over HTTP.

use muster::deliver::inbox::Inbox;
use muster::deliver::mailer::{EmailRoute, Mailer, SmsRoute};
use muster::deliver::message::{Attempt, Recipient, TemplateName};
use muster::deliver::templates::Templates;
use muster::router;
use serde_json::{Value, json};

use super::{message, now};
use crate::harness::Server;

const LINK: &str = "http://127.0.0.1:8080/verify?token=t0ken&x=y";

fn mailer(inbox: Option<&Inbox>) -> Mailer {
    Mailer {
        base_url: None,
        templates: Templates::built_in().unwrap(),
        email: inbox.map_or(EmailRoute::None, |inbox| EmailRoute::Inbox(inbox.clone())),
        sms: inbox.map_or(SmsRoute::None, |inbox| SmsRoute::Inbox(inbox.clone())),
    }
}

/// A server whose inbox has had an email and an SMS.
fn with_two_messages() -> Server {
    let inbox = Inbox::default();
    let mailer = mailer(Some(&inbox));
    let server = Server::start_serving(|_| {}, move |app| router::development(app, inbox));
    let email = message(
        "1-1",
        Recipient::Email("ada@example.org".to_owned()),
        TemplateName::Verification,
        json!({ "link": LINK, "name": "</iframe><script>alert(1)</script>" }),
    );
    let sms = message(
        "1-2",
        Recipient::Phone("+14155550123".to_owned()),
        TemplateName::SmsVerificationCode,
        json!({ "code": "123456" }),
    );
    for message in [email, sms] {
        assert_eq!(server.wait(mailer.send(&message, now())), Attempt::Sent);
    }
    server
}

#[test]
fn the_json_has_what_would_have_been_sent_newest_first() {
    let server = with_two_messages();
    let body = server.get("/dev/inbox.json").send().expect(200);
    let messages = body["data"].as_array().unwrap();
    assert_eq!(
        messages[0],
        json!({
            "id": "1-2",
            "time": "2026-11-21T04:50:40.123Z",
            "channel": "sms",
            "to": "+14155550123",
            "subject": null,
            "text": "Your code is 123456. Share it with nobody.",
            "html": null,
        })
    );
    let email = &messages[1];
    assert_eq!(
        (&email["id"], &email["channel"]),
        (&json!("1-1"), &json!("email"))
    );
    assert_eq!(email["to"], "ada@example.org");
    assert_eq!(email["subject"], "Verify your email address");
    assert!(email["text"].as_str().unwrap().contains(LINK));
    assert!(
        email["html"]
            .as_str()
            .unwrap()
            .starts_with("<!doctype html>")
    );
    assert_eq!(messages.len(), 2);
}

#[test]
fn the_page_shows_the_newest_message_or_the_chosen_one_and_its_links() {
    let server = with_two_messages();
    let newest = server.get("/dev/inbox").send();
    assert_eq!(newest.status, 200);
    assert_eq!(
        newest.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(
        newest.text.contains("<dd>+14155550123</dd>"),
        "{}",
        newest.text
    );
    assert!(
        newest.text.contains("href=\"/dev/inbox?id=1-1\""),
        "{}",
        newest.text
    );
    let chosen = server.get("/dev/inbox?id=1-1").send();
    let escaped = LINK.replace('&', "&amp;").replace('/', "&#x2f;");
    let link = format!("<a href=\"{escaped}\" rel=\"noreferrer\">{escaped}</a>");
    assert!(chosen.text.contains(&link), "{}", chosen.text);
    assert!(chosen.text.contains("<dd>ada@example.org</dd>"));
    for gone in [
        "/dev/inbox?id=9",
        "/dev/inbox?id=%ff",
        "/dev/inbox?id=1&id=2",
    ] {
        assert_eq!(server.get(gone).send().status, 200, "{gone}");
    }
}

#[test]
fn nothing_in_a_message_runs_in_the_page() {
    let server = with_two_messages();
    let page = server.get("/dev/inbox?id=1-1").send();
    assert!(!page.text.contains("<script"), "{}", page.text);
    assert!(
        page.text
            .contains("sandbox=\"\" srcdoc=\"&lt;!doctype html&gt;")
    );
    assert_eq!(page.text.matches("<iframe").count(), 1);
    assert_eq!(page.text.matches("</iframe").count(), 1);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    assert!(!policy.contains("script-src"), "{policy}");
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(page.header(name), Some(value));
    }
}

#[test]
fn a_request_for_another_host_finds_no_inbox() {
    let server = with_two_messages();
    for path in ["/dev/inbox", "/dev/inbox.json"] {
        for host in [
            "evil.example",
            "127.0.0.1.evil.example",
            "192.0.2.1",
            "localhost.evil",
        ] {
            let refused = server.get(path).header("host", host).send();
            assert_eq!(refused.expect(404)["code"], "not_found", "{host}");
        }
        for host in ["localhost:8080", "127.0.0.1", "[::1]:8080", "LOCALHOST"] {
            let shown = server.get(path).header("host", host).send();
            assert_eq!(shown.status, 200, "{host}");
        }
    }
}

#[test]
fn an_empty_inbox_says_so() {
    let inbox = Inbox::default();
    let server = Server::start_serving(|_| {}, move |app| router::development(app, inbox));
    let page = server.get("/dev/inbox").send();
    assert!(page.text.contains("No message yet"), "{}", page.text);
    let body: Value = server.get("/dev/inbox.json").send().expect(200);
    assert_eq!(body, json!({ "data": [] }));
}

#[test]
fn without_development_there_is_no_inbox() {
    let server = Server::start();
    server.get("/dev/inbox").send().expect(404);
    server.get("/dev/inbox.json").send().expect(404);
}

#[test]
fn with_nothing_configured_messages_wait_and_a_wrong_recipient_is_refused() {
    let server = Server::start();
    let send = |mailer: &Mailer, to, template| {
        let message = message("1", to, template, json!({ "link": LINK, "code": "1" }));
        server.wait(mailer.send(&message, now()))
    };
    let email = || Recipient::Email("ada@example.org".to_owned());
    let phone = || Recipient::Phone("+14155550123".to_owned());
    let nothing = mailer(None);
    assert_eq!(
        send(&nothing, email(), TemplateName::Invitation),
        Attempt::Waits
    );
    assert_eq!(
        send(&nothing, phone(), TemplateName::SmsInvitation),
        Attempt::Waits
    );
    let inbox = Inbox::default();
    let kept = mailer(Some(&inbox));
    let crossed = send(&kept, phone(), TemplateName::Invitation);
    assert!(matches!(crossed, Attempt::Refused { .. }), "{crossed:?}");
    let incomplete = send(&kept, email(), TemplateName::Notification);
    let Attempt::Refused { reason } = incomplete else {
        panic!("{incomplete:?}");
    };
    assert!(!reason.contains("t0ken"), "{reason}");
}
