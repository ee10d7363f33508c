//! Email, handed to a mail server of another make.

use std::time::Duration;

use muster::deliver::email::{DEADLINE, Smtp, SmtpSettings};
use muster::deliver::message::Attempt;
use muster::deliver::templates::EmailContent;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::now;
use super::smtp_server::SmtpServer;

const TO: &str = "ada@example.org";

fn smtp_to(url: String, certificate: Option<&str>, deadline: Duration) -> Smtp {
    Smtp::new(&SmtpSettings {
        url: &SecretString::from(url),
        from: "Müster & Söhne <no-reply@example.com>",
        deadline,
        also_trusted: certificate.map(str::as_bytes),
    })
    .unwrap()
}

fn plain(server: &SmtpServer) -> Smtp {
    smtp_to(format!("smtp://127.0.0.1:{}", server.port), None, DEADLINE)
}

fn content() -> EmailContent {
    EmailContent {
        subject: "Grüße, Ada".to_owned(),
        text: "Hello\n.\nA line after a dot: ünïcode\n".to_owned(),
        html: "<p>Hello</p>\n".to_owned(),
        unsubscribe: None,
    }
}

async fn send(smtp: &Smtp) -> Attempt {
    smtp.send(TO, "1-42", content(), now()).await
}

fn reason(attempt: &Attempt) -> (&'static str, &str) {
    let (kind, reason) = match attempt {
        Attempt::Refused { reason } => ("refused", reason),
        Attempt::Failed { reason, .. } => ("failed", reason),
        Attempt::Sent | Attempt::Waits => panic!("{attempt:?}"),
    };
    assert!(
        !reason.contains("ada") && !reason.contains("secret"),
        "{reason}"
    );
    (kind, reason)
}

fn header<'a>(message: &'a Value, name: &str) -> &'a str {
    let all = message["headers"].as_array().unwrap();
    let found: Vec<&Value> = all.iter().filter(|pair| pair[0] == name).collect();
    assert_eq!(found.len(), 1, "{name} in {all:?}");
    found[0][1].as_str().unwrap()
}

#[tokio::test]
async fn a_message_arrives_whole_with_both_parts_and_its_headers() {
    let mut server = SmtpServer::start(&[]);
    assert_eq!(send(&plain(&server)).await, Attempt::Sent);
    let message = server.message();
    assert_eq!(message["sender"], "no-reply@example.com");
    assert_eq!(message["recipients"], json!([TO]));
    assert_eq!(
        header(&message, "From"),
        "Müster & Söhne <no-reply@example.com>"
    );
    assert_eq!(header(&message, "To"), TO);
    assert_eq!(header(&message, "Subject"), "Grüße, Ada");
    assert_eq!(header(&message, "Date"), "Sat, 21 Nov 2026 04:50:40 +0000");
    assert_eq!(header(&message, "Message-ID"), "<1-42@example.com>");
    assert_eq!(header(&message, "Auto-Submitted"), "auto-generated");
    assert_eq!(message["content_type"], "multipart/alternative");
    assert_eq!(
        message["parts"],
        json!([
            [
                "text/plain",
                "Hello\r\n.\r\nA line after a dot: ünïcode\r\n"
            ],
            ["text/html", "<p>Hello</p>\r\n"]
        ])
    );
    assert_eq!(message["defects"], json!([]));
    assert_eq!(message["bare_line_ends"], false);
    assert_eq!(server.end(), Vec::<Value>::new());
}

#[tokio::test]
async fn one_click_unsubscription_is_offered_over_tls_alone() {
    let mut server = SmtpServer::start(&[]);
    let smtp = plain(&server);
    let headers = |message: &Value| -> Vec<(String, String)> {
        let all = message["headers"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let all = all.map(|pair| (text(&pair[0]), text(&pair[1])));
        all.filter(|(name, _)| name.starts_with("List-")).collect()
    };
    let long = format!(
        "://directory.example.com/unsubscribe/1-2.{}",
        "x".repeat(150)
    );
    for (scheme, offered) in [("https", true), ("http", false)] {
        let link = format!("{scheme}{long}");
        let with_link = EmailContent {
            unsubscribe: Some(link.clone()),
            ..content()
        };
        assert_eq!(smtp.send(TO, "1", with_link, now()).await, Attempt::Sent);
        let mut expected = vec![("List-Unsubscribe".to_owned(), format!("<{link}>"))];
        if offered {
            let post = "List-Unsubscribe=One-Click".to_owned();
            expected.push(("List-Unsubscribe-Post".to_owned(), post));
        }
        let message = server.message();
        assert_eq!(headers(&message), expected);
        assert_eq!(message["defects"], json!([]));
    }
    assert_eq!(send(&smtp).await, Attempt::Sent);
    assert_eq!(headers(&server.message()), []);
}

#[tokio::test]
async fn every_try_of_a_message_has_the_same_message_id() {
    let mut server = SmtpServer::start(&[]);
    let smtp = plain(&server);
    for _ in 0..2 {
        assert_eq!(send(&smtp).await, Attempt::Sent);
        assert_eq!(
            header(&server.message(), "Message-ID"),
            "<1-42@example.com>"
        );
    }
}

#[tokio::test]
async fn what_a_subject_or_an_address_holds_cannot_become_a_header() {
    let mut server = SmtpServer::start(&[]);
    let smtp = plain(&server);
    let hostile = EmailContent {
        subject: "Hello\r\nBcc: eve@example.org\r\n\r\nbody".to_owned(),
        ..content()
    };
    assert_eq!(
        smtp.send(TO, "1\r\nBcc: eve@example.org", hostile, now())
            .await,
        Attempt::Sent
    );
    let message = server.message();
    assert_eq!(message["recipients"], json!([TO]));
    let headers = message["headers"].as_array().unwrap();
    assert!(headers.iter().all(|pair| pair[0] != "Bcc"), "{headers:?}");
    for to in [
        "ada@example.org\r\nRCPT TO:<eve@example.org>",
        "ada@example.org>, <eve@e.org",
        "",
    ] {
        let attempt = smtp.send(to, "2", content(), now()).await;
        assert_eq!(reason(&attempt).0, "refused");
    }
    assert_eq!(server.end(), Vec::<Value>::new());
}

#[tokio::test]
async fn an_answer_for_good_about_the_recipient_or_the_message_is_a_refusal_and_no_other_is() {
    for (arguments, kind, shown) in [
        (
            ["--rcpt", "450 4.2.1 <ada@example.org> is busy"],
            "failed",
            "450 4.2.1",
        ),
        (
            ["--rcpt", "550 5.1.1 <ada@example.org> is nobody"],
            "refused",
            "550 5.1.1",
        ),
        (["--rcpt", "550 no such ada"], "refused", "550"),
        (["--rcpt", "530 5.7.0 log in first"], "failed", "530 5.7.0"),
        (["--mail", "550 5.7.1 not from you"], "failed", "550 5.7.1"),
        (["--mail", "451 4.3.0 later"], "failed", "451 4.3.0"),
        (
            ["--data", "554 5.6.0 we do not like it"],
            "refused",
            "554 5.6.0",
        ),
        (["--data", "452 4.3.1 full"], "failed", "452 4.3.1"),
    ] {
        let server = SmtpServer::start(&arguments);
        let attempt = send(&plain(&server)).await;
        let (is, reason) = reason(&attempt);
        assert_eq!(is, kind, "{arguments:?}");
        assert!(reason.contains(&format!("answered {shown} to")), "{reason}");
        assert_eq!(server.end(), Vec::<Value>::new());
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_and_one_that_hangs_at_the_goodbye_has_taken_it() {
    let soon = Duration::from_millis(300);
    for step in ["greeting", "rcpt"] {
        let server = SmtpServer::start(&["--hang", step]);
        let smtp = smtp_to(format!("smtp://127.0.0.1:{}", server.port), None, soon);
        let attempt = send(&smtp).await;
        assert_eq!(
            reason(&attempt),
            ("failed", "the mail server took too long")
        );
    }
    let mut server = SmtpServer::start(&["--hang", "quit"]);
    assert_eq!(send(&plain(&server)).await, Attempt::Sent);
    assert_eq!(header(&server.message(), "To"), TO);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_again() {
    let port = {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        taken.local_addr().unwrap().port()
    };
    let smtp = smtp_to(format!("smtp://127.0.0.1:{port}"), None, DEADLINE);
    let attempt = send(&smtp).await;
    assert_eq!(reason(&attempt).0, "failed");
}

#[tokio::test]
async fn with_tls_required_nothing_goes_to_a_server_that_does_not_offer_it() {
    let server = SmtpServer::start(&[]);
    let url = format!("smtp://127.0.0.1:{}?tls=required", server.port);
    let attempt = send(&smtp_to(url, None, DEADLINE)).await;
    let (kind, reason) = reason(&attempt);
    assert_eq!(kind, "failed");
    assert!(reason.contains("STARTTLS"), "{reason}");
    assert_eq!(server.end(), Vec::<Value>::new());
}

#[tokio::test]
async fn with_opportunistic_tls_it_is_used_where_it_is_offered() {
    for (arguments, tls) in [(&[][..], false), (&["--tls", "starttls"][..], true)] {
        let mut server = SmtpServer::start(arguments);
        let url = format!("smtp://127.0.0.1:{}?tls=opportunistic", server.port);
        let smtp = smtp_to(url, Some(&server.certificate), DEADLINE);
        assert_eq!(send(&smtp).await, Attempt::Sent);
        assert_eq!(server.message()["tls"], tls);
    }
}

#[tokio::test]
async fn the_login_goes_over_tls_and_a_wrong_one_is_tried_again_later() {
    for (mode, form) in [
        ("starttls", "smtp://U@H?tls=required"),
        ("implicit", "smtps://U@H"),
    ] {
        let mut server = SmtpServer::start(&["--tls", mode, "--login", "ada:se:cret"]);
        let url = |login: &str| {
            let host = format!("127.0.0.1:{}", server.port);
            form.replace('U', login).replace('H', &host)
        };
        let right = smtp_to(url("ada:se%3Acret"), Some(&server.certificate), DEADLINE);
        let wrong = smtp_to(url("ada:secret"), Some(&server.certificate), DEADLINE);
        let none = smtp_to(
            url("").replace("@", ""),
            Some(&server.certificate),
            DEADLINE,
        );
        let attempt = send(&wrong).await;
        let (kind, reason_wrong) = reason(&attempt);
        assert_eq!(kind, "failed");
        assert!(reason_wrong.contains("535"), "{reason_wrong}");
        let attempt = send(&none).await;
        assert_eq!(reason(&attempt).0, "failed");
        assert_eq!(send(&right).await, Attempt::Sent);
        let message = server.message();
        assert_eq!(
            (&message["tls"], &message["login"]),
            (&json!(true), &json!("ada"))
        );
        assert_eq!(server.end(), Vec::<Value>::new());
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_trusts_ends_the_try_before_the_password() {
    for (mode, form) in [
        ("starttls", "smtp://U@H?tls=required"),
        ("implicit", "smtps://U@H"),
    ] {
        let server = SmtpServer::start(&["--tls", mode, "--login", "ada:secret"]);
        let host = format!("127.0.0.1:{}", server.port);
        let url = form.replace('U', "ada:secret").replace('H', &host);
        let attempt = send(&smtp_to(url, None, DEADLINE)).await;
        let (kind, reason) = reason(&attempt);
        assert_eq!(kind, "failed");
        assert!(reason.contains("certificate"), "{reason}");
        assert_eq!(server.end(), Vec::<Value>::new());
    }
}

#[tokio::test]
async fn an_address_outside_ascii_needs_a_server_that_takes_it() {
    let to = "adä@bücher.example";
    let mut server = SmtpServer::start(&[]);
    let attempt = plain(&server).send(to, "1", content(), now()).await;
    assert_eq!(attempt, Attempt::Sent);
    let message = server.message();
    assert_eq!(message["recipients"], json!(["adä@xn--bcher-kva.example"]));
    assert_eq!(message["smtputf8"], true);
    let server = SmtpServer::start(&["--no-utf8"]);
    let attempt = plain(&server).send(to, "1", content(), now()).await;
    assert_eq!(reason(&attempt).0, "refused");
    // A domain alone is known to DNS in ASCII.
    let attempt = plain(&server)
        .send("ada@bücher.example", "1", content(), now())
        .await;
    assert_eq!(attempt, Attempt::Sent);
}
