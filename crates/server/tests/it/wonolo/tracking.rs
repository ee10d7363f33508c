//! `GET /api_v2/users/:id/tracking`, from the jobs that `/v1/jobs` reported.

use std::time::Duration;

use directory::keys::NewKey;
use serde_json::{Value, json};

use super::{created, with, worker};
use crate::harness::{Key, Response, Server};

fn report(server: &Server, key: &Key, job: &str, body: &Value) -> Response {
    let path = format!("/v1/jobs/{job}");
    server
        .request("PUT", &path)
        .bearer(&key.token)
        .json(body)
        .send()
}

fn tracking(server: &Server, key: &Key, user: &Value) -> Response {
    let path = format!("/api_v2/users/{}/tracking", user["id"]);
    server.get(&path).bearer(&key.token).send()
}

#[test]
fn each_state_that_a_workers_jobs_came_into_is_a_line_oldest_first() {
    let server = Server::start();
    let key = server.key();
    let account = server.account("Acme");
    let user = created(&server, &key, &worker());
    let other = created(
        &server,
        &key,
        &with(worker(), json!({"email": "b@example.org"})),
    );
    tracking(&server, &key, &user).assert(200, &json!({"tracking": []}));
    let job = |state: &str| json!({"worker_id": user["id"], "account_id": account, "name": "Shift", "state": state});
    let made = report(&server, &key, "shift-7", &job("filled"));
    let first = made.expect(201);
    let place = json!({"latitude": 37.774_929_5, "longitude": -122.419_415_5});
    let started = with(job("in_progress"), place);
    let started = with(started, json!({"at": "2026-11-21T05:00:00.5Z"}));
    let answer = report(&server, &key, "shift-7", &started);
    let expected = with(
        started,
        json!({
            "id": first["id"], "external_id": "shift-7", "at": "2026-11-21T05:00:00.500Z",
            "created_at": "2026-11-21T04:50:40.123Z", "version": 2,
        }),
    );
    answer.assert(200, &expected);
    // Reported again, it is no other state.
    server.advance(Duration::from_secs(3_600));
    report(&server, &key, "shift-7", &job("in_progress")).assert(200, &expected);
    let theirs = with(job("filled"), json!({"worker_id": other["id"]}));
    report(&server, &key, "shift-8", &theirs).expect(201);
    // What happened before is told late.
    let late = with(job("pending"), json!({"at": "2026-11-20T00:00:00Z"}));
    let late = report(&server, &key, "shift-9", &late).expect(201);
    let answer = tracking(&server, &key, &user);
    let lines = answer.expect(200)["tracking"].clone();
    let line = |number: usize, job: &Value, name: &str, at: &str| {
        json!({
            "id": lines[number]["id"], "job_id": job["id"], "name": name, "latitude": null,
            "longitude": null, "created_at": at,
        })
    };
    let third = line(2, &first, "in_progress", "2026-11-21T05:00:00.500Z");
    let expected = [
        line(0, &late, "pending", "2026-11-20T00:00:00.000Z"),
        line(1, &first, "filled", "2026-11-21T04:50:40.123Z"),
        with(
            third,
            json!({"latitude": 37.774_929_5, "longitude": -122.419_415_5}),
        ),
    ];
    answer.assert(200, &json!({ "tracking": expected }));
    assert!(lines[0]["id"].is_i64() && lines[0]["id"] != lines[1]["id"]);
}

#[test]
fn tracking_is_for_full_access_and_for_users_who_are_there() {
    let server = Server::start();
    let key = server.key();
    let account = server.account("Acme");
    let user = created(&server, &key, &worker());
    let pool = server.key_with(NewKey {
        account_id: Some(account),
        public_pool: true,
        ..NewKey::default()
    });
    let forbidden = json!({"error": "the credential has Public Pool access only"});
    tracking(&server, &pool, &user).assert(403, &forbidden);
    let far = server.key_of(server.tenant("far"), NewKey::default());
    let absent = json!({"error": "not found"});
    tracking(&server, &far, &user).assert(404, &absent);
    tracking(&server, &key, &json!({"id": 999_999})).assert(404, &absent);
    let path = format!("/api_v2/users/{}/tracking", user["id"]);
    assert_eq!(server.get(&path).send().status, 401);
    let suffixed = format!("{path}.json");
    server.get(&suffixed).bearer(&key.token).send().expect(200);
}
