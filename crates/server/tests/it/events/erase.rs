use serde_json::json;

use crate::harness::Server;

#[test]
fn an_erased_user_is_forgotten_and_what_happened_is_not() {
    let server = Server::start();
    let key = server.key();
    let acme = server.account("Acme");
    let body = json!({
        "email": "ada@example.org",
        "first_name": "Ada",
        "phone": "+442079460000",
        "timezone": "Europe/London",
        "password": "orbit tide plank",
        "accounts": [{ "id": acme }],
    });
    let made = server
        .post("/v1/users")
        .bearer(&key.token)
        .json(&body)
        .send()
        .expect(201);
    let id = made["id"].as_i64().unwrap();
    let erase = || {
        let request = server.post(&format!("/v1/users/{id}/erase"));
        request.bearer(&key.token).send()
    };
    erase().assert_empty(204);
    assert_eq!(erase().status, 404);
    let path = format!("/v1/users/{id}");
    assert_eq!(server.get(&path).bearer(&key.token).send().status, 404);
    let restore = server
        .post(&format!("{path}/restore"))
        .bearer(&key.token)
        .send();
    assert_eq!(restore.status, 404);
    let events = server.user_events(id);
    let types: Vec<&str> = events.iter().map(|each| each.event_type.as_str()).collect();
    assert_eq!(
        types,
        ["user_created", "user_added_to_account", "user_erased"]
    );
    for event in &events {
        assert_eq!(event.change, events[2].change, "{}", event.event_type);
    }
    server.settle();
    let feed = server
        .get("/v1/events")
        .bearer(&key.token)
        .send()
        .expect(200)
        .to_string();
    for known in ["ada@example.org", "Ada", "442079460000"] {
        assert!(!feed.contains(known), "{feed}");
    }
    let again = server
        .post("/v1/users")
        .bearer(&key.token)
        .json(&body)
        .send();
    assert_ne!(
        again.expect(201)["id"],
        json!(id),
        "the email is free, the number is not"
    );
}

#[test]
fn erasing_is_for_who_may_delete() {
    let server = Server::start();
    let key = server.key();
    let made = server
        .post("/v1/users")
        .bearer(&key.token)
        .json(&json!({"email": "a@example.org"}))
        .send();
    let id = made.expect(201)["id"].clone();
    let reader = server.key_with(directory::keys::NewKey {
        scopes: vec!["users:read".to_owned()],
        ..directory::keys::NewKey::default()
    });
    let stranger = server.key_of(server.tenant("other"), directory::keys::NewKey::default());
    let erase = |key: &crate::harness::Key| {
        server
            .post(&format!("/v1/users/{id}/erase"))
            .bearer(&key.token)
            .send()
            .status
    };
    assert_eq!((erase(&reader), erase(&stranger)), (403, 404));
    let shown = server
        .get(&format!("/v1/users/{id}"))
        .bearer(&key.token)
        .send();
    assert_eq!(shown.status, 200);
}
