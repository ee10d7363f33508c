use serde_json::{Value, json};

use crate::harness::{Key, Server};

fn create(server: &Server, key: &Key, email: &str) -> i64 {
    let made = server
        .post("/v1/users")
        .bearer(&key.token)
        .header("x-request-id", "request-1")
        .json(&json!({ "email": email }))
        .send()
        .expect(201);
    made["id"].as_i64().unwrap()
}

fn get(server: &Server, key: &Key, path: &str) -> Value {
    server.get(path).bearer(&key.token).send().expect(200)
}

fn types(page: &Value) -> Vec<&str> {
    let data = page["data"].as_array().unwrap();
    data.iter()
        .map(|each| each["type"].as_str().unwrap())
        .collect()
}

#[test]
fn an_event_shows_who_did_what_to_whom() {
    let server = Server::start();
    let key = server.key();
    let id = create(&server, &key, "ada@example.org");
    server.settle();
    let page = get(&server, &key, "/v1/events?type=user_created");
    assert_eq!(page["has_more"], json!(false));
    let event = &page["data"][0];
    let number = event["id"].as_i64().unwrap();
    let expected = json!({
        "id": number,
        "type": "user_created",
        "account_id": null,
        "actor": { "type": "key", "id": key.id },
        "subject": { "type": "user", "id": id.to_string() },
        "change": event["change"],
        "request_id": "request-1",
        "created_at": "2026-11-21T04:50:40.123Z",
    });
    assert_eq!(event, &expected);
    assert_eq!(event["change"]["old"], json!({}));
    assert_eq!(event["change"]["new"]["email"], json!("ada@example.org"));
}

#[test]
fn a_cursor_walk_sees_each_event_once_and_goes_on_where_it_stood() {
    let server = Server::start();
    let key = server.key();
    for user in 0..5 {
        create(&server, &key, &format!("u{user}@example.org"));
    }
    server.settle();
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = get(&server, &key, &format!("/v1/events?limit=2{cursor}"));
        let data = page["data"].as_array().unwrap();
        seen.extend(data.iter().map(|each| each["id"].as_i64().unwrap()));
        cursor = format!("&cursor={}", page["next_cursor"].as_str().unwrap());
        if page["has_more"] == json!(false) {
            break;
        }
    }
    let mut unique = seen.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), seen.len());
    let empty = get(&server, &key, &format!("/v1/events?limit=2{cursor}"));
    assert_eq!(empty["data"], json!([]));
    cursor = format!("&cursor={}", empty["next_cursor"].as_str().unwrap());
    create(&server, &key, "late@example.org");
    server.settle();
    let next = get(&server, &key, &format!("/v1/events?limit=2{cursor}"));
    assert_eq!(types(&next), ["user_created"]);
}

#[test]
fn a_users_history_shows_an_event_at_once() {
    let server = Server::start();
    let key = server.key();
    let id = create(&server, &key, "ada@example.org");
    let history = get(&server, &key, &format!("/v1/users/{id}/events"));
    assert_eq!(types(&history), ["user_created"]);
    assert_eq!(history["next_cursor"], json!(null));
    server
        .request("DELETE", &format!("/v1/users/{id}"))
        .bearer(&key.token)
        .send()
        .assert_empty(204);
    let history = get(&server, &key, &format!("/v1/users/{id}/events"));
    assert_eq!(types(&history), ["user_created", "user_deleted"]);
    let absent = server.get("/v1/users/999/events").bearer(&key.token).send();
    assert_eq!(absent.status, 404);
}

#[test]
fn the_feed_ends_at_the_tenant_and_at_the_account() {
    let server = Server::start();
    let key = server.key();
    let acme = server.account("Acme");
    let bound = server.key_with(directory::keys::NewKey {
        account_id: Some(acme),
        ..directory::keys::NewKey::default()
    });
    create(&server, &key, "tenant@example.org");
    let inside = create(&server, &bound, "account@example.org");
    let other = server.tenant("other");
    let stranger = server.key_of(other, directory::keys::NewKey::default());
    server.settle();
    let page = get(&server, &bound, "/v1/events?type=user_created");
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
    assert_eq!(page["data"][0]["subject"]["id"], json!(inside.to_string()));
    let page = get(&server, &stranger, "/v1/events?type=user_created");
    assert_eq!(page["data"], json!([]));
}

#[test]
fn filters_are_read_strictly() {
    let server = Server::start();
    let key = server.key();
    for query in [
        "type=unheard_of",
        "subject_type=user",
        "actor_id=1",
        "created_after=yesterday",
        "account_id=x",
        "unknown=1",
        "cursor=abc",
        "limit=0",
    ] {
        let refused = server
            .get(&format!("/v1/events?{query}"))
            .bearer(&key.token)
            .send();
        assert_eq!(refused.status, 400, "{query}: {}", refused.text);
    }
    let reader = server.key_with(directory::keys::NewKey {
        scopes: vec!["users:write".to_owned()],
        ..directory::keys::NewKey::default()
    });
    for path in ["/v1/events", "/v1/events/stream", "/v1/users/1/events"] {
        assert_eq!(
            server.get(path).bearer(&reader.token).send().status,
            403,
            "{path}"
        );
        assert_eq!(server.get(path).send().status, 401, "{path}");
    }
}
