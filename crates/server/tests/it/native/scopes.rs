//! What a key may do: scopes, Public Pool access, a bound account.

use serde_json::{Value, json};

use super::{assert_problem, id_of, user};
use crate::harness::{Key, Response, Server};
use directory::keys::NewKey;

/// Every route, and the scopes that open it besides `admin`.
const ROUTES: [(&str, &str, &[&str]); 20] = [
    ("GET", "/v1/users", &["users:read", "users:write"]),
    ("GET", "/v1/users/999", &["users:read", "users:write"]),
    ("POST", "/v1/users", &["users:write"]),
    ("PATCH", "/v1/users/999", &["users:write"]),
    ("DELETE", "/v1/users/999", &["users:write"]),
    ("POST", "/v1/users/999/restore", &["users:write"]),
    ("POST", "/v1/users/999/erase", &["users:write"]),
    (
        "GET",
        "/v1/accounts",
        &["users:read", "users:write", "accounts:write"],
    ),
    (
        "GET",
        "/v1/accounts/999",
        &["users:read", "users:write", "accounts:write"],
    ),
    ("POST", "/v1/accounts", &["accounts:write"]),
    (
        "GET",
        "/v1/groups",
        &["users:read", "users:write", "groups:write"],
    ),
    (
        "GET",
        "/v1/groups/999",
        &["users:read", "users:write", "groups:write"],
    ),
    ("POST", "/v1/groups", &["groups:write"]),
    ("GET", "/v1/badges", &["users:read", "users:write"]),
    ("GET", "/v1/badges/999", &["users:read", "users:write"]),
    ("POST", "/v1/badges", &["users:write"]),
    ("GET", "/v1/event-types", &["events:write"]),
    ("GET", "/v1/invitations", &["users:read", "users:write"]),
    ("POST", "/v1/invitations/999/resend", &["users:write"]),
    ("POST", "/v1/invitations/999/revoke", &["users:write"]),
];

const SCOPES: [&str; 9] = [
    "users:read",
    "users:write",
    "accounts:write",
    "groups:write",
    "forms:write",
    "events:write",
    "webhooks:write",
    "keys:write",
    "admin",
];

fn scoped(server: &Server, scopes: &[&str]) -> Key {
    server.key_with(NewKey {
        scopes: scopes.iter().map(|each| (*each).to_owned()).collect(),
        ..NewKey::default()
    })
}

/// Sends what is nowhere accepted but is no matter of permission.
fn probe(server: &Server, key: &Key, method: &str, path: &str) -> Response {
    let request = server.request(method, path).bearer(&key.token);
    match method {
        "POST" | "PATCH" => request.body("application/json", "{").send(),
        _ => request.send(),
    }
}

#[test]
fn a_scope_opens_its_routes_and_no_other() {
    let server = Server::start();
    for scope in SCOPES {
        let key = scoped(&server, &[scope]);
        for (method, path, scopes) in ROUTES {
            let answer = probe(&server, &key, method, path);
            if scope == "admin" || scopes.contains(&scope) {
                let expected: &[u16] = &[200, 404, 400];
                assert!(
                    expected.contains(&answer.status),
                    "{scope} {method} {path}: {answer:?}"
                );
            } else {
                let detail = "the credential does not allow this";
                assert_problem(&answer, 403, "forbidden", detail, &Value::Null);
            }
        }
    }
    // What it may not do is told before the request is judged.
    let reader = scoped(&server, &["users:read"]);
    for body in ["{", "[]", "{\"email\":1}"] {
        let request = server.post("/v1/users").bearer(&reader.token);
        assert_eq!(request.body("application/json", body).send().status, 403);
    }
    assert_eq!(server.user_count(), 0);
}

#[test]
fn scopes_add_up() {
    let server = Server::start();
    let key = scoped(&server, &["users:read", "accounts:write"]);
    let made = server
        .post("/v1/accounts")
        .bearer(&key.token)
        .json(&json!({"name": "A"}))
        .send();
    made.expect(201);
    server
        .get("/v1/users")
        .bearer(&key.token)
        .send()
        .expect(200);
    let refused = server
        .post("/v1/users")
        .bearer(&key.token)
        .json(&json!({"email": "a@b.org"}));
    refused.send().expect(403);
}

#[test]
fn nobody_grants_what_they_could_not_change() {
    let server = Server::start();
    let account = server.account("Acme");
    let group = server.group("Ops").id;
    let writer = scoped(&server, &["users:write"]);
    let admin = json!([{"id": account, "admin": true}]);
    let cases = [
        json!({"email": "a@example.org", "accounts": admin}),
        json!({"email": "a@example.org", "groups": [{"id": group, "permission": 1}]}),
    ];
    for body in &cases {
        let answer = server
            .post("/v1/users")
            .bearer(&writer.token)
            .json(body)
            .send();
        let detail = "the credential does not allow this";
        assert_problem(&answer, 403, "forbidden", detail, &Value::Null);
    }
    assert_eq!(server.user_count(), 0);
    let both = scoped(&server, &["users:write", "accounts:write", "groups:write"]);
    user(&server, &both, &cases[1]);
    // Who administers an account may more there than these scopes allow, once they log in.
    let answer = server.post("/v1/users").bearer(&both.token);
    let answer = answer.json(&cases[0]).send();
    let detail = "nobody grants more than they hold";
    assert_problem(&answer, 403, "forbidden", detail, &Value::Null);
    let all = scoped(&server, &["admin"]);
    let body = json!({"email": "b@example.org", "accounts": admin});
    user(&server, &all, &body);
}

#[test]
fn a_bound_key_gives_parts_in_its_own_account_alone() {
    let server = Server::start();
    let (acme, ajax) = (server.account("Acme"), server.account("Ajax"));
    let key = server.key_with(NewKey {
        account_id: Some(acme),
        ..NewKey::default()
    });
    // Another account and none are not told apart.
    for account in [ajax, 999] {
        let body = json!({"email": "a@example.org", "accounts": [{"id": acme}, {"id": account}]});
        let answer = server
            .post("/v1/users")
            .bearer(&key.token)
            .json(&body)
            .send();
        let detail = "the credential is bound to another account";
        assert_problem(&answer, 403, "forbidden", detail, &Value::Null);
    }
    let body = json!({"email": "a@example.org", "accounts": [{"id": acme, "admin": true}]});
    let made = user(&server, &key, &body);
    assert_eq!(
        made["accounts"],
        json!([{"id": acme, "name": "Acme", "role": "member",
        "admin": true, "primary": true}])
    );
    // It still reads its tenant.
    let elsewhere = user(&server, &server.key(), &json!({"email": "b@example.org"}));
    let path = format!("/v1/users/{}", elsewhere["id"]);
    server
        .get(&path)
        .bearer(&key.token)
        .send()
        .assert(200, &elsewhere);
}

#[test]
fn public_pool_access_reads_its_workers_and_changes_nothing() {
    let server = Server::start();
    let key = server.key();
    let acme = server.account("Acme");
    let pool = server.key_with(NewKey {
        account_id: Some(acme),
        public_pool: true,
        ..NewKey::default()
    });
    let worker = user(
        &server,
        &key,
        &json!({"email": "w@example.org", "kind": "worker"}),
    );
    let other = user(
        &server,
        &key,
        &json!({"email": "o@example.org", "kind": "worker"}),
    );
    let (id, actor) = (id_of(&worker), server.operator());
    server.write(move |tx| {
        let job = directory::store::Job {
            external_id: "j-1".to_owned(),
            name: None,
            worker_id: id,
            account_id: acme,
            state: "filled".to_owned(),
            state_at: tx.now(),
            place: None,
        };
        directory::jobs::put(tx, &actor, &job.clone().into(), Default::default()).map(drop)
    });
    let path = |user: &Value| format!("/v1/users/{}", user["id"]);
    server
        .get(&path(&worker))
        .bearer(&pool.token)
        .send()
        .assert(200, &worker);
    let unseen = server.get(&path(&other)).bearer(&pool.token).send();
    assert_problem(&unseen, 404, "not_found", "not found", &Value::Null);
    let list = server.get("/v1/users").bearer(&pool.token).send();
    list.assert(200, &json!({"data": [worker], "next_cursor": null}));
    let detail = "the credential has Public Pool access only";
    let writes = [
        ("POST", "/v1/users".to_owned()),
        ("PATCH", path(&worker)),
        ("DELETE", path(&worker)),
        ("POST", format!("{}/restore", path(&worker))),
        ("POST", "/v1/accounts".to_owned()),
        ("POST", "/v1/groups".to_owned()),
        ("POST", "/v1/badges".to_owned()),
    ];
    for (method, path) in writes {
        let body = json!({"email": "x@example.org", "name": "x"});
        let answer = server
            .request(method, &path)
            .bearer(&pool.token)
            .json(&body)
            .send();
        assert_problem(&answer, 403, "forbidden", detail, &Value::Null);
    }
    assert_eq!(server.user_count(), 2);
}

#[test]
fn a_bound_key_makes_administrators_in_its_own_account_alone() {
    let server = Server::start();
    let (own, other) = (server.account("Acme"), server.account("Initech"));
    let key = server.key_with(NewKey {
        account_id: Some(own),
        ..NewKey::default()
    });
    let employer = |email: &str, customer: i64, role: &str| {
        let body = json!({"email": email, "kind": "employer",
            "employer": {"customer_id": customer, "role": role}});
        server
            .post("/v1/users")
            .bearer(&key.token)
            .json(&body)
            .send()
    };
    assert_eq!(
        employer("a@example.org", other, "customer_admin").status,
        403
    );
    assert_eq!(server.user_count(), 0);
    assert_eq!(employer("a@example.org", own, "customer_admin").status, 201);
    let made = employer("b@example.org", other, "requestor").expect(201);
    let raise = json!({"employer": {"role": "customer_admin"}});
    let path = format!("/v1/users/{}", made["id"]);
    let raised = server
        .request("PATCH", &path)
        .bearer(&key.token)
        .json(&raise)
        .send();
    assert_eq!(raised.status, 403);
}
