//! A system that starts the server with few descriptors does not leave its clients waiting.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::harness::TestDatabase;

/// Fewer than the connections that the test makes, and well below what any system allows.
const FEW: &str = "ulimit -S -n 200 && exec \"$0\" \"$@\"";
const CONNECTIONS: usize = 300;
/// Shorter than an idle connection is kept: none of them makes room for another by ending.
const PATIENCE: Duration = Duration::from_secs(5);

fn ask(stream: &mut TcpStream) -> String {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
        .write_all(b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).unwrap();
    String::from_utf8(head.to_vec()).unwrap()
}

#[test]
fn more_clients_than_the_soft_limit_of_files_are_served_at_once() {
    let database = TestDatabase::new();
    let folder = std::env::temp_dir().join(format!("{}-files", database.name()));
    std::fs::create_dir_all(&folder).unwrap();
    let secret = folder.join("secret.key");
    std::fs::write(&secret, "0".repeat(64)).unwrap();
    let mut serving = Command::new("sh")
        .args(["-c", FEW, env!("CARGO_BIN_EXE_muster")])
        .args(["serve", "--listen", "127.0.0.1:0"])
        .args(["--management", "127.0.0.1:0", "-o", "json"])
        .env("MUSTER_DATABASE", database.url())
        .env("MUSTER_SECRET_KEY_FILE", &secret)
        .env("MUSTER_LOG", "error")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = String::new();
    let mut out = BufReader::new(serving.stdout.take().unwrap());
    out.read_line(&mut told).unwrap();
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let address = told["listen"].as_str().unwrap();
    let answered = std::panic::catch_unwind(|| {
        let mut all = Vec::new();
        for _ in 0..CONNECTIONS {
            let mut stream = TcpStream::connect(address).unwrap();
            assert_eq!(ask(&mut stream), "HTTP/1.1 200");
            all.push(stream);
        }
    });
    serving.kill().unwrap();
    serving.wait().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    answered.unwrap();
}
