//! `ETag` and `If-Match`: no lost update.

use serde_json::{Value, json};

use super::update::request;
use super::{assert_problem, user};
use crate::harness::Server;

#[test]
fn a_version_that_is_not_the_stored_one_is_refused() {
    let server = Server::start();
    let key = server.key();
    let made = user(&server, &key, &json!({"email": "a@example.org"}));
    let body = json!({"city": "Paris"});
    let detail = "the resource has changed since the version given";
    for tag in [
        "\"2\"",
        "\"0\"",
        "1",
        "W/\"1\"",
        "\"one\"",
        "\"\"",
        "",
        "W/\"1\", \"3\"",
        "\"1\", 3",
    ] {
        let answer = request(&server, &key, &made)
            .header("if-match", tag)
            .json(&body)
            .send();
        assert_problem(&answer, 412, "precondition_failed", detail, &Value::Null);
        let path = format!("/v1/users/{}", made["id"]);
        let delete = server
            .request("DELETE", &path)
            .bearer(&key.token)
            .header("if-match", tag);
        assert_problem(
            &delete.send(),
            412,
            "precondition_failed",
            detail,
            &Value::Null,
        );
    }
    let read = server
        .get(&format!("/v1/users/{}", made["id"]))
        .bearer(&key.token)
        .send();
    read.assert(200, &made);
    let right = request(&server, &key, &made)
        .header("if-match", "\"1\"")
        .json(&body)
        .send();
    assert_eq!(right.header("etag"), Some("\"2\""));
    // The same tag a second time would lose the update in between.
    let late = request(&server, &key, &made)
        .header("if-match", "\"1\"")
        .json(&json!({"city": "Rome"}));
    assert_problem(
        &late.send(),
        412,
        "precondition_failed",
        detail,
        &Value::Null,
    );
    let any = request(&server, &key, &made)
        .header("if-match", "*")
        .json(&json!({"city": "Rome"}));
    assert_eq!(any.send().expect(200)["version"], 3);
}

#[test]
fn of_several_versions_the_stored_one_is_enough() {
    let server = Server::start();
    let key = server.key();
    let made = user(&server, &key, &json!({"email": "a@example.org"}));
    let listed = request(&server, &key, &made)
        .header("if-match", "\"7\", W/\"2\", \"1\"")
        .json(&json!({"city": "Rome"}));
    assert_eq!(listed.send().expect(200)["version"], 2);
    let late = request(&server, &key, &made)
        .header("if-match", "\"1\", \"3\"")
        .json(&json!({"city": "Oslo"}));
    assert_eq!(late.send().status, 412);
    let delete = server
        .request("DELETE", &format!("/v1/users/{}", made["id"]))
        .bearer(&key.token)
        .header("if-match", "\"1\"")
        .header("if-match", "\"2\"");
    delete.send().assert_empty(204);
}

#[test]
fn of_many_writers_with_one_version_one_wins() {
    let server = Server::start();
    let key = server.key();
    let made = user(&server, &key, &json!({"email": "a@example.org"}));
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..8)
            .map(|n| {
                let request = request(&server, &key, &made).header("if-match", "\"1\"");
                let request = request.json(&json!({"city": format!("City {n}")}));
                scope.spawn(move || request.send().status)
            })
            .collect();
        writers
            .into_iter()
            .map(|each| each.join().unwrap())
            .collect()
    });
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(
        statuses.iter().filter(|status| **status == 412).count(),
        7,
        "{statuses:?}"
    );
}

#[test]
fn of_many_writers_of_one_email_one_succeeds() {
    let server = Server::start();
    let key = server.key();
    for round in 0..10 {
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..24)
                .map(|n| {
                    // The same address, however it is written.
                    let name = if n % 2 == 0 { "One" } else { "one" };
                    let body = json!({"email": format!("{name}{round}@example.org")});
                    let request = server.post("/v1/users").bearer(&key.token).json(&body);
                    scope.spawn(move || request.send().status)
                })
                .collect();
            writers
                .into_iter()
                .map(|each| each.join().unwrap())
                .collect()
        });
        assert_eq!(
            statuses.iter().filter(|status| **status == 201).count(),
            1,
            "{statuses:?}"
        );
        assert_eq!(
            statuses.iter().filter(|status| **status == 409).count(),
            23,
            "{statuses:?}"
        );
    }
    assert_eq!(server.user_count(), 10);
}
