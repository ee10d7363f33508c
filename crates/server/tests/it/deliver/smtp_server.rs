//! A real mail server, of another make, that answers as a test tells it to.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;

use serde_json::Value;

use crate::contracts::root;

pub struct SmtpServer {
    child: Child,
    /// What it says, read as it comes: a pipe that nobody reads fills up.
    said: mpsc::Receiver<Value>,
    pub port: u64,
    /// The certificate that its own is signed with, as PEM.
    pub certificate: String,
}

impl SmtpServer {
    /// Starts `smtp_server.py` with arguments of its own.
    pub fn start(arguments: &[&str]) -> Self {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/smtp_server.py");
        let mut child = Command::new(python())
            .arg(script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let first = line(&mut said).expect("the mail server did not start");
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            while let Some(message) = line(&mut said) {
                if tell.send(message).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            said: told,
            port: first["port"].as_u64().unwrap(),
            certificate: first["certificate"].as_str().unwrap().to_owned(),
        }
    }

    /// The next message that it took.
    pub fn message(&mut self) -> Value {
        self.said.recv().expect("the mail server ended")
    }

    /// Ends it: the messages that it took and nobody asked for.
    pub fn end(mut self) -> Vec<Value> {
        drop(self.child.stdin.take());
        let rest = self.said.iter().collect();
        assert!(self.child.wait().unwrap().success());
        rest
    }
}

/// A test that fails leaves no server behind.
impl Drop for SmtpServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn line(said: &mut BufReader<ChildStdout>) -> Option<Value> {
    let mut line = String::new();
    (said.read_line(&mut line).unwrap() > 0).then(|| serde_json::from_str(&line).unwrap())
}

/// Python with the packages of `tests/python-tools.txt`.
fn python() -> PathBuf {
    let python = root().join("target/python-tools/bin/python");
    assert!(
        python.exists(),
        "the mail server of the tests is not installed: run scripts/python-tools"
    );
    python
}
