//! `GET /v1/users/{id}`.

use serde_json::{Value, json};

use super::{assert_problem, id_of, user};
use crate::harness::Server;

#[test]
fn a_user_is_read_as_they_were_made() {
    let server = Server::start();
    let key = server.key();
    let made = user(
        &server,
        &key,
        &json!({"email": "ada@example.org", "first_name": "Ada"}),
    );
    let path = format!("/v1/users/{}", made["id"]);
    let read = server.get(&path).bearer(&key.token).send();
    read.assert(200, &made);
    assert_eq!(read.header("etag"), Some("\"1\""));
    assert_eq!(read.header("content-type"), Some("application/json"));
    let head = server.request("HEAD", &path).bearer(&key.token).send();
    head.assert_empty(200);
}

#[test]
fn a_number_that_is_nobodys_is_not_found() {
    let server = Server::start();
    let key = server.key();
    let made = user(&server, &key, &json!({"email": "ada@example.org"}));
    let id = id_of(&made);
    let paths = [
        format!("{}", id + 1),
        "0".to_owned(),
        "-1".to_owned(),
        format!("0{id}"),
        format!("+{id}"),
        format!("{id}.0"),
        format!("{id}%00"),
        "99999999999999999999".to_owned(),
        "%ff".to_owned(),
        "abc".to_owned(),
        made["uid"].as_str().unwrap().to_owned(),
        "ada@example.org".to_owned(),
    ];
    for path in paths {
        let answer = server
            .get(&format!("/v1/users/{path}"))
            .bearer(&key.token)
            .send();
        assert_problem(&answer, 404, "not_found", "not found", &Value::Null);
    }
}

#[test]
fn an_unrouted_path_and_method_are_problems() {
    let server = Server::start();
    let key = server.key();
    for path in [
        "/v1",
        "/v1/",
        "/v1/nowhere",
        "/v1/users/",
        "/v1/users/1/nothing",
        "/x",
    ] {
        let answer = server.get(path).bearer(&key.token).send();
        assert_problem(
            &answer,
            404,
            "not_found",
            "there is no such path",
            &Value::Null,
        );
    }
    let cases = [
        ("DELETE", "/v1/users", "GET,HEAD,POST"),
        ("PUT", "/v1/users/1", "GET,HEAD,PATCH,DELETE"),
        ("GET", "/v1/users/1/restore", "POST"),
        ("PATCH", "/v1/groups/1", "GET,HEAD"),
    ];
    for (method, path, allow) in cases {
        let answer = server.request(method, path).bearer(&key.token).send();
        let detail = "the path does not take this method";
        assert_problem(&answer, 405, "method_not_allowed", detail, &Value::Null);
        assert_eq!(answer.header("allow"), Some(allow));
    }
}
