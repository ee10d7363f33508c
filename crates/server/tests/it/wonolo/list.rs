//! `GET /api_v2/users`, and the POST that is the same.

use serde_json::{Value, json};

use super::{created, token, with, worker};
use crate::harness::{Key, Response, Server};

/// Workers with two in each page of two but the last.
fn five(server: &Server, key: &Key) -> Vec<Value> {
    let email = |number| json!({"email": format!("w{number}@example.org")});
    (0..5)
        .map(|number| created(server, key, &with(worker(), email(number))))
        .collect()
}

fn assert_users(answer: &Response, users: &[Value]) {
    answer.assert(200, &json!({ "users": users }));
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[test]
fn the_references_own_examples_list_although_curl_posts_them() {
    let server = Server::start();
    let key = server.key();
    let users = five(&server, &key);
    let form = format!("token={}", token(&server, &key));
    let post = |path: &str| server.post(path).form(&form).send();
    assert_users(&post("/api_v2/users"), &users);
    assert_users(&post("/api_v2/users?page=10&per=25"), &[]);
    assert_users(&post("/api_v2/users?page=2&per=2"), &users[2..4]);
    assert_users(&post("/api_v2/users.json?page=1&per=25"), &users);
    let all = format!("{form}&page=3&per=2");
    assert_users(&server.post("/api_v2/users").form(&all).send(), &users[4..]);
    assert_eq!(server.user_count(), 5);
}

#[test]
fn pages_count_from_1_and_hold_50_at_most() {
    let server = Server::start();
    let key = server.key();
    let users = five(&server, &key);
    let get = |query: &str| {
        server
            .get(&format!("/api_v2/users{query}"))
            .bearer(&key.token)
            .send()
    };
    for (query, expected) in [
        ("", &users[..]),
        ("?page=&per=", &users),
        ("?per=3", &users[..3]),
        ("?page=2&per=3", &users[3..]),
        ("?page=9007199254740991&per=50", &[]),
        ("?per=1000&format=json&_=7", &users),
    ] {
        assert_users(&get(query), expected);
    }
    server.write(|tx| {
        let actor = directory::Actor::system(directory::TenantId(1), "test");
        for number in 0..50 {
            let change = directory::users::UserChange {
                email: directory::users::Change::Set(
                    directory::model::Email::parse(&format!("x{number}@example.org")).unwrap(),
                ),
                ..Default::default()
            };
            let (include, none) = Default::default();
            directory::users::create(tx, &actor, &change, none, include)?;
        }
        Ok(())
    });
    for (query, rows) in [
        ("", 50),
        ("?per=1000", 50),
        ("?page=2", 5),
        ("?page=2&per=51", 5),
    ] {
        assert_eq!(
            get(query).expect(200)["users"].as_array().unwrap().len(),
            rows,
            "{query}"
        );
    }
    assert_eq!(get("?page=2").expect(200)["users"][4]["type"], json!(null));
}

#[test]
fn a_parameter_that_is_wrong_or_unknown_is_told() {
    let server = Server::start();
    let key = server.key();
    let get = |query: &str| {
        server
            .get(&format!("/api_v2/users?{query}"))
            .bearer(&key.token)
            .send()
    };
    for (query, error) in [
        (
            "page=abc",
            r#"Invalid parameter 'page' value "abc": Must be a Integer"#,
        ),
        (
            "page=0",
            r#"Invalid parameter 'page' value "0": Must be a Integer"#,
        ),
        (
            "per=-1",
            r#"Invalid parameter 'per' value "-1": Must be a Integer"#,
        ),
        (
            "per=1.5",
            r#"Invalid parameter 'per' value "1.5": Must be a Integer"#,
        ),
        (
            "per[]=1",
            r#"Invalid parameter 'per' value "["1"]": Must be a Integer"#,
        ),
        ("nickname=x", "Unknown parameter nickname"),
    ] {
        get(query).assert(422, &json!({ "error": error }));
    }
}

#[test]
fn public_pool_access_lists_whom_it_sees() {
    let server = Server::start();
    let key = server.key();
    let users = five(&server, &key);
    let account = server.account("Acme");
    let pool = server.key_with(directory::keys::NewKey {
        account_id: Some(account),
        public_pool: true,
        ..Default::default()
    });
    let form = format!("token={}", token(&server, &pool));
    assert_users(&server.post("/api_v2/users").form(&form).send(), &[]);
    let job = directory::store::Job {
        external_id: "j".to_owned(),
        name: None,
        worker_id: users[3]["id"].as_i64().unwrap(),
        account_id: account,
        state: "filled".to_owned(),
        state_at: server.now(),
        place: None,
    };
    let operator = server.operator();
    server.write(move |tx| {
        directory::jobs::put(tx, &operator, &job.clone().into(), Default::default()).map(drop)
    });
    assert_users(
        &server.post("/api_v2/users").form(&form).send(),
        &users[3..4],
    );
}
