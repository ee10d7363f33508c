//! `POST /api_v2/users/invite` (seed 001; contract, POST /users/invite).

use directory::keys::NewKey;
use serde_json::{Value, json};

use super::{stored, token, with, without};
use crate::harness::{Key, Response, Server};

fn guest() -> Value {
    json!({
        "type": "Worker",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "phone": "(415) 555-2671",
    })
}

fn invite(server: &Server, key: &Key, user: &Value) -> Response {
    let request = server.post("/api_v2/users/invite").bearer(&key.token);
    request.json(&json!({ "user": user })).send()
}

#[track_caller]
fn assert_refused(server: &Server, key: &Key, user: &Value, errors: Value) {
    let before = server.user_count();
    invite(server, key, user).assert(422, &json!({ "errors": errors }));
    assert_eq!(server.user_count(), before, "nothing is written");
}

#[test]
fn an_invited_worker_has_no_password_and_waits_for_an_answer() {
    let server = Server::start();
    let key = server.key();
    let more = json!({ "email": "Ada@example.org", "external_id": "x-7" });
    let made = invite(&server, &key, &with(guest(), more)).expect(201)["user"].clone();
    let shown = [
        ("type", json!("Worker")),
        ("first_name", json!("Ada")),
        ("last_name", json!("Lovelace")),
        ("phone", json!("(415) 555-2671")),
        ("email", json!("Ada@example.org")),
        ("external_id", json!("x-7")),
        ("onboarding_last_state", json!("invited")),
        ("w2_onboarding_status", json!("not_started")),
        ("agreed_to_terms", json!(null)),
        ("user_badges", json!([])),
    ];
    for (field, value) in shown {
        assert_eq!(made[field], value, "{field}");
    }
    assert_eq!(stored(&server, &made)["status"], "pending");
    let id = made["id"].as_i64().unwrap();
    let actor = server.operator();
    let hash = server.read(move |tx| directory::users::password_hash(tx, &actor, id));
    assert!(hash.is_none());
    assert_eq!(server.invitations_of(id).len(), 1);
}

#[test]
fn one_invitation_is_the_same_in_every_form_of_request() {
    let server = Server::start();
    let key = server.key();
    let token = token(&server, &key);
    let form = "type=Worker&first_name=Ada&last_name=Lovelace&phone=4155552671";
    let nested = form
        .split('&')
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| format!("user[{name}]={value}"))
        .collect::<Vec<_>>()
        .join("&");
    let path = "/api_v2/users/invite";
    let flat = with(
        guest(),
        json!({ "token": token, "phone": 4_155_552_671_u64 }),
    );
    let requests = [
        server.post(path).form(&format!("token={token}&{form}")),
        server.post(path).form(&format!("token={token}&{nested}")),
        server.post(path).json(&flat),
        server
            .post(&format!("{path}.json?token={token}"))
            .json(&json!({ "user": with(guest(), json!({ "external_id": 7 })) })),
        server.post(&format!("{path}?token={token}&{form}")),
    ];
    for request in requests {
        let made = request.send().expect(201)["user"].clone();
        assert_eq!(made["onboarding_last_state"], "invited");
        assert_eq!(made["first_name"], "Ada");
        // Frees the phone.
        let gone = server.request("DELETE", &format!("/v1/users/{}", made["id"]));
        assert_eq!(gone.bearer(&key.token).send().status, 204);
    }
}

#[test]
fn what_is_required_is_asked_for_at_once() {
    let server = Server::start();
    let key = server.key();
    let blank = json!(["can't be blank"]);
    let all = json!({
        "type": blank, "phone": blank, "first_name": blank, "last_name": blank,
    });
    assert_refused(&server, &key, &json!({ "email": "" }), all);
    for field in ["type", "first_name", "last_name", "phone"] {
        let errors = json!({ field: ["can't be blank"] });
        assert_refused(&server, &key, &without(guest(), field), errors.clone());
        assert_refused(
            &server,
            &key,
            &with(guest(), json!({ field: null })),
            errors,
        );
    }
}

#[test]
fn only_a_worker_with_values_that_hold_is_invited() {
    let server = Server::start();
    let key = server.key();
    for (field, value, words) in [
        ("type", json!("Employer"), "is not included in the list"),
        ("type", json!("worker"), "is not included in the list"),
        ("first_name", json!("Ada King"), "is invalid"),
        ("last_name", json!("<b>"), "is invalid"),
        ("phone", json!("junk"), "is invalid"),
        ("email", json!("ada"), "is invalid"),
    ] {
        let user = with(guest(), json!({ field: value }));
        assert_refused(&server, &key, &user, json!({ field: [words] }));
    }
}

#[test]
fn a_phone_or_email_of_another_is_taken() {
    let server = Server::start();
    let key = server.key();
    let ada = with(guest(), json!({ "email": "ada@example.org" }));
    assert_eq!(invite(&server, &key, &ada).status, 201);
    let taken = json!(["has already been taken"]);
    let again = with(
        guest(),
        json!({ "email": "ADA@example.org", "phone": "+1 415 555 2671" }),
    );
    assert_refused(
        &server,
        &key,
        &again,
        json!({ "email": taken, "phone": taken }),
    );
    let broken = with(again, json!({ "first_name": "" }));
    let errors = json!({ "email": taken, "phone": taken, "first_name": ["can't be blank"] });
    assert_refused(&server, &key, &broken, errors);
}

#[test]
fn what_an_invitation_does_not_name_is_ignored() {
    let server = Server::start();
    let key = server.key();
    let more = json!({
        "password": "tide plank ferry", "password_confirmation": "x", "rating": 5,
        "agreed_to_terms": true, "onboarding_last_state": "complete", "suspended": true,
        "verified_phone": "1", "user_badges_attributes": "x", "customer_id": 7,
    });
    let made = invite(&server, &key, &with(guest(), more)).expect(201)["user"].clone();
    let expected = [
        ("onboarding_last_state", json!("invited")),
        ("rating", json!(null)),
        ("agreed_to_terms", json!(null)),
        ("suspended", json!(false)),
        ("verified_phone", json!(null)),
    ];
    for (field, value) in expected {
        assert_eq!(made[field], value, "{field}");
    }
    assert_eq!(stored(&server, &made)["status"], "pending");
}

#[test]
fn who_may_invite() {
    let server = Server::start();
    let account = server.account("Acme");
    let pool = server.key_with(NewKey {
        account_id: Some(account),
        public_pool: true,
        ..NewKey::default()
    });
    // Seed 001 refuses Public Pool access to create, change and track, and not to invite.
    assert_eq!(invite(&server, &pool, &guest()).status, 201);
    let reader = server.key_with(NewKey {
        scopes: ["users:read".to_owned()].into(),
        ..NewKey::default()
    });
    assert_eq!(invite(&server, &reader, &guest()).status, 403);
    let request = server.post("/api_v2/users/invite").json(&guest());
    assert_eq!(request.send().status, 401);
    let empty = server
        .post("/api_v2/users/invite")
        .bearer(&pool.token)
        .send();
    empty.assert(422, &json!({ "error": "Missing parameter user" }));
}
