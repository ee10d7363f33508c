//! `DELETE /v1/users/{id}` and `POST /v1/users/{id}/restore`.

use serde_json::{Value, json};

use super::{assert_problem, assert_taken, events, id_of, user, with};
use crate::harness::{Key, Response, Server};

fn delete(server: &Server, key: &Key, user: &Value) -> Response {
    let path = format!("/v1/users/{}", user["id"]);
    server.request("DELETE", &path).bearer(&key.token).send()
}

fn restore(server: &Server, key: &Key, user: &Value) -> Response {
    let path = format!("/v1/users/{}/restore", user["id"]);
    server.post(&path).bearer(&key.token).send()
}

#[track_caller]
fn not_found(answer: &Response) {
    assert_problem(answer, 404, "not_found", "not found", &Value::Null);
}

#[test]
fn a_deleted_user_is_found_nowhere() {
    let server = Server::start();
    let key = server.key();
    let made = user(&server, &key, &json!({"email": "a@example.org"}));
    delete(&server, &key, &made).assert_empty(204);
    let path = format!("/v1/users/{}", made["id"]);
    not_found(&server.get(&path).bearer(&key.token).send());
    not_found(&delete(&server, &key, &made));
    let patch = server.request("PATCH", &path).bearer(&key.token);
    not_found(&patch.json(&json!({"city": "Paris"})).send());
    for query in ["", "?email=a@example.org", "?sort=-updated_at"] {
        let list = server
            .get(&format!("/v1/users{query}"))
            .bearer(&key.token)
            .send();
        list.assert(200, &json!({"data": [], "next_cursor": null}));
    }
    assert_eq!(
        events(&server, id_of(&made)),
        ["user_created", "user_deleted"]
    );
}

#[test]
fn the_version_named_must_be_the_stored_one() {
    let server = Server::start();
    let key = server.key();
    let made = user(&server, &key, &json!({"email": "a@example.org"}));
    let path = format!("/v1/users/{}", made["id"]);
    let request = || server.request("DELETE", &path).bearer(&key.token);
    let detail = "the resource has changed since the version given";
    let answer = request().header("if-match", "\"2\"").send();
    assert_problem(&answer, 412, "precondition_failed", detail, &Value::Null);
    request()
        .header("if-match", "\"1\"")
        .send()
        .assert_empty(204);
}

#[test]
fn a_deleted_user_comes_back_whole() {
    let server = Server::start();
    let key = server.key();
    let badge = server.badge("Forklift");
    let group = server.group("Ops").id;
    let account = server.account("Acme");
    let made = user(
        &server,
        &key,
        &json!({"email": "a@example.org", "kind": "worker",
        "badges": [{"badge_id": badge}], "groups": [{"id": group}], "accounts": [{"id": account}],
        "password": "tide plank ferry orbit"}),
    );
    not_found(&restore(&server, &key, &made));
    delete(&server, &key, &made).assert_empty(204);
    let back = restore(&server, &key, &made);
    let expected = with(made.clone(), json!({"version": 3}));
    back.assert(200, &expected);
    assert_eq!(back.header("etag"), Some("\"3\""));
    let read = server
        .get(&format!("/v1/users/{}", made["id"]))
        .bearer(&key.token)
        .send();
    read.assert(200, &expected);
    assert!(server.password_is(id_of(&made), "tide plank ferry orbit"));
    not_found(&restore(&server, &key, &made));
}

#[test]
fn a_deleted_users_claims_are_free_and_a_number_is_never_reused() {
    let server = Server::start();
    let key = server.key();
    let body = json!({"email": "a@example.org", "kind": "worker", "phone": "415-555-2671",
        "worker": {"w2_employee_id": "E1"}});
    let mut seen = std::collections::BTreeSet::new();
    let mut last = Value::Null;
    for _ in 0..20 {
        let made = user(&server, &key, &body);
        assert!(seen.insert(id_of(&made)), "a number is never given again");
        delete(&server, &key, &made).assert_empty(204);
        last = made;
    }
    let holder = user(&server, &key, &body);
    assert!(seen.insert(id_of(&holder)));
    let answer = restore(&server, &key, &last);
    let mut pointers: Vec<String> = answer.expect(409)["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| each["pointer"].as_str().unwrap().to_owned())
        .collect();
    pointers.sort();
    assert_eq!(pointers, ["/email", "/phone", "/worker/w2_employee_id"]);
    not_found(
        &server
            .get(&format!("/v1/users/{}", last["id"]))
            .bearer(&key.token)
            .send(),
    );
    delete(&server, &key, &holder).assert_empty(204);
    restore(&server, &key, &last).expect(200);
    assert_taken(&restore_conflict(&server, &key, &holder), &["/email"]);
}

/// Restoring one whose email alone is taken by then.
fn restore_conflict(server: &Server, key: &Key, holder: &Value) -> Response {
    let patch = json!({"phone": null, "worker": null});
    let list = server
        .get("/v1/users?email=a@example.org")
        .bearer(&key.token)
        .send()
        .expect(200);
    let path = format!("/v1/users/{}", list["data"][0]["id"]);
    server
        .request("PATCH", &path)
        .bearer(&key.token)
        .json(&patch)
        .send()
        .expect(200);
    restore(server, key, holder)
}
