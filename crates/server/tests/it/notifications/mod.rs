//! An event posted, and who is told: by a real mail server, an SMS gateway, and the website's list.

mod digests;
mod messages;
mod unsubscribe;
mod year;

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use muster::deliver::base_url::BaseUrl;
use muster::deliver::email::{DEADLINE, Smtp, SmtpSettings};
use muster::deliver::mailer::{EmailRoute, Mailer, SmsRoute};
use muster::deliver::sms::SmsGateway;
use muster::deliver::templates::Templates;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::deliver::smtp_server::SmtpServer;
use crate::events::receiver::Receiver;
use crate::harness::{Key, Response, Server};

const BASE: &str = "https://directory.example.com";

/// A server that sends email and SMS, an account, and a key with part in it.
struct Case {
    server: Server,
    mail: SmtpServer,
    gateway: Receiver,
    account: i64,
    key: Key,
}

impl Case {
    fn start() -> Self {
        let mail = SmtpServer::start(&[]);
        let gateway = Receiver::start();
        gateway.answer("201 Created", "");
        let url = gateway.url.replace("http://", "http://sid:token@");
        let sms = SmsGateway::new(&url.into(), "+14155550100", Duration::from_secs(15));
        let smtp = Smtp::new(&SmtpSettings {
            url: &SecretString::from(format!("smtp://127.0.0.1:{}", mail.port)),
            from: "Acme <no-reply@example.com>",
            deadline: DEADLINE,
            also_trusted: None,
        });
        let mailer = Mailer {
            base_url: Some(BaseUrl::parse(BASE).unwrap()),
            templates: Templates::built_in().unwrap(),
            email: EmailRoute::Smtp(Box::new(smtp.unwrap())),
            sms: SmsRoute::Gateway(sms.unwrap()),
        };
        let server = Server::start_with(|app| app.mailer = Some(Arc::new(mailer)));
        let account = server.account("Acme");
        let key = server.key();
        Self {
            server,
            mail,
            gateway,
            account,
            key,
        }
    }

    /// Makes a user through `/v1`, who is sent nothing for it; answers their number.
    fn user(&self, name: &str, more: &Value) -> i64 {
        let mut body = json!({ "email": format!("{name}@example.org") });
        let fields = body.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        let request = self.server.post("/v1/users").bearer(&self.key.token);
        let made = request.json(&body).send().expect(201);
        made["id"].as_i64().unwrap()
    }

    /// Makes a user a member of the account.
    fn member(&self, name: &str, more: &Value) -> i64 {
        let mut more = more.clone();
        more["accounts"] = json!([{ "id": self.account }]);
        self.user(name, &more)
    }

    fn prefers(&self, user: i64, rules: &Value) {
        let path = format!("/v1/users/{user}/notification-preferences");
        let request = self.server.request("PUT", &path).bearer(&self.key.token);
        request.json(&json!({ "data": rules })).send().expect(200);
    }

    /// Reports an event, and lets the worker do what is due.
    fn post(&self, event: &Value) {
        let request = self.server.post("/v1/events").bearer(&self.key.token);
        request.json(event).send().expect(202);
        self.server.settle();
    }

    fn lead(&self, id: &str, account: Option<i64>) {
        self.post(&json!({
            "id": id, "type": "lead_created", "account_id": account,
            "subject": { "type": "lead", "id": id }, "data": { "secret": "hunter2" },
        }));
    }

    /// Moves time forward to a moment, and lets the worker do what is due.
    fn moves_to(&self, moment: Timestamp) {
        let by: SignedDuration = moment.duration_since(self.server.now());
        self.server.advance(by.try_into().unwrap());
        self.server.settle();
    }

    fn get(&self, path: &str) -> Response {
        self.server.get(path).bearer(&self.key.token).send()
    }

    /// What a user's list shows, newest first.
    fn list(&self, user: i64) -> Vec<Value> {
        let shown = self
            .get(&format!("/v1/users/{user}/notifications"))
            .expect(200);
        shown["data"].as_array().unwrap().clone()
    }

    /// All mail that was sent; ends the mail server.
    fn mailbox(self) -> Vec<Value> {
        self.mail.end()
    }
}

fn header<'a>(message: &'a Value, name: &str) -> Option<&'a str> {
    let all = message["headers"].as_array().unwrap();
    let found: Vec<&Value> = all.iter().filter(|pair| pair[0] == name).collect();
    assert!(found.len() < 2, "{name} in {all:?}");
    found.first().map(|pair| pair[1].as_str().unwrap())
}

/// Whom each message went to, with its subject; sorted.
fn told(mailbox: &[Value]) -> Vec<(String, String)> {
    let read = |message: &Value| {
        let to = message["recipients"][0].as_str().unwrap();
        (
            to.to_owned(),
            header(message, "Subject").unwrap().to_owned(),
        )
    };
    let mut told: Vec<_> = mailbox.iter().map(read).collect();
    told.sort();
    told
}

fn text(message: &Value) -> String {
    let text = message["parts"][0][1].as_str().unwrap();
    text.replace("\r\n", "\n")
}
