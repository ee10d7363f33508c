use std::time::Duration;

use directory::store::Tx;
use serde_json::{Value, json};

use super::receiver::Receiver;
use crate::harness::{Key, Server};

struct Hooked {
    server: Server,
    key: Key,
    receiver: Receiver,
    id: i64,
    secret: String,
}

impl Hooked {
    fn start() -> Self {
        let server = Server::start();
        let key = server.key();
        let receiver = Receiver::start();
        let body = json!({ "url": receiver.url, "event_types": ["user_created"] });
        let made = server
            .post("/v1/webhooks")
            .bearer(&key.token)
            .json(&body)
            .send()
            .expect(201);
        server.settle();
        Self {
            id: made["id"].as_i64().unwrap(),
            secret: made["secret"].as_str().unwrap().to_owned(),
            server,
            key,
            receiver,
        }
    }

    fn create(&self, email: &str) {
        let body = json!({ "email": email });
        let request = self.server.post("/v1/users").bearer(&self.key.token);
        request.json(&body).send().expect(201);
        self.server.settle();
    }

    fn path(&self, rest: &str) -> String {
        format!("/v1/webhooks/{}{rest}", self.id)
    }

    fn get(&self, rest: &str) -> Value {
        let request = self.server.get(&self.path(rest)).bearer(&self.key.token);
        request.send().expect(200)
    }

    fn post(&self, rest: &str, body: &Value) -> crate::harness::Response {
        let request = self.server.post(&self.path(rest)).bearer(&self.key.token);
        request.json(body).send()
    }

    fn advance(&self, seconds: u64) {
        self.server.advance(Duration::from_secs(seconds));
        self.server.settle();
    }

    /// The only delivery, with its attempts.
    fn delivery(&self) -> Value {
        let list = self.get("/deliveries");
        let event = &list["data"][0]["event_id"];
        self.get(&format!("/deliveries/{event}"))
    }
}

fn verify(secret: &str, received: &super::receiver::Received, now: i64) -> bool {
    // The crate compares with the time of the machine: what is signed is checked by its own
    // signing, at the time of the test's clock.
    let webhook = standardwebhooks::Webhook::new(secret).unwrap();
    let id = received.header("webhook-id");
    let timestamp: i64 = received.header("webhook-timestamp").parse().unwrap();
    assert_eq!(timestamp, now);
    let expected = webhook
        .sign(id, timestamp, received.body.as_bytes())
        .unwrap();
    received
        .header("webhook-signature")
        .split(' ')
        .any(|each| each == expected)
}

#[test]
fn an_event_arrives_signed_and_in_its_shape() {
    let hooked = Hooked::start();
    hooked.create("ada@example.org");
    let received = hooked.receiver.received();
    assert_eq!(received.len(), 1);
    let now = hooked.server.now().as_second();
    assert!(verify(&hooked.secret, &received[0], now));
    assert!(!verify(
        "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        &received[0],
        now
    ));
    let feed = hooked
        .server
        .get("/v1/events?type=user_created")
        .bearer(&hooked.key.token)
        .send();
    let event = feed.expect(200)["data"][0].clone();
    let expected = json!({
        "type": "user_created",
        "timestamp": "2026-11-21T04:50:40.123Z",
        "data": event,
    });
    assert_eq!(received[0].json(), expected);
    assert_eq!(
        received[0].header("webhook-id"),
        format!("msg_{}", event["id"])
    );
    let delivery = hooked.delivery();
    assert_eq!(delivery["state"], json!("delivered"));
    assert_eq!(delivery["tries"][0]["status"], json!(204));
    assert_eq!(delivery["due_at"], json!(null));
    hooked.advance(86_400);
    assert_eq!(hooked.receiver.received().len(), 1, "it is sent once");
}

#[test]
fn a_failure_is_tried_again_with_the_same_id_and_a_fresh_timestamp() {
    let hooked = Hooked::start();
    hooked.receiver.answer("500 Internal Server Error", "");
    hooked.create("ada@example.org");
    assert_eq!(hooked.receiver.received().len(), 1);
    // A tenth more than each delay, which is the longest that its jitter makes it.
    for (attempt, wait) in [(2, 6), (3, 330), (4, 1_980), (5, 7_920)] {
        hooked.advance(wait);
        assert_eq!(hooked.receiver.received().len(), attempt);
    }
    hooked.receiver.answer("200 OK", "");
    hooked.advance(19_800);
    let received = hooked.receiver.received();
    assert_eq!(received.len(), 6);
    let ids: std::collections::BTreeSet<&str> = received
        .iter()
        .map(|each| each.header("webhook-id"))
        .collect();
    assert_eq!(ids.len(), 1);
    let times: std::collections::BTreeSet<&str> = received
        .iter()
        .map(|each| each.header("webhook-timestamp"))
        .collect();
    assert_eq!(times.len(), 6);
    let delivery = hooked.delivery();
    assert_eq!(
        (&delivery["state"], &delivery["attempts"]),
        (&json!("delivered"), &json!(6))
    );
    assert_eq!(delivery["tries"][0]["outcome"], json!("refused"));
}

#[test]
fn it_is_given_up_after_three_days() {
    let hooked = Hooked::start();
    hooked.receiver.answer("503 Service Unavailable", "");
    hooked.create("ada@example.org");
    for _ in 0..40 {
        hooked.advance(3 * 3_600);
    }
    let delivery = hooked.delivery();
    assert_eq!(delivery["state"], json!("failed"));
    let attempts = hooked.receiver.received().len();
    assert!((9..=14).contains(&attempts), "{attempts}");
    hooked.server.settle();
    let feed = hooked
        .server
        .get("/v1/events?type=webhook_delivery_failed")
        .bearer(&hooked.key.token);
    assert_eq!(feed.send().expect(200)["data"].as_array().unwrap().len(), 1);
}

#[test]
fn a_redirection_is_a_failure_and_is_not_followed() {
    let hooked = Hooked::start();
    let elsewhere = Receiver::start();
    let location = format!("location: {}\r\n", elsewhere.url);
    hooked.receiver.answer("302 Found", &location);
    hooked.create("ada@example.org");
    assert_eq!(hooked.receiver.received().len(), 1);
    assert_eq!(elsewhere.received().len(), 0);
    let delivery = hooked.delivery();
    assert_eq!(delivery["state"], json!("pending"));
    assert_eq!(delivery["tries"][0]["status"], json!(302));
}

#[test]
fn gone_disables_the_endpoint_and_that_is_an_event() {
    let hooked = Hooked::start();
    hooked.receiver.answer("410 Gone", "");
    hooked.create("ada@example.org");
    hooked.create("bob@example.org");
    assert_eq!(hooked.receiver.received().len(), 1);
    let webhook = hooked.get("");
    assert_eq!(webhook["enabled"], json!(false));
    assert_eq!(webhook["disabled_reason"], json!("gone"));
    hooked.server.settle();
    let path = format!("/v1/events?subject_type=webhook&subject_id={}", hooked.id);
    let feed = hooked
        .server
        .get(&path)
        .bearer(&hooked.key.token)
        .send()
        .expect(200);
    let told = feed["data"]
        .as_array()
        .unwrap()
        .iter()
        .any(|event| event["change"]["new"]["disabled_reason"] == json!("gone"));
    assert!(told, "{feed}");
}

#[test]
fn retry_after_is_honoured_within_reason() {
    let hooked = Hooked::start();
    hooked
        .receiver
        .answer("429 Too Many Requests", "retry-after: 600\r\n");
    hooked.create("ada@example.org");
    hooked.advance(599);
    assert_eq!(hooked.receiver.received().len(), 1);
    hooked
        .receiver
        .answer("503 Service Unavailable", "retry-after: 1000000000\r\n");
    hooked.advance(1);
    assert_eq!(hooked.receiver.received().len(), 2);
    hooked.advance(330 + 86_400);
    assert_eq!(hooked.receiver.received().len(), 3);
}

#[test]
fn while_a_secret_is_rotated_both_sign() {
    let hooked = Hooked::start();
    let rotated = hooked.post("/rotate-secret", &json!({})).expect(200);
    let new = rotated["secret"].as_str().unwrap().to_owned();
    assert_ne!(new, hooked.secret);
    hooked.create("a@example.org");
    let now = hooked.server.now().as_second();
    let received = hooked.receiver.received();
    assert!(verify(&hooked.secret, &received[0], now));
    assert!(verify(&new, &received[0], now));
    hooked.advance(86_400);
    hooked.create("b@example.org");
    let now = hooked.server.now().as_second();
    let received = hooked.receiver.received();
    assert!(!verify(&hooked.secret, &received[1], now));
    assert!(verify(&new, &received[1], now));
}

#[test]
fn a_delivery_and_a_span_of_time_are_replayed() {
    let hooked = Hooked::start();
    hooked.create("a@example.org");
    hooked.create("b@example.org");
    let event = hooked.get("/deliveries")["data"][1]["event_id"].clone();
    let replay = hooked.post(&format!("/deliveries/{event}/replay"), &json!({}));
    replay.assert_empty(202);
    hooked.server.settle();
    let received = hooked.receiver.received();
    assert_eq!(received.len(), 3);
    assert_eq!(
        received[2].header("webhook-id"),
        received[0].header("webhook-id")
    );
    let span = json!({ "since": "2026-11-21T00:00:00Z" });
    let replayed = hooked.post("/replay", &span);
    replayed.assert(202, &json!({ "replayed": 2, "next_cursor": null }));
    hooked.server.settle();
    assert_eq!(hooked.receiver.received().len(), 5);
    let later = json!({ "since": "2026-11-22T00:00:00Z" });
    hooked
        .post("/replay", &later)
        .assert(202, &json!({ "replayed": 0, "next_cursor": null }));
    let absent = hooked.post("/deliveries/99999/replay", &json!({}));
    assert_eq!(absent.status, 404);
    assert_eq!(hooked.post("/replay", &json!({})).status, 422);
}

#[test]
fn a_test_event_arrives_whatever_the_filter() {
    let hooked = Hooked::start();
    hooked.post("/test", &json!({})).assert_empty(202);
    hooked.server.settle();
    assert_eq!(hooked.receiver.types(), ["webhook_test"]);
}

#[test]
fn what_another_system_reports_is_sent_as_well() {
    let hooked = Hooked::start();
    let types = json!({ "event_types": ["lead_created"] });
    let request = hooked.server.request("PATCH", &hooked.path(""));
    let changed = request.bearer(&hooked.key.token).json(&types).send();
    changed.expect(200);
    let report = json!({
        "id": "x1",
        "type": "lead_created",
        "subject": { "type": "lead", "id": 17 },
        "data": { "score": 3 },
        "occurred_at": "2026-11-20T10:00:00Z",
    });
    let request = hooked.server.post("/v1/events").bearer(&hooked.key.token);
    request.json(&report).send().expect(202);
    hooked.create("ada@example.org");
    let received = hooked.receiver.received();
    assert_eq!(hooked.receiver.types(), ["lead_created"]);
    let body = received[0].json();
    assert_eq!(body["timestamp"], json!("2026-11-20T10:00:00.000Z"));
    assert_eq!(body["data"]["reported_id"], json!("x1"));
    assert_eq!(body["data"]["data"], json!({ "score": 3 }));
}

#[test]
fn a_secret_that_cannot_be_opened_fails_the_attempt_and_a_new_one_helps() {
    let hooked = Hooked::start();
    let (actor, id) = (hooked.server.operator(), hooked.id);
    // As with another secret key than the one that it was sealed with.
    let rotate = move |tx: &Tx<'_>| directory::webhooks::rotate(tx, &actor, id, "sealed elsewhere");
    hooked.server.write(rotate.clone());
    hooked.server.write(rotate);
    hooked.create("ada@example.org");
    assert_eq!(hooked.receiver.received().len(), 0);
    let delivery = hooked.delivery();
    assert_eq!(delivery["attempts"], json!(1));
    assert_eq!(delivery["tries"][0]["outcome"], json!("failed"));
    let answer = json!("the webhook cannot be signed");
    assert_eq!(delivery["tries"][0]["answer"], answer);
    // The old secret, which still cannot be opened, is in force for another day.
    let rotated = hooked.post("/rotate-secret", &json!({})).expect(200);
    hooked.advance(6);
    let received = hooked.receiver.received();
    assert_eq!(received.len(), 1);
    let secret = rotated["secret"].as_str().unwrap();
    let now = hooked.server.now().as_second();
    assert!(verify(secret, &received[0], now));
}

#[test]
fn a_disabled_webhook_gets_what_waited_when_it_is_enabled() {
    let hooked = Hooked::start();
    hooked.receiver.answer("500 Internal Server Error", "");
    hooked.create("a@example.org");
    let enable = |enabled: bool| {
        let request = hooked
            .server
            .request("PATCH", &hooked.path(""))
            .bearer(&hooked.key.token);
        request
            .json(&json!({ "enabled": enabled }))
            .send()
            .expect(200);
    };
    enable(false);
    hooked.create("b@example.org");
    hooked.advance(600);
    assert_eq!(hooked.receiver.received().len(), 1);
    hooked.receiver.answer("200 OK", "");
    enable(true);
    hooked.server.settle();
    assert_eq!(
        hooked.receiver.received().len(),
        2,
        "what waited, and not what came meanwhile"
    );
}

#[test]
fn a_test_of_a_disabled_webhook_waits_for_it() {
    let hooked = Hooked::start();
    let enable = |enabled: bool| {
        let request = hooked
            .server
            .request("PATCH", &hooked.path(""))
            .bearer(&hooked.key.token);
        request
            .json(&json!({ "enabled": enabled }))
            .send()
            .expect(200);
    };
    enable(false);
    hooked.post("/test", &json!({})).assert_empty(202);
    hooked.server.settle();
    assert_eq!(hooked.receiver.types(), [] as [&str; 0]);
    enable(true);
    hooked.server.settle();
    assert_eq!(hooked.receiver.types(), ["webhook_test"]);
}

#[test]
fn an_endpoint_that_does_not_answer_slows_no_other() {
    let hooked = Hooked::start();
    let stuck = Receiver::start();
    stuck.hold();
    let body = json!({ "url": stuck.url });
    let request = hooked.server.post("/v1/webhooks").bearer(&hooked.key.token);
    request.json(&body).send().expect(201);
    for user in 0..6 {
        let body = json!({ "email": format!("u{user}@example.org") });
        let request = hooked.server.post("/v1/users").bearer(&hooked.key.token);
        request.json(&body).send().expect(201);
    }
    let settling = hooked.server.begin_to_settle();
    stuck.wait_for(6);
    hooked.receiver.wait_for(6);
    stuck.answer("204 No Content", "");
    hooked.server.wait(settling).unwrap();
    assert_eq!(stuck.received().len(), 6);
    assert_eq!(hooked.receiver.received().len(), 6);
}
