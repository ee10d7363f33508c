//! A receiver of webhooks: keeps what comes, answers what the test says.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::Value;

/// One request that came.
#[derive(Debug, Clone)]
pub struct Received {
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(each, _)| each == name);
        &found.unwrap_or_else(|| panic!("no {name}")).1
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// A receiver on a port of its own.
pub struct Receiver {
    pub url: String,
    state: Arc<State>,
}

/// What came, and what is answered: none while answers are held back.
#[derive(Default)]
struct State {
    received: Mutex<Vec<Received>>,
    came: Condvar,
    answer: Mutex<Option<String>>,
    said: Condvar,
}

impl Receiver {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let state = Arc::new(State::default());
        let kept = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || serve(stream.unwrap(), &kept));
            }
        });
        let receiver = Self { url, state };
        receiver.answer("204 No Content", "");
        receiver
    }

    /// Holds all answers back until the next is said.
    pub fn hold(&self) {
        *self.state.answer.lock().unwrap() = None;
    }

    /// Waits until so many requests came, for half a minute at most.
    pub fn wait_for(&self, count: usize) {
        let received = self.state.received.lock().unwrap();
        let limit = Duration::from_secs(30);
        let waited = self
            .state
            .came
            .wait_timeout_while(received, limit, |received| received.len() < count);
        assert!(!waited.unwrap().1.timed_out(), "not {count} requests came");
    }

    /// What is answered from now on: a status line, and further headers.
    pub fn answer(&self, status: &str, headers: &str) {
        let text =
            format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n{headers}\r\n");
        *self.state.answer.lock().unwrap() = Some(text);
        self.state.said.notify_all();
    }

    /// What came until now.
    pub fn received(&self) -> Vec<Received> {
        self.state.received.lock().unwrap().clone()
    }

    /// The types of the events that came, in their order.
    pub fn types(&self) -> Vec<String> {
        let types = self.received().into_iter().map(|each| {
            let body = each.json();
            body["type"].as_str().unwrap().to_owned()
        });
        types.collect()
    }
}

fn serve(stream: TcpStream, state: &State) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let mut headers = Vec::new();
    let mut length = 0;
    loop {
        line.clear();
        if reader.read_line(&mut line).unwrap() == 0 || line == "\r\n" {
            break;
        }
        let (name, value) = line.trim_end().split_once(": ").unwrap();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().unwrap();
        }
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let body = String::from_utf8(body).unwrap();
    let received = Received { headers, body };
    state.received.lock().unwrap().push(received);
    state.came.notify_all();
    let answer = state.answer.lock().unwrap();
    let answer = state.said.wait_while(answer, |answer| answer.is_none());
    let answer = answer.unwrap().clone().unwrap();
    let _ = reader.get_mut().write_all(answer.as_bytes());
}
