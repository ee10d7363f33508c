//! A log that cannot be written costs its lines, and nothing else. Where there is no
//! `/dev/full`, nothing here runs.
#![cfg(target_os = "linux")]

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use crate::harness::{Request, TestDatabase};

/// A device that is always full.
const FULL: &str = "/dev/full";

#[test]
fn requests_are_answered_although_their_log_lines_cannot_be_written() {
    let database = TestDatabase::new();
    let folder = std::env::temp_dir().join(format!("{}-full-log", database.name()));
    std::fs::create_dir_all(&folder).unwrap();
    let secret = folder.join("secret.key");
    std::fs::write(&secret, "0".repeat(64)).unwrap();
    let log = OpenOptions::new().write(true).open(FULL).unwrap();
    let mut serving = Command::new(env!("CARGO_BIN_EXE_muster"))
        .args(["serve", "--listen", "127.0.0.1:0"])
        .args(["--management", "127.0.0.1:0", "-o", "json"])
        .env("MUSTER_DATABASE", database.url())
        .env("MUSTER_SECRET_KEY_FILE", &secret)
        .env("MUSTER_LOG", "info")
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap();
    let mut told = String::new();
    let mut out = BufReader::new(serving.stdout.take().unwrap());
    out.read_line(&mut told).unwrap();
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let url = format!("http://{}/health/live", told["listen"].as_str().unwrap());
    let answered = std::panic::catch_unwind(|| {
        for _ in 0..3 {
            assert_eq!(Request::new("GET", &url).send().status, 200);
        }
    });
    serving.kill().unwrap();
    serving.wait().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    answered.unwrap();
}
