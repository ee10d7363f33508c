//! `GET /api/users`.

use serde_json::{Value, json};

use super::{assert_answer, assert_base, assert_invalid, created, shown, token};
use crate::harness::Server;

#[test]
fn a_page_has_its_users_and_how_many_there_are() {
    let server = Server::start();
    let key = server.key();
    let empty = token(server.get("/api/users"), &key).send();
    assert_answer(&empty, 200, &json!({"users": [], "total_entries": 0}));
    let ids: Vec<i64> = (0..25)
        .map(|n| {
            created(
                &server,
                &key,
                &json!({"email": format!("u{n}@example.org")}),
            )
        })
        .collect();
    let page = |query: &str| {
        let answer = token(server.get(&format!("/api/users{query}")), &key).send();
        let page = answer.expect(200);
        assert_eq!(page["total_entries"], 25);
        page["users"].as_array().unwrap().clone()
    };
    let numbers = |users: &[Value]| -> Vec<i64> {
        users
            .iter()
            .map(|user| user["id"].as_i64().unwrap())
            .collect()
    };
    let first = page("");
    assert_eq!(numbers(&first), ids[..20]);
    assert_eq!(first[0], shown(&server, &key, ids[0]));
    assert_eq!(numbers(&page("?page=2")), ids[20..]);
    assert_eq!(numbers(&page(".json?page=3&per_page=10")), ids[20..]);
    assert_eq!(numbers(&page("?page=9")), [0_i64; 0]);
}

#[test]
fn a_parameter_that_is_none_is_told() {
    let server = Server::start();
    let key = server.key();
    for (query, name) in [
        ("page=0", "page"),
        ("page=x", "page"),
        ("page=-1", "page"),
        ("page=", "page"),
        ("page[]=1", "page"),
        ("per_page=201", "per_page"),
        ("per_page=1.5", "per_page"),
        ("email=ada", "email"),
    ] {
        let answer = token(server.get(&format!("/api/users?{query}")), &key).send();
        assert_invalid(&answer, &json!({ name: ["is invalid"] }));
    }
    assert_base(
        &server.get("/api/users").send(),
        401,
        &["Invalid Authentication"],
    );
}
