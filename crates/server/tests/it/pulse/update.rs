//! `PATCH` and `DELETE /users/{email or id}` (contracts, pulse, Calls).

use std::time::Duration;

use directory::users::UserChange;
use serde_json::{Value, json};

use super::{Desk, assert_error};
use crate::harness::Response;
use crate::sessions::{member, person, role, token, within};

impl Desk {
    fn patch(&self, who: impl std::fmt::Display, body: &Value) -> Response {
        self.request("PATCH", &format!("/users/{who}"))
            .json(body)
            .send()
    }

    fn remove(&self, who: impl std::fmt::Display) -> Response {
        self.request("DELETE", &format!("/users/{who}")).send()
    }
}

#[test]
fn only_what_is_named_changes() {
    let desk = Desk::open();
    let team = desk.server.group("Sales").id;
    let made = desk.made(&json!({"email": "ada@example.org", "name": "Ada", "phone": "1"}));
    desk.server.advance(Duration::from_secs(60));
    let body = json!({"name": "Ada L", "imgSrc": "https://x.example/a.png", "teamId": team,
        "unknown": 1});
    let changed = desk.patch("ADA@example.org", &body).expect(200);
    let mut expected = made.clone();
    expected["name"] = json!("Ada L");
    expected["imgSrc"] = json!("https://x.example/a.png");
    expected["teamId"] = json!(team);
    expected["updatedAt"] = json!("2026-11-21T04:51:40.123Z");
    assert_eq!(changed, expected);
    desk.read(&made["id"]).assert(200, &expected);
    let cleared = desk
        .patch(&made["id"], &json!({"name": null, "phone": null}))
        .expect(200);
    assert_eq!(
        (&cleared["name"], &cleared["phone"]),
        (&Value::Null, &Value::Null)
    );
    desk.patch(&made["id"], &json!({})).assert(200, &cleared);
}

#[test]
fn the_email_is_not_changed_here() {
    let desk = Desk::open();
    let made = desk.made(&json!({"email": "ada@example.org"}));
    for email in [
        json!("other@example.org"),
        json!("ada@example.org"),
        json!(null),
    ] {
        let answer = desk.patch(&made["id"], &json!({"email": email, "name": "x"}));
        assert_error(&answer, 400, "email: cannot be changed");
    }
    desk.read(&made["id"]).assert(200, &made);
}

#[test]
fn active_false_suspends_and_true_ends_it() {
    let desk = Desk::open();
    let made = desk.made(&json!({"email": "ada@example.org"}));
    let off = desk
        .patch(&made["id"], &json!({"active": false}))
        .expect(200);
    assert_eq!(off["active"], false);
    assert_eq!(desk.native(&made["id"])["status"], "suspended");
    let on = desk
        .patch(&made["id"], &json!({"active": true}))
        .expect(200);
    assert_eq!(on["active"], true);
}

#[test]
fn roles_of_the_account_become_those_that_are_named() {
    let desk = Desk::open();
    let made = desk.made(&json!({"email": "ada@example.org", "roles": ["viewer"]}));
    let roles = |body: Value| desk.patch(&made["id"], &body).expect(200)["flatRolesList"].clone();
    assert_eq!(
        roles(json!({"roles": ["manager", "accountAdmin"]})),
        json!(["accountAdmin", "manager"])
    );
    assert_eq!(
        roles(json!({"name": "x"})),
        json!(["accountAdmin", "manager"])
    );
    let wrong = desk.patch(
        &made["id"],
        &json!({"roles": ["janitor", 1], "teamId": 999_999}),
    );
    let told = "roles.1: must be a string; roles.0: \"janitor\" names nothing that exists; \
        teamId: 999999 names nothing that exists";
    assert_error(&wrong, 400, told);
    assert_eq!(roles(json!({"roles": []})), json!([]));
    let full = desk.read(&made["id"]).expect(200);
    assert_eq!(full["flatPermissionsList"], json!([]));
}

#[test]
fn preferences_become_those_that_are_named() {
    let desk = Desk::open();
    let made = desk.made(&json!({"email": "ada@example.org"}));
    let rules = json!([{"event": "user_created", "deliveryPref": ["email"]}]);
    let changed = desk
        .patch(&made["id"], &json!({"notificationPreferences": rules}))
        .expect(200);
    let shown = json!({"user_created": {"deliveryPref": ["email"]}});
    assert_eq!(changed["notificationPreferences"], shown);
    let twice = json!([rules[0], rules[0]]);
    let answer = desk.patch(&made["id"], &json!({"notificationPreferences": twice}));
    assert_eq!(answer.status, 400);
    let foreign = json!([{"event": "user_created", "accountId": "999999"}]);
    let answer = desk.patch(&made["id"], &json!({"notificationPreferences": foreign}));
    let told = "notificationPreferences.0.accountId: \"999999\" names nothing that exists";
    assert_error(&answer, 400, told);
    let none = desk
        .patch(&made["id"], &json!({"notificationPreferences": []}))
        .expect(200);
    assert_eq!(none["notificationPreferences"], json!({}));
}

#[test]
fn what_is_wrong_changes_nothing_at_all() {
    let desk = Desk::open();
    let made = desk.made(&json!({"email": "ada@example.org", "roles": ["viewer"]}));
    let body = json!({"roles": ["manager"], "name": 1, "active": "no", "phone": [], "teamId": "7",
        "notificationPreferences": {}, "imgSrc": false});
    let told = desk.patch(&made["id"], &body).expect(400)["message"]
        .as_str()
        .unwrap()
        .to_owned();
    for field in [
        "name",
        "active",
        "phone",
        "teamId",
        "notificationPreferences",
        "imgSrc",
    ] {
        assert!(
            told.contains(&format!("{field}: must be")),
            "{field}: {told}"
        );
    }
    desk.read(&made["id"]).assert(200, &made);
}

#[test]
fn who_is_not_a_member_is_not_found() {
    let desk = Desk::open();
    let outside = person(&desk.server, "out@example.org", UserChange::default());
    for who in [
        outside.to_string(),
        "999999".to_owned(),
        "x".to_owned(),
        "out@example.org".to_owned(),
    ] {
        assert_error(&desk.patch(&who, &json!({"name": "x"})), 404, "not found");
        assert_error(&desk.remove(&who), 404, "not found");
    }
    let reader = desk.bound(&["users:read"]);
    let made = desk.made(&json!({"email": "ada@example.org"}));
    let path = format!("/users/{}", made["id"]);
    for method in ["PATCH", "DELETE"] {
        let answer = desk
            .request_as(&reader, method, &path)
            .json(&json!({}))
            .send();
        assert_error(&answer, 403, "the credential does not allow this");
    }
}

#[test]
fn a_user_leaves_the_account_and_goes_with_the_last() {
    let desk = Desk::open();
    let second = desk.server.account("Second");
    let both = UserChange {
        accounts: vec![member(desk.account, false), member(second, false)],
        roles: vec![
            role("viewer", Some(desk.account)),
            role("manager", Some(second)),
        ],
        ..UserChange::default()
    };
    let id = person(&desk.server, "ada@example.org", both);
    desk.remove(id).assert_empty(204);
    assert_error(&desk.read(id), 404, "not found");
    assert_error(&desk.remove(id), 404, "not found");
    let there = || within(desk.server.get(&format!("/users/{id}")), second).bearer(&desk.key.token);
    let left = there().send().expect(200);
    assert_eq!(left["flatRolesList"], json!(["manager"]));
    let accounts = left["accounts"].as_array().unwrap();
    assert_eq!(accounts.len(), 1);
    assert_eq!(
        accounts[0]["usersPrimaryAccount"], true,
        "the next is primary"
    );
    assert_eq!(left["updatedBy"], super::OWNER);
    let path = format!("/users/{id}");
    let last = within(desk.server.request("DELETE", &path), second).bearer(&desk.key.token);
    last.send().assert_empty(204);
    assert_eq!(there().send().status, 404);
    let native = desk
        .server
        .get(&format!("/v1/users/{id}"))
        .bearer(&desk.key.token)
        .send();
    assert_eq!(native.status, 404, "deleted");
    desk.made(&json!({"email": "ada@example.org"}));
}

#[test]
fn the_last_administrator_is_neither_shut_out_nor_taken_out() {
    let desk = Desk::open();
    let admin = UserChange {
        accounts: vec![member(desk.account, true)],
        ..UserChange::default()
    };
    let id = person(&desk.server, "boss@example.org", admin);
    let told = "the account would be left without an administrator";
    assert_error(&desk.patch(id, &json!({"active": false})), 409, told);
    assert_error(&desk.remove(id), 409, told);
    let own = token(&desk.server, "boss@example.org");
    let path = format!("/v1/users/{id}");
    let mine = desk.server.request("DELETE", &path).bearer(&own).send();
    assert_eq!(mine.status, 409);
}

#[test]
fn a_session_changes_the_members_of_its_account_and_nobody_above_it() {
    let desk = Desk::open();
    let with = |name: &str| UserChange {
        accounts: vec![member(desk.account, false)],
        roles: vec![role(name, Some(desk.account))],
        ..UserChange::default()
    };
    let manager = person(&desk.server, "manager@example.org", with("manager"));
    let boss = person(&desk.server, "boss@example.org", with("superAdmin"));
    let clerk = person(&desk.server, "clerk@example.org", with("viewer"));
    let own = token(&desk.server, "manager@example.org");
    let patch = |id: i64, body: Value| {
        let request = desk
            .server
            .request("PATCH", &format!("/users/{id}"))
            .bearer(&own);
        within(request, desk.account).json(&body).send()
    };
    let changed = patch(clerk, json!({"name": "Clerk", "active": false})).expect(200);
    assert_eq!(changed["updatedBy"], "manager@example.org");
    patch(boss, json!({"name": "Boss"})).expect(200);
    assert_eq!(patch(boss, json!({"active": false})).status, 403);
    assert_eq!(
        patch(clerk, json!({"roles": ["viewer"]})).status,
        403,
        "no right to grant"
    );
    assert_eq!(patch(manager, json!({"roles": ["superAdmin"]})).status, 403);
}
