//! How an operator has messages sent, or kept.

use std::process::Output;

use serde_json::{Value, json};

use super::Operator;
use crate::harness::Request;

const SMTP: [&str; 2] = ["--smtp-url", "smtps://u:hunter2@mail.example.com"];
const FROM: [&str; 2] = ["--mail-from", "Acme <no-reply@example.com>"];
const BASE: [&str; 2] = ["--base-url", "https://directory.example.com"];

fn refused(output: &Output) -> String {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    said
}

fn ready(url: &str) -> Value {
    let url = format!("{url}/health/ready");
    Request::new("GET", &url).send().expect(200)
}

#[test]
fn the_inbox_of_development_is_refused_on_an_address_that_others_reach() {
    let operator = Operator::new();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
        let said = refused(&operator.run(&["serve", "--dev", "--listen", address]));
        assert!(
            said.contains("--dev") && said.contains("loopback"),
            "{said}"
        );
    }
}

#[test]
fn in_development_everything_is_kept_and_shown_whatever_is_configured() {
    let operator = Operator::new();
    let serving = operator.serve(&[&["--dev"][..], &SMTP, &FROM].concat());
    let inbox = Request::new("GET", &format!("{}/dev/inbox.json", serving.clients)).send();
    inbox.assert(200, &json!({ "data": [] }));
    for url in [&serving.clients, &serving.operators] {
        let ready = ready(url);
        assert_eq!(
            (&ready["email"], &ready["sms"]),
            (&json!("inbox"), &json!("inbox"))
        );
    }
    let elsewhere = format!("{}/dev/inbox", serving.operators);
    Request::new("GET", &elsewhere).send().expect(404);
    let shown = format!("email and SMS are kept at {}/dev/inbox\n", serving.clients);
    let (_, out, _) = serving.stop();
    assert!(out.starts_with(&shown), "{out}");
}

#[test]
fn with_nothing_configured_readiness_and_the_log_say_that_messages_wait() {
    let operator = Operator::new();
    let serving = operator.serve(&[]);
    let waits = json!("waits: not configured");
    let ready = ready(&serving.clients);
    assert_eq!((&ready["email"], &ready["sms"]), (&waits, &waits));
    let inbox = format!("{}/dev/inbox", serving.clients);
    Request::new("GET", &inbox).send().expect(404);
    let (_, _, log) = serving.stop();
    for channel in ["email", "sms"] {
        let told = log.lines().any(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            line["level"] == "WARN" && line["channel"] == channel
        });
        assert!(told, "{log}");
    }
}

#[test]
fn a_secret_comes_from_the_environment_from_a_file_or_from_the_configuration() {
    let operator = Operator::new();
    let secret = operator.folder.join("smtp");
    std::fs::write(&secret, "smtps://u:hunter2@mail.example.com\n").unwrap();
    let config = operator.folder.join("muster.toml");
    std::fs::write(
        &config,
        "smtp_url_file = \"smtp\"\nmail_from = \"a@example.com\"\n\
        sms_url = \"https://AC1:hunter2@api.example.com\"\nsms_from = \"Acme\"\n\
        base_url = \"https://directory.example.com/\"\n",
    )
    .unwrap();
    let doctor = ["doctor", "-o", "json"];
    let told = operator.json(&[&doctor[..], &["--config", "muster.toml"]].concat());
    assert_eq!(told["email"], "smtp");
    assert_eq!(told["sms"], "gateway");
    assert_eq!(told["base_url"], "https://directory.example.com");
    let mut command = operator.command(&[&doctor[..], &FROM, &BASE].concat());
    command.env("MUSTER_SMTP_URL_FILE", &secret);
    let output = command.output().unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["email"], "smtp");
    assert_eq!(told["sms"], "not configured: messages wait");
    let both = [
        &doctor[..],
        &SMTP,
        &FROM,
        &BASE,
        &["--smtp-url-file", "smtp"],
    ]
    .concat();
    let said = refused(&operator.run(&both));
    assert!(said.contains("smtp_url and smtp_url_file"), "{said}");
    let help = operator.command(&["serve", "--help"]);
    let mut help = help;
    help.env("MUSTER_SMTP_URL", "smtps://u:hunter2@h");
    let shown = String::from_utf8(help.output().unwrap().stdout).unwrap();
    assert!(shown.contains("MUSTER_SMTP_URL") && !shown.contains("hunter2"));
}

#[test]
fn a_server_does_not_start_with_mail_that_could_not_be_sent() {
    let operator = Operator::new();
    let serve = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--management",
        "127.0.0.1:0",
    ];
    let refused_with = |arguments: &[&[&str]]| {
        let arguments = [&serve[..], &arguments.concat()].concat();
        refused(&operator.run(&arguments))
    };
    for (arguments, names) in [
        (&[&SMTP[..], &BASE][..], "mail_from"),
        (&[&SMTP, &FROM], "base_url"),
        (&[&SMTP, &BASE, &["--mail-from", "nobody"]], "mail_from"),
        (
            &[&FROM, &BASE, &["--smtp-url", "http://u:hunter2@h"]],
            "smtp_url",
        ),
        (
            &[&FROM, &BASE, &["--smtp-url", "smtp://u:hunter2@h.example"]],
            "TLS",
        ),
        (&[&FROM, &BASE, &["--smtp-url-file", "nowhere"]], "nowhere"),
        (&[&SMTP, &FROM, &["--base-url", "directory"]], "base_url"),
        (
            &[&BASE, &["--sms-url", "https://AC1:hunter2@h"]],
            "sms_from",
        ),
        (
            &[
                &BASE,
                &["--sms-url", "http://AC1:hunter2@h", "--sms-from", "x"],
            ],
            "sms_url",
        ),
    ] {
        let said = refused_with(arguments);
        assert!(said.contains(names), "{said}");
    }
}

#[test]
fn a_server_does_not_start_with_a_broken_template_and_names_its_line() {
    let operator = Operator::new();
    let folder = operator.folder.join("templates");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("invitation.txt"), "Hello\n{{ lnk }}\n").unwrap();
    let serve = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--management",
        "127.0.0.1:0",
    ];
    let said = refused(&operator.run(&[&serve[..], &["--templates", "templates"]].concat()));
    assert!(
        said.contains("templates/invitation.txt, line 2: undefined value"),
        "{said}"
    );
}

#[test]
fn the_base_url_is_what_passkeys_are_bound_to_and_the_log_says_where_it_cannot_be() {
    let operator = Operator::new();
    let asked = |serving: &super::Serving| {
        let url = format!("{}/v1/passkeys/authentication-options", serving.clients);
        Request::new("POST", &url).json(&json!({})).send()
    };
    let serving = operator.serve(&BASE);
    let options = &asked(&serving).expect(200)["options"];
    assert_eq!(options["rpId"], "directory.example.com");
    serving.stop();
    let serving = operator.serve(&["--base-url", "http://192.0.2.1"]);
    assert_eq!(asked(&serving).expect(409)["code"], "conflict");
    let (_, _, log) = serving.stop();
    assert!(log.contains("passkeys need a host with a name"), "{log}");
    let serving = operator.serve(&[]);
    asked(&serving).expect(409);
    serving.stop();
}
