//! Public forms as pages: what a browser sends, and what anybody could send.

mod browser;
mod hostile;
mod page;
mod shown;
mod verified;

use std::sync::Arc;
use std::time::Duration;

use muster::deliver::base_url::BaseUrl;
use muster::deliver::inbox::Inbox;
use muster::deliver::mailer::{EmailRoute, Mailer, SmsRoute};
use muster::deliver::templates::Templates;
use muster::router;
use serde_json::Value;

use crate::harness::{Key, Request, Response, Server};

const BASE: &str = "https://directory.example.com";
const SELLER: &str = "/forms/marketplace_seller";
const SENT: &str = "Check your mail";

/// A server with the forms of `examples/forms`, whose messages are kept.
struct Case {
    server: Server,
    key: Key,
}

impl Case {
    fn start() -> Self {
        Self::start_at(BASE)
    }

    /// One whose links begin so.
    fn start_at(base: &str) -> Self {
        let inbox = Inbox::default();
        let mailer = Mailer {
            base_url: Some(BaseUrl::parse(base).unwrap()),
            templates: Templates::built_in().unwrap(),
            email: EmailRoute::Inbox(inbox.clone()),
            sms: SmsRoute::Inbox(inbox.clone()),
        };
        let server = Server::start_serving(
            |app| app.mailer = Some(Arc::new(mailer)),
            |app| router::development(app, inbox),
        );
        crate::examples::with_examples(&server);
        let key = server.key();
        Self { server, key }
    }

    /// The page as a browser opens it.
    fn open(&self, path: &str) -> Opened {
        let answer = self.server.get(path).send();
        assert_eq!(answer.status, 200, "{}", answer.text);
        Opened::of(path, &answer)
    }

    /// A page that is filled in and sent.
    fn send(&self, opened: &Opened, fields: &[(&str, &str)]) -> Response {
        self.request(opened, fields)
            .header("cookie", &opened.cookie)
            .send()
    }

    fn request(&self, opened: &Opened, fields: &[(&str, &str)]) -> Request {
        let token = ("form_token", opened.token.as_str());
        self.server
            .post(&opened.path)
            .form(&encoded(fields.iter().chain([&token])))
    }

    /// The messages that were sent until now, oldest first: to whom, and their subject and text.
    fn messages(&self) -> Vec<(String, String, String)> {
        self.server.settle();
        let kept = self.server.get("/dev/inbox.json").send().expect(200);
        let text = |message: &Value, name: &str| message[name].as_str().unwrap().to_owned();
        let read = |message: &Value| {
            (
                text(message, "to"),
                text(message, "subject"),
                text(message, "text"),
            )
        };
        kept["data"]
            .as_array()
            .unwrap()
            .iter()
            .rev()
            .map(read)
            .collect()
    }

    /// The user of an address, as `/v1` shows them.
    fn user(&self, email: &str) -> Option<Value> {
        self.server.settle();
        let path = format!("/v1/users?email={}", email.replace('+', "%2B"));
        let found = self
            .server
            .get(&path)
            .bearer(&self.key.token)
            .send()
            .expect(200);
        found["data"].get(0).cloned()
    }

    /// How many users there are.
    fn user_count(&self) -> usize {
        self.server.settle();
        self.server.user_count()
    }

    /// The count that a statement answers.
    fn counted(&self, sql: &'static str) -> i64 {
        self.server
            .read(move |tx| tx.query_one(sql, &[], |row| row.int()))
    }

    /// What waits to be looked at: submissions, values that are kept for them, users and events.
    fn written(&self) -> [i64; 4] {
        [
            "SELECT count(*) FROM sign_ups WHERE tenant_id = 1",
            "SELECT count(*) FROM claims WHERE tenant_id = 1 AND owner_id < 0",
            "SELECT count(*) FROM users WHERE tenant_id = 1",
            "SELECT count(*) FROM events WHERE tenant_id = 1",
        ]
        .map(|sql| self.counted(sql))
    }

    /// Signs up, and answers the link that comes: the user, whose address is verified.
    fn verified(&self, email: &str, shop: &str) -> Value {
        let opened = self.open(SELLER);
        assert_page(&self.send(&opened, &seller(email, shop)), 200, SENT);
        let messages = self.messages();
        let (.., text) = messages.last().unwrap();
        let (_, link) = text.split_once(BASE).unwrap();
        let link = link.split_whitespace().next().unwrap();
        let password = "password=tide+plank+ferry+orbit";
        let both = format!("{password}&password_confirmation=tide+plank+ferry+orbit");
        assert_eq!(self.server.post(link).form(&both).send().status, 200);
        let user = self.user(email).unwrap();
        assert!(user["email_verified_at"].is_string(), "{user}");
        user
    }

    fn pause(&self) {
        self.server.advance(Duration::from_secs(3_601));
    }
}

/// A page, with what goes back with it.
struct Opened {
    path: String,
    token: String,
    cookie: String,
}

impl Opened {
    fn of(path: &str, answer: &Response) -> Self {
        let (_, rest) = answer
            .text
            .split_once("name=\"form_token\" value=\"")
            .unwrap();
        let cookie = answer.header("set-cookie").unwrap().split(';').next();
        Self {
            path: path.to_owned(),
            token: rest.split('"').next().unwrap().to_owned(),
            cookie: cookie.unwrap().to_owned(),
        }
    }
}

fn encoded<'a>(fields: impl Iterator<Item = &'a (&'a str, &'a str)>) -> String {
    let escape =
        |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
    let pairs = fields.map(|(name, value)| format!("{}={}", escape(name), escape(value)));
    pairs.collect::<Vec<_>>().join("&")
}

const SHOP: &str = "properties[shop]";
const COUNTRY: &str = "properties[country]";
const SIZE: &str = "profiles[developer][properties][company_size]";

/// A seller that nothing is wrong with.
fn seller<'a>(email: &'a str, shop: &'a str) -> [(&'a str, &'a str); 5] {
    [
        ("email", email),
        ("first_name", "Ada"),
        (SHOP, shop),
        (COUNTRY, "NO"),
        (SIZE, "12"),
    ]
}

/// The answer must be a page with this status and heading.
#[track_caller]
fn assert_page(answer: &Response, status: u16, heading: &str) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(
        answer.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let heading = format!("<h1>{heading}</h1>");
    assert!(answer.text.contains(&heading), "{}", answer.text);
}
