//! A disk that answers writes with an error (requirement 7): the system's limit on the size of
//! files makes one, and takes it away again.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::json;

use crate::cli::{MUSTER, Operator, Serving};
use crate::harness::{Request, Response};

/// The largest that a file of the server may be from now on: bytes, or `unlimited`.
fn limit_files(serving: &Serving, size: &str) {
    let process = serving.process().to_string();
    // The soft limit alone, which may be raised again.
    let limit = format!("--fsize={size}:");
    let limited = Command::new("prlimit")
        .args(["--pid", &process, &limit])
        .status();
    assert!(limited.unwrap().success());
}

fn create(serving: &Serving, token: &str, email: &str) -> Response {
    let request = Request::new("POST", &format!("{}/v1/users", serving.clients)).bearer(token);
    request.json(&json!({ "email": email })).send()
}

fn emails(serving: &Serving, token: &str) -> BTreeSet<String> {
    let url = format!("{}/v1/users?limit=200", serving.clients);
    let listed = Request::new("GET", &url).bearer(token).send().expect(200);
    assert_eq!(listed["next_cursor"], json!(null));
    let rows = listed["data"].as_array().unwrap().iter();
    rows.map(|row| row["email"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn writes_that_the_disk_refuses_are_503_reads_go_on_and_it_recovers_by_itself() {
    let operator = Operator::on_sqlite();
    let key = operator.json(&["key", "create", "--name", "ops", "-ojson"]);
    let token = key["token"].as_str().unwrap();
    // Past the limit a process gets a signal, and an error where it ignores that.
    let mut starter = Command::new("sh");
    starter.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", MUSTER]);
    let serving = operator.serve_by(starter, &[]);
    let mut made = BTreeSet::new();
    for round in 0..3 {
        let log = std::fs::metadata(operator.folder.join("muster.db-wal")).unwrap();
        limit_files(&serving, &(log.len() + 100_000).to_string());
        let mut refused = 0;
        for user in 0..1_000 {
            let email = format!("{round}.{user}@example.org");
            let answer = create(&serving, token, &email);
            match answer.status {
                201 => assert!(made.insert(email)),
                status => {
                    assert_eq!(status, 503, "{}", answer.text);
                    refused += 1;
                }
            }
            if refused == 5 {
                break;
            }
        }
        assert_eq!(refused, 5, "no write was refused");
        assert_eq!(emails(&serving, token), made, "round {round}");
        limit_files(&serving, "unlimited");
        let email = format!("{round}.after@example.org");
        create(&serving, token, &email).expect(201);
        made.insert(email);
    }
    let (status, _, log) = serving.stop();
    assert_eq!(status, Some(0));
    assert!(log.contains("disk I/O error"), "{log}");
    let serving = operator.serve(&[]);
    assert_eq!(emails(&serving, token), made, "after a restart");
    let told = operator.json(&["backup", "whole.backup", "-ojson"]);
    assert!(told["bytes"].is_u64(), "the database is whole: {told}");
}
