//! Who may call, and which paths there are.

use directory::TenantId;
use directory::keys::{self, NewKey};
use serde_json::json;

use super::{Case, ada};
use crate::harness::{Key, Response};

fn with_header(case: &Case, authorization: &str) -> Response {
    case.server
        .post("/api/v1/user/")
        .header("authorization", authorization)
        .json(&ada())
        .send()
}

/// 401 without a body, and nothing made.
#[track_caller]
fn assert_unknown(case: &Case, answer: &Response) {
    answer.assert_empty(401);
    assert_eq!(answer.header("www-authenticate"), Some("ApiKey"));
    assert_eq!(answer.header("content-type"), None);
    assert_eq!(case.server.user_count(), 0);
}

/// The text with one bit of its byte at `at` turned.
fn flipped(text: &str, at: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bytes[at] ^= 1;
    String::from_utf8(bytes).unwrap()
}

#[test]
fn the_schemes_case_does_not_count() {
    let case = Case::start();
    let Key { id, secret, .. } = &case.key;
    for (number, scheme) in ["ApiKey", "apikey", "APIKEY"].into_iter().enumerate() {
        let made = case
            .server
            .post("/api/v1/user/")
            .header("authorization", &format!("{scheme} {id}:{secret}"))
            .json(&super::ada_with(
                "email",
                format!("ada{number}@example.org"),
            ))
            .send();
        made.assert_empty(201);
    }
}

#[test]
fn no_credential_is_401_for_every_call() {
    let case = Case::start();
    let bare = case.server.post("/api/v1/user/").json(&ada()).send();
    assert_unknown(&case, &bare);
    for path in [
        format!("user/{}/", "0".repeat(32)),
        "group/".to_owned(),
        "group/sales/".to_owned(),
        "member/".to_owned(),
        "member/1/".to_owned(),
        "invited/".to_owned(),
        "notifications/".to_owned(),
    ] {
        let path = format!("/api/v1/{path}");
        assert_unknown(&case, &case.server.get(&path).send());
    }
    for path in ["group/", "member/", "subscribe/", "unsubscribe/"] {
        let path = format!("/api/v1/{path}");
        assert_unknown(&case, &case.server.post(&path).json(&ada()).send());
    }
    for header in ["", "ApiKey", "ApiKey ", "ApiKey :", "ApiKey x"] {
        assert_unknown(&case, &with_header(&case, header));
    }
}

#[test]
fn another_scheme_is_no_credential() {
    let case = Case::start();
    let Key { id, secret, token } = &case.key;
    for header in [
        format!("Bearer {token}"),
        format!("Basic {id}:{secret}"),
        format!("ApiKey{id}:{secret}"),
        format!("{id}:{secret}"),
        format!("ApiKey {token}"),
    ] {
        assert_unknown(&case, &with_header(&case, &header));
    }
}

#[test]
fn a_credential_counts_whole_or_not_at_all() {
    let case = Case::start();
    let Key { id, secret, .. } = &case.key;
    for (id, secret) in [
        (id.clone(), String::new()),
        (String::new(), secret.clone()),
        (id.clone(), secret[1..].to_owned()),
        (id.clone(), secret[..secret.len() - 1].to_owned()),
        (id.clone(), format!("{secret}x")),
        (id.clone(), flipped(secret, 0)),
        (id.clone(), flipped(secret, secret.len() - 1)),
        (flipped(id, id.len() - 1), secret.clone()),
        (id[..id.len() - 1].to_owned(), secret.clone()),
        (id.clone(), secret.to_uppercase()),
    ] {
        assert_unknown(&case, &with_header(&case, &format!("ApiKey {id}:{secret}")));
    }
}

#[test]
fn another_tenants_and_a_revoked_key_are_unknown() {
    let case = Case::start();
    let other = case.server.tenant("other");
    let theirs = case.server.key_of(other, NewKey::default());
    let mixed = [
        (&case.key.id, &theirs.secret),
        (&theirs.id, &case.key.secret),
    ];
    for (id, secret) in mixed {
        assert_unknown(&case, &with_header(&case, &format!("ApiKey {id}:{secret}")));
    }
    let moved = theirs.id.replacen('2', "1", 1);
    let header = format!("ApiKey {moved}:{}", theirs.secret);
    assert_unknown(&case, &with_header(&case, &header));
    let (actor, id) = (case.server.operator(), case.key.id.clone());
    case.server.write(move |tx| keys::revoke(tx, &actor, &id));
    assert_unknown(&case, &case.create(&ada()));
}

#[test]
fn a_key_makes_users_in_its_own_tenant() {
    let mut case = Case::start();
    let other = case.server.tenant("other");
    case.key = case.server.key_of(other, NewKey::default());
    case.create(&ada()).assert_empty(201);
    let counts = [TenantId(1), other].map(|tenant| case.server.users_of(tenant));
    assert_eq!(counts, [0, 1]);
}

#[test]
fn failures_are_slowed_down_and_others_go_on() {
    let case = Case::start();
    let header = format!("ApiKey {}:wrong", case.key.id);
    for _ in 0..10 {
        with_header(&case, &header).assert_empty(401);
    }
    let limited = with_header(&case, &header);
    limited.assert_empty(429);
    assert_eq!(limited.header("retry-after"), Some("60"));
    case.create(&ada()).assert_empty(429);
    assert_eq!(case.server.user_count(), 0);
    let (first, second) = (case.key.clone(), case.server.key());
    let mut case = case;
    case.key = second;
    case.create(&ada()).assert_empty(201);
    case.key = first;
    case.server.advance(std::time::Duration::from_secs(60));
    let again = case.create(&super::ada_with("email", "b@example.org"));
    again.assert_empty(201);
}

#[test]
fn a_scope_that_is_missing_is_403_before_the_body_is_judged() {
    let mut case = Case::start();
    for scopes in [
        &["users:read"][..],
        &["groups:write"],
        &["keys:write", "events:write"],
    ] {
        case.key = case.server.key_with(NewKey {
            scopes: scopes.iter().map(|each| (*each).to_owned()).collect(),
            ..NewKey::default()
        });
        case.create(&ada()).assert_empty(403);
        case.create(&json!([])).assert_empty(403);
        case.request("POST", "/api/v1/user/")
            .body("text/plain", "x")
            .send()
            .assert_empty(403);
    }
    let path = format!("/api/v1/user/{}/", "0".repeat(32));
    case.request("GET", &path).send().assert_empty(403);
    assert_eq!(case.server.user_count(), 0);
}

#[test]
fn a_key_names_groups_when_it_may_change_groups() {
    let mut case = Case::start();
    case.server.group("Sales");
    let mut scopes = vec!["users:write".to_owned()];
    case.key = case.server.key_with(NewKey {
        scopes: scopes.clone(),
        ..NewKey::default()
    });
    case.create(&super::ada_with("groups", "sales"))
        .assert_empty(403);
    assert_eq!(case.server.user_count(), 0);
    scopes.push("groups:write".to_owned());
    case.key = case.server.key_with(NewKey {
        scopes,
        ..NewKey::default()
    });
    case.create(&super::ada_with("groups", "sales"))
        .assert_empty(201);
    assert_eq!(case.server.user_count(), 1);
}

#[test]
fn a_key_with_public_pool_access_makes_nobody() {
    let mut case = Case::start();
    let account = case.server.account("Acme");
    case.key = case.server.key_with(NewKey {
        account_id: Some(account),
        public_pool: true,
        ..NewKey::default()
    });
    case.create(&ada()).assert_empty(403);
    assert_eq!(case.server.user_count(), 0);
}

#[test]
fn a_get_without_the_last_slash_is_led_to_it() {
    let case = Case::start();
    for (from, to) in [
        ("/api/v1/user", "/api/v1/user/"),
        ("/api/v1/user?a=b%20c&d", "/api/v1/user/?a=b%20c&d"),
        ("/api/v1/user/0123", "/api/v1/user/0123/"),
        (
            "/api/v1/user/a%2Fb%0d%0ax?q",
            "/api/v1/user/a%2Fb%0d%0ax/?q",
        ),
    ] {
        for method in ["GET", "HEAD"] {
            let led = case.server.request(method, from).send();
            led.assert_empty(301);
            assert_eq!(led.header("location"), Some(to), "{method} {from}");
        }
    }
}

#[test]
fn any_other_method_without_the_last_slash_finds_nothing() {
    let case = Case::start();
    for path in ["/api/v1/user", "/api/v1/user/0123"] {
        for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            let lost = case.request(method, path).json(&ada()).send();
            lost.assert_empty(404);
            assert_eq!(lost.header("location"), None);
            assert_eq!(lost.header("allow"), None);
        }
    }
    assert_eq!(case.server.user_count(), 0);
}

#[test]
fn an_unrouted_path_is_404_and_a_wrong_method_405_without_a_body() {
    let case = Case::start();
    for path in [
        "/api/v1",
        "/api/v1/",
        "/api/v1/nowhere/",
        "/api/v1/user/a/b/",
    ] {
        for method in ["GET", "POST"] {
            let lost = case.request(method, path).send();
            lost.assert_empty(404);
            assert_eq!(lost.header("content-type"), None);
        }
    }
    for method in ["GET", "PUT", "PATCH", "DELETE"] {
        let wrong = case.request(method, "/api/v1/user/").send();
        wrong.assert_empty(405);
        assert_eq!(wrong.header("allow"), Some("POST"));
    }
    for (path, allow, wrong) in [
        ("user/0123/", "GET,HEAD,PATCH", "DELETE"),
        ("group/", "GET,HEAD,POST", "PATCH"),
        ("group/sales/", "GET,HEAD,PATCH", "DELETE"),
        ("member/", "GET,HEAD,POST", "PUT"),
        ("member/1/", "GET,HEAD,DELETE", "PATCH"),
        ("invited/", "GET,HEAD", "POST"),
        ("invited/1/", "DELETE", "GET"),
        ("notifications/", "GET,HEAD", "POST"),
        ("subscribe/", "POST", "GET"),
        ("unsubscribe/", "POST", "GET"),
    ] {
        let wrong = case.request(wrong, &format!("/api/v1/{path}")).send();
        wrong.assert_empty(405);
        assert_eq!(wrong.header("allow"), Some(allow), "{path}");
    }
}
