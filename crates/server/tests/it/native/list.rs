//! Lists: paging, order and filters.

use std::time::Duration;

use serde_json::{Value, json};

use super::{assert_bad_parameter, id_of, user};
use crate::harness::{Key, Response, Server};
use directory::TenantId;
use directory::keys::NewKey;

pub fn get(server: &Server, key: &Key, path: &str) -> Response {
    server.get(path).bearer(&key.token).send()
}

pub fn ids(page: &Value) -> Vec<i64> {
    page["data"].as_array().unwrap().iter().map(id_of).collect()
}

/// The target of `Link: <…>; rel="next"`.
fn next(answer: &Response) -> Option<String> {
    let link = answer.header("link")?;
    let (target, rest) = link.strip_prefix('<').unwrap().split_once('>').unwrap();
    assert_eq!(rest, "; rel=\"next\"");
    Some(target.to_owned())
}

/// Follows the links from a page to the last: the ids on the way.
#[track_caller]
fn walk(server: &Server, key: &Key, first: &str) -> Vec<Vec<i64>> {
    let mut pages = Vec::new();
    let mut path = Some(first.to_owned());
    while let Some(here) = path {
        let answer = get(server, key, &here);
        let page = answer.expect(200);
        pages.push(ids(&page));
        path = next(&answer);
        let cursor = page["next_cursor"].as_str();
        assert_eq!(path.is_some(), cursor.is_some());
        if let (Some(path), Some(cursor)) = (&path, cursor) {
            assert!(path.ends_with(&format!("cursor={cursor}")), "{path}");
        }
        assert!(pages.len() < 100, "a walk ends");
    }
    pages
}

fn seven(server: &Server, key: &Key) -> Vec<i64> {
    (0..7)
        .map(|n| {
            // Two of them at each moment, so that ties are among them.
            if n % 2 == 0 {
                server.advance(Duration::from_secs(1));
            }
            id_of(&user(
                server,
                key,
                &json!({"email": format!("u{n}@example.org")}),
            ))
        })
        .collect()
}

#[test]
fn a_list_shows_users_as_a_read_does() {
    let server = Server::start();
    let key = server.key();
    let account = server.account("Acme");
    let group = server.group("Ops").id;
    let badge = server.badge("Forklift");
    let a = user(
        &server,
        &key,
        &json!({"email": "a@example.org", "kind": "worker",
        "badges": [{"badge_id": badge}], "accounts": [{"id": account}]}),
    );
    let b = user(
        &server,
        &key,
        &json!({"email": "b@example.org", "groups": [{"id": group}]}),
    );
    let answer = get(&server, &key, "/v1/users");
    answer.assert(200, &json!({"data": [a, b], "next_cursor": null}));
    assert_eq!(answer.header("link"), None);
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[test]
fn a_walk_meets_every_row_once_in_every_order() {
    let server = Server::start();
    let key = server.key();
    let made = seven(&server, &key);
    // The first is changed last.
    server.advance(Duration::from_secs(1));
    let path = format!("/v1/users/{}", made[0]);
    let patch = server.request("PATCH", &path).bearer(&key.token);
    patch.json(&json!({"city": "Paris"})).send().expect(200);
    let mut by_change = made.clone();
    by_change.rotate_left(1);
    let reversed = |ids: &Vec<i64>| ids.iter().rev().copied().collect::<Vec<_>>();
    let orders = [
        ("id", made.clone()),
        ("-id", reversed(&made)),
        ("updated_at", by_change.clone()),
        ("-updated_at", reversed(&by_change)),
    ];
    for (sort, expected) in orders {
        for limit in [1, 2, 3, 6, 7, 8, 200] {
            let pages = walk(
                &server,
                &key,
                &format!("/v1/users?sort={sort}&limit={limit}"),
            );
            assert_eq!(pages.concat(), expected, "sort={sort} limit={limit}");
            assert!(
                pages
                    .iter()
                    .all(|page| page.len() <= limit && !page.is_empty())
            );
        }
    }
    assert_eq!(walk(&server, &key, "/v1/users?limit=3").concat(), made);
}

#[test]
fn rows_that_come_and_go_do_not_disturb_a_walk() {
    let server = Server::start();
    let key = server.key();
    let made = seven(&server, &key);
    let first = get(&server, &key, "/v1/users?limit=3");
    let mut met = ids(&first.expect(200));
    for gone in [made[1], made[2], made[4]] {
        let path = format!("/v1/users/{gone}");
        server
            .request("DELETE", &path)
            .bearer(&key.token)
            .send()
            .assert_empty(204);
    }
    let new = id_of(&user(&server, &key, &json!({"email": "new@example.org"})));
    met.extend(walk(&server, &key, &next(&first).unwrap()).concat());
    assert_eq!(
        met,
        [made[0], made[1], made[2], made[3], made[5], made[6], new]
    );
}

#[test]
fn a_page_holds_fifty_rows_where_nothing_is_said() {
    let server = Server::start();
    let key = server.key();
    for n in 0..51 {
        user(
            &server,
            &key,
            &json!({"email": format!("u{n}@example.org")}),
        );
    }
    let pages = walk(&server, &key, "/v1/users");
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [50, 1]);
    assert_eq!(walk(&server, &key, "/v1/users?limit=200").len(), 1);
}

#[test]
fn a_link_carries_the_filters_of_its_list() {
    let server = Server::start();
    let key = server.key();
    let named = json!({"first_name": "Ada & Eve=é"});
    let mut expected = Vec::new();
    for n in 0..5 {
        let email = format!("u{n}@example.org");
        let body = super::with(
            json!({"email": email}),
            if n == 2 { json!({}) } else { named.clone() },
        );
        let id = id_of(&user(&server, &key, &body));
        if n != 2 {
            expected.push(id);
        }
    }
    let first = "/v1/users?first_name=Ada%20%26%20Eve%3D%C3%A9&limit=1&sort=-id";
    let walked = walk(&server, &key, first).concat();
    expected.reverse();
    assert_eq!(walked, expected);
}

#[test]
fn only_a_cursor_that_was_given_out_for_the_list_is_taken() {
    let server = Server::start();
    let key = server.key();
    seven(&server, &key);
    let page = get(&server, &key, "/v1/users?limit=2").expect(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    get(&server, &key, &format!("/v1/users?limit=5&cursor={cursor}")).expect(200);
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut changed: Vec<String> = (1..cursor.len())
        .map(|end| cursor[..end].to_owned())
        .collect();
    for (place, c) in cursor.char_indices() {
        let value = alphabet.find(c).unwrap();
        for bit in 0..6 {
            let other = &alphabet[value ^ (1 << bit)..][..1];
            changed.push(format!(
                "{}{other}{}",
                &cursor[..place],
                &cursor[place + 1..]
            ));
        }
    }
    changed.extend([format!("{cursor}A"), format!("{cursor}=")]);
    for changed in changed {
        let answer = get(
            &server,
            &key,
            &format!("/v1/users?limit=2&cursor={changed}"),
        );
        assert_bad_parameter(&answer, "cursor", "bad_format");
    }
}

#[test]
fn a_cursor_of_another_list_or_tenant_is_refused() {
    let server = Server::start();
    let key = server.key();
    seven(&server, &key);
    for name in ["a", "b"] {
        server.account(name);
        server.group(name);
        server.badge(name);
    }
    let other = server.tenant("other");
    let other_key = server.key_of(other, NewKey::default());
    assert_ne!(other, TenantId(1));
    for email in ["x@example.org", "y@example.org"] {
        user(&server, &other_key, &json!({"email": email}));
    }
    let lists = [
        "/v1/users",
        "/v1/users?sort=-id",
        "/v1/users?sort=updated_at",
        "/v1/users?status=active",
        "/v1/accounts",
        "/v1/groups",
        "/v1/badges",
        "/v1/event-types",
    ];
    let with = |path: &str, rest: &str| {
        let joint = if path.contains('?') { '&' } else { '?' };
        format!("{path}{joint}{rest}")
    };
    for from in lists {
        let page = get(&server, &key, &with(from, "limit=1")).expect(200);
        let cursor = page["next_cursor"].as_str().unwrap();
        for to in lists {
            let answer = get(&server, &key, &with(to, &format!("cursor={cursor}")));
            if from == to {
                answer.expect(200);
            } else {
                assert_bad_parameter(&answer, "cursor", "bad_format");
            }
        }
        let answer = get(
            &server,
            &other_key,
            &with(from, &format!("cursor={cursor}")),
        );
        assert_bad_parameter(&answer, "cursor", "bad_format");
    }
}
