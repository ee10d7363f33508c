//! Listing, ending and renewing sessions, and acting as another.

use directory::permission::Permission;
use directory::users::UserChange;
use serde_json::{Value, json};

use super::{get, ids, member, operator_key, person, post, role, token, within};
use crate::harness::Server;

fn delete(server: &Server, path: &str, token: &str) -> u16 {
    server.request("DELETE", path).bearer(token).send().status
}

#[test]
fn a_user_sees_and_ends_their_own_sessions() {
    let server = Server::start();
    let id = person(&server, "ada@example.org", UserChange::default());
    person(&server, "bob@example.org", UserChange::default());
    let (first, second) = (
        token(&server, "ada@example.org"),
        token(&server, "ada@example.org"),
    );
    let foreign = token(&server, "bob@example.org");
    let list = get(&server, "/v1/sessions", &second).expect(200);
    let shown: Vec<_> = list["data"].as_array().unwrap().iter().collect();
    let current: Vec<_> = shown.iter().map(|each| each["current"].as_bool()).collect();
    assert_eq!(current, [Some(false), Some(true)]);
    assert!(shown.iter().all(|each| each.get("token").is_none()));
    let number = ids(&list)[0];
    let path = format!("/v1/sessions/{number}");
    // Whether there is a session of that number is not told.
    assert_eq!(delete(&server, &path, &foreign), 404);
    assert_eq!(delete(&server, "/v1/sessions/999999", &foreign), 404);
    assert_eq!(delete(&server, &path, &second), 204);
    assert_eq!(delete(&server, &path, &second), 404);
    assert_eq!(get(&server, "/v1/session", &first).status, 401);
    let third = token(&server, "ada@example.org");
    let all = format!("/v1/users/{id}/sessions");
    assert_eq!(delete(&server, &all, &foreign), 403);
    assert_eq!(delete(&server, &all, &third), 204);
    assert_eq!(get(&server, "/v1/session", &second).status, 401);
    get(&server, "/v1/session", &third).expect(200);
    assert_eq!(delete(&server, "/v1/session", &third), 204);
    assert_eq!(get(&server, "/v1/session", &third).status, 401);
    let key = operator_key(&server);
    assert_eq!(get(&server, "/v1/sessions", &key.token).status, 403);
    assert_eq!(get(&server, "/v1/session", &key.token).status, 401);
    get(&server, &all, &key.token).assert(200, &json!({"data": [], "next_cursor": null}));
}

#[test]
fn a_renewed_token_takes_the_place_of_the_one_before() {
    let server = Server::start();
    person(&server, "ada@example.org", UserChange::default());
    let before = token(&server, "ada@example.org");
    let rotated = post(&server, "/v1/session/rotate", &before, &json!({})).expect(200);
    let after = rotated["token"].as_str().unwrap();
    assert_eq!(get(&server, "/v1/session", &before).status, 401);
    let shown = get(&server, "/v1/session", after).expect(200);
    assert_eq!(shown["id"], rotated["id"]);
}

/// An account with somebody who may do everything there, and somebody who may little.
struct Office {
    server: Server,
    account: i64,
    boss: i64,
    clerk: i64,
}

impl Office {
    fn open() -> Self {
        let server = Server::start();
        let account = server.account("Acme");
        let with = |name: &str| UserChange {
            accounts: vec![member(account, false)],
            roles: vec![role(name, Some(account))],
            ..UserChange::default()
        };
        let boss = person(&server, "boss@example.org", with("superAdmin"));
        let clerk = person(&server, "clerk@example.org", with("manager"));
        Self {
            server,
            account,
            boss,
            clerk,
        }
    }

    fn impersonate(&self, token: &str, user: i64, body: &Value) -> crate::harness::Response {
        post(
            &self.server,
            &format!("/v1/users/{user}/impersonate"),
            token,
            body,
        )
    }
}

#[test]
fn one_who_may_acts_as_another_with_a_reason_and_everybody_sees_it() {
    let office = Office::open();
    let Office {
        server,
        clerk,
        boss,
        account,
    } = &office;
    let own = token(server, "boss@example.org");
    let reason = json!({"reason": "ticket 7"});
    let begun = office.impersonate(&own, *clerk, &reason).expect(201);
    let by = json!({"by": {"type": "user", "id": boss.to_string()}, "reason": "ticket 7"});
    assert_eq!(begun["impersonating"], by);
    assert_eq!(begun["user_id"], *clerk);
    assert_eq!(begun["expires_at"], "2026-11-21T05:50:40.123Z", "an hour");
    let token = begun["token"].as_str().unwrap();
    let shown = get(server, "/v1/session", token).expect(200);
    assert_eq!(shown["impersonating"], by);
    let made = post(
        server,
        "/v1/users",
        token,
        &json!({"email": "new@example.org"}),
    )
    .expect(201);
    assert_eq!(made["created_by"], "boss@example.org", "who really acts");
    assert_eq!(made["accounts"][0]["id"], *account);
    let events = server.user_events(made["id"].as_i64().unwrap());
    assert!(!events.is_empty());
    for event in events {
        assert_eq!(
            (&*event.actor_type, event.actor_id),
            ("user", boss.to_string())
        );
        assert_eq!(event.acting_as, Some(*clerk));
    }
    let own_events = server.user_events(*clerk);
    let began = own_events.last().unwrap();
    assert_eq!(began.event_type, "user_impersonated");
    assert!(began.change.contains("ticket 7"));
    assert_eq!(began.actor_id, boss.to_string());
}

#[test]
fn who_acts_as_another_reaches_nothing_of_theirs_in_other_places() {
    let server = Server::start();
    let (acme, beta) = (server.account("Acme"), server.account("Beta"));
    let boss = UserChange {
        accounts: vec![member(acme, false)],
        roles: vec![role("superAdmin", Some(acme))],
        ..UserChange::default()
    };
    person(&server, "boss@example.org", boss);
    let both = UserChange {
        accounts: vec![member(acme, false), member(beta, false)],
        ..UserChange::default()
    };
    let clerk = person(&server, "clerk@example.org", both);
    let path = format!("/v1/users/{clerk}/notification-preferences");
    let put = |token: &str, rules: &Value| {
        let body = json!({ "data": rules });
        server
            .request("PUT", &path)
            .bearer(token)
            .json(&body)
            .send()
    };
    let rule = |account: i64| json!({"event": "lead_created", "account_id": account, "channels": ["email"]});
    let own = token(&server, "clerk@example.org");
    put(&own, &json!([rule(acme), rule(beta)])).expect(200);
    let begun = post(
        &server,
        &format!("/v1/users/{clerk}/impersonate"),
        &token(&server, "boss@example.org"),
        &json!({"reason": "ticket 7"}),
    )
    .expect(201);
    let acting = begun["token"].as_str().unwrap();
    assert_eq!(
        get(&server, &path, acting).expect(200)["data"],
        json!([rule(acme)])
    );
    assert_eq!(put(acting, &json!([rule(beta)])).status, 422);
    put(acting, &json!([])).expect(200);
    assert_eq!(
        get(&server, &path, &own).expect(200)["data"],
        json!([rule(beta)]),
        "what is elsewhere stays"
    );
}

#[test]
fn without_a_reason_or_the_right_nobody_acts_as_another() {
    let office = Office::open();
    let Office {
        server,
        clerk,
        boss,
        ..
    } = &office;
    let own = token(server, "boss@example.org");
    let reason = json!({"reason": "x"});
    for body in [json!({}), json!({"reason": ""}), json!({"reason": "  "})] {
        let refused = office.impersonate(&own, *clerk, &body).expect(422);
        assert_eq!(refused["errors"][0]["pointer"], "/reason");
    }
    let long = json!({"reason": "x".repeat(501)});
    assert_eq!(office.impersonate(&own, *clerk, &long).status, 422);
    assert_eq!(
        office.impersonate(&own, *boss, &reason).status,
        403,
        "oneself"
    );
    let clerks = token(server, "clerk@example.org");
    assert_eq!(office.impersonate(&clerks, *boss, &reason).status, 403);
    assert_eq!(office.impersonate(&own, 999_999, &reason).status, 404);
    let outside = person(server, "outside@example.org", UserChange::default());
    assert_eq!(
        office.impersonate(&own, outside, &reason).status,
        404,
        "not seen from there"
    );
    let root = UserChange {
        accounts: vec![member(office.account, false)],
        roles: vec![role("viewer", None)],
        ..UserChange::default()
    };
    let root = person(server, "root@example.org", root);
    assert_eq!(
        office.impersonate(&own, root, &reason).status,
        403,
        "who may do more elsewhere"
    );
}

#[test]
fn in_anothers_name_nothing_is_granted_and_no_credential_changed() {
    let office = Office::open();
    let Office {
        server,
        clerk,
        account,
        ..
    } = &office;
    let twin = UserChange {
        accounts: vec![member(*account, false)],
        roles: vec![role("superAdmin", Some(*account))],
        ..UserChange::default()
    };
    let twin = person(server, "twin@example.org", twin);
    let own = token(server, "boss@example.org");
    let begun = office
        .impersonate(&own, twin, &json!({"reason": "x"}))
        .expect(201);
    let token = begun["token"].as_str().unwrap();
    let patch = |id: i64, body: &Value| {
        let request = server
            .request("PATCH", &format!("/v1/users/{id}"))
            .bearer(token);
        request.json(body).send().status
    };
    assert_eq!(patch(*clerk, &json!({"title": "Clerk"})), 200);
    for body in [
        json!({"email": "other@example.org"}),
        json!({"password": "orbit ferry plank tide"}),
        json!({"suspended_at": "2026-11-21T00:00:00Z"}),
    ] {
        assert_eq!(patch(*clerk, &body), 403, "{body}");
        assert_eq!(patch(twin, &body), 403, "{body}");
    }
    let status = |method: &str, path: &str| {
        server
            .request(method, path)
            .bearer(token)
            .json(&json!({"reason": "x"}))
            .send()
            .status
    };
    assert_eq!(status("DELETE", &format!("/v1/users/{clerk}")), 403);
    assert_eq!(
        status("POST", &format!("/v1/users/{clerk}/impersonate")),
        403
    );
    crate::sessions::token(server, "clerk@example.org");
    for user in [twin, *clerk] {
        let all = format!("/v1/users/{user}/sessions");
        assert_eq!(status("GET", &all), 403, "nobody's sessions, {user}");
        assert_eq!(status("DELETE", &all), 403, "nobody's sessions, {user}");
    }
    let clerks = get(server, &format!("/v1/users/{clerk}/sessions"), &own).expect(200);
    let one = format!("/v1/sessions/{}", ids(&clerks)[0]);
    assert_eq!(status("DELETE", &one), 403);
    assert_eq!(status("DELETE", "/v1/sessions/999999"), 403);
    let granting = json!({"email": "new@example.org", "roles": ["viewer"]});
    let pulse = within(server.post("/users").bearer(token), *account);
    assert_eq!(pulse.json(&granting).send().status, 403);
}

#[test]
fn who_loses_the_right_acts_as_nobody_any_more() {
    let office = Office::open();
    let Office {
        server,
        clerk,
        boss,
        ..
    } = &office;
    let own = token(server, "boss@example.org");
    let begin = || {
        let begun = office
            .impersonate(&own, *clerk, &json!({"reason": "x"}))
            .expect(201);
        let token = begun["token"].as_str().unwrap().to_owned();
        get(server, "/v1/session", &token).expect(200);
        token
    };
    let token = begin();
    let suspension = UserChange {
        suspended: directory::users::Change::Set(true),
        ..UserChange::default()
    };
    super::change(server, *boss, suspension);
    assert_eq!(get(server, "/v1/session", &token).status, 401);
    let key = operator_key(server);
    let begun = office
        .impersonate(&key.token, *clerk, &json!({"reason": "x"}))
        .expect(201);
    let token = begun["token"].as_str().unwrap();
    assert_eq!(
        begun["impersonating"]["by"],
        json!({"type": "key", "id": key.id})
    );
    get(server, "/v1/session", token).expect(200);
    let (operator, id) = (server.operator(), key.id.clone());
    server.write(move |tx| directory::keys::revoke(tx, &operator, &id));
    assert_eq!(get(server, "/v1/session", token).status, 401);
}

#[test]
fn nobody_may_more_as_another_than_in_their_own_name() {
    let server = Server::start();
    let account = server.account("Acme");
    let manager = UserChange {
        accounts: vec![member(account, false)],
        roles: vec![role("manager", Some(account))],
        ..UserChange::default()
    };
    let manager = person(&server, "manager@example.org", manager);
    let key = server.key_with(directory::keys::NewKey {
        scopes: vec!["users:write".to_owned(), "keys:write".to_owned()],
        ..directory::keys::NewKey::default()
    });
    let path = format!("/v1/users/{manager}/impersonate");
    let refused = post(&server, &path, &key.token, &json!({"reason": "x"}));
    assert_eq!(refused.status, 403, "no scope but admin has it");
    assert!(
        !directory::permission::PermissionSet::NEVER_AS_ANOTHER.contains(Permission::ReadUsers)
    );
}

#[test]
fn in_anothers_name_nobody_is_let_in_or_brought_back() {
    let office = Office::open();
    let Office {
        server,
        clerk,
        account,
        boss,
    } = &office;
    let twin = UserChange {
        accounts: vec![member(*account, false)],
        roles: vec![role("superAdmin", Some(*account))],
        ..UserChange::default()
    };
    let twin = person(server, "twin@example.org", twin);
    let suspend = |on| UserChange {
        suspended: directory::users::Change::Set(on),
        ..UserChange::default()
    };
    super::change(server, *clerk, suspend(true));
    let own = token(server, "boss@example.org");
    let begun = office
        .impersonate(&own, twin, &json!({"reason": "x"}))
        .expect(201);
    let acting = begun["token"].as_str().unwrap();
    let free = json!({"suspended_at": null});
    let lift = |by: &str, user: i64| {
        let request = server.request("PATCH", &format!("/v1/users/{user}"));
        request.bearer(by).json(&free).send().status
    };
    assert_eq!(lift(acting, *clerk), 403);
    assert_eq!(lift(&own, *clerk), 200);
    // Nor by who may do less.
    super::change(server, *boss, suspend(true));
    let clerks = token(server, "clerk@example.org");
    assert_eq!(lift(&clerks, *boss), 403);
    super::change(server, *boss, suspend(false));
    let own = token(server, "boss@example.org");
    let begun = office
        .impersonate(&own, twin, &json!({"reason": "x"}))
        .expect(201);
    let acting = begun["token"].as_str().unwrap();
    assert_eq!(delete(server, &format!("/v1/users/{clerk}"), &own), 204);
    let path = format!("/v1/users/{clerk}/restore");
    let restore = |by: &str| post(server, &path, by, &json!({})).status;
    assert_eq!(restore(acting), 403);
    let admin = UserChange {
        accounts: vec![member(*account, true)],
        ..UserChange::default()
    };
    person(server, "admin@example.org", admin);
    let admins = token(server, "admin@example.org");
    let lesser = format!("/v1/users/{twin}/restore");
    assert_eq!(delete(server, &format!("/v1/users/{twin}"), &own), 204);
    assert_eq!(post(server, &lesser, &admins, &json!({})).status, 403);
    assert_eq!(restore(&admins), 200);
}

#[test]
fn one_acts_as_another_only_where_one_may_act_as_others() {
    let server = Server::start();
    let (first, second) = (server.account("First"), server.account("Second"));
    let deputy = UserChange {
        accounts: vec![member(first, false), member(second, true)],
        roles: vec![role("superAdmin", Some(first))],
        ..UserChange::default()
    };
    person(&server, "deputy@example.org", deputy);
    let clerk = UserChange {
        accounts: vec![member(first, false), member(second, false)],
        roles: vec![role("manager", Some(first)), role("manager", Some(second))],
        ..UserChange::default()
    };
    let clerk = person(&server, "clerk@example.org", clerk);
    let own = token(&server, "deputy@example.org");
    let begin = server
        .post(&format!("/v1/users/{clerk}/impersonate"))
        .bearer(&own)
        .json(&json!({"reason": "x"}));
    let begun = within(begin, first).send().expect(201);
    let acting = begun["token"].as_str().unwrap();
    let create = |email: &str, account: i64| {
        let request = server.post("/v1/users").bearer(acting);
        let request = within(request, account).json(&json!({"email": email}));
        request.send().status
    };
    assert_eq!(create("a@example.org", first), 201);
    assert_eq!(create("b@example.org", second), 403);
    let pulse = within(server.get("/users").bearer(acting), second);
    assert_eq!(pulse.send().status, 403);
}

#[test]
fn a_key_that_gets_another_secret_ends_what_was_begun_with_the_old_one() {
    let server = Server::start();
    let ada = person(&server, "ada@example.org", UserChange::default());
    let bob = person(&server, "bob@example.org", UserChange::default());
    let key = server.key_with(directory::keys::NewKey {
        owner_email: Some("ada@example.org".to_owned()),
        ..directory::keys::NewKey::default()
    });
    let login = json!({"apiKey": key.id, "apiSecret": key.secret});
    let begun = server.post("/auth/login").json(&login).send().expect(200);
    let of_key = begun["token"].as_str().unwrap().to_owned();
    let path = format!("/v1/users/{bob}/impersonate");
    let begun = post(&server, &path, &key.token, &json!({"reason": "x"})).expect(201);
    let by_key = begun["token"].as_str().unwrap().to_owned();
    let others = token(&server, "ada@example.org");
    for token in [&of_key, &by_key, &others] {
        get(&server, "/v1/session", token).expect(200);
    }
    let (operator, id) = (server.operator(), key.id.clone());
    server.write(move |tx| directory::keys::rotate(tx, &operator, &id));
    for token in [&of_key, &by_key] {
        assert_eq!(get(&server, "/v1/session", token).status, 401);
    }
    get(&server, "/v1/session", &others).expect(200);
    let list = format!("/v1/users/{ada}/sessions");
    let operator = operator_key(&server);
    let left = get(&server, &list, &operator.token).expect(200);
    assert_eq!(ids(&left).len(), 1);
}
