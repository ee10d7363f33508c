//! A user's session in each API that takes one: it may what the user may in the account.

use directory::users::UserChange;
use serde_json::{Value, json};

use super::{get, ids, member, person, role, token, within};
use crate::harness::{Request, Server};

/// Two accounts: somebody manages the first and only belongs to the second.
struct Town {
    server: Server,
    first: i64,
    second: i64,
    here: i64,
    there: i64,
    token: String,
}

impl Town {
    fn build() -> Self {
        let server = Server::start();
        let (first, second) = (server.account("First"), server.account("Second"));
        let manager = UserChange {
            accounts: vec![member(first, false), member(second, false)],
            roles: vec![role("manager", Some(first))],
            ..UserChange::default()
        };
        person(&server, "ada@example.org", manager);
        let of = |account: i64| UserChange {
            accounts: vec![member(account, false)],
            ..UserChange::default()
        };
        let here = person(&server, "here@example.org", of(first));
        let there = person(&server, "there@example.org", of(second));
        let token = token(&server, "ada@example.org");
        Self {
            server,
            first,
            second,
            here,
            there,
            token,
        }
    }

    fn by(&self, method: &str, path: &str) -> Request {
        self.server.request(method, path).bearer(&self.token)
    }
}

#[test]
fn native_shows_and_changes_the_members_of_the_account() {
    let town = Town::build();
    let list = get(&town.server, "/v1/users", &town.token).expect(200);
    assert!(ids(&list).contains(&town.here) && !ids(&list).contains(&town.there));
    let there = format!("/v1/users/{}", town.there);
    assert_eq!(town.by("GET", &there).send().status, 404);
    let patch = |id: i64| {
        town.by("PATCH", &format!("/v1/users/{id}"))
            .json(&json!({"title": "x"}))
    };
    patch(town.here).send().expect(200);
    assert_eq!(patch(town.there).send().status, 404);
    let second = |request| within(request, town.second);
    assert_eq!(
        second(town.by("GET", "/v1/users")).send().status,
        403,
        "no right there"
    );
    assert_eq!(second(patch(town.there)).send().status, 403);
    let elsewhere = town.server.account("Third");
    for (account, status) in [
        (elsewhere.to_string(), 403),
        ("999999".to_owned(), 403),
        ("9".repeat(30), 403),
        ("x".to_owned(), 400),
        (String::new(), 400),
    ] {
        let request = town.by("GET", "/v1/users").header("x-account-id", &account);
        assert_eq!(request.send().status, status, "{account}");
    }
    let key = town.server.key();
    let keyed = get(&town.server, "/v1/users", &key.token).expect(200);
    assert_eq!(ids(&keyed).len(), 3, "a key sees the tenant");
}

#[test]
fn what_all_accounts_share_is_not_one_accounts_to_change() {
    let town = Town::build();
    let admin = UserChange {
        accounts: vec![member(town.first, true)],
        ..UserChange::default()
    };
    person(&town.server, "admin@example.org", admin);
    let token = token(&town.server, "admin@example.org");
    let send = |path: &str, body: &Value| super::post(&town.server, path, &token, body).status;
    assert_eq!(send("/v1/groups", &json!({"name": "Sales"})), 403);
    assert_eq!(send("/v1/accounts", &json!({"name": "Mine"})), 403);
    assert_eq!(send("/v1/badges", &json!({"name": "Forklift"})), 403);
    let accounts = get(&town.server, "/v1/accounts", &token).expect(200);
    assert_eq!(ids(&accounts), [town.first]);
    let other = format!("/v1/accounts/{}", town.second);
    assert_eq!(get(&town.server, &other, &token).status, 404);
    get(
        &town.server,
        &format!("/v1/accounts/{}", town.first),
        &token,
    )
    .expect(200);
}

#[test]
fn pulse_takes_a_session_in_each_of_its_accounts() {
    let town = Town::build();
    let show = |account: i64, user: i64| {
        within(town.by("GET", &format!("/users/{user}")), account)
            .send()
            .status
    };
    assert_eq!(show(town.first, town.here), 200);
    assert_eq!(show(town.first, town.there), 404);
    assert_eq!(
        show(town.second, town.there),
        403,
        "a member without rights"
    );
    let body = json!({"email": "new@example.org"});
    let made = within(town.by("POST", "/users"), town.first)
        .json(&body)
        .send()
        .expect(201);
    assert_eq!(made["createdBy"], "ada@example.org");
    assert_eq!(made["updatedBy"], "ada@example.org");
    assert_eq!(made["accounts"][0]["accountId"], town.first.to_string());
    let body = json!({"email": "more@example.org"});
    let refused = within(town.by("POST", "/users"), town.second)
        .json(&body)
        .send();
    assert_eq!(refused.status, 403);
    let elsewhere = town.server.account("Third");
    assert_eq!(show(elsewhere, town.here), 403);
}

#[test]
fn nobody_gives_a_role_above_their_own_in_any_account() {
    let town = Town::build();
    let admin = UserChange {
        accounts: vec![member(town.first, true)],
        ..UserChange::default()
    };
    person(&town.server, "admin@example.org", admin);
    let admins = token(&town.server, "admin@example.org");
    let create = |by: &str, email: &str, roles: &Value| {
        let body = json!({"email": email, "roles": roles});
        let request = town.server.post("/users").bearer(by);
        within(request, town.first).json(&body).send().status
    };
    let both = json!(["manager", "viewer"]);
    assert_eq!(create(&admins, "a@example.org", &both), 201);
    assert_eq!(
        create(&admins, "b@example.org", &json!(["superAdmin"])),
        403
    );
    // Without the right to grant, not even what they hold.
    for roles in [&both, &json!(["viewer"]), &json!(["superAdmin"])] {
        assert_eq!(create(&town.token, "c@example.org", roles), 403);
    }
    assert_eq!(create(&town.token, "c@example.org", &json!([])), 201);
}

#[test]
fn platformos_takes_a_session_token() {
    let town = Town::build();
    let show = |token: &str, user: i64| {
        let request = town.server.get(&format!("/api/users/{user}"));
        let header = format!("Token token={token}");
        request.header("authorization", &header).send().status
    };
    assert_eq!(show(&town.token, town.here), 200);
    assert_eq!(show(&town.token, town.there), 404);
    assert_eq!(show("1-ses_nobodys", town.here), 401);
}
