use std::collections::BTreeSet;

use directory::event::EventType;
use serde_json::{Value, json};

use crate::harness::{Key, Request, Server};

fn create(server: &Server, key: &Key, body: &Value) -> crate::harness::Response {
    server
        .post("/v1/webhooks")
        .bearer(&key.token)
        .json(body)
        .send()
}

#[test]
fn a_webhook_is_made_shown_changed_and_deleted() {
    let server = Server::start();
    let key = server.key();
    let answer = create(
        &server,
        &key,
        &json!({ "url": "https://example.org/hook?a=b", "event_types": ["user_created"] }),
    );
    assert_eq!(answer.header("location"), Some("/v1/webhooks/1"));
    let mut made = answer.expect(201);
    let secret = made.as_object_mut().unwrap().remove("secret").unwrap();
    assert!(secret.as_str().unwrap().starts_with("whsec_"));
    let expected = json!({
        "id": 1,
        "url": "https://example.org/hook?a=b",
        "description": null,
        "event_types": ["user_created"],
        "account_id": null,
        "enabled": true,
        "disabled_at": null,
        "disabled_reason": null,
        "failing_since": null,
        "created_at": "2026-11-21T04:50:40.123Z",
        "updated_at": "2026-11-21T04:50:40.123Z",
        "version": 1,
    });
    assert_eq!(made, expected);
    let path = "/v1/webhooks/1";
    server
        .get(path)
        .bearer(&key.token)
        .send()
        .assert(200, &expected);
    let list = server
        .get("/v1/webhooks")
        .bearer(&key.token)
        .send()
        .expect(200);
    assert_eq!(list, json!({ "data": [expected], "next_cursor": null }));
    let patch = |body: &Value| server.request("PATCH", path).bearer(&key.token).json(body);
    let changed = patch(&json!({ "enabled": false, "event_types": [], "description": "CRM" }))
        .header("if-match", "\"1\"")
        .send()
        .expect(200);
    assert_eq!(changed["enabled"], json!(false));
    assert_eq!(changed["disabled_reason"], json!("operator"));
    assert_eq!(
        (&changed["event_types"], &changed["version"]),
        (&json!([]), &json!(2))
    );
    assert_eq!(
        patch(&json!({})).header("if-match", "\"1\"").send().status,
        412
    );
    let delete = server.request("DELETE", path).bearer(&key.token).send();
    delete.assert_empty(204);
    assert_eq!(server.get(path).bearer(&key.token).send().status, 404);
    server.settle();
    let feed = server
        .get("/v1/events?subject_type=webhook&subject_id=1")
        .bearer(&key.token)
        .send()
        .expect(200);
    let events = feed["data"].as_array().unwrap();
    let types: Vec<_> = events
        .iter()
        .map(|each| each["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        ["webhook_created", "webhook_updated", "webhook_deleted"]
    );
    let text = feed.to_string();
    assert!(!text.contains("whsec_") && !text.contains("a=b"), "{text}");
}

#[test]
fn a_webhook_names_any_event_that_there_is() {
    let server = Server::start();
    let key = server.key();
    let names: Vec<&str> = EventType::all().map(EventType::name).collect();
    let body = json!({ "url": "https://example.org/", "event_types": names });
    let made = create(&server, &key, &body).expect(201);
    let set = |names: &Value| -> BTreeSet<String> {
        let names = names.as_array().unwrap().iter();
        names
            .map(|each| each.as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(set(&made["event_types"]), set(&json!(names)));
    assert_eq!(set(&made["event_types"]).len(), names.len());
}

#[test]
fn addresses_inside_the_operators_network_are_refused() {
    let server = Server::start_with(|app| app.guard = muster::deliver::guard::Guard::default());
    let key = server.key();
    for url in [
        "http://example.org/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://user:password@example.org/",
        "ftp://example.org/",
        "example.org",
        "",
    ] {
        let refused = create(&server, &key, &json!({ "url": url }));
        assert_eq!(refused.status, 422, "{url}: {}", refused.text);
        assert!(refused.text.contains("/url"), "{}", refused.text);
    }
}

#[test]
fn every_fault_of_a_webhook_is_named() {
    let server = Server::start();
    let key = server.key();
    let bad = json!({ "event_types": ["unheard"], "account_id": "x", "secret": "mine" });
    let text = create(&server, &key, &bad).expect(422).to_string();
    for place in ["/event_types/0", "/account_id", "/secret"] {
        assert!(text.contains(place), "{place}: {text}");
    }
    let text = create(&server, &key, &json!({})).expect(422).to_string();
    assert!(text.contains("/url"), "{text}");
    let absent = json!({ "url": "https://example.org/", "account_id": 404 });
    assert!(
        create(&server, &key, &absent)
            .expect(422)
            .to_string()
            .contains("/account_id")
    );
    let kept = server
        .post("/v1/webhooks")
        .bearer(&key.token)
        .header("idempotency-key", "k");
    let refused = kept.json(&json!({ "url": "https://example.org/" })).send();
    assert_eq!(refused.status, 400, "{}", refused.text);
    let list = server.get("/v1/webhooks").bearer(&key.token).send();
    list.assert(200, &json!({ "data": [], "next_cursor": null }));
}

#[test]
fn a_rotation_is_refused_under_an_idempotency_key() {
    let server = Server::start();
    let key = server.key();
    let made = create(&server, &key, &json!({ "url": "https://example.org/" })).expect(201);
    let path = format!("/v1/webhooks/{}", made["id"]);
    let rotation = server.post(&format!("{path}/rotate-secret"));
    let kept = rotation.bearer(&key.token).header("idempotency-key", "k");
    assert_eq!(kept.send().status, 400);
    let shown = server.get(&path).bearer(&key.token).send().expect(200);
    assert_eq!(shown["version"], json!(1));
}

#[test]
fn a_bound_key_and_another_tenant_see_their_own_webhooks_alone() {
    let server = Server::start();
    let key = server.key();
    let acme = server.account("Acme");
    let bound = server.key_with(directory::keys::NewKey {
        account_id: Some(acme),
        ..directory::keys::NewKey::default()
    });
    let stranger = server.key_of(server.tenant("other"), directory::keys::NewKey::default());
    let url = json!({ "url": "https://example.org/" });
    let whole = create(&server, &key, &url).expect(201)["id"].clone();
    let own = create(&server, &bound, &url).expect(201);
    assert_eq!(own["account_id"], json!(acme));
    let own = own["id"].clone();
    let see = |key: &Key, id: &Value| {
        server
            .get(&format!("/v1/webhooks/{id}"))
            .bearer(&key.token)
            .send()
            .status
    };
    assert_eq!((see(&bound, &own), see(&bound, &whole)), (200, 404));
    assert_eq!((see(&stranger, &own), see(&stranger, &whole)), (404, 404));
    let absent = server.get("/v1/webhooks/999").bearer(&bound.token).send();
    let foreign = server
        .get(&format!("/v1/webhooks/{whole}"))
        .bearer(&bound.token)
        .send();
    let told = |text: &str, id: &str| text.replace(id, "N");
    let same = |answer: &crate::harness::Response, id: &str| {
        let mut body = answer.json();
        body.as_object_mut().unwrap().remove("request_id");
        told(&body.to_string(), id)
    };
    assert_eq!(same(&absent, "999"), same(&foreign, &whole.to_string()));
    let widened = server
        .request("PATCH", &format!("/v1/webhooks/{own}"))
        .bearer(&bound.token)
        .json(&json!({ "account_id": null }))
        .send();
    assert_eq!(widened.status, 422, "{}", widened.text);
    for (method, rest) in [
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/rotate-secret"),
        ("POST", "/test"),
        ("POST", "/replay"),
        ("GET", "/deliveries"),
        ("GET", "/deliveries/1"),
        ("POST", "/deliveries/1/replay"),
    ] {
        let request: Request = server.request(method, &format!("/v1/webhooks/{whole}{rest}"));
        let body = json!({ "since": "2026-01-01T00:00:00Z" });
        let body = if rest == "/replay" { body } else { json!({}) };
        let refused = request.bearer(&bound.token).json(&body).send();
        assert_eq!(refused.status, 404, "{method} {rest}: {}", refused.text);
    }
}

#[test]
fn webhooks_need_their_scope() {
    let server = Server::start();
    let key = server.key_with(directory::keys::NewKey {
        scopes: vec!["users:write".to_owned()],
        ..directory::keys::NewKey::default()
    });
    assert_eq!(
        create(&server, &key, &json!({ "url": "https://example.org/" })).status,
        403
    );
    assert_eq!(
        server.get("/v1/webhooks").bearer(&key.token).send().status,
        403
    );
}
