//! For whom a user works, and what that takes from others: an update takes no part in an account
//! that its caller could not take otherwise.

use directory::keys::NewKey;
use directory::model::{EmployerRole, UserKind};
use directory::users::{Change, UserChange};
use serde_json::{Value, json};

use crate::harness::{Response, Server};
use crate::sessions::{get, member, person, post, role, token, within};

/// Two accounts: `manager` manages the first without `updateAccounts`, `admin` administers it,
/// and `both` is a member of the first and the customer's administrator of the second.
struct Town {
    server: Server,
    first: i64,
    second: i64,
    admin: i64,
    both: i64,
}

impl Town {
    fn build() -> Self {
        let server = Server::start();
        let (first, second) = (server.account("First"), server.account("Second"));
        let manager = UserChange {
            accounts: vec![member(first, false)],
            roles: vec![role("manager", Some(first))],
            ..UserChange::default()
        };
        person(&server, "manager@example.org", manager);
        let admin = UserChange {
            accounts: vec![member(first, true)],
            ..UserChange::default()
        };
        let admin = person(&server, "admin@example.org", admin);
        let both = UserChange {
            accounts: vec![member(first, false)],
            ..employer(second, EmployerRole::CustomerAdmin)
        };
        let both = person(&server, "both@example.org", both);
        Self {
            server,
            first,
            second,
            admin,
            both,
        }
    }

    fn patch(&self, by: &str, user: i64, employer: &Value) -> Response {
        let request = self.server.request("PATCH", &format!("/v1/users/{user}"));
        let body = json!({"kind": "employer", "employer": employer});
        request.bearer(by).json(&body).send()
    }

    /// The accounts that a user has part in, and whether they administer each.
    fn parts(&self, user: i64) -> Vec<(i64, bool)> {
        let key = self.server.key();
        let shown = get(&self.server, &format!("/v1/users/{user}"), &key.token).expect(200);
        let parts = shown["accounts"].as_array().unwrap().iter();
        let mut parts: Vec<_> = parts
            .map(|own| (own["id"].as_i64().unwrap(), own["admin"].as_bool().unwrap()))
            .collect();
        parts.sort_unstable();
        parts
    }

    fn events(&self, user: i64) -> Vec<(String, Option<i64>)> {
        let events = self.server.user_events(user).into_iter();
        events
            .map(|each| (each.event_type, each.account_id))
            .collect()
    }
}

fn employer(customer: i64, role: EmployerRole) -> UserChange {
    UserChange {
        kind: Change::Set(UserKind::Employer),
        customer_id: Change::Set(customer),
        employer_role: Change::Set(role),
        ..UserChange::default()
    }
}

#[test]
fn who_may_do_less_makes_no_employer_of_an_administrator() {
    let town = Town::build();
    let manager = token(&town.server, "manager@example.org");
    let lower = json!({"customer_id": town.first, "role": "read_only"});
    town.patch(&manager, town.admin, &lower).expect(403);
    assert_eq!(town.parts(town.admin), [(town.first, true)]);
    let key = town.server.key_with(NewKey {
        scopes: vec!["users:write".to_owned()],
        ..NewKey::default()
    });
    let moved = json!({"customer_id": town.first, "role": "requestor"});
    town.patch(&key.token, town.both, &moved).expect(403);
    let wonolo = json!({"user": {"role": "requestor"}});
    let wonolo = town
        .server
        .request("PATCH", &format!("/api_v2/users/{}", town.both))
        .bearer(&key.token)
        .json(&wonolo);
    wonolo.send().expect(403);
    let both = [(town.first, false), (town.second, true)];
    assert_eq!(town.parts(town.both), both);
}

#[test]
fn who_acts_in_one_account_changes_no_employer_of_another() {
    let town = Town::build();
    let admin = token(&town.server, "admin@example.org");
    let bound = town.server.key_with(NewKey {
        account_id: Some(town.first),
        ..NewKey::default()
    });
    for by in [&admin, &bound.token] {
        town.patch(by, town.both, &json!({"role": "requestor"}))
            .expect(403);
        let here = json!({"customer_id": town.first, "role": "requestor"});
        town.patch(by, town.both, &here).expect(403);
    }
    let both = [(town.first, false), (town.second, true)];
    assert_eq!(town.parts(town.both), both);
}

#[test]
fn no_update_leaves_an_account_without_an_administrator() {
    let town = Town::build();
    let key = town.server.key();
    let own = token(&town.server, "admin@example.org");
    let lower = json!({"customer_id": town.first, "role": "read_only"});
    let here = json!({"customer_id": town.first, "role": "requestor"});
    town.patch(&own, town.admin, &lower).expect(409);
    town.patch(&key.token, town.admin, &lower).expect(409);
    town.patch(&key.token, town.both, &json!({"role": "requestor"}))
        .expect(409);
    town.patch(&key.token, town.both, &here).expect(409);
    let wonolo = town
        .server
        .request("PATCH", &format!("/api_v2/users/{}", town.both))
        .bearer(&key.token)
        .json(&json!({"user": {"customer_id": town.first}}));
    let told = wonolo.send().expect(409);
    assert_eq!(
        told["error"],
        "the account would be left without an administrator"
    );
    assert_eq!(town.parts(town.admin), [(town.first, true)]);
    let both = [(town.first, false), (town.second, true)];
    assert_eq!(town.parts(town.both), both);
    let another = UserChange {
        accounts: vec![member(town.second, true)],
        ..UserChange::default()
    };
    person(&town.server, "another@example.org", another);
    town.patch(&key.token, town.both, &here).expect(200);
    assert_eq!(town.parts(town.both), [(town.first, false)]);
}

#[test]
fn in_anothers_name_no_part_in_an_account_is_taken() {
    let town = Town::build();
    let deputy = UserChange {
        accounts: vec![member(town.first, true)],
        roles: vec![role("superAdmin", Some(town.first))],
        ..UserChange::default()
    };
    person(&town.server, "deputy@example.org", deputy);
    let worker = person(
        &town.server,
        "staff@example.org",
        employer(town.first, EmployerRole::CustomerAdmin),
    );
    let own = token(&town.server, "deputy@example.org");
    let path = format!("/v1/users/{}/impersonate", town.admin);
    let begun = post(&town.server, &path, &own, &json!({"reason": "x"})).expect(201);
    let token = begun["token"].as_str().unwrap();
    town.patch(token, worker, &json!({"role": "read_only"}))
        .expect(403);
    assert_eq!(town.parts(worker), [(town.first, true)]);
    town.patch(&own, worker, &json!({"role": "read_only"}))
        .expect(200);
    assert_eq!(town.parts(worker), [(town.first, false)]);
}

#[test]
fn an_employer_who_moves_leaves_one_account_and_joins_the_other() {
    let town = Town::build();
    let key = town.server.key();
    let id = person(
        &town.server,
        "staff@example.org",
        employer(town.first, EmployerRole::Requestor),
    );
    let there = json!({"customer_id": town.second, "role": "read_only"});
    town.patch(&key.token, id, &there).expect(200);
    let events = town.events(id);
    let told = |name: &str, account| (name.to_owned(), Some(account));
    assert!(
        events.contains(&told("user_removed_from_account", town.first)),
        "{events:?}"
    );
    assert!(
        events.contains(&told("user_added_to_account", town.second)),
        "{events:?}"
    );
    let before = events.len();
    town.patch(&key.token, id, &json!({"role": "requestor"}))
        .expect(200);
    let after: Vec<_> = town.events(id).split_off(before);
    assert_eq!(after.len(), 1, "nobody joins or leaves: {after:?}");
}

#[test]
fn a_new_user_is_told_of_in_each_account_and_with_each_role() {
    let town = Town::build();
    let grants = vec![
        role("viewer", Some(town.first)),
        role("manager", Some(town.first)),
    ];
    let new = UserChange {
        accounts: vec![member(town.first, false), member(town.second, false)],
        roles: grants,
        ..UserChange::default()
    };
    let id = person(&town.server, "new@example.org", new);
    let joined: Vec<_> = town
        .events(id)
        .into_iter()
        .filter(|(name, _)| name == "user_added_to_account")
        .map(|(_, account)| account)
        .collect();
    assert_eq!(joined, [Some(town.first), Some(town.second)]);
    let events = town.server.user_events(id);
    let roles: Vec<Value> = events
        .iter()
        .filter(|each| each.event_type == "user_roles_updated")
        .map(|each| serde_json::from_str(&each.change).unwrap())
        .collect();
    let told = json!({"account_id": town.first, "roles": ["manager", "viewer"]});
    assert_eq!(roles.len(), 1);
    assert_eq!(roles[0]["new"], told);
}

#[test]
fn the_place_of_a_session_is_kept_in_every_api() {
    let town = Town::build();
    let manager = UserChange {
        accounts: vec![member(town.first, false), member(town.second, false)],
        roles: vec![
            role("manager", Some(town.first)),
            role("manager", Some(town.second)),
        ],
        ..UserChange::default()
    };
    person(&town.server, "two@example.org", manager);
    let own = token(&town.server, "two@example.org");
    let list = |account: &str| {
        let request = town.server.get("/api_v2/users").bearer(&own);
        request.header("x-account-id", account).send()
    };
    let numbers = |answer: Response| -> Vec<i64> {
        let shown = answer.expect(200);
        let users = shown["users"].as_array().unwrap().iter();
        users.map(|each| each["id"].as_i64().unwrap()).collect()
    };
    assert!(numbers(list(&town.first.to_string())).contains(&town.admin));
    assert!(!numbers(list(&town.second.to_string())).contains(&town.admin));
    assert_eq!(list("999999").status, 403);
    assert_eq!(list("x").status, 422);
    let one = town
        .server
        .get(&format!("/api_v2/users/{}", town.admin))
        .bearer(&own);
    assert_eq!(within(one, town.second).send().status, 404);
}
