//! Who is answered what, call by call: full access, Public Pool access, another account, another
//! tenant; and a user who is suspended (seed 001, "Priviledge Level").

use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Duration;

use directory::keys::NewKey;
use serde_json::{Value, json};

use super::{PASSWORD, created, with, worker};
use crate::harness::{Key, Response, Server};

/// A call, and the status that each caller is answered with.
struct Call {
    method: &'static str,
    path: &'static str,
    /// Full access.
    full: u16,
    /// Public Pool access of the account that the user has an active job with.
    pool: u16,
    /// The same of an account that nobody has a job with.
    other: u16,
    /// Full access in another tenant.
    stranger: u16,
}

const fn call(method: &'static str, path: &'static str, statuses: [u16; 4]) -> Call {
    let [full, pool, other, stranger] = statuses;
    Call {
        method,
        path,
        full,
        pool,
        other,
        stranger,
    }
}

/// Every call of the API.
const CALLS: [Call; 12] = [
    call("POST", "/api_v2/authorize", [200; 4]),
    call("POST", "/api_v2/authenticate", [200; 4]),
    call("GET", "/api_v2/users", [200; 4]),
    call("POST", "/api_v2/users", [201, 403, 403, 201]),
    call("POST", "/api_v2/users/invite", [201; 4]),
    call("GET", "/api_v2/users/{id}", [200, 200, 404, 404]),
    call("PATCH", "/api_v2/users/{id}", [200, 403, 403, 404]),
    call("PUT", "/api_v2/users/{id}", [200, 403, 403, 404]),
    call("GET", "/api_v2/users/{id}/tracking", [200, 403, 403, 404]),
    call("GET", "/api_v2/badges", [200; 4]),
    call("POST", "/api_v2/badges", [201, 403, 403, 201]),
    call("GET", "/api_v2/badges/{id}", [200, 200, 200, 404]),
];

struct Case {
    server: Server,
    full: Key,
    pool: Key,
    other: Key,
    stranger: Key,
    account: i64,
    badge: i64,
    /// What is made must be new each time.
    made: Cell<u32>,
}

impl Case {
    fn start() -> Self {
        let server = Server::start();
        let (account, nobodys) = (server.account("Acme"), server.account("Initech"));
        let pool = |account| {
            server.key_with(NewKey {
                account_id: Some(account),
                public_pool: true,
                ..NewKey::default()
            })
        };
        Self {
            full: server.key(),
            pool: pool(account),
            other: pool(nobodys),
            stranger: server.key_of(server.tenant("far"), NewKey::default()),
            account,
            badge: server.badge("Forklift"),
            made: Cell::new(0),
            server,
        }
    }

    /// A worker with a job for the account.
    fn worker(&self, state: &str, suspended: bool) -> i64 {
        let fresh = self.fresh();
        let mut new = with(worker(), json!({"email": format!("w{fresh}@example.org")}));
        if suspended {
            new = with(new, json!({"suspended": true}));
        }
        let id = created(&self.server, &self.full, &new)["id"].as_i64();
        let body = json!({"worker_id": id, "account_id": self.account, "state": state});
        let path = format!("/v1/jobs/job-{fresh}");
        let put = self.server.request("PUT", &path).bearer(&self.full.token);
        put.json(&body).send().expect(201);
        id.unwrap()
    }

    fn fresh(&self) -> u32 {
        self.made.set(self.made.get() + 1);
        self.made.get()
    }

    /// A body with which nothing is wrong, new each time.
    fn body(&self, key: &Key, call: &Call) -> Option<Value> {
        let fresh = self.fresh();
        let email = format!("n{fresh}@example.org");
        match (call.method, call.path) {
            ("POST", "/api_v2/authorize" | "/api_v2/authenticate") => {
                Some(json!({"api_key": key.id, "secret_key": key.secret}))
            }
            ("POST", "/api_v2/users") => Some(with(worker(), json!({ "email": email }))),
            ("POST", "/api_v2/users/invite") => Some(json!({
                "type": "Worker", "first_name": "Ada", "last_name": "Lovelace", "email": email,
                "phone": format!("415 555 {fresh:04}"),
            })),
            ("PATCH" | "PUT", _) => {
                let city = format!("City {fresh}");
                Some(json!({"city": city, "password": PASSWORD, "password_confirmation": PASSWORD}))
            }
            ("POST", "/api_v2/badges") => Some(json!({"name": format!("Badge {fresh}")})),
            ("GET", _) => None,
            _ => panic!("{} {} has no body in this table", call.method, call.path),
        }
    }

    fn send(&self, key: &Key, call: &Call, user: i64) -> Response {
        let id = if call.path.contains("badges") {
            self.badge
        } else {
            user
        };
        let path = call.path.replace("{id}", &id.to_string());
        let request = self.server.request(call.method, &path);
        // The calls that give tokens take none.
        let request = if call.path.contains("/auth") {
            request
        } else {
            request.bearer(&key.token)
        };
        match self.body(key, call) {
            Some(body) => request.json(&body).send(),
            None => request.send(),
        }
    }

    /// The numbers of the users in the list.
    fn listed(&self, key: &Key, query: &str) -> Vec<i64> {
        let list = self.server.get(&format!("/api_v2/users{query}"));
        let users = list.bearer(&key.token).send().expect(200);
        let users = users["users"].as_array().unwrap().clone();
        users
            .iter()
            .map(|user| user["id"].as_i64().unwrap())
            .collect()
    }
}

/// The calls that the dialect routes, read off its table.
fn routed() -> BTreeSet<(String, String)> {
    let source = include_str!("../../../src/dialects/wonolo/mod.rs");
    let (_, one) = source.split_once("let one = ").expect("`one` is a route");
    let (one, _) = one.split_once(';').unwrap();
    let mut found = BTreeSet::new();
    for line in source.lines() {
        let Some((_, rest)) = line.split_once("(\"/api_v2") else {
            continue;
        };
        let (path, calls) = rest.split_once('"').unwrap();
        let calls = if calls.contains(" one)") { one } else { calls };
        let known = [
            ("get(", "GET"),
            ("post(", "POST"),
            ("patch(", "PATCH"),
            ("put(", "PUT"),
        ];
        let named = known.iter().filter(|(text, _)| calls.contains(text));
        let methods: Vec<_> = named.map(|(_, method)| *method).collect();
        assert_eq!(calls.matches("::").count(), methods.len(), "{line}");
        for method in methods {
            found.insert((method.to_owned(), format!("/api_v2{path}")));
        }
    }
    found
}

#[test]
fn every_call_is_in_the_table() {
    let table: BTreeSet<_> = CALLS
        .iter()
        .map(|call| (call.method.to_owned(), call.path.to_owned()))
        .collect();
    assert_eq!(table, routed());
}

#[test]
fn each_call_answers_each_caller_as_the_table_says() {
    let case = Case::start();
    let seen = case.worker("filled", false);
    for call in &CALLS {
        for (who, key, status) in [
            ("full", &case.full, call.full),
            ("pool", &case.pool, call.pool),
            ("other", &case.other, call.other),
            ("stranger", &case.stranger, call.stranger),
        ] {
            let answer = case.send(key, call, seen);
            let what = format!("{} {} {who}: {}", call.method, call.path, answer.text);
            assert_eq!(answer.status, status, "{what}");
            assert_eq!(
                answer.header("content-type"),
                Some("application/json"),
                "{what}"
            );
            if status == 403 {
                let error = "the credential has Public Pool access only";
                assert_eq!(answer.json(), json!({ "error": error }), "{what}");
            }
        }
    }
}

/// What is not there and what may not be seen are told in the same words.
#[test]
fn what_a_caller_may_not_see_is_as_what_is_not_there() {
    let case = Case::start();
    let seen = case.worker("filled", false);
    let with_id = CALLS.iter().filter(|call| call.path.contains("users/{id}"));
    for call in with_id {
        for key in [&case.full, &case.pool, &case.other, &case.stranger] {
            let absent = case.send(key, call, 999_999);
            let is_pool = std::ptr::eq(key, &case.pool) || std::ptr::eq(key, &case.other);
            let expected = if is_pool && call.pool == 403 {
                403
            } else {
                404
            };
            assert_eq!(absent.status, expected, "{} {}", call.method, call.path);
            let there = case.send(key, call, seen);
            if there.status == 404 {
                assert_eq!(there.json(), absent.json(), "{} {}", call.method, call.path);
            }
        }
    }
    assert_eq!(case.listed(&case.full, ""), [seen]);
    assert_eq!(case.listed(&case.pool, ""), [seen]);
    assert_eq!(case.listed(&case.other, ""), [] as [i64; 0]);
    assert_eq!(case.listed(&case.stranger, ""), [] as [i64; 0]);
}

/// The reference knows `suspended` as a field of a user; it takes nothing of them away from who
/// reads or changes them.
#[test]
fn a_suspended_user_is_answered_as_any_other() {
    let case = Case::start();
    let suspended = case.worker("filled", true);
    for call in &CALLS {
        for (key, status) in [
            (&case.full, call.full),
            (&case.pool, call.pool),
            (&case.other, call.other),
            (&case.stranger, call.stranger),
        ] {
            let answer = case.send(key, call, suspended);
            let what = format!("{} {}: {}", call.method, call.path, answer.text);
            assert_eq!(answer.status, status, "{what}");
            if status == 200 && call.path == "/api_v2/users/{id}" {
                assert_eq!(answer.json()["user"]["suspended"], true, "{what}");
            }
        }
    }
    assert!(case.listed(&case.full, "").contains(&suspended));
    assert_eq!(case.listed(&case.pool, ""), [suspended]);
    let row = case.server.get("/api_v2/users").bearer(&case.pool.token);
    assert_eq!(row.send().json()["users"][0]["suspended"], true);
}

#[test]
fn an_approved_job_shows_its_worker_for_24_hours_in_every_call_that_shows_users() {
    let case = Case::start();
    let approved = case.worker("approved", false);
    let at_work = case.worker("completed", false);
    let show = call("GET", "/api_v2/users/{id}", [200, 200, 404, 404]);
    let lists = ["", "?page=1&per=1", "?type=Worker", "?last_name=Lovelace"];
    let assert_seen = |seen: bool| {
        let status = if seen { 200 } else { 404 };
        assert_eq!(case.send(&case.pool, &show, approved).status, status);
        for query in lists {
            let mut expected = if seen {
                vec![approved, at_work]
            } else {
                vec![at_work]
            };
            if query.contains("per=1") {
                expected.truncate(1);
            }
            assert_eq!(case.listed(&case.pool, query), expected, "{query}");
        }
        assert_eq!(case.listed(&case.full, ""), [approved, at_work]);
    };
    assert_seen(true);
    case.server.advance(Duration::from_secs(24 * 3_600));
    assert_seen(true);
    case.server.advance(Duration::from_millis(1));
    assert_seen(false);
}
