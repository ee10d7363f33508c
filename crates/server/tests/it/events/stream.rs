use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

use directory::users::UserChange;
use serde_json::{Value, json};

use crate::harness::{Key, Server};
use crate::sessions::{member, person, token};

/// A client of the stream: the raw connection, read line by line.
struct Client(BufReader<TcpStream>);

impl Client {
    fn open(server: &Server, token: &str, more: &str) -> Self {
        let address = server.url().strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let limit = Some(std::time::Duration::from_secs(20));
        stream.set_read_timeout(limit).unwrap();
        write!(
            stream,
            "GET /v1/events/stream?type=user_created HTTP/1.1\r\nhost: x\r\n\
             authorization: Bearer {token}\r\n{more}\r\n"
        )
        .unwrap();
        let mut client = Self(BufReader::new(stream));
        let head = client.until("\nid: ");
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert!(head.contains("text/event-stream"), "{head}");
        client
    }

    fn until(&mut self, text: &str) -> String {
        let mut all = String::new();
        while !all.contains(text) {
            assert!(self.0.read_line(&mut all).unwrap() > 0, "it ended: {all}");
        }
        all
    }

    /// The next event: its id and data.
    fn event(&mut self) -> (String, Value) {
        let text = self.until("data: ");
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap().to_owned()
        };
        assert_eq!(field("event: "), "user_created");
        (
            field("id: "),
            serde_json::from_str(&field("data: ")).unwrap(),
        )
    }
}

fn create(server: &Server, key: &Key, email: &str) {
    let body = json!({ "email": email });
    server
        .post("/v1/users")
        .bearer(&key.token)
        .json(&body)
        .send()
        .expect(201);
    server.settle();
}

#[test]
fn the_stream_goes_on_after_the_last_event_that_was_seen() {
    let server = Server::start();
    let key = server.key();
    create(&server, &key, "before@example.org");
    let mut client = Client::open(&server, &key.token, "");
    create(&server, &key, "a@example.org");
    let (id, event) = client.event();
    assert_eq!(event["change"]["new"]["email"], json!("a@example.org"));
    drop(client);
    create(&server, &key, "b@example.org");
    create(&server, &key, "c@example.org");
    let mut client = Client::open(&server, &key.token, &format!("last-event-id: {id}\r\n"));
    let emails =
        [client.event(), client.event()].map(|(_, event)| event["change"]["new"]["email"].clone());
    assert_eq!(emails, [json!("b@example.org"), json!("c@example.org")]);
    let mut all = Client::open(&server, &key.token, "last-event-id: 0\r\n");
    assert_eq!(
        all.event().1["change"]["new"]["email"],
        json!("before@example.org")
    );
}

#[test]
fn the_stream_ends_with_its_key() {
    let server = Server::start();
    let key = server.key();
    let mut client = Client::open(&server, &key.token, "");
    let (actor, id) = (server.operator(), key.id.clone());
    server.write(move |tx| directory::keys::revoke(tx, &actor, &id));
    let mut rest = String::new();
    while client.0.read_line(&mut rest).unwrap() > 0 {}
    assert!(!rest.contains("data: "), "{rest}");
}

#[test]
fn a_stream_stays_in_the_account_that_it_was_asked_for() {
    let server = Server::start();
    let (first, second) = (server.account("First"), server.account("Second"));
    let admin = UserChange {
        accounts: vec![member(first, true), member(second, true)],
        ..UserChange::default()
    };
    person(&server, "admin@example.org", admin);
    let own = token(&server, "admin@example.org");
    let place = format!("x-account-id: {second}\r\n");
    let mut client = Client::open(&server, &own, &place);
    let join = |email: &str, account: i64| {
        let change = UserChange {
            accounts: vec![member(account, false)],
            ..UserChange::default()
        };
        person(&server, email, change);
        server.settle();
    };
    join("one@example.org", first);
    join("two@example.org", second);
    let (_, event) = client.event();
    assert_eq!(event["change"]["new"]["email"], json!("two@example.org"));
}

#[test]
fn an_id_that_is_none_is_refused() {
    let server = Server::start();
    let key = server.key();
    let refused = server
        .get("/v1/events/stream")
        .bearer(&key.token)
        .header("last-event-id", "x")
        .send();
    assert_eq!(refused.status, 400);
}
