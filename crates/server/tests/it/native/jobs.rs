//! `/v1/jobs`.

use directory::event::{self, Subject};
use directory::keys::NewKey;
use serde_json::{Value, json};

use crate::harness::{Key, Response, Server};

fn report(server: &Server, key: &Key, job: &str, body: &Value) -> Response {
    let path = format!("/v1/jobs/{job}");
    server
        .request("PUT", &path)
        .bearer(&key.token)
        .json(body)
        .send()
}

fn worker(server: &Server, key: &Key) -> Value {
    let body = json!({"email": "w@example.org", "kind": "worker"});
    let made = server
        .post("/v1/users")
        .bearer(&key.token)
        .json(&body)
        .send();
    made.expect(201)["id"].clone()
}

#[test]
fn a_new_state_is_a_transition_with_its_event_and_the_same_state_is_none() {
    let server = Server::start();
    let key = server.key();
    let (account, worker) = (server.account("Acme"), worker(&server, &key));
    let job = |state: &str| json!({"worker_id": worker, "account_id": account, "state": state});
    let made = report(&server, &key, "shift%2F7", &job("filled")).expect(201);
    assert_eq!(made["external_id"], "shift/7");
    let id = made["id"].clone();
    for (state, events) in [
        ("filled", 1),
        ("completed", 2),
        ("completed", 2),
        ("approved", 3),
    ] {
        let answer = report(&server, &key, "shift%2F7", &job(state)).expect(200);
        assert_eq!((&answer["id"], &answer["state"]), (&id, &json!(state)));
        let (actor, number) = (server.operator(), id.as_i64().unwrap());
        let told = server.read(move |tx| event::history(tx, &actor, &Subject::new("job", number)));
        assert_eq!(told.len(), events, "{state}");
        let last: Value = serde_json::from_str(&told[events - 1].change).unwrap();
        assert_eq!(told[events - 1].event_type, "job_state_changed");
        assert_eq!(told[events - 1].account_id, Some(account));
        assert_eq!(last["new"]["state"], state);
    }
}

#[test]
fn everything_wrong_with_a_job_is_told_at_once() {
    let server = Server::start();
    let key = server.key();
    let pointers = |body: &Value| -> Vec<String> {
        let answer = report(&server, &key, "shift", body);
        let problem = answer.expect(422);
        let mut all: Vec<String> = problem["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|each| format!("{} {}", each["pointer"], each["code"]).replace('"', ""))
            .collect();
        all.sort();
        all
    };
    let none = pointers(&json!({}));
    assert_eq!(
        none,
        ["/account_id blank", "/state blank", "/worker_id blank"]
    );
    let wrong = json!({
        "worker_id": 999, "account_id": "1", "state": "flying", "at": "soon", "latitude": 91,
        "name": 7, "colour": "red",
    });
    let told = pointers(&wrong);
    for field in [
        "/account_id",
        "/at",
        "/colour",
        "/latitude",
        "/longitude",
        "/name",
        "/state",
        "/worker_id",
    ] {
        let count = told.iter().filter(|each| each.starts_with(field)).count();
        assert_eq!(count, 1, "{field}: {told:?}");
    }
    assert_eq!(told.len(), 8, "{told:?}");
}

#[test]
fn reporting_needs_the_scope_and_full_access() {
    let server = Server::start();
    let body = json!({});
    let pool = server.key_with(NewKey {
        account_id: Some(server.account("Acme")),
        public_pool: true,
        ..NewKey::default()
    });
    let reader = server.key_with(NewKey {
        scopes: vec!["users:read".to_owned()],
        ..NewKey::default()
    });
    for key in [pool, reader] {
        assert_eq!(report(&server, &key, "shift", &body).status, 403);
    }
    let nobody = server.request("PUT", "/v1/jobs/shift").json(&body).send();
    assert_eq!(nobody.status, 401);
}

#[test]
fn a_job_is_read_with_its_version_and_changed_from_it() {
    let server = Server::start();
    let key = server.key();
    let (account, worker) = (server.account("Acme"), worker(&server, &key));
    let job = |state: &str| json!({"worker_id": worker, "account_id": account, "state": state});
    let made = report(&server, &key, "shift%2F7", &job("filled"));
    assert_eq!((made.status, made.header("etag")), (201, Some("\"1\"")));
    let shown = server.get("/v1/jobs/shift%2F7").bearer(&key.token).send();
    assert_eq!((shown.status, shown.header("etag")), (200, Some("\"1\"")));
    assert_eq!(shown.json(), made.json());
    let matching = |tag: &str, state: &str| {
        let put = server.request("PUT", "/v1/jobs/shift%2F7");
        let put = put.bearer(&key.token).header("if-match", tag);
        put.json(&job(state)).send()
    };
    let answer = matching("\"1\"", "completed");
    assert_eq!((answer.status, answer.header("etag")), (200, Some("\"2\"")));
    for tag in ["\"1\"", "\"x\"", "2"] {
        let refused = matching(tag, "cancelled");
        assert_eq!(refused.status, 412, "{tag}");
    }
    assert_eq!(matching("*", "approved").expect(200)["version"], 3);
}

#[test]
fn jobs_are_listed_with_filters_and_cursor() {
    let server = Server::start();
    let key = server.key();
    let (acme, initech) = (server.account("Acme"), server.account("Initech"));
    let worker = worker(&server, &key);
    for (id, account, state) in [
        ("a", acme, "filled"),
        ("b", initech, "filled"),
        ("c", acme, "approved"),
    ] {
        let body = json!({"worker_id": worker, "account_id": account, "state": state});
        report(&server, &key, id, &body).expect(201);
    }
    let list = |key: &Key, query: &str| {
        let request = server.get(&format!("/v1/jobs{query}"));
        request.bearer(&key.token).send()
    };
    let ids = |key: &Key, query: &str| -> String {
        let page = list(key, query).expect(200);
        let rows = page["data"].as_array().unwrap().clone();
        rows.iter()
            .map(|row| row["external_id"].as_str().unwrap())
            .collect()
    };
    let query = |name: &str, value: i64| format!("?{name}={value}");
    assert_eq!(ids(&key, ""), "abc");
    assert_eq!(ids(&key, "?state=filled"), "ab");
    assert_eq!(ids(&key, "?external_id=c"), "c");
    assert_eq!(ids(&key, &query("account_id", acme)), "ac");
    assert_eq!(
        ids(&key, &query("worker_id", worker.as_i64().unwrap())),
        "abc"
    );
    assert_eq!(ids(&key, &query("worker_id", 999_999)), "");
    let first = list(&key, "?limit=2&state=filled");
    assert_eq!(first.json()["next_cursor"], Value::Null);
    let first = list(&key, "?limit=2");
    assert!(
        first
            .header("link")
            .is_some_and(|link| link.contains("rel=\"next\""))
    );
    let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
    assert_eq!(ids(&key, &format!("?limit=2&cursor={cursor}")), "c");
    for bad in [
        "?state=flying",
        "?state=",
        "?worker_id=x",
        "?colour=red",
        "?limit=0",
    ] {
        assert_eq!(list(&key, bad).status, 400, "{bad}");
    }
    let bound = server.key_with(NewKey {
        account_id: Some(initech),
        ..NewKey::default()
    });
    assert_eq!(ids(&bound, ""), "b");
    assert_eq!(ids(&bound, &query("account_id", acme)), "");
    let pool = server.key_with(NewKey {
        account_id: Some(initech),
        public_pool: true,
        ..NewKey::default()
    });
    let writer = server.key_with(NewKey {
        scopes: vec!["webhooks:write".to_owned()],
        ..NewKey::default()
    });
    for refused in [&pool, &writer] {
        assert_eq!(list(refused, "").status, 403);
        let one = server.get("/v1/jobs/b").bearer(&refused.token).send();
        assert_eq!(one.status, 403);
    }
    let far = server.key_of(server.tenant("far"), NewKey::default());
    assert_eq!(ids(&far, ""), "");
    for (key, id) in [(&bound, "a"), (&far, "b"), (&key, "d"), (&key, "a%00")] {
        let absent = server
            .get(&format!("/v1/jobs/{id}"))
            .bearer(&key.token)
            .send();
        assert_eq!(absent.expect(404)["code"], "not_found", "{id}");
    }
    assert_eq!(server.get("/v1/jobs").send().status, 401);
}

#[test]
fn a_report_of_the_future_is_refused_and_a_late_one_changes_nothing() {
    let server = Server::start();
    let key = server.key();
    let (account, worker) = (server.account("Acme"), worker(&server, &key));
    let job = |state: &str, at: &str| {
        let body = json!({"worker_id": worker, "account_id": account, "state": state, "at": at});
        report(&server, &key, "shift", &body)
    };
    let refused = job("filled", "2026-11-21T05:00:40.124Z").expect(422);
    assert_eq!(refused["errors"][0]["pointer"], "/at");
    assert_eq!(refused["errors"][0]["code"], "in_future");
    job("approved", "2026-11-21T04:50:40Z").expect(201);
    let late = job("cancelled", "2026-11-21T04:50:39Z").expect(200);
    assert_eq!(late["state"], "approved");
}

#[test]
fn a_path_that_is_no_text_is_told_in_problem_details() {
    let server = Server::start();
    let key = server.key();
    for (method, path) in [
        ("PUT", "/v1/jobs/%FF"),
        ("GET", "/v1/jobs/%FF"),
        ("GET", "/v1/users/%FF"),
        ("PATCH", "/v1/users/%FF"),
        ("DELETE", "/v1/users/%FF"),
        ("POST", "/v1/users/%FF/restore"),
        ("POST", "/v1/users/%FF/erase"),
        ("GET", "/v1/users/%FF/events"),
        ("GET", "/v1/accounts/%FF"),
        ("GET", "/v1/groups/%FF"),
        ("GET", "/v1/badges/%FF"),
        ("POST", "/v1/invitations/%FF/resend"),
        ("POST", "/v1/invitations/%FF/revoke"),
        ("GET", "/v1/webhooks/%FF"),
        ("GET", "/v1/webhooks/%FF/deliveries"),
        ("GET", "/v1/webhooks/1/deliveries/%FF"),
        ("POST", "/v1/webhooks/%FF/test"),
        ("POST", "/v1/webhooks/%FF/replay"),
        ("POST", "/v1/webhooks/1/deliveries/%FF/replay"),
        ("POST", "/v1/webhooks/%FF/rotate-secret"),
    ] {
        let request = server.request(method, path).bearer(&key.token);
        let request = match method {
            "GET" | "DELETE" => request,
            _ => request.json(&json!({})),
        };
        let answer = request.send();
        assert_eq!(answer.expect(404)["code"], "not_found", "{method} {path}");
        let kind = answer.header("content-type");
        assert_eq!(kind, Some("application/problem+json"), "{method} {path}");
        assert_eq!(
            server.request(method, path).send().status,
            401,
            "{method} {path}"
        );
    }
    for (method, path) in [
        ("GET", "/api_v2/users/%FF"),
        ("GET", "/users/%FF"),
        ("GET", "/api/users/%FF"),
        ("GET", "/api/v1/user/%FF/"),
    ] {
        let answer = server.request(method, path).bearer(&key.token).send();
        let kind = answer.header("content-type").unwrap_or_default();
        assert!(!kind.starts_with("text/"), "{path}: {}", answer.text);
        assert!(answer.status < 500 && answer.status >= 400, "{path}");
    }
}
