//! One tenant knows nothing of another.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{assert_invalid, assert_problem, user, with};
use crate::harness::{Key, Response, Server, described};
use directory::TenantId;
use directory::keys::NewKey;
use directory::passkeys::RelyingParty;
use directory::sessions::{self, Client, Method};

struct Other {
    tenant: TenantId,
    key: Key,
    user: Value,
    deleted: Value,
    account: i64,
    group: i64,
    badge: i64,
}

fn another_tenant(server: &Server) -> Other {
    let tenant = server.tenant("other");
    let key = server.key_of(tenant, NewKey::default());
    let user_of = |email: &str| user(server, &key, &json!({"email": email}));
    let (kept, deleted) = (user_of("kept@example.org"), user_of("deleted@example.org"));
    let path = format!("/v1/users/{}", deleted["id"]);
    server
        .request("DELETE", &path)
        .bearer(&key.token)
        .send()
        .assert_empty(204);
    Other {
        tenant,
        user: kept,
        deleted,
        account: server.account_of(tenant, "Theirs"),
        group: server.group_of(tenant, "Theirs").id,
        badge: server.badge_of(tenant, "Theirs"),
        key,
    }
}

/// All that a client sees of an answer but the request's own id and the date.
fn seen(answer: &Response) -> (u16, String, Vec<(String, String)>) {
    let id = answer.header("x-request-id").unwrap();
    let headers = answer
        .headers()
        .iter()
        .filter(|(name, _)| name != "x-request-id" && name != "date")
        .cloned()
        .collect();
    (answer.status, answer.text.replace(id, "-"), headers)
}

#[test]
fn a_foreign_number_is_as_absent_as_one_that_is_nobodys() {
    let server = Server::start();
    let key = server.key();
    let other = another_tenant(&server);
    let body = json!({"city": "Paris"});
    let routes = [
        ("GET", "/v1/users/", &other.user["id"], ""),
        ("GET", "/v1/users/", &other.deleted["id"], ""),
        ("PATCH", "/v1/users/", &other.user["id"], ""),
        ("DELETE", "/v1/users/", &other.user["id"], ""),
        ("POST", "/v1/users/", &other.user["id"], "/restore"),
        ("POST", "/v1/users/", &other.deleted["id"], "/restore"),
        ("GET", "/v1/accounts/", &other.account.into(), ""),
        ("GET", "/v1/groups/", &other.group.into(), ""),
        ("GET", "/v1/badges/", &other.badge.into(), ""),
    ];
    for (method, before, foreign, after) in routes {
        let ask = |id: &Value| {
            let request = server.request(method, &format!("{before}{id}{after}"));
            let request = request.bearer(&key.token);
            if method == "PATCH" {
                request.json(&body).send()
            } else {
                request.send()
            }
        };
        let (theirs, nobodys) = (ask(foreign), ask(&json!(987_654)));
        assert_problem(&theirs, 404, "not_found", "not found", &Value::Null);
        assert_eq!(seen(&theirs), seen(&nobodys), "{method} {before}");
        // Nor do a version or a broken body make a difference.
        if method == "PATCH" {
            let ask = |id: &Value| {
                let request = server.request(method, &format!("{before}{id}"));
                request
                    .bearer(&key.token)
                    .header("if-match", "\"7\"")
                    .json(&json!({"x": 1}))
                    .send()
            };
            assert_eq!(seen(&ask(foreign)), seen(&ask(&json!(987_654))));
            assert_eq!(ask(foreign).status, 404);
        }
    }
    let path = format!("/v1/users/{}", other.user["id"]);
    server
        .get(&path)
        .bearer(&other.key.token)
        .send()
        .assert(200, &other.user);
    for list in ["/v1/users", "/v1/accounts", "/v1/groups", "/v1/badges"] {
        let mine = server.get(list).bearer(&key.token).send();
        mine.assert(200, &json!({"data": [], "next_cursor": null}));
    }
}

/// What a call is sent in a document's own words; null for one that takes no JSON.
fn example(path: &str, method: &str) -> Value {
    let call = &described().document("native")["paths"][path][method];
    call["requestBody"]["content"]["application/json"]["example"].clone()
}

/// The path with a name or number in each of its places.
fn at(template: &str, id: &Value) -> String {
    let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
    let parts = template.split('/');
    let parts = parts.map(|part| {
        if part.starts_with('{') {
            id.as_str()
        } else {
            part
        }
    });
    parts.collect::<Vec<_>>().join("/")
}

impl Other {
    /// Makes one of each collection that paths name something of; how it is named there.
    fn things(&self, server: &Server) -> Vec<(&'static str, Value)> {
        let post = |path: &str, body: &Value| {
            let request = server.post(path).bearer(&self.key.token);
            request.json(body).send().expect(201)
        };
        let mut things = vec![("users", self.user["id"].clone())];
        for (collection, name) in [
            ("accounts", "id"),
            ("groups", "id"),
            ("badges", "id"),
            ("roles", "id"),
            ("webhooks", "id"),
            ("redirects", "id"),
            ("forms", "name"),
        ] {
            let path = format!("/v1/{collection}");
            let made = post(&path, &example(&path, "post"));
            things.push((collection, made[name].clone()));
        }
        let guest = json!({"type": "Worker", "email": "guest@example.org",
            "first_name": "Ada", "last_name": "Lovelace", "phone": "415 555 2671"});
        let guest = post("/api_v2/users/invite", &json!({ "user": guest }));
        let asked = server.get("/v1/invitations").bearer(&self.key.token);
        let invitations = asked.send().expect(200);
        things.push(("invitations", invitations["data"][0]["id"].clone()));
        let job = json!({"account_id": self.account, "worker_id": guest["user"]["id"],
            "name": "Unload", "state": "filled", "at": "2026-11-21T04:00:00Z"});
        let put = server.request("PUT", "/v1/jobs/theirs").json(&job);
        put.bearer(&self.key.token).send().expect(201);
        things.push(("jobs", "theirs".into()));
        let (tenant, user) = (self.tenant, self.user["id"].as_i64().unwrap());
        let begun = server.write(move |tx| {
            let client = Client::default();
            sessions::start(tx, tenant, user, Method::Password, &client, "test")
        });
        things.push(("sessions", begun.session.id.into()));
        things
    }
}

#[test]
fn what_is_foreign_is_as_absent_as_what_is_nobodys_on_every_route() {
    let origin = RelyingParty::of("https://directory.example.com").unwrap();
    let server = Server::start_with(|app| app.relying_party = Some(Arc::new(origin)));
    let key = server.key();
    let things = another_tenant(&server).things(&server);
    let mut tried = 0;
    for path in described().paths() {
        let template = path.template.as_str();
        let Some((before, _)) = template.split_once("/{") else {
            continue;
        };
        if path.dialect != "native" || template != path.of {
            continue;
        }
        let collection = before.trim_start_matches("/v1/");
        let thing = things.iter().find(|(name, _)| *name == collection);
        let (_, foreign) = thing.unwrap_or_else(|| panic!("{template}: of what?"));
        for method in described().calls(path).keys() {
            // What is put under a name of the client's own is made where it is not there.
            if method == "put" && foreign.is_string() {
                continue;
            }
            let ask = |id: &Value| {
                let url = at(template, id);
                let request = server.request(&method.to_uppercase(), &url);
                let (request, body) = (request.bearer(&key.token), example(template, method));
                if body.is_null() {
                    request.send()
                } else {
                    request.json(&body).send()
                }
            };
            let (theirs, nobodys) = (ask(foreign), ask(&json!(987_654)));
            assert_eq!(theirs.status, 404, "{method} {template}: {}", theirs.text);
            assert_eq!(seen(&theirs), seen(&nobodys), "{method} {template}");
            tried += 1;
        }
    }
    assert!(tried > 50, "{tried}");
}

#[test]
fn a_foreign_number_inside_a_body_or_filter_names_nothing() {
    let server = Server::start();
    let key = server.key();
    let other = another_tenant(&server);
    let bodies = |account: i64, group: i64, badge: i64| {
        [
            json!({"kind": "worker", "badges": [{"badge_id": badge}]}),
            json!({"groups": [{"id": group}]}),
            json!({"accounts": [{"id": account}]}),
            json!({"kind": "employer", "employer": {"customer_id": account, "role": "requestor"}}),
        ]
    };
    let pointers = [
        "/badges/0/badge_id",
        "/groups/0/id",
        "/accounts/0/id",
        "/employer/customer_id",
    ];
    let theirs = bodies(other.account, other.group, other.badge);
    let nobodys = bodies(987_654, 987_654, 987_654);
    for ((theirs, nobodys), pointer) in theirs.iter().zip(&nobodys).zip(pointers) {
        let post = |body: &Value| {
            let body = with(body.clone(), json!({"email": "a@example.org"}));
            server
                .post("/v1/users")
                .bearer(&key.token)
                .json(&body)
                .send()
        };
        assert_invalid(&post(theirs), &[(pointer, "must_exist")]);
        assert_eq!(seen(&post(theirs)), seen(&post(nobodys)));
    }
    assert_eq!(server.user_count(), 0);
    let worker = user(
        &server,
        &key,
        &json!({"email": "w@example.org", "kind": "worker"}),
    );
    let path = format!("/v1/users/{}", worker["id"]);
    let body = json!({"badges": [{"badge_id": other.badge}]});
    let answer = server
        .request("PATCH", &path)
        .bearer(&key.token)
        .json(&body)
        .send();
    assert_invalid(&answer, &[("/badges/0/badge_id", "must_exist")]);
    for filter in [
        format!("account_id={}", other.account),
        format!("group_id={}", other.group),
        format!("customer_id={}", other.account),
        "email=kept@example.org".to_owned(),
    ] {
        let list = server
            .get(&format!("/v1/users?{filter}"))
            .bearer(&key.token)
            .send();
        list.assert(200, &json!({"data": [], "next_cursor": null}));
    }
}

#[test]
fn what_is_taken_elsewhere_is_free_here() {
    let server = Server::start();
    let key = server.key();
    let other = another_tenant(&server);
    let body = json!({"email": "kept@example.org", "kind": "worker", "phone": "415-555-2671",
        "worker": {"w2_employee_id": "E1"}});
    let theirs = with(body.clone(), json!({"email": "w@example.org"}));
    user(&server, &other.key, &theirs);
    user(&server, &key, &body);
    // A slug, too, and without the number that a taken one would get.
    let group = server
        .post("/v1/groups")
        .bearer(&key.token)
        .json(&json!({"name": "Theirs"}));
    assert_eq!(group.send().expect(201)["slug"], "theirs");
    assert_eq!(server.users_of(other.tenant), 2);
    assert_eq!(server.user_count(), 1);
}

#[test]
fn numbers_are_never_given_twice_over_all_tenants() {
    let server = Server::start();
    let key = server.key();
    let other = another_tenant(&server);
    let mut seen = std::collections::BTreeSet::new();
    for n in 0..20 {
        for key in [&key, &other.key] {
            let made = user(&server, key, &json!({"email": format!("n{n}@example.org")}));
            assert!(seen.insert(made["id"].as_i64().unwrap()));
            assert_ne!(made["uid"], other.user["uid"]);
        }
    }
    assert!(!seen.contains(&other.user["id"].as_i64().unwrap()));
    assert!(!seen.contains(&other.deleted["id"].as_i64().unwrap()));
}
