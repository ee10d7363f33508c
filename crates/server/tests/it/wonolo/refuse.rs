//! `POST /api_v2/users`: who may not, and requests that lack their user.

use directory::keys::NewKey;
use serde_json::{Value, json};

use super::{assert_refused, create, with, without, worker};
use crate::harness::{Key, Server};

fn pool(server: &Server) -> Key {
    server.key_with(NewKey {
        account_id: Some(server.account("Acme")),
        public_pool: true,
        ..NewKey::default()
    })
}

#[test]
fn public_pool_access_creates_nobody() {
    let server = Server::start();
    let key = pool(&server);
    let forbidden = json!({"error": "the credential has Public Pool access only"});
    for body in [
        json!({ "user": worker() }),
        worker(),
        json!({"user": 7}),
        json!({}),
    ] {
        let answer = server
            .post("/api_v2/users")
            .bearer(&key.token)
            .json(&body)
            .send();
        answer.assert(403, &forbidden);
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
    let token = super::token(&server, &key);
    let form = format!("token={token}&user[type]=Worker");
    server
        .post("/api_v2/users")
        .form(&form)
        .send()
        .assert(403, &forbidden);
    assert_eq!(server.user_count(), 0);
}

#[test]
fn a_key_without_the_scope_creates_nobody() {
    let server = Server::start();
    for scope in ["users:read", "accounts:write", "groups:write", "keys:write"] {
        let key = server.key_with(NewKey {
            scopes: vec![scope.to_owned()],
            ..NewKey::default()
        });
        for user in [worker(), json!({"type": "Worker"})] {
            let answer = create(&server, &key, &user);
            answer.assert(403, &json!({"error": "the credential does not allow this"}));
        }
    }
    assert_eq!(server.user_count(), 0);
    let key = server.key_with(NewKey {
        scopes: vec!["users:write".to_owned()],
        ..NewKey::default()
    });
    assert_eq!(create(&server, &key, &worker()).status, 201);
}

#[test]
fn a_request_without_a_user_says_so() {
    let server = Server::start();
    let key = server.key();
    let missing = json!({"error": "Missing parameter user"});
    let json_post = |body: Value| server.post("/api_v2/users").bearer(&key.token).json(&body);
    for body in [
        json!({}),
        json!({"user": null}),
        json!({"token": key.token, "nickname": "x"}),
        json!({"id": 7}),
        json!({"page": 1, "id": 7}),
    ] {
        json_post(body).send().assert(422, &missing);
    }
    let form = server
        .post("/api_v2/users")
        .form(&format!("token={}&x=y", key.token));
    form.send().assert(422, &missing);
    server
        .post("/api_v2/users")
        .bearer(&key.token)
        .send()
        .assert(422, &missing);
    assert_eq!(server.user_count(), 0);
}

#[test]
fn a_user_that_is_no_hash_says_so_and_is_not_repeated() {
    let server = Server::start();
    let key = server.key();
    let no_hash = json!({"error": "Invalid parameter 'user': Must be a Hash"});
    for user in [
        json!([worker()]),
        json!("x"),
        json!(""),
        json!(7),
        json!(true),
    ] {
        create(&server, &key, &user).assert(422, &no_hash);
        // Not even when its fields stand beside it.
        let beside = with(worker(), json!({ "user": user }));
        let answer = server
            .post("/api_v2/users")
            .bearer(&key.token)
            .json(&beside)
            .send();
        answer.assert(422, &no_hash);
    }
    for form in ["user=x", "user[]=x", "user="] {
        let answer = server
            .post("/api_v2/users")
            .bearer(&key.token)
            .form(form)
            .send();
        answer.assert(422, &no_hash);
    }
    assert_eq!(server.user_count(), 0);
}

#[test]
fn what_is_required_is_asked_for_at_once() {
    let server = Server::start();
    let key = server.key();
    let blank = json!(["can't be blank"]);
    let all = json!({
        "type": blank, "email": blank, "password": blank, "password_confirmation": blank,
        "first_name": blank, "last_name": blank,
    });
    assert_refused(&server, &key, &json!({}), all.clone());
    assert_refused(&server, &key, &json!({"nickname": "x"}), all.clone());
    let flat = server
        .post("/api_v2/users")
        .bearer(&key.token)
        .json(&json!({"zip": "1"}))
        .send();
    flat.assert(422, &json!({ "errors": all }));
    for field in [
        "type",
        "email",
        "first_name",
        "last_name",
        "password_confirmation",
    ] {
        let errors = json!({ field: blank });
        assert_refused(&server, &key, &without(worker(), field), errors.clone());
        for empty in [json!(""), json!(null)] {
            assert_refused(
                &server,
                &key,
                &with(worker(), json!({ field: empty })),
                errors.clone(),
            );
        }
    }
    let errors = json!({"password": blank, "password_confirmation": ["doesn't match Password"]});
    assert_refused(&server, &key, &without(worker(), "password"), errors);
}

#[test]
fn of_an_unknown_kind_the_values_of_both_are_judged() {
    let server = Server::start();
    let key = server.key();
    let user = json!({
        "drug_tested": "maybe", "role": "king", "customer_id": "x",
        "user_badges_attributes": {"badge_id": 999_999},
    });
    let errors = json!({
        "type": ["can't be blank"],
        "drug_tested": ["is not included in the list"],
        "role": ["is not included in the list"],
        "customer_id": ["must be an integer"],
        "user_badges.badge_id": ["must exist"],
    });
    assert_refused(
        &server,
        &key,
        &with(without(worker(), "type"), user),
        errors,
    );
}
