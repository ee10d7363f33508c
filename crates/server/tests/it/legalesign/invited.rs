//! `/api/v1/invited/`, and who is invited by `POST /api/v1/member/`.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Case, ada_with};

fn invite(case: &Case, email: &str, group: &str) -> String {
    let place = case.made("member", &json!({"email": email, "group": group}));
    assert!(place.starts_with("/api/v1/invited/"), "{place}");
    place
}

fn listed(case: &Case, query: &str) -> Vec<(String, String)> {
    let page = case.shown(&format!("/api/v1/invited/{query}"));
    let objects = page["objects"].as_array().unwrap();
    assert_eq!(page["meta"]["total_count"], objects.len());
    let text = |each: &Value, field: &str| each[field].as_str().unwrap().to_owned();
    objects
        .iter()
        .map(|each| (text(each, "email"), text(each, "group")))
        .collect()
}

fn expected(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    let uri = |group: &str| format!("/api/v1/group/{group}/");
    let rows = rows.iter();
    rows.map(|(email, group)| ((*email).to_owned(), uri(group)))
        .collect()
}

#[test]
fn an_address_that_nobody_has_is_invited_and_becomes_a_pending_user() {
    let case = Case::start();
    case.server.group("Sales");
    let body = json!({"email": "New@Example.org", "group": "sales", "permission": 4});
    let place = case.made("member", &body);
    let page = case.shown("/api/v1/invited/");
    let expected = json!([{
        "created": "2026-11-21T04:50:40",
        "email": "New@Example.org",
        "group": "/api/v1/group/sales/",
        "resource_uri": place,
    }]);
    assert_eq!(page["objects"], expected);
    assert_eq!(case.shown("/api/v1/member/")["meta"]["total_count"], 0);
    let user = case.stored("new@example.org");
    assert_eq!(
        (&user["status"], &user["groups"]),
        (&json!("pending"), &json!([]))
    );
    let out = case.invitations(&user);
    assert_eq!(out.len(), 1);
    assert_eq!(out[0].permission, Some(4));
}

#[test]
fn a_user_without_a_password_is_listed_for_each_of_their_groups() {
    let case = Case::start();
    case.server.group("Sales");
    case.server.group("Legal");
    case.create(&ada_with("groups", "sales,legal"))
        .assert_empty(201);
    invite(&case, "b@example.org", "legal");
    // One in no group is no group's.
    let mut free = ada_with("email", "free@example.org");
    free["groups"] = json!("");
    case.create(&free).assert_empty(201);
    let (ada, b) = ("ada@example.org", "b@example.org");
    assert_eq!(
        listed(&case, ""),
        expected(&[(ada, "sales"), (ada, "legal"), (b, "legal")])
    );
    assert_eq!(listed(&case, "?group=sales"), expected(&[(ada, "sales")]));
    let legal = "?group=%2Fapi%2Fv1%2Fgroup%2Flegal%2F";
    assert_eq!(
        listed(&case, legal),
        expected(&[(ada, "legal"), (b, "legal")])
    );
    let page = case.shown("/api/v1/invited/?group=legal&limit=1&offset=1");
    assert_eq!(page["objects"][0]["email"], b);
    assert_eq!(
        page["meta"]["previous"],
        "/api/v1/invited/?group=legal&limit=1&offset=0"
    );
}

#[test]
fn a_pending_user_is_invited_to_one_more_group_and_once_to_each() {
    let case = Case::start();
    case.server.group("Sales");
    case.server.group("Legal");
    invite(&case, "b@example.org", "sales");
    invite(&case, "B@example.org", "legal");
    let told = json!({"member": {"exists": "User is already invited to the group"}});
    let again = json!({"email": "b@example.org", "group": "sales"});
    case.post("member", &again).assert(400, &told);
    assert_eq!(case.server.user_count(), 1);
    assert_eq!(listed(&case, "").len(), 2);
    let exists = "A user with this email already exists.";
    let create = case.create(&ada_with("email", "b@example.org"));
    create.assert(400, &json!({"user": {"email": [exists]}}));
}

#[test]
fn an_invitation_is_taken_back_and_can_be_made_again() {
    let case = Case::start();
    case.server.group("Sales");
    let place = invite(&case, "b@example.org", "sales");
    case.request("DELETE", &place).send().assert_empty(204);
    assert_eq!(listed(&case, ""), []);
    case.request("DELETE", &place).send().assert_empty(404);
    let out = case.invitations(&case.stored("b@example.org"));
    assert!(out.iter().all(|each| each.ended.is_some()), "{out:?}");
    assert_ne!(invite(&case, "b@example.org", "sales"), place);
    assert_eq!(listed(&case, "").len(), 1);
}

#[test]
fn an_invitation_whose_time_ran_out_is_not_listed_and_can_be_made_again() {
    let case = Case::start();
    case.server.group("Sales");
    let place = invite(&case, "b@example.org", "sales");
    case.server.advance(Duration::from_secs(14 * 86_400));
    assert_eq!(listed(&case, ""), []);
    case.request("DELETE", &place).send().assert_empty(404);
    invite(&case, "b@example.org", "sales");
    assert_eq!(listed(&case, "?group=sales").len(), 1);
}

#[test]
fn one_that_is_made_again_is_in_the_place_of_the_one_that_expired() {
    let case = Case::start();
    case.server.group("Sales");
    let out = || case.invitations(&case.stored("b@example.org"));
    invite(&case, "b@example.org", "sales");
    let expired = out()[0].id;
    case.server.advance(Duration::from_secs(14 * 86_400));
    invite(&case, "b@example.org", "sales");
    let own = out();
    assert_eq!(own.len(), 1, "the other ended");
    let resend = |id: i64| {
        let path = format!("/v1/invitations/{id}/resend");
        let post = case.server.post(&path).bearer(&case.key.token);
        post.send().status
    };
    assert_eq!(resend(expired), 409);
    assert_eq!(resend(own[0].id), 202);
    assert_eq!(listed(&case, "").len(), 1);
}

#[test]
fn an_invitation_that_expired_shows_nobody_its_person() {
    let case = Case::start();
    case.server.group("Sales");
    case.member("boss@example.org", "sales", 1);
    let boss = case.owned_by("boss@example.org");
    invite(&case, "b@example.org", "sales");
    let uid = case.stored("b@example.org")["uid"].clone();
    let place = format!("/api/v1/user/{}/", uid.as_str().unwrap());
    case.by(&boss, "GET", &place).send().expect(200);
    case.server.advance(Duration::from_secs(14 * 86_400));
    case.by(&boss, "GET", &place).send().assert_empty(404);
    let patch = case.by(&boss, "PATCH", &place);
    let patch = patch.json(&json!({"first_name": "B", "last_name": "B"}));
    patch.send().assert_empty(404);
}

#[test]
fn who_is_pending_and_suspended_is_not_invited() {
    let case = Case::start();
    case.server.group("Sales");
    case.create(&ada_with("email", "b@example.org"))
        .assert_empty(201);
    let user = case.stored("b@example.org");
    let path = format!("/v1/users/{}", user["id"]);
    let suspend = |at: Value| {
        let patch = case.server.request("PATCH", &path).bearer(&case.key.token);
        patch
            .json(&json!({ "suspended_at": at }))
            .send()
            .expect(200);
    };
    suspend(json!("2026-11-21T04:00:00Z"));
    let body = json!({"email": "b@example.org", "group": "sales"});
    let refused = case.post("member", &body);
    refused.assert(400, &json!({"member": {"exists": "User is suspended"}}));
    assert_eq!(case.invitations(&user).len(), 1);
    suspend(Value::Null);
    invite(&case, "b@example.org", "sales");
}

#[test]
fn what_names_no_invitation_to_a_group_is_404() {
    let case = Case::start();
    case.server.group("Sales");
    // To no group.
    case.create(&ada_with("email", "free@example.org"))
        .assert_empty(201);
    let own = case.invitations(&case.stored("free@example.org"));
    for id in [own[0].id.to_string().as_str(), "0", "x", "999"] {
        let path = format!("/api/v1/invited/{id}/");
        case.request("DELETE", &path).send().assert_empty(404);
    }
    let other = case.server.tenant("other");
    let place = invite(&case, "b@example.org", "sales");
    let theirs = case
        .server
        .key_of(other, directory::keys::NewKey::default());
    case.by(&theirs, "DELETE", &place).send().assert_empty(404);
    assert_eq!(case.invitations(&case.stored("free@example.org")).len(), 1);
    assert_eq!(listed(&case, "").len(), 1);
}

#[test]
fn the_invitations_of_a_deleted_user_are_not_listed() {
    let case = Case::start();
    case.server.group("Sales");
    invite(&case, "b@example.org", "sales");
    let id = case.stored("b@example.org")["id"].clone();
    let path = format!("/v1/users/{id}");
    let delete = case.server.request("DELETE", &path).bearer(&case.key.token);
    assert_eq!(delete.send().status, 204);
    assert_eq!(listed(&case, ""), []);
}
