//! Invitations from the request that makes one to the page that answers it.

mod accept;
mod hostile;
mod manage;
mod page;
mod words;

use std::sync::Arc;

use directory::keys::NewKey;
use muster::deliver::base_url::BaseUrl;
use muster::deliver::inbox::Inbox;
use muster::deliver::mailer::{EmailRoute, Mailer, SmsRoute};
use muster::deliver::templates::Templates;
use muster::router;
use serde_json::{Value, json};

use crate::harness::{Key, Request, Response, Server};

pub const PASSWORD: &str = "tide plank ferry orbit";
/// What links begin with: a name that leads nowhere, since no link is made of a request's host.
const BASE: &str = "https://directory.example.com";

/// A server whose messages are kept, and a key of an account.
pub struct Case {
    pub server: Server,
    pub account: i64,
    pub key: Key,
}

/// A message that was kept.
pub struct Message {
    pub channel: String,
    pub to: String,
    /// The path of the link in it.
    pub link: String,
    /// Its words.
    pub text: String,
}

impl Case {
    pub fn start() -> Self {
        let inbox = Inbox::default();
        let mailer = Mailer {
            base_url: Some(BaseUrl::parse(BASE).unwrap()),
            templates: Templates::built_in().unwrap(),
            email: EmailRoute::Inbox(inbox.clone()),
            sms: SmsRoute::Inbox(inbox.clone()),
        };
        let server = Server::start_serving(
            |app| app.mailer = Some(Arc::new(mailer)),
            |app| router::development(app, inbox),
        );
        let account = server.account("Acme");
        let key = server.key_with(NewKey {
            account_id: Some(account),
            owner_email: Some("ops@example.org".to_owned()),
            ..NewKey::default()
        });
        Self {
            server,
            account,
            key,
        }
    }

    /// Invites over Wonolo's API; answers the worker.
    pub fn invite(&self, more: Value) -> Value {
        let mut worker = json!({
            "type": "Worker",
            "first_name": "Ada",
            "last_name": "Lovelace",
            "phone": "415 555 2671",
        });
        let fields = worker.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        let request = self.server.post("/api_v2/users/invite");
        let answer = request
            .bearer(&self.key.token)
            .json(&json!({ "user": worker }));
        answer.send().expect(201)["user"].clone()
    }

    /// The messages that were sent until now, oldest first.
    pub fn messages(&self) -> Vec<Message> {
        self.server.settle();
        let kept = self.server.get("/dev/inbox.json").send().expect(200);
        let kept = kept["data"].as_array().unwrap().clone();
        let read = |message: &Value| {
            let text = message["text"].as_str().unwrap();
            let (_, link) = text.split_once(BASE).unwrap();
            let link = link.split_whitespace().next().unwrap();
            Message {
                channel: message["channel"].as_str().unwrap().to_owned(),
                to: message["to"].as_str().unwrap().to_owned(),
                link: link.trim_end_matches('.').to_owned(),
                text: text.to_owned(),
            }
        };
        kept.iter().rev().map(read).collect()
    }

    /// The path of the newest link.
    pub fn link(&self) -> String {
        self.messages().pop().expect("a message was sent").link
    }

    /// A worker invited by email, and the link they got.
    pub fn invited(&self) -> (Value, String) {
        let worker = self.invite(json!({ "email": "ada@example.org" }));
        let link = self.link();
        (worker, link)
    }

    pub fn open(&self, link: &str) -> Response {
        self.server.get(link).send()
    }

    pub fn answer(&self, link: &str, password: &str, again: &str, terms: bool) -> Response {
        let encode = |text: &str| {
            text.replace('%', "%25")
                .replace('&', "%26")
                .replace(' ', "+")
        };
        let (password, again) = (encode(password), encode(again));
        let terms = if terms { "&agreed_to_terms=1" } else { "" };
        self.server
            .post(link)
            .form(&format!(
                "username=x&password={password}&password_confirmation={again}{terms}"
            ))
            .send()
    }

    /// Answers as asked for.
    pub fn accept(&self, link: &str) -> Response {
        self.answer(link, PASSWORD, PASSWORD, true)
    }

    pub fn native(&self, method: &str, path: &str) -> Request {
        self.server.request(method, path).bearer(&self.key.token)
    }

    /// A user as `/v1` shows them.
    pub fn stored(&self, id: &Value) -> Value {
        self.native("GET", &format!("/v1/users/{id}"))
            .send()
            .expect(200)
    }

    /// The invitations of a user as `/v1` shows them.
    pub fn of_user(&self, id: &Value) -> Vec<Value> {
        let path = format!("/v1/invitations?user_id={id}");
        let listed = self.native("GET", &path).send().expect(200);
        listed["data"].as_array().unwrap().clone()
    }

    /// The number of a user's one invitation.
    pub fn number(&self, id: &Value) -> i64 {
        let own = self.of_user(id);
        assert_eq!(own.len(), 1, "{own:?}");
        own[0]["id"].as_i64().unwrap()
    }
}

/// The answer must be a page with this status and heading.
#[track_caller]
pub fn assert_page(answer: &Response, status: u16, heading: &str) {
    assert_eq!(answer.status, status, "{}", answer.text);
    let kind = answer.header("content-type");
    assert_eq!(kind, Some("text/html; charset=utf-8"));
    let heading = format!("<h1>{heading}</h1>");
    assert!(answer.text.contains(&heading), "{}", answer.text);
}
