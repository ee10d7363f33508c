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
fn what_only_this_server_causes_is_not_reported() {
    let server = Server::start();
    let key = server.key();
    for name in ["invitation_created", "user_deleted", "webhook_test"] {
        let mut event = lead("x");
        event["type"] = json!(name);
        let text = send(&server, &key, &event).expect(422).to_string();
        assert!(text.contains("/0/type"), "{text}");
    }
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
