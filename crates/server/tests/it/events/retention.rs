use std::time::Duration;

use serde_json::{Value, json};

use super::receiver::Receiver;
use crate::harness::{Key, Server};

const DAY: u64 = 86_400;

fn create(server: &Server, key: &Key, email: &str) {
    let request = server.post("/v1/users").bearer(&key.token);
    request.json(&json!({ "email": email })).send().expect(201);
    server.settle();
}

fn get(server: &Server, key: &Key, path: &str) -> Value {
    server.get(path).bearer(&key.token).send().expect(200)
}

#[test]
fn events_and_what_was_delivered_of_them_are_kept_as_long_as_is_set() {
    let server = Server::start();
    let key = server.key();
    let receiver = Receiver::start();
    let body = json!({ "url": receiver.url, "event_types": ["user_created"] });
    let request = server.post("/v1/webhooks").bearer(&key.token);
    request.json(&body).send().expect(201);
    create(&server, &key, "old@example.org");
    server.advance(Duration::from_secs(399 * DAY));
    create(&server, &key, "new@example.org");
    let deliveries = || get(&server, &key, "/v1/webhooks/1/deliveries");
    let count = |page: &Value| page["data"].as_array().unwrap().len();
    server.clean();
    assert_eq!(count(&deliveries()), 2, "none is 400 days old");
    server.advance(Duration::from_secs(2 * DAY));
    server.clean();
    assert_eq!(count(&deliveries()), 1);
    let feed = get(&server, &key, "/v1/events?type=user_created");
    assert_eq!(count(&feed), 1);
    let email = &feed["data"][0]["change"]["new"]["email"];
    assert_eq!(email, &json!("new@example.org"));
}
