//! `POST /api_v2/users`: what is created, field by field.

use serde_json::{Value, json};

use super::{PASSWORD, created, employer, stored, token, with, worker};
use crate::harness::{START, Server};

/// A Worker with nothing but what is required, as the API shows them.
fn least_worker(id: &Value) -> Value {
    json!({
        "id": id,
        "type": "Worker",
        "email": "ada@example.org",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "gender": null,
        "phone": null,
        "avatar_url": null,
        "address": null,
        "city": null,
        "address_state": null,
        "zip": null,
        "suspended": false,
        "suspended_at": null,
        "rating": null,
        "agreed_to_terms": null,
        "agreed_to_terms_date": null,
        "created_at": START,
        "updated_at": START,
        "external_id": null,
        "synced_worker_id": null,
        "onboarding_last_state": "not_started",
        "w2_onboarding_status": "not_started",
        "w2_employee_id": null,
        "drug_tested": null,
        "verified_phone": null,
        "phone_verified_at": null,
        "user_badges": [],
    })
}

/// Every field of the reference's list that a Worker has.
const WHOLE_WORKER: &str = "user[type]=Worker&user[gender]=female&user[email]=ada%40example.org\
    &user[password]=tide+plank+ferry&user[password_confirmation]=tide+plank+ferry\
    &user[first_name]=Ada&user[last_name]=Lovelace\
    &user[avatar_url]=https%3A%2F%2Fexample.org%2Fa.png&user[address]=12+St.+James%27s+Square\
    &user[city]=San+Francisco&user[address_state]=CA&user[zip]=94103\
    &user[phone]=%28415%29+555-2671&user[suspended]=1\
    &user[suspended_at]=2026-05-24T17:01:19.391Z&user[rating]=4.5&user[agreed_to_terms]=true\
    &user[agreed_to_terms_date]=2026-05-23T10:00:00Z&user[external_id]=77\
    &user[synced_worker_id]=4711&user[onboarding_last_state]=pending_background_check\
    &user[w2_onboarding_status]=queued&user[w2_employee_id]=W-9&user[drug_tested]=passed\
    &user[verified_phone]=%2B14155552671&user[phone_verified_at]=2026-05-22T09:08:07.006Z";

#[test]
fn a_worker_is_created_with_every_field_by_a_nested_form() {
    let server = Server::start();
    let key = server.key();
    let badge = server.badge("Forklift");
    let form = format!(
        "token={}&{WHOLE_WORKER}&user[user_badges_attributes][badge_id]={badge}",
        token(&server, &key)
    );
    let answer = server.post("/api_v2/users").form(&form).send();
    let user = answer.expect(201)["user"].clone();
    let held = user["user_badges"][0]["id"].clone();
    assert!(user["id"].is_i64() && held.is_i64());
    let expected = json!({
        "id": user["id"],
        "type": "Worker",
        "email": "ada@example.org",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "gender": "female",
        "phone": "(415) 555-2671",
        "avatar_url": "https://example.org/a.png",
        "address": "12 St. James's Square",
        "city": "San Francisco",
        "address_state": "CA",
        "zip": "94103",
        "suspended": true,
        "suspended_at": "2026-05-24T17:01:19.391Z",
        "rating": 4.5,
        "agreed_to_terms": true,
        "agreed_to_terms_date": "2026-05-23T10:00:00.000Z",
        "created_at": START,
        "updated_at": START,
        "external_id": "77",
        "synced_worker_id": 4711,
        "onboarding_last_state": "pending_background_check",
        "w2_onboarding_status": "queued",
        "w2_employee_id": "W-9",
        "drug_tested": "passed",
        "verified_phone": "+14155552671",
        "phone_verified_at": "2026-05-22T09:08:07.006Z",
        "user_badges": [{
            "id": held,
            "user_id": user["id"],
            "badge_id": badge,
            "expires_at": null,
            "created_at": START,
            "suspended": false,
            "category": null,
        }],
    });
    answer.assert(201, &json!({ "user": expected }));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("location"), None);
    let path = format!("/api_v2/users/{}", user["id"]);
    let read = server.get(&path).bearer(&key.token).send();
    read.assert(200, &json!({ "user": expected }));
    assert_stored_worker(&server, &user, badge);
}

fn assert_stored_worker(server: &Server, user: &Value, badge: i64) {
    let stored = stored(server, user);
    for (field, value) in [
        ("kind", json!("worker")),
        ("status", json!("suspended")),
        ("email", json!("ada@example.org")),
        ("gender", json!("female")),
        ("phone", json!("(415) 555-2671")),
        ("state", json!("CA")),
        ("zip", json!("94103")),
        ("external_id", json!("77")),
        ("rating", json!(4.5)),
        ("agreed_to_terms", json!(true)),
        ("agreed_to_terms_at", json!("2026-05-23T10:00:00.000Z")),
        ("verified_phone", json!("+14155552671")),
        ("phone_verified_at", json!("2026-05-22T09:08:07.006Z")),
        ("email_verified_at", json!(null)),
        ("accounts", json!([])),
        ("employer", json!(null)),
        (
            "worker",
            json!({
                "synced_worker_id": 4711,
                "onboarding_state": "pending_background_check",
                "w2_onboarding_status": "queued",
                "w2_employee_id": "W-9",
                "drug_tested": "passed",
            }),
        ),
    ] {
        assert_eq!(stored[field], value, "{field}");
    }
    assert_eq!(stored["badges"][0]["badge_id"], badge);
    let id = user["id"].as_i64().unwrap();
    assert!(server.password_is(id, PASSWORD));
    let events = server.user_events(id);
    let types: Vec<&str> = events.iter().map(|each| each.event_type.as_str()).collect();
    assert_eq!(types, ["user_created"]);
    let change = &events[0].change;
    assert!(
        change.contains("ada@example.org") && !change.contains(PASSWORD),
        "{change}"
    );
}

#[test]
fn an_employer_is_created_with_every_field_by_flat_json() {
    let server = Server::start();
    let key = server.key();
    let account = server.account("Acme");
    let user = with(
        employer(account),
        json!({"token": token(&server, &key), "title": "Site manager", "gender": "male"}),
    );
    let answer = server.post("/api_v2/users").json(&user).send();
    let made = answer.expect(201)["user"].clone();
    let expected = json!({
        "id": made["id"],
        "type": "Employer",
        "email": "eve@example.org",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "gender": "male",
        "phone": null,
        "avatar_url": null,
        "address": null,
        "city": null,
        "address_state": null,
        "zip": null,
        "suspended": false,
        "suspended_at": null,
        "rating": null,
        "agreed_to_terms": null,
        "agreed_to_terms_date": null,
        "created_at": START,
        "updated_at": START,
        "title": "Site manager",
        "role": "requestor",
        "customer_id": account,
    });
    answer.assert(201, &json!({ "user": expected }));
    let path = format!("/api_v2/users/{}", made["id"]);
    let read = server.get(&path).bearer(&key.token).send();
    read.assert(200, &json!({ "user": expected }));
    let stored = stored(&server, &made);
    let own = json!({"customer_id": account, "role": "requestor"});
    assert_eq!(
        (&stored["employer"], &stored["worker"]),
        (&own, &json!(null))
    );
    assert_eq!(stored["title"], "Site manager");
}

#[test]
fn one_user_is_the_same_in_every_form_of_request() {
    let flat = "type=Worker&email=ada%40example.org&password=tide+plank+ferry\
        &password_confirmation=tide+plank+ferry&first_name=Ada&last_name=Lovelace";
    let nested: Vec<String> = flat
        .split('&')
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap();
            format!("user[{name}]={value}")
        })
        .collect();
    let nested = nested.join("&");
    let escaped = nested.replace('[', "%5B").replace(']', "%5D");
    let (wrapped, unwrapped) = (json!({ "user": worker() }), worker());
    for (number, path) in ["/api_v2/users", "/api_v2/users.json"]
        .iter()
        .cycle()
        .take(8)
        .enumerate()
    {
        let server = Server::start();
        let key = server.key();
        let token = token(&server, &key);
        let request = server.post(path).bearer(&token);
        let request = match number {
            0 => request.form(flat),
            1 => request.form(&nested),
            2 => request.form(&escaped),
            3 => request.json(&wrapped),
            4 => request.json(&unwrapped),
            5 => request.body(
                "application/vnd.api+json; charset=utf-8",
                wrapped.to_string(),
            ),
            6 => server.post(&format!("{path}?{nested}&token={token}&format=json&_=1")),
            // A body that does not say what it is is a form.
            _ => server
                .post(&format!("{path}?token={token}"))
                .body("", nested.clone()),
        };
        let made = request.send().expect(201);
        assert_eq!(
            made,
            json!({ "user": least_worker(&made["user"]["id"]) }),
            "{number}"
        );
        assert!(server.password_is(made["user"]["id"].as_i64().unwrap(), PASSWORD));
    }
}

#[test]
fn the_wrapper_counts_before_what_stands_around_it() {
    let server = Server::start();
    let key = server.key();
    let around = with(
        worker(),
        json!({"user": worker(), "email": "other@example.org", "type": 7}),
    );
    let answer = server
        .post("/api_v2/users")
        .bearer(&key.token)
        .json(&around)
        .send();
    let user = answer.expect(201)["user"].clone();
    assert_eq!(user, least_worker(&user["id"]));
}

#[test]
fn unknown_attributes_and_an_id_are_ignored() {
    let server = Server::start();
    let key = server.key();
    let user = with(
        worker(),
        json!({
            "id": 4711,
            "nickname": "x",
            "admin": true,
            "email_verified_at": START,
            "created_at": "2001-01-01",
            "latitude": 1.5,
            "user_badges": [{"badge_id": "x"}],
        }),
    );
    let made = created(&server, &key, &user);
    assert_ne!(made["id"], 4711);
    assert_eq!(made, least_worker(&made["id"]));
    let again = with(worker(), json!({"id": "junk", "email": "b@example.org"}));
    created(&server, &key, &again);
}

#[test]
fn empty_values_are_as_if_absent() {
    let server = Server::start();
    let key = server.key();
    let optional = [
        "gender",
        "avatar_url",
        "address",
        "city",
        "address_state",
        "zip",
        "phone",
        "suspended",
        "suspended_at",
        "rating",
        "agreed_to_terms",
        "agreed_to_terms_date",
        "external_id",
        "synced_worker_id",
        "onboarding_last_state",
        "w2_onboarding_status",
        "w2_employee_id",
        "drug_tested",
        "verified_phone",
        "phone_verified_at",
        "user_badges_attributes",
        "title",
        "role",
        "customer_id",
    ];
    for (email, empty) in [("a@example.org", json!("")), ("b@example.org", json!(null))] {
        let mut user = with(worker(), json!({ "email": email }));
        for field in optional {
            user[field] = empty.clone();
        }
        let made = created(&server, &key, &user);
        assert_eq!(
            made,
            with(least_worker(&made["id"]), json!({ "email": email }))
        );
    }
}

#[test]
fn what_only_the_other_kind_has_is_ignored_even_when_wrong() {
    let server = Server::start();
    let key = server.key();
    let account = server.account("Acme");
    let as_worker = with(
        worker(),
        json!({"title": 7, "role": "king", "customer_id": "none"}),
    );
    let made = created(&server, &key, &as_worker);
    assert_eq!(made, least_worker(&made["id"]));
    let employers = json!({"title": "Boss", "role": "requestor", "customer_id": account});
    let valid = with(worker(), with(employers, json!({"email": "b@example.org"})));
    let made = stored(&server, &created(&server, &key, &valid));
    assert_eq!(
        (&made["title"], &made["employer"], &made["accounts"]),
        (&json!(null), &json!(null), &json!([]))
    );
    let as_employer = with(
        employer(account),
        json!({
            "external_id": {"a": 1},
            "synced_worker_id": "x",
            "onboarding_last_state": "lost",
            "w2_onboarding_status": 7,
            "w2_employee_id": [],
            "drug_tested": "maybe",
            "verified_phone": true,
            "phone_verified_at": "soon",
            "user_badges_attributes": [{"badge_id": 999_999}],
        }),
    );
    let made = stored(&server, &created(&server, &key, &as_employer));
    assert_eq!(
        (&made["worker"], &made["badges"]),
        (&json!(null), &json!([]))
    );
    let workers = json!({"external_id": "7", "verified_phone": "+1", "email": "c@example.org"});
    let made = stored(
        &server,
        &created(&server, &key, &with(employer(account), workers)),
    );
    assert_eq!(
        (&made["external_id"], &made["verified_phone"]),
        (&json!(null), &json!(null))
    );
}
