//! `/v1` (contracts, native).

use serde_json::json;

use crate::harness::Server;

#[test]
fn a_user_is_created_and_read_back() {
    let server = Server::start();
    let key = server.key();
    let body = json!({"email": "Ada@Example.org", "first_name": "Ada", "last_name": "Lovelace"});
    let made = server
        .post("/v1/users")
        .bearer(&key.token)
        .json(&body)
        .send();
    let user = made.expect(201);
    let location = format!("/v1/users/{}", user["id"]);
    assert_eq!(made.header("location"), Some(location.as_str()));
    assert_eq!(made.header("etag"), Some("\"1\""));
    assert_eq!(user["email"], "Ada@Example.org");
    assert_eq!(user["created_at"], crate::harness::START);
    let read = server.get(&location).bearer(&key.token).send();
    read.assert(200, &user);
    let events = server.user_events(user["id"].as_i64().unwrap());
    assert_eq!(
        events
            .iter()
            .map(|each| each.event_type.as_str())
            .collect::<Vec<_>>(),
        ["user_created"]
    );
}

#[test]
fn an_unrouted_path_and_method_are_problems() {
    let server = Server::start();
    let nowhere = server.get("/v1/nowhere").send();
    assert_eq!(nowhere.expect(404)["code"], "not_found");
    let wrong = server.request("DELETE", "/v1/users").send();
    assert_eq!(wrong.expect(405)["code"], "method_not_allowed");
    assert_eq!(wrong.header("allow"), Some("GET,HEAD,POST"));
}
