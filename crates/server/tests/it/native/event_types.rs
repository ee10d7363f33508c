//! `/v1/event-types`: the catalogue of events.

use std::collections::BTreeMap;

use directory::event::EventType;
use serde_json::{Value, json};

use super::assert_problem;
use crate::harness::{Key, Server};
use directory::keys::NewKey;

fn scoped(server: &Server, scope: &str) -> Key {
    server.key_with(NewKey {
        scopes: vec![scope.to_owned()],
        ..NewKey::default()
    })
}

/// The whole catalogue, by name.
fn catalogue(server: &Server, key: &Key) -> BTreeMap<String, Value> {
    let list = server.get("/v1/event-types?limit=200").bearer(&key.token);
    let page = list.send().expect(200);
    assert_eq!(page["next_cursor"], Value::Null);
    let rows = page["data"].as_array().unwrap().iter();
    rows.map(|row| (row["name"].as_str().unwrap().to_owned(), row.clone()))
        .collect()
}

#[test]
fn every_event_is_told_with_its_group_its_origin_and_what_happened() {
    let server = Server::start();
    let types = catalogue(&server, &scoped(&server, "events:write"));
    assert_eq!(types.len(), EventType::all().count());
    for expected in [
        json!({"name": "user_created", "group": "user", "origin": "server",
            "description": "A user was made."}),
        json!({"name": "webhook_disabled", "group": "webhook", "origin": "server",
            "description": "A webhook endpoint that kept failing was switched off."}),
        json!({"name": "lead_created", "group": "lead", "origin": "reported",
            "description": "A lead was entered."}),
        json!({"name": "zen_api_status_change", "group": "zen_api", "origin": "reported",
            "description": "A status changed that the Zen API tells of."}),
    ] {
        assert_eq!(types[expected["name"].as_str().unwrap()], expected);
    }
    let reported = types.values().filter(|each| each["origin"] == "reported");
    assert_eq!(reported.count(), 116);
}

#[test]
fn the_catalogue_is_walked_as_every_list_is() {
    let server = Server::start();
    let key = server.key();
    let mut names = Vec::new();
    let mut path = "/v1/event-types".to_owned();
    let mut sizes = Vec::new();
    loop {
        let answer = server.get(&path).bearer(&key.token).send();
        let page = answer.expect(200);
        let rows = page["data"].as_array().unwrap();
        sizes.push(rows.len());
        names.extend(rows.iter().map(|row| row["name"].clone()));
        let Some(link) = answer.header("link") else {
            assert_eq!(page["next_cursor"], Value::Null);
            break;
        };
        path = link[1..link.find('>').unwrap()].to_owned();
    }
    let (last, full) = sizes.split_last().unwrap();
    assert!(full.iter().all(|size| *size == 50) && (1..=50).contains(last));
    assert_eq!(names.len(), EventType::all().count());
    let whole = server
        .get("/v1/event-types?limit=200")
        .bearer(&key.token)
        .send();
    let whole = whole.expect(200);
    let whole: Vec<_> = whole["data"].as_array().unwrap().iter().collect();
    assert_eq!(
        names.iter().collect::<Vec<_>>(),
        whole.iter().map(|row| &row["name"]).collect::<Vec<_>>()
    );
}

#[test]
fn it_is_told_to_who_may_read_events() {
    let server = Server::start();
    let nobody = server.get("/v1/event-types").send();
    assert_problem(
        &nobody,
        401,
        "unauthenticated",
        "authentication is required",
        &Value::Null,
    );
    let wrong = server.get("/v1/event-types").bearer("1-abc.def").send();
    assert_eq!(wrong.expect(401)["code"], "unauthenticated");
    for scope in ["users:read", "users:write", "webhooks:write", "keys:write"] {
        let key = scoped(&server, scope);
        let answer = server.get("/v1/event-types").bearer(&key.token).send();
        let detail = "the credential does not allow this";
        assert_problem(&answer, 403, "forbidden", detail, &Value::Null);
    }
    for method in ["POST", "PATCH", "DELETE"] {
        let request = server.request(method, "/v1/event-types");
        let answer = request.bearer(&server.key().token).json(&json!({})).send();
        assert_eq!(answer.expect(405)["code"], "method_not_allowed");
    }
}
