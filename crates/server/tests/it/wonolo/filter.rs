//! The filters of `GET /api_v2/users` (seed 001).

use serde_json::{Value, json};

use super::{created, employer, with, worker};
use crate::harness::{Key, Server};

/// Four workers and an employer, with a second between, who differ in all that filters ask for.
fn five(server: &Server, key: &Key, account: i64) -> Vec<Value> {
    let shapes = [
        json!({
            "email": "Ada@example.org", "first_name": "Ada", "last_name": "Lovelace",
            "external_id": "x1", "onboarding_last_state": "complete",
            "w2_onboarding_status": "completed", "w2_employee_id": "W-1", "address_state": "CA",
            "drug_tested": "passed",
        }),
        json!({
            "email": "grace@example.org", "first_name": "Grace", "last_name": "Hopper",
            "external_id": "x2", "onboarding_last_state": "take_quiz",
            "w2_onboarding_status": "queued", "w2_employee_id": "W-2", "address_state": "NY",
            "drug_tested": "failed",
        }),
        json!({
            "email": "e@example.org", "first_name": "Éva", "last_name": "O.Neil",
            "external_id": "x2", "onboarding_last_state": "invited",
        }),
        json!({"email": "plain@example.org", "first_name": "ada", "last_name": "Byron"}),
    ];
    let mut users = Vec::new();
    for shape in shapes {
        users.push(created(server, key, &with(worker(), shape)));
        server.advance(std::time::Duration::from_secs(1));
    }
    users.push(created(server, key, &employer(account)));
    users
}

#[test]
fn each_filter_lists_whom_it_names() {
    let server = Server::start();
    let key = server.key();
    let account = server.account("Acme");
    let users = five(&server, &key, account);
    let time = |user: usize| users[user]["updated_at"].as_str().unwrap();
    let after = format!("updated_after={}", time(2));
    let before = format!("updated_before={}", time(2));
    let between = format!("updated_after={}&updated_before={}", time(0), time(3));
    let customer = format!("customer_id={account}");
    let other = format!("customer_id={}", account + 1_000);
    for (query, expected) in [
        ("type=Worker", &[0, 1, 2, 3][..]),
        ("type=Employer", &[4]),
        ("email=aDA@EXAMPLE.org", &[0]),
        ("email=nobody@example.org", &[]),
        ("first_name=ADA", &[0, 3, 4]),
        ("first_name=%C3%A9va", &[2]),
        ("first_name=Ad", &[]),
        ("last_name=o.neil", &[2]),
        ("external_id=x1", &[0]),
        ("external_id=x1,x2", &[0, 1, 2]),
        ("external_id=x2,x2,,none", &[1, 2]),
        ("onboarding_last_state=complete,invited", &[0, 2]),
        ("onboarding_last_state=not_started", &[3]),
        ("w2_onboarding_status=completed,queued", &[0, 1]),
        ("w2_onboarding_status=not_started", &[2, 3]),
        ("w2_employee_id=W-2", &[1]),
        ("w2_employee_id=W-1,W-2", &[]),
        ("address_state=CA,NY", &[0, 1]),
        ("address_state=ca", &[]),
        ("drug_tested=passed", &[0]),
        ("drug_tested=passed,failed", &[0, 1]),
        (after.as_str(), &[3, 4]),
        (before.as_str(), &[0, 1]),
        (between.as_str(), &[1, 2]),
        (customer.as_str(), &[4]),
        (other.as_str(), &[]),
        (
            "first_name=ada&last_name=lovelace&type=Worker&address_state=CA",
            &[0],
        ),
        ("first_name=ada&address_state=NY", &[]),
        ("type=&email=&updated_after=", &[0, 1, 2, 3, 4]),
        ("type=Worker&page=2&per=3", &[3]),
        ("address_state=CA,NY&page=2&per=1", &[1]),
    ] {
        let path = format!("/api_v2/users?{query}");
        let listed = server.get(&path).bearer(&key.token).send().expect(200);
        let rows: Vec<&Value> = expected.iter().map(|user: &usize| &users[*user]).collect();
        assert_eq!(listed, json!({ "users": rows }), "{query}");
    }
}

#[test]
fn every_value_of_an_enum_is_one_to_ask_for() {
    let server = Server::start();
    let key = server.key();
    for (name, values) in [
        ("type", "Worker Employer"),
        (
            "onboarding_last_state",
            "not_started started take_quiz take_background_check schedule_call call \
             pending_background_check complete rejected error invited",
        ),
        (
            "w2_onboarding_status",
            "not_started started pending completed queued",
        ),
        ("drug_tested", "passed failed"),
    ] {
        for value in values.split(' ').filter(|value| !value.is_empty()) {
            let path = format!("/api_v2/users?{name}={value}");
            let answer = server.get(&path).bearer(&key.token).send();
            answer.assert(200, &json!({"users": []}));
        }
    }
}

#[test]
fn a_filter_that_cannot_be_read_is_told_and_lists_nobody() {
    let server = Server::start();
    let key = server.key();
    let many = format!("external_id={}", vec!["x"; 101].join(","));
    let listed = many.strip_prefix("external_id=").unwrap();
    let shown: String = listed.chars().take(100).collect();
    let too_many =
        format!("Invalid parameter 'external_id' value \"{shown}\": Must have at most 100 values");
    for (query, error) in [
        (
            "type=worker",
            r#"Invalid parameter 'type' value "worker": Must be one of: Worker, Employer."#,
        ),
        (
            "onboarding_last_state=complete,done",
            "Invalid parameter 'onboarding_last_state' value \"done\": Must be one of: \
             not_started, started, take_quiz, take_background_check, schedule_call, call, \
             pending_background_check, complete, rejected, error, invited.",
        ),
        (
            "w2_onboarding_status=done",
            "Invalid parameter 'w2_onboarding_status' value \"done\": Must be one of: \
             not_started, started, pending, completed, queued.",
        ),
        (
            "drug_tested=maybe",
            r#"Invalid parameter 'drug_tested' value "maybe": Must be one of: passed, failed."#,
        ),
        (
            "first_name=Ada+May",
            r#"Invalid parameter 'first_name' value "Ada May": is invalid"#,
        ),
        (
            "last_name=%25",
            r#"Invalid parameter 'last_name' value "%": is invalid"#,
        ),
        (
            "email=nobody",
            r#"Invalid parameter 'email' value "nobody": is invalid"#,
        ),
        (
            "updated_after=yesterday",
            r#"Invalid parameter 'updated_after' value "yesterday": Must be a DateTime"#,
        ),
        (
            "updated_before=2017-13-01",
            r#"Invalid parameter 'updated_before' value "2017-13-01": Must be a DateTime"#,
        ),
        (
            "customer_id=0",
            r#"Invalid parameter 'customer_id' value "0": Must be a Integer"#,
        ),
        (
            "customer_id=x",
            r#"Invalid parameter 'customer_id' value "x": Must be a Integer"#,
        ),
        (
            "external_id=,",
            r#"Invalid parameter 'external_id' value ",": is invalid"#,
        ),
        (
            "external_id[]=x",
            r#"Invalid parameter 'external_id' value "["x"]": Must be a String"#,
        ),
        (many.as_str(), too_many.as_str()),
    ] {
        let path = format!("/api_v2/users?{query}");
        let answer = server.get(&path).bearer(&key.token).send();
        answer.assert(422, &json!({ "error": error }));
    }
}

#[test]
fn a_post_with_a_filter_is_a_creation_that_lacks_its_user() {
    let server = Server::start();
    let key = server.key();
    let path = "/api_v2/users?external_id=x1";
    let answer = server.post(path).bearer(&key.token).send();
    assert_eq!(answer.status, 422, "{}", answer.text);
    assert_eq!(server.user_count(), 0);
}
