//! `GET /api_v2/users/:id`.

use std::time::Duration;

use directory::keys::NewKey;
use directory::store::Job;
use directory::{Actor, TenantId, jobs};
use serde_json::{Value, json};

use super::{create, created, employer, with, worker};
use crate::harness::{Key, Response, Server};

fn read(server: &Server, key: &Key, id: impl std::fmt::Display) -> Response {
    server
        .get(&format!("/api_v2/users/{id}"))
        .bearer(&key.token)
        .send()
}

fn pool(server: &Server, account: i64) -> Key {
    server.key_with(NewKey {
        account_id: Some(account),
        public_pool: true,
        ..NewKey::default()
    })
}

/// Reports a job of a worker, in a state since now.
fn job(server: &Server, worker: &Value, account: i64, state: &'static str) {
    let job = Job {
        external_id: format!("job-{}-{account}", worker["id"]),
        name: None,
        worker_id: worker["id"].as_i64().unwrap(),
        account_id: account,
        state: state.to_owned(),
        state_at: server.now(),
        place: None,
    };
    server.write(move |tx| {
        jobs::put(
            tx,
            &Actor::system(TenantId(1), "test"),
            &job.clone().into(),
            Default::default(),
        )
        .map(drop)
    });
}

#[test]
fn a_user_is_read_as_they_were_created() {
    let server = Server::start();
    let key = server.key();
    let user = created(&server, &key, &worker());
    let path = format!("/api_v2/users/{}", user["id"]);
    let body = json!({ "user": user });
    for path in [
        path.clone(),
        format!("{path}.json"),
        format!("{path}?format=json&_=1"),
    ] {
        let answer = server.get(&path).bearer(&key.token).send();
        answer.assert(200, &body);
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
    // Published clients send a form's content type and no body.
    let answer = server
        .get(&path)
        .bearer(&key.token)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("content-length", "0")
        .send();
    answer.assert(200, &body);
}

#[test]
fn what_is_not_there_or_not_ones_own_is_the_same_404() {
    let server = Server::start();
    let key = server.key();
    let far_key = server.key_of(server.tenant("far"), NewKey::default());
    let user = created(&server, &key, &worker());
    let foreign = created(&server, &far_key, &worker());
    let deleted = created(
        &server,
        &key,
        &with(worker(), json!({"email": "d@example.org"})),
    );
    let path = format!("/v1/users/{}", deleted["id"]);
    server
        .request("DELETE", &path)
        .bearer(&key.token)
        .send()
        .assert_empty(204);
    let id = &user["id"];
    for absent in [
        foreign["id"].to_string(),
        deleted["id"].to_string(),
        "999999".to_owned(),
        "0".to_owned(),
        "-1".to_owned(),
        format!("0{id}"),
        format!("+{id}"),
        format!("{id}.0"),
        format!("{id}.xml"),
        format!("{id}%00"),
        "%ff".to_owned(),
        "abc".to_owned(),
        ".json".to_owned(),
        "9223372036854775808".to_owned(),
        user["email"].as_str().unwrap().to_owned(),
    ] {
        let answer = read(&server, &key, &absent);
        answer.assert(404, &json!({"error": "not found"}));
        assert_eq!(
            answer.header("content-type"),
            Some("application/json"),
            "{absent}"
        );
    }
}

#[test]
fn reading_needs_its_scope() {
    let server = Server::start();
    let user = created(&server, &server.key(), &worker());
    let scoped = |scope: &str| {
        let scopes = vec![scope.to_owned()];
        server.key_with(NewKey {
            scopes,
            ..NewKey::default()
        })
    };
    let forbidden = json!({"error": "the credential does not allow this"});
    read(&server, &scoped("groups:write"), &user["id"]).assert(403, &forbidden);
    read(&server, &scoped("users:read"), &user["id"]).assert(200, &json!({ "user": user }));
}

#[test]
fn a_user_of_another_api_has_no_kind_and_parts_of_their_name() {
    let server = Server::start();
    let key = server.key();
    let native = json!({"email": "ada@example.org", "name": "Ada King Lovelace", "title": "Dr"});
    let made = server
        .post("/v1/users")
        .bearer(&key.token)
        .json(&native)
        .send()
        .expect(201);
    let user = read(&server, &key, &made["id"]).expect(200)["user"].clone();
    let expected = json!({
        "id": made["id"], "type": null, "email": "ada@example.org", "first_name": "Ada King",
        "last_name": "Lovelace", "gender": null, "phone": null, "avatar_url": null,
        "address": null, "city": null, "address_state": null, "zip": null, "suspended": false,
        "suspended_at": null, "rating": null, "agreed_to_terms": null,
        "agreed_to_terms_date": null, "created_at": made["created_at"],
        "updated_at": made["updated_at"],
    });
    assert_eq!(user, expected);
}

#[test]
fn public_pool_access_sees_workers_with_an_active_job_for_its_account() {
    let server = Server::start();
    let (own, other) = (server.account("Own"), server.account("Other"));
    let (full, pool) = (server.key(), pool(&server, own));
    let user = created(&server, &full, &worker());
    let absent = json!({"error": "not found"});
    read(&server, &pool, &user["id"]).assert(404, &absent);
    for (state, active) in [
        ("pending", false),
        ("rejected", false),
        ("filled", true),
        ("in_progress", true),
        ("paused", true),
        ("completed", true),
        ("approved", true),
        ("cancelled", false),
        ("withdrawn", false),
        ("no_show", false),
    ] {
        job(&server, &user, own, state);
        let answer = read(&server, &pool, &user["id"]);
        if active {
            answer.assert(200, &json!({ "user": user }));
        } else {
            answer.assert(404, &absent);
        }
        assert_eq!(read(&server, &full, &user["id"]).status, 200, "{state}");
    }
    let elsewhere = created(
        &server,
        &full,
        &with(worker(), json!({"email": "b@example.org"})),
    );
    job(&server, &elsewhere, other, "filled");
    read(&server, &pool, &elsewhere["id"]).assert(404, &absent);
    job(&server, &elsewhere, own, "filled");
    assert_eq!(read(&server, &pool, &elsewhere["id"]).status, 200);
    let employer = created(&server, &full, &employer(own));
    read(&server, &pool, &employer["id"]).assert(404, &absent);
}

#[test]
fn an_approved_job_is_active_for_24_hours_to_the_millisecond() {
    let server = Server::start();
    let own = server.account("Own");
    let (full, pool) = (server.key(), pool(&server, own));
    let [approved, completed] = ["a@example.org", "c@example.org"]
        .map(|email| created(&server, &full, &with(worker(), json!({ "email": email }))));
    job(&server, &approved, own, "approved");
    job(&server, &completed, own, "completed");
    server.advance(Duration::from_secs(24 * 60 * 60));
    assert_eq!(read(&server, &pool, &approved["id"]).status, 200);
    server.advance(Duration::from_millis(1));
    read(&server, &pool, &approved["id"]).assert(404, &json!({"error": "not found"}));
    assert_eq!(
        read(&server, &pool, &completed["id"]).status,
        200,
        "only approval ages"
    );
    // A job approved again counts anew.
    job(&server, &approved, own, "approved");
    assert_eq!(read(&server, &pool, &approved["id"]).status, 200);
}

#[test]
fn a_bound_key_with_full_access_reads_its_whole_tenant() {
    let server = Server::start();
    let bound = server.key_with(NewKey {
        account_id: Some(server.account("Own")),
        ..NewKey::default()
    });
    let user = created(&server, &server.key(), &worker());
    read(&server, &bound, &user["id"]).assert(200, &json!({ "user": user }));
}

#[test]
fn what_a_change_elsewhere_did_is_seen_here() {
    let server = Server::start();
    let key = server.key();
    let user = created(&server, &key, &worker());
    server.advance(Duration::from_millis(1_500));
    let patch = json!({"state": "NY", "agreed_to_terms": true});
    let path = format!("/v1/users/{}", user["id"]);
    server
        .request("PATCH", &path)
        .bearer(&key.token)
        .json(&patch)
        .send()
        .expect(200);
    let changed = json!({
        "address_state": "NY", "agreed_to_terms": true, "updated_at": "2026-11-21T04:50:41.623Z",
    });
    let seen = read(&server, &key, &user["id"]);
    seen.assert(200, &json!({ "user": with(user, changed) }));
    assert_eq!(create(&server, &key, &worker()).status, 422);
}
