//! `PATCH` and `PUT /api_v2/users/:id`.

use directory::keys::NewKey;
use serde_json::{Value, json};

use super::{created, employer, stored, with, worker};
use crate::harness::{Key, Response, Server};

fn patch(server: &Server, key: &Key, user: &Value, change: &Value) -> Response {
    let path = format!("/api_v2/users/{}", user["id"]);
    let request = server.request("PATCH", &path).bearer(&key.token);
    request.json(&json!({ "user": change })).send()
}

/// The user that a change leaves.
fn patched(server: &Server, key: &Key, user: &Value, change: &Value) -> Value {
    patch(server, key, user, change).expect(200)["user"].clone()
}

#[test]
fn a_phone_that_changes_is_proved_no_more() {
    let server = Server::start();
    let key = server.key();
    let proved = |user: &Value| {
        (
            user["verified_phone"].clone(),
            user["phone_verified_at"].clone(),
        )
    };
    let at = json!("2026-05-22T09:08:07.006Z");
    let made = with(
        worker(),
        json!({"phone": "+1 415 555 2671", "verified_phone": "+14155552671",
            "phone_verified_at": at}),
    );
    let user = created(&server, &key, &made);
    let both = (json!("+14155552671"), user["phone_verified_at"].clone());
    assert_eq!(proved(&user), both);
    // Another way to write it is no other number.
    let same = patched(&server, &key, &user, &json!({"phone": "+14155552671"}));
    assert_eq!(proved(&same), both);
    let other = patched(&server, &key, &user, &json!({"phone": "+14155552672"}));
    assert_eq!(proved(&other), (json!(null), json!(null)));
    // The change itself may say what is proved.
    let again = json!({"phone": "+14155552671", "verified_phone": "+14155552671",
        "phone_verified_at": at});
    assert_eq!(proved(&patched(&server, &key, &user, &again)), both);
}

#[test]
fn every_field_of_a_worker_is_changed_alone_and_the_rest_stays() {
    let server = Server::start();
    let key = server.key();
    let mut user = created(&server, &key, &worker());
    for (field, value) in [
        ("gender", json!("female")),
        ("email", json!("new@example.org")),
        ("first_name", json!("Augusta")),
        ("last_name", json!("King-Noel")),
        ("avatar_url", json!("https://example.org/a.png")),
        ("address", json!("12 St James's Square")),
        ("city", json!("London")),
        ("address_state", json!("LDN")),
        ("zip", json!("SW1Y")),
        ("phone", json!("+1 415 555 2671")),
        ("rating", json!(4.5)),
        ("agreed_to_terms", json!(true)),
        ("agreed_to_terms_date", json!("2017-05-24T17:01:19.391Z")),
        ("external_id", json!("x-1")),
        ("synced_worker_id", json!(77)),
        ("onboarding_last_state", json!("pending_background_check")),
        ("w2_onboarding_status", json!("queued")),
        ("w2_employee_id", json!("W-1")),
        ("drug_tested", json!("failed")),
        ("verified_phone", json!("+1 415 555 2671")),
        ("phone_verified_at", json!("2017-05-24T17:01:19.391Z")),
    ] {
        server.advance(std::time::Duration::from_millis(1));
        let changed = patched(&server, &key, &user, &json!({ field: value }));
        let at = json!({ field: value, "updated_at": changed["updated_at"] });
        assert_ne!(changed["updated_at"], user["updated_at"], "{field}");
        assert_eq!(changed, with(user, at), "{field}");
        user = changed;
    }
    let path = format!("/api_v2/users/{}", user["id"]);
    let read = server.get(&path).bearer(&key.token).send();
    read.assert(200, &json!({ "user": user }));
}

#[test]
fn an_employers_customer_role_and_title_are_changed_and_their_membership_follows() {
    let server = Server::start();
    let key = server.key();
    let (first, second) = (server.account("First"), server.account("Second"));
    let user = created(&server, &key, &employer(first));
    let change = json!({"title": "Head", "role": "customer_admin", "customer_id": second});
    let changed = patched(&server, &key, &user, &change);
    assert_eq!(changed, with(user.clone(), change));
    let accounts = stored(&server, &user)["accounts"].clone();
    assert_eq!(accounts.as_array().unwrap().len(), 1);
    assert_eq!(
        (&accounts[0]["id"], &accounts[0]["role"]),
        (&json!(second), &json!("customer_admin"))
    );
}

#[test]
fn put_form_flat_and_suffix_mean_the_same() {
    let server = Server::start();
    let key = server.key();
    let user = created(&server, &key, &worker());
    let path = format!("/api_v2/users/{}", user["id"]);
    let suffixed = format!("{path}.json");
    let form = "user[city]=Paris&user[suspended]=0";
    for (number, request) in [
        server.request("PUT", &path).form(form),
        server.request("PATCH", &suffixed).form(form),
        server.request("PATCH", &path).form("city=Paris"),
        server.request("PUT", &path).json(&json!({"city": "Paris"})),
        server.request("PUT", &format!("{path}?user[city]=Paris")),
    ]
    .into_iter()
    .enumerate()
    {
        patched(&server, &key, &user, &json!({"city": "elsewhere"}));
        let changed = request.bearer(&key.token).send().expect(200);
        assert_eq!(changed["user"]["city"], "Paris", "{number}");
    }
}

#[test]
fn badges_are_added_changed_and_removed_in_each_of_the_three_shapes() {
    let server = Server::start();
    let key = server.key();
    let [one, two, three] = ["One", "Two", "Three"].map(|name| server.badge(name));
    let user = created(&server, &key, &worker());
    let badges = |change: Value| {
        let change = json!({ "user_badges_attributes": change });
        patched(&server, &key, &user, &change)["user_badges"].clone()
    };
    let held = |badges: &Value| -> Vec<i64> {
        let all = badges.as_array().unwrap().iter();
        all.map(|each| each["badge_id"].as_i64().unwrap()).collect()
    };
    let after = badges(json!({ "badge_id": one }));
    assert_eq!(held(&after), [one]);
    assert_eq!(after[0]["user_id"], user["id"]);
    let first = after[0]["id"].clone();
    let after = badges(json!([{ "badge_id": two }, {"id": first, "badge_id": three}]));
    assert_eq!(held(&after), [three, two]);
    let second = after[1]["id"].clone();
    let after = badges(json!({"0": {"id": first, "_destroy": "1"}, "1": {"badge_id": one}}));
    assert_eq!(held(&after), [two, one]);
    // Not destroyed, and named as it is.
    let after = badges(json!([{"id": second, "badge_id": two, "_destroy": "false"}]));
    assert_eq!(held(&after), [two, one]);
    let third = after[1]["id"].clone();
    badges(json!([{"id": second, "_destroy": true}, {"id": third, "_destroy": 1}]));
    let path = format!("/api_v2/users/{}", user["id"]);
    let read = server.get(&path).bearer(&key.token).send().expect(200);
    assert_eq!(read["user"]["user_badges"], json!([]));
    let form = format!("user[user_badges_attributes][badge_id]={three}");
    let request = server.request("PATCH", &path).bearer(&key.token);
    let after = request.form(&form).send().expect(200)["user"].clone();
    assert_eq!(held(&after["user_badges"]), [three]);
}

#[test]
fn a_badge_that_is_anothers_or_held_already_is_refused_and_nothing_is_changed() {
    let server = Server::start();
    let key = server.key();
    let badge = server.badge("One");
    let held = json!({"user_badges_attributes": {"badge_id": badge}});
    let user = created(&server, &key, &with(worker(), held.clone()));
    let other = json!({"email": "b@example.org"});
    let other = created(&server, &key, &with(with(worker(), held), other));
    let theirs = &other["user_badges"][0]["id"];
    for (change, errors) in [
        (
            json!({"id": theirs, "_destroy": 1}),
            json!({"user_badges.id": ["must exist"]}),
        ),
        (
            json!({"badge_id": badge}),
            json!({"user_badges.badge_id": ["has already been taken"]}),
        ),
        (
            json!({"_destroy": 1}),
            json!({"user_badges.id": ["can't be blank"]}),
        ),
        (
            json!({"badge_id": badge + 100}),
            json!({"user_badges.badge_id": ["must exist"]}),
        ),
    ] {
        let change = json!({"city": "Paris", "user_badges_attributes": change});
        patch(&server, &key, &user, &change).assert(422, &json!({ "errors": errors }));
    }
    let path = format!("/api_v2/users/{}", user["id"]);
    let read = server.get(&path).bearer(&key.token).send();
    read.assert(200, &json!({ "user": user }));
}

#[test]
fn suspending_takes_the_time_and_reinstating_takes_it_away() {
    let server = Server::start();
    let key = server.key();
    let user = created(&server, &key, &worker());
    let state = |change: Value| {
        let after = patched(&server, &key, &user, &change);
        (after["suspended"].clone(), after["suspended_at"].clone())
    };
    let now = json!("2026-11-21T04:50:40.123Z");
    assert_eq!(state(json!({"suspended": "1"})), (json!(true), now.clone()));
    server.advance(std::time::Duration::from_secs(5));
    assert_eq!(state(json!({"suspended": true})), (json!(true), now));
    assert_eq!(
        state(json!({"suspended": false})),
        (json!(false), json!(null))
    );
    let day = json!({"suspended": true, "suspended_at": "2020-02-29"});
    let at = json!("2020-02-29T00:00:00.000Z");
    assert_eq!(state(day), (json!(true), at));
    assert_eq!(
        state(json!({"suspended_at": null})),
        (json!(false), json!(null))
    );
}

#[test]
fn a_new_password_is_confirmed_and_only_then_counts() {
    let server = Server::start();
    let key = server.key();
    let user = created(&server, &key, &worker());
    let id = user["id"].as_i64().unwrap();
    for (change, errors) in [
        (
            json!({"password": "another tide"}),
            json!({"password_confirmation": ["can't be blank"]}),
        ),
        (
            json!({"password": "another tide", "password_confirmation": "other"}),
            json!({"password_confirmation": ["doesn't match Password"]}),
        ),
        (
            json!({"password": "short", "password_confirmation": "short"}),
            json!({"password": ["is too short (minimum is 8 characters)"]}),
        ),
        (
            json!({"password_confirmation": "another tide"}),
            json!({"password_confirmation": ["doesn't match Password"]}),
        ),
    ] {
        patch(&server, &key, &user, &change).assert(422, &json!({ "errors": errors }));
    }
    assert!(server.password_is(id, super::PASSWORD));
    let both = json!({"password": "another tide", "password_confirmation": "another tide"});
    let answer = patch(&server, &key, &user, &both);
    assert_eq!(answer.status, 200);
    assert!(!answer.text.contains("another tide"));
    assert!(server.password_is(id, "another tide"));
    // As forms send what was not filled in.
    let empty = json!({"password": "", "password_confirmation": "", "city": "Paris"});
    patched(&server, &key, &user, &empty);
    assert!(server.password_is(id, "another tide"));
}

#[test]
fn the_id_and_the_type_cannot_be_changed() {
    let server = Server::start();
    let key = server.key();
    let account = server.account("Acme");
    let user = created(&server, &key, &worker());
    let same = json!({"id": user["id"], "type": "Worker", "city": "Paris"});
    assert_eq!(patched(&server, &key, &user, &same)["city"], "Paris");
    let as_text = json!({"id": user["id"].to_string(), "city": "Rome"});
    assert_eq!(patched(&server, &key, &user, &as_text)["city"], "Rome");
    let fixed = json!(["can't be changed"]);
    let other = json!({
        "id": 900, "type": "Employer", "role": "requestor", "customer_id": account,
    });
    let errors = json!({"errors": {"id": fixed, "type": fixed}});
    patch(&server, &key, &user, &other).assert(422, &errors);
}

#[test]
fn everything_wrong_with_a_change_is_told_at_once_and_nothing_is_written() {
    let server = Server::start();
    let key = server.key();
    created(
        &server,
        &key,
        &with(worker(), json!({"email": "taken@example.org"})),
    );
    let user = created(&server, &key, &worker());
    let change = json!({
        "email": "taken@example.org", "first_name": "Ada May", "last_name": "", "rating": 6,
        "drug_tested": "maybe", "suspended": "perhaps", "agreed_to_terms_date": "soon",
    });
    let errors = json!({
        "email": ["has already been taken"], "first_name": ["is invalid"],
        "last_name": ["can't be blank"], "rating": ["must be in 0..5"],
        "drug_tested": ["is not included in the list"],
        "suspended": ["is not included in the list"], "agreed_to_terms_date": ["is invalid"],
    });
    patch(&server, &key, &user, &change).assert(422, &json!({ "errors": errors }));
    let path = format!("/api_v2/users/{}", user["id"]);
    let read = server.get(&path).bearer(&key.token).send();
    read.assert(200, &json!({ "user": user }));
}

#[test]
fn a_change_without_a_user_says_so() {
    let server = Server::start();
    let key = server.key();
    let user = created(&server, &key, &worker());
    let path = format!("/api_v2/users/{}", user["id"]);
    let send = |body: Value| {
        let request = server.request("PATCH", &path).bearer(&key.token);
        request.json(&body).send()
    };
    let missing = json!({"error": "Missing parameter user"});
    for body in [json!({}), json!({"token": key.token}), json!({"user": {}})] {
        send(body).assert(422, &missing);
    }
    let no_hash = json!({"error": "Invalid parameter 'user': Must be a Hash"});
    send(json!({"user": "x"})).assert(422, &no_hash);
}

#[test]
fn who_may_not_change_is_told_before_the_change_is_judged() {
    let server = Server::start();
    let key = server.key();
    let user = created(&server, &key, &worker());
    let bad = json!({"email": "x"});
    let pool = server.key_with(NewKey {
        account_id: Some(server.account("Acme")),
        public_pool: true,
        ..NewKey::default()
    });
    let forbidden = json!({"error": "the credential has Public Pool access only"});
    patch(&server, &pool, &user, &bad).assert(403, &forbidden);
    let reader = server.key_with(NewKey {
        scopes: vec!["users:read".to_owned()],
        ..NewKey::default()
    });
    assert_eq!(patch(&server, &reader, &user, &bad).status, 403);
    let far = server.key_of(server.tenant("far"), NewKey::default());
    let absent = json!({"error": "not found"});
    patch(&server, &far, &user, &bad).assert(404, &absent);
    patch(&server, &key, &json!({"id": 999_999}), &bad).assert(404, &absent);
    let nobody = server.request("PATCH", "/api_v2/users/1").json(&bad).send();
    assert_eq!(nobody.status, 401);
}

#[test]
fn what_this_api_cannot_say_stays_as_it_was() {
    let server = Server::start();
    let key = server.key();
    let body = json!({"email": "p@example.org", "name": "Ada King", "timezone": "Europe/London"});
    let made = server
        .post("/v1/users")
        .bearer(&key.token)
        .json(&body)
        .send();
    let user = made.expect(201);
    let changed = patched(&server, &key, &user, &json!({"city": "Paris"}));
    assert_eq!(changed["type"], json!(null));
    let whole = stored(&server, &user);
    assert_eq!(
        (&whole["name"], &whole["timezone"], &whole["city"]),
        (&json!("Ada King"), &json!("Europe/London"), &json!("Paris"))
    );
    // One whom another API made can become a worker.
    let becomes = json!({"type": "Worker", "drug_tested": "passed"});
    let changed = patched(&server, &key, &user, &becomes);
    assert_eq!(
        (
            &changed["type"],
            &changed["drug_tested"],
            &changed["onboarding_last_state"]
        ),
        (&json!("Worker"), &json!("passed"), &json!("not_started"))
    );
}
