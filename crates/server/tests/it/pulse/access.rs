//! Who may call: the credential, the account of the header, the permission, in this order.

use std::time::Duration;

use directory::keys::{self, NewKey};
use serde_json::json;

use super::{Desk, assert_error};
use crate::harness::{Key, Response};

const NO_PART: &str = "the caller has no part in the account";

fn with_authorization(desk: &Desk, value: &str) -> Response {
    desk.server
        .post("/users")
        .header("authorization", value)
        .header("x-account-id", &desk.account.to_string())
        .json(&json!({"email": "ada@example.org"}))
        .send()
}

#[track_caller]
fn assert_unauthenticated(answer: &Response) {
    assert_error(answer, 401, "authentication is required");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
}

#[test]
fn a_call_without_a_credential_is_refused_before_all_else() {
    let desk = Desk::open();
    for path in ["/users", "/users/1"] {
        let method = if path == "/users" { "POST" } else { "GET" };
        assert_unauthenticated(&desk.server.request(method, path).send());
    }
    // Neither the header nor the body is looked at.
    let request = desk.server.post("/users").header("x-account-id", "x");
    assert_unauthenticated(&request.body("text/plain", "{").send());
    assert_eq!(desk.server.user_count(), 0);
}

#[test]
fn a_wrong_credential_is_refused() {
    let desk = Desk::open();
    let Key { id, secret, token } = desk.key.clone();
    let last = token.len() - 1;
    let flipped = format!(
        "{}{}",
        &token[..last],
        if token.ends_with('A') { "B" } else { "A" }
    );
    for value in [
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        token.clone(),
        format!("Basic {token}"),
        format!("ApiKey {id}:{secret}"),
        format!("Bearer {}", &token[..last]),
        format!("Bearer {flipped}"),
        format!("Bearer {id}"),
        format!("Bearer {id}."),
        format!("Bearer .{secret}"),
        format!("Bearer 2{}", &token[1..]),
        "Bearer nonsense".to_owned(),
    ] {
        assert_unauthenticated(&with_authorization(&desk, &value));
    }
    assert_eq!(desk.server.user_count(), 0);
    with_authorization(&desk, &format!("bearer {token}")).expect(201);
}

#[test]
fn a_revoked_and_an_expired_key_are_refused_at_once() {
    let desk = Desk::open();
    let revoked = desk.key.clone();
    let id = revoked.id.clone();
    let actor = desk.server.operator();
    desk.server.write(move |tx| keys::revoke(tx, &actor, &id));
    assert_unauthenticated(&with_authorization(
        &desk,
        &format!("Bearer {}", revoked.token),
    ));
    let expiring = desk.server.key_with(NewKey {
        expires_at: desk.server.now().checked_add(Duration::from_secs(60)).ok(),
        ..NewKey::default()
    });
    let value = format!("Bearer {}", expiring.token);
    desk.server.advance(Duration::from_secs(59));
    with_authorization(&desk, &value).expect(201);
    desk.server.advance(Duration::from_secs(1));
    assert_unauthenticated(&with_authorization(&desk, &value));
    assert_eq!(desk.server.user_count(), 1);
}

#[test]
fn too_many_wrong_credentials_are_429_until_a_minute_has_gone() {
    let desk = Desk::open();
    let wrong = format!("Bearer {}x", desk.key.token);
    let right = format!("Bearer {}", desk.key.token);
    for _ in 0..10 {
        assert_unauthenticated(&with_authorization(&desk, &wrong));
    }
    for value in [&wrong, &right] {
        let limited = with_authorization(&desk, value);
        assert_error(&limited, 429, "too many requests");
        assert_eq!(limited.header("retry-after"), Some("60"));
    }
    assert_eq!(desk.server.user_count(), 0);
    desk.server.advance(Duration::from_secs(60));
    with_authorization(&desk, &right).expect(201);
}

/// A creation under these values of the header.
fn under(desk: &Desk, key: &Key, accounts: &[&str]) -> Response {
    let mut request = desk.server.post("/users").bearer(&key.token);
    for account in accounts {
        request = request.header("x-account-id", account);
    }
    request.json(&json!({"email": "ada@example.org"})).send()
}

#[test]
fn the_account_header_is_required_and_made_of_digits() {
    let desk = Desk::open();
    let account = desk.account.to_string();
    for values in [&[][..], &[""], &["  "]] {
        let answer = under(&desk, &desk.key, values);
        assert_error(&answer, 400, "x-account-id: is required");
    }
    let wrong = [
        "abc", "1a", "-1", "+1", "1.0", "1e3", "1 1", "0x1", "1,2", "null", "\"1\"",
    ];
    for value in wrong {
        let answer = under(&desk, &desk.key, &[value]);
        assert_error(&answer, 400, "x-account-id: must be digits");
    }
    let twice = under(&desk, &desk.key, &[&account, &account]);
    assert_error(&twice, 400, "x-account-id: must be digits");
    let read = desk.server.get("/users/1").bearer(&desk.key.token).send();
    assert_error(&read, 400, "x-account-id: is required");
    assert_eq!(desk.server.user_count(), 0);
    under(&desk, &desk.key, &[&format!(" {account} ")]).expect(201);
}

#[test]
fn an_account_that_is_not_the_callers_is_403_as_one_that_does_not_exist() {
    let desk = Desk::open();
    let tenant = desk.server.tenant("other");
    let foreign = desk.server.account_of(tenant, "Theirs").to_string();
    let zeroed = format!("0{}", desk.account);
    for value in [
        "999999999",
        "0",
        zeroed.as_str(),
        "9223372036854775807",
        "9223372036854775808",
        &"9".repeat(400),
        foreign.as_str(),
    ] {
        assert_error(&under(&desk, &desk.key, &[value]), 403, NO_PART);
        let read = desk
            .server
            .get("/users/1")
            .bearer(&desk.key.token)
            .header("x-account-id", value)
            .send();
        assert_error(&read, 403, NO_PART);
    }
    assert_eq!(desk.server.user_count(), 0);
}

#[test]
fn a_bound_key_has_part_in_its_own_account_alone() {
    let desk = Desk::open();
    let other = desk.server.account("Other").to_string();
    let key = desk.bound(&[]);
    assert_error(&under(&desk, &key, &[&other]), 403, NO_PART);
    assert_eq!(desk.server.user_count(), 0);
    under(&desk, &key, &[&desk.account.to_string()]).expect(201);
}

#[test]
fn an_unbound_key_without_all_scopes_has_part_in_no_account() {
    let desk = Desk::open();
    let key = desk.server.key_with(NewKey {
        scopes: vec!["users:read".to_owned(), "users:write".to_owned()],
        ..NewKey::default()
    });
    let account = desk.account.to_string();
    assert_error(&under(&desk, &key, &[&account]), 403, NO_PART);
    assert_eq!(desk.server.user_count(), 0);
    let admin = desk.server.key_with(NewKey {
        scopes: vec!["admin".to_owned()],
        ..NewKey::default()
    });
    under(&desk, &admin, &[&account]).expect(201);
}

#[test]
fn a_key_of_another_tenant_has_part_in_none_of_this_one() {
    let desk = Desk::open();
    let tenant = desk.server.tenant("other");
    let key = desk.server.key_of(tenant, NewKey::default());
    let answer = under(&desk, &key, &[&desk.account.to_string()]);
    assert_error(&answer, 403, NO_PART);
    assert_eq!(
        (desk.server.user_count(), desk.server.users_of(tenant)),
        (0, 0)
    );
}

#[test]
fn header_account_and_permission_come_before_the_body() {
    let desk = Desk::open();
    let post = |key: &Key, account: &str| {
        let request = desk.server.post("/users").bearer(&key.token);
        request
            .header("x-account-id", account)
            .body("text/plain", "{")
            .send()
    };
    let account = desk.account.to_string();
    assert_error(&post(&desk.key, "x"), 400, "x-account-id: must be digits");
    assert_error(&post(&desk.key, "999999999"), 403, NO_PART);
    let reader = desk.bound(&["users:read"]);
    assert_error(
        &post(&reader, &account),
        403,
        "the credential does not allow this",
    );
    let message = "the content type is not one that this call takes";
    assert_error(&post(&desk.key, &account), 415, message);
}

#[test]
fn each_scope_allows_what_it_says() {
    let desk = Desk::open();
    desk.made(&json!({"email": "ada@example.org"}));
    for (scope, read, create) in [
        ("users:read", 200, 403),
        ("users:write", 200, 201),
        ("accounts:write", 403, 403),
        ("groups:write", 403, 403),
        ("forms:write", 403, 403),
        ("events:write", 403, 403),
        ("webhooks:write", 403, 403),
        ("keys:write", 403, 403),
        ("admin", 200, 201),
    ] {
        let key = desk.bound(&[scope]);
        let got = desk
            .request_as(&key, "GET", "/users/ada@example.org")
            .send();
        assert_eq!(got.status, read, "{scope}");
        let body = json!({"email": format!("{}@example.org", scope.replace(':', "."))});
        let made = desk.request_as(&key, "POST", "/users").json(&body).send();
        assert_eq!(made.status, create, "{scope}");
    }
}

#[test]
fn an_unrouted_path_and_a_wrong_method_are_told_in_the_same_shape() {
    let desk = Desk::open();
    for path in ["/users/", "/users/1/nothing", "/auth/nothing", "/users.xml"] {
        let answer = desk.request("GET", path).send();
        assert_error(&answer, 404, "there is no such path");
    }
    let wrong = desk.request("PUT", "/users").json(&json!({})).send();
    assert_error(&wrong, 405, "the path does not take this method");
    assert_eq!(wrong.header("allow"), Some("GET,HEAD,POST"));
    let wrong = desk.request("POST", "/users/1").json(&json!({})).send();
    assert_error(&wrong, 405, "the path does not take this method");
    assert_eq!(wrong.header("allow"), Some("GET,HEAD,PATCH,DELETE"));
}
