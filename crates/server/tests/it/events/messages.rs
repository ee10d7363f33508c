//! Messages through the worker, by a gateway that does not always take them.

use std::sync::Arc;
use std::time::Duration;

use muster::deliver::base_url::BaseUrl;
use muster::deliver::mailer::{EmailRoute, Mailer, SmsRoute};
use muster::deliver::sms::SmsGateway;
use muster::deliver::templates::Templates;
use serde_json::{Value, json};

use super::receiver::Receiver;
use crate::harness::{Key, Server};

/// A server that sends SMS by a gateway, and a worker who is to get one.
struct Case {
    server: Server,
    key: Key,
    gateway: Receiver,
}

impl Case {
    fn start() -> Self {
        let gateway = Receiver::start();
        gateway.answer("201 Created", "");
        let url = gateway.url.replace("http://", "http://sid:token@");
        let sms = SmsGateway::new(&url.into(), "+14155550100", Duration::from_secs(15));
        let mailer = Mailer {
            base_url: Some(BaseUrl::parse("https://directory.example.com").unwrap()),
            templates: Templates::built_in().unwrap(),
            email: EmailRoute::None,
            sms: SmsRoute::Gateway(sms.unwrap()),
        };
        let server = Server::start_with(|app| app.mailer = Some(Arc::new(mailer)));
        let key = server.key();
        Self {
            server,
            key,
            gateway,
        }
    }

    fn invite(&self, more: &Value) {
        let mut worker = json!({
            "type": "Worker", "first_name": "Ada", "last_name": "Lovelace",
            "phone": "+14155552671",
        });
        let fields = worker.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        let request = self
            .server
            .post("/api_v2/users/invite")
            .bearer(&self.key.token);
        request.json(&json!({ "user": worker })).send().expect(201);
        self.server.settle();
    }

    fn advance(&self, seconds: u64) {
        self.server.advance(Duration::from_secs(seconds));
        self.server.settle();
    }

    fn told(&self, event_type: &str) -> usize {
        self.server.settle();
        let path = format!("/v1/events?type={event_type}");
        let page = self.server.get(&path).bearer(&self.key.token).send();
        page.expect(200)["data"].as_array().unwrap().len()
    }
}

#[test]
fn a_message_that_was_not_taken_is_sent_again_with_the_same_link() {
    let case = Case::start();
    case.gateway.answer("503 Service Unavailable", "");
    case.invite(&json!({}));
    assert_eq!(case.gateway.received().len(), 1);
    case.advance(4);
    assert_eq!(case.gateway.received().len(), 1);
    case.gateway.answer("201 Created", "");
    case.advance(2);
    case.advance(86_400);
    let received = case.gateway.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].body, received[1].body);
    assert!(
        received[0].body.contains("invitations%2F"),
        "{}",
        received[0].body
    );
    assert_eq!(case.told("message_failed"), 0);
}

#[test]
fn a_message_that_is_refused_for_good_is_given_up_and_told_of() {
    let case = Case::start();
    case.gateway.answer("400 Bad Request", "");
    case.invite(&json!({}));
    case.advance(3 * 86_400);
    assert_eq!(case.gateway.received().len(), 1);
    assert_eq!(case.told("message_failed"), 1);
}

#[test]
fn a_message_waits_while_nothing_is_configured_that_sends_it() {
    let case = Case::start();
    case.invite(&json!({ "email": "ada@example.org" }));
    case.advance(30 * 86_400);
    assert_eq!(case.gateway.received().len(), 0, "it would go by email");
    assert_eq!(case.told("message_failed"), 0);
    let ready = case.server.get("/health/ready").send().expect(200);
    assert_eq!(
        (&ready["email"], &ready["sms"]),
        (&json!("waits: not configured"), &json!("gateway"))
    );
}
