use std::collections::BTreeSet;

use directory::event::EventType;
use serde_json::{Value, json};

use crate::harness::{Key, Response, Server};

fn send(server: &Server, key: &Key, body: &Value) -> Response {
    server
        .post("/v1/events")
        .bearer(&key.token)
        .json(body)
        .send()
}

fn lead(id: &str) -> Value {
    json!({
        "id": id,
        "type": "lead_created",
        "subject": { "type": "lead", "id": 17, "source": "web" },
        "data": { "score": 3 },
        "occurred_at": "2026-11-20T10:00:00Z",
    })
}

#[test]
fn what_another_system_reports_is_in_the_feed_once() {
    let server = Server::start();
    let key = server.key();
    send(&server, &key, &lead("x1")).assert(202, &json!({ "accepted": 1, "new": 1 }));
    send(&server, &key, &json!([lead("x1"), lead("x2")]))
        .assert(202, &json!({ "accepted": 2, "new": 1 }));
    server.settle();
    let page = server
        .get("/v1/events?type=lead_created")
        .bearer(&key.token)
        .send()
        .expect(200);
    let data = page["data"].as_array().unwrap();
    assert_eq!(data.len(), 2);
    let event = &data[0];
    let expected = json!({
        "id": event["id"],
        "type": "lead_created",
        "account_id": null,
        "actor": { "type": "key", "id": key.id },
        "subject": { "type": "lead", "id": 17, "source": "web" },
        "data": { "score": 3 },
        "reported_id": "x1",
        "occurred_at": "2026-11-20T10:00:00.000Z",
        "request_id": event["request_id"],
        "created_at": "2026-11-21T04:50:40.123Z",
    });
    assert_eq!(event, &expected);
}

#[test]
fn an_idempotency_key_replays_the_first_answer() {
    let server = Server::start();
    let key = server.key();
    let send = |body: &Value| {
        let request = server.post("/v1/events").bearer(&key.token);
        request.header("idempotency-key", "k").json(body).send()
    };
    let told = json!({ "accepted": 1, "new": 1 });
    send(&json!([lead("x1")])).assert(202, &told);
    let again = send(&json!([lead("x1")]));
    again.assert(202, &told);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(send(&json!([lead("x2")])).status, 422);
}

#[test]
fn a_bad_report_writes_nothing_and_names_each_fault() {
    let server = Server::start();
    let key = server.key();
    let bad = json!([lead("good"), { "id": "", "type": "unheard", "subject": {}, "extra": 1 }]);
    let refused = send(&server, &key, &bad);
    let errors = refused.expect(422);
    let text = errors.to_string();
    for place in ["/1/type", "/1/extra"] {
        assert!(text.contains(place), "{text}");
    }
    let bad = json!([lead("good"), { "id": "x", "type": "lead_created", "subject": {} }]);
    let text = send(&server, &key, &bad).expect(422).to_string();
    for place in ["/1/subject/type", "/1/subject/id"] {
        assert!(text.contains(place), "{text}");
    }
    server.settle();
    let page = server
        .get("/v1/events?type=lead_created")
        .bearer(&key.token)
        .send();
    assert_eq!(page.expect(200)["data"], json!([]));
}

#[test]
fn every_event_of_the_seed_is_reported_and_shown() {
    let server = Server::start();
    let key = server.key();
    let names: BTreeSet<&str> = EventType::all()
        .filter(|each| each.in_catalogue())
        .map(EventType::name)
        .collect();
    let reports: Vec<Value> = names
        .iter()
        .map(|name| {
            let mut event = lead(name);
            event["type"] = json!(name);
            event
        })
        .collect();
    let told = json!({ "accepted": 163, "new": 163 });
    send(&server, &key, &json!(reports)).assert(202, &told);
    server.settle();
    let path = "/v1/events?subject_type=lead&subject_id=17&limit=200";
    let page = server.get(path).bearer(&key.token).send().expect(200);
    let shown = page["data"].as_array().unwrap().iter();
    let shown: BTreeSet<&str> = shown.map(|each| each["type"].as_str().unwrap()).collect();
    assert_eq!(shown, names);
}

#[test]
fn what_only_this_server_causes_is_not_reported() {
    let server = Server::start();
    let key = server.key();
    let own = EventType::all().filter(|each| !each.in_catalogue());
    let mut refused = 0_usize;
    for name in own.map(EventType::name) {
        let mut event = lead("x");
        event["type"] = json!(name);
        let text = send(&server, &key, &event).expect(422).to_string();
        assert!(text.contains("/0/type"), "{name}: {text}");
        refused += 1;
    }
    assert_eq!(refused, EventType::all().count() - 163);
}

#[test]
fn a_list_holds_a_thousand_events_with_what_they_say() {
    let server = Server::start();
    let key = server.key();
    let list = |count: usize| -> Vec<Value> {
        let mut data = serde_json::Map::new();
        data.extend((0..20).map(|field| (format!("f{field}"), json!(field))));
        let each = |number: usize| {
            let mut event = lead(&number.to_string());
            event["data"] = json!(data);
            event
        };
        (0..count).map(each).collect()
    };
    let told = json!({ "accepted": 1_000, "new": 1_000 });
    send(&server, &key, &json!(list(1_000))).assert(202, &told);
    let refused = send(&server, &key, &json!(list(1_001)));
    assert!(refused.expect(400).to_string().contains("1 to 1000"));
    let mut crowded = list(1);
    crowded[0]["data"] = json!(vec![0; 32_000]);
    let refused = send(&server, &key, &json!(crowded));
    assert!(refused.expect(400).to_string().contains("too many"));
}

#[test]
fn a_nul_is_refused_wherever_it_stands() {
    let server = Server::start();
    let key = server.key();
    for (field, value) in [
        ("data", json!({ "a": ["\u{0}"] })),
        ("data", json!({ "\u{0}": 1 })),
        (
            "subject",
            json!({ "type": "lead", "id": "1", "more": "\u{0}" }),
        ),
    ] {
        let mut event = lead("x");
        event[field] = value;
        let text = send(&server, &key, &event).expect(422).to_string();
        assert!(text.contains(&format!("/0/{field}")), "{text}");
    }
}

#[test]
fn a_list_is_bounded_and_of_objects() {
    let server = Server::start();
    let key = server.key();
    for body in [
        json!([]),
        json!([1]),
        json!("x"),
        json!(vec![json!({}); 1_001]),
    ] {
        let status = send(&server, &key, &body).status;
        assert_eq!(
            status,
            400,
            "{}",
            body.to_string().chars().take(20).collect::<String>()
        );
    }
}

#[test]
fn reporting_needs_its_scope() {
    let server = Server::start();
    let key = server.key_with(directory::keys::NewKey {
        scopes: vec!["users:write".to_owned()],
        ..directory::keys::NewKey::default()
    });
    assert_eq!(send(&server, &key, &lead("x")).status, 403);
}
