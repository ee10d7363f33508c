//! `/users/{email or id}/notification-preferences`.

use serde_json::{Value, json};

use super::preferences::{CHANNELS, EVENTS};
use super::{Desk, assert_error};
use crate::harness::{Key, Response};

const PATH: &str = "/users/ada@example.org/notification-preferences";

/// A desk with Ada, who has no rules.
fn desk() -> Desk {
    let desk = Desk::open();
    desk.made(&json!({ "email": "ada@example.org" }));
    desk
}

fn get(desk: &Desk) -> Value {
    desk.request("GET", PATH).send().expect(200)
}

fn put(desk: &Desk, rules: &Value) -> Response {
    desk.request("PUT", PATH).json(rules).send()
}

fn put_as(desk: &Desk, key: &Key, rules: &Value) -> Response {
    desk.request_as(key, "PUT", PATH).json(rules).send()
}

#[test]
fn every_event_by_every_channel_in_every_account_is_set_shown_and_read_back() {
    let desk = desk();
    assert_eq!(get(&desk), json!([]));
    let mut accounts = vec![None, Some(desk.account)];
    for name in ["A", "B", "C", "D", "E", "F", "G", "H"] {
        accounts.push(Some(desk.server.account(name)));
    }
    let mut rules = Vec::new();
    for account in &accounts {
        let mut events: Vec<&str> = EVENTS.split_whitespace().collect();
        assert_eq!(events.len(), 163);
        events.sort_unstable();
        for event in events {
            let mut rule = json!({ "event": event, "deliveryPref": CHANNELS });
            if let Some(account) = account {
                rule["accountId"] = account.to_string().into();
            }
            rules.push(rule);
        }
    }
    let rules = Value::Array(rules);
    put(&desk, &rules).assert(200, &rules);
    assert_eq!(get(&desk), rules);
    let shown = desk.read("ada@example.org").expect(200);
    let by_event = shown["notificationPreferences"].as_object().unwrap();
    assert_eq!(by_event.len(), 163 + 1, "and the accounts");
}

#[test]
fn what_is_put_replaces_what_was_there_and_the_user_shows_it() {
    let desk = desk();
    let first = json!([
        { "event": "lead_created", "deliveryPref": ["sms", "email"] },
        { "event": "lead_deleted", "deliveryPref": [] },
    ]);
    put(&desk, &first).assert(200, &first);
    let second = json!([{ "event": "cron_job", "deliveryPref": ["website"] }]);
    put(&desk, &second).assert(200, &second);
    assert_eq!(get(&desk), second);
    let shown = desk.read("ada@example.org").expect(200);
    assert_eq!(
        shown["notificationPreferences"],
        json!({ "cron_job": { "deliveryPref": ["website"] } })
    );
    let version = |desk: &Desk| desk.native(&shown["id"])["version"].clone();
    let before = version(&desk);
    put(&desk, &second).assert(200, &second);
    assert_eq!(version(&desk), before, "the same again changes nothing");
    put(&desk, &json!([])).assert(200, &json!([]));
}

#[test]
fn what_is_wrong_is_told_together_and_nothing_is_set() {
    let desk = desk();
    let kept = json!([{ "event": "cron_job", "deliveryPref": ["website"] }]);
    put(&desk, &kept).assert(200, &kept);
    for (rules, message) in [
        (
            json!([
                { "event": "lead_created", "deliveryPref": ["email"] },
                { "event": "lead_created", "accountId": null, "deliveryPref": ["sms"] },
            ]),
            "1: repeats a rule for the same event and account",
        ),
        (
            json!([
                { "event": "invitation_created" },
                7,
                { "deliveryPref": "email", "accountId": "x" },
                { "event": "lead_created", "accountId": "999999999" },
                { "event": "lead_created", "deliveryPref": ["fax", 1] },
            ]),
            "0.event: \"invitation_created\" is none of the values allowed; \
             1: must be an object; 2.event: is required; 2.accountId: must be digits; \
             2.deliveryPref: must be a list; \
             4.deliveryPref.0: \"fax\" is none of the values allowed; \
             4.deliveryPref.1: must be a string; \
             3.accountId: \"999999999\" names nothing that exists",
        ),
    ] {
        let refused = put(&desk, &rules).expect(400);
        let sorted = |text: &str| {
            let mut parts: Vec<String> = text.split("; ").map(str::to_owned).collect();
            parts.sort();
            parts
        };
        let told = refused["message"].as_str().unwrap();
        assert_eq!(sorted(told), sorted(message));
    }
    for (body, message) in [
        ("{}", "the body is not a JSON list"),
        ("\"lead_created\"", "the body is not a JSON list"),
    ] {
        let request = desk.request("PUT", PATH).body("application/json", body);
        assert_error(&request.send(), 400, message);
    }
    let request = desk.request("PUT", PATH).body("text/plain", "[]");
    assert_eq!(request.send().status, 415);
    assert_eq!(get(&desk), kept);
}

#[test]
fn more_rules_than_a_user_may_have_are_refused() {
    let desk = desk();
    let accounts: Vec<i64> = (0..25).map(|_| desk.server.account("X")).collect();
    let events: Vec<&str> = EVENTS.split_whitespace().collect();
    let rules: Vec<Value> = accounts
        .iter()
        .flat_map(|account| {
            let rule = move |event: &&str| json!({ "event": event, "accountId": account });
            events.iter().map(rule).collect::<Vec<_>>()
        })
        .take(4_001)
        .collect();
    let message = "notificationPreferences: holds more than 4000 rules";
    assert_error(&put(&desk, &rules.into()), 400, message);
    assert_eq!(get(&desk), json!([]));
}

#[test]
fn a_bound_key_sees_and_sets_the_rules_of_its_account_and_the_default_ones() {
    let desk = desk();
    let other = desk.server.account("Other");
    let rules = json!([
        { "event": "lead_created", "deliveryPref": ["website"] },
        { "event": "lead_created", "accountId": other.to_string(), "deliveryPref": ["sms"] },
    ]);
    put(&desk, &rules).assert(200, &rules);
    let bound = desk.bound(&["users:write"]);
    let seen = desk.request_as(&bound, "GET", PATH).send();
    seen.assert(
        200,
        &json!([{ "event": "lead_created", "deliveryPref": ["website"] }]),
    );
    let own = json!([{
        "event": "lead_created", "accountId": desk.account.to_string(), "deliveryPref": ["email"],
    }]);
    put_as(&desk, &bound, &own).assert(200, &own);
    let all = json!([own[0], rules[1]]);
    assert_eq!(get(&desk), all, "the other account's rule stays");
    let foreign = json!([{ "event": "lead_created", "accountId": other }]);
    let message = format!("0.accountId: {other} names nothing that exists");
    assert_error(&put_as(&desk, &bound, &foreign), 400, &message);
    assert_eq!(get(&desk), all);
}

#[test]
fn who_is_not_there_is_404_before_the_body_is_judged_and_permission_before_both() {
    let desk = desk();
    let elsewhere = desk.server.key();
    let other = desk.server.account("Other");
    let stranger = desk
        .server
        .request("PUT", PATH)
        .bearer(&elsewhere.token)
        .header("x-account-id", &other.to_string())
        .json(&json!(7));
    assert_eq!(stranger.send().status, 404, "no member of that account");
    for who in ["nobody@example.org", "999999", "07", "a b", "0"] {
        let path = format!(
            "/users/{}/notification-preferences",
            who.replace(' ', "%20")
        );
        for method in ["GET", "PUT"] {
            let answer = desk.request(method, &path).json(&json!(7)).send();
            assert_eq!(answer.status, 404, "{method} {who}");
        }
    }
    let reader = desk.bound(&["users:read"]);
    assert_eq!(desk.request_as(&reader, "GET", PATH).send().status, 200);
    assert_eq!(put_as(&desk, &reader, &json!(7)).status, 403);
    let groups = desk.bound(&["groups:write"]);
    assert_eq!(desk.request_as(&groups, "GET", PATH).send().status, 403);
}
