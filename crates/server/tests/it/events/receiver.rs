//! A receiver of webhooks: keeps what comes, answers what the test says.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

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
    received: Arc<Mutex<Vec<Received>>>,
    answer: Arc<Mutex<String>>,
}

impl Receiver {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(Mutex::new(String::new()));
        let (kept, said) = (Arc::clone(&received), Arc::clone(&answer));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (kept, said) = (Arc::clone(&kept), Arc::clone(&said));
                std::thread::spawn(move || serve(stream.unwrap(), &kept, &said));
            }
        });
        let receiver = Self {
            url,
            received,
            answer,
        };
        receiver.answer("204 No Content", "");
        receiver
    }

    /// What is answered from now on: a status line, and further headers.
    pub fn answer(&self, status: &str, headers: &str) {
        let text =
            format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n{headers}\r\n");
        *self.answer.lock().unwrap() = text;
    }

    /// What came until now.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
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

fn serve(stream: TcpStream, received: &Mutex<Vec<Received>>, answer: &Mutex<String>) {
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
    received.lock().unwrap().push(Received { headers, body });
    let answer = answer.lock().unwrap().clone();
    let _ = reader.get_mut().write_all(answer.as_bytes());
}
