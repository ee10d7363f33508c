//! `PUT /v1/jobs/{external_id}`.

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
