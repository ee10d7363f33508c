//! Lists: paging, order and filters.

use std::time::Duration;

use serde_json::{Value, json};

use super::{assert_bad_parameter, assert_problem, id_of, user};
use crate::harness::{Key, Response, Server};
use directory::TenantId;
use directory::keys::NewKey;

fn get(server: &Server, key: &Key, path: &str) -> Response {
    server.get(path).bearer(&key.token).send()
}

fn ids(page: &Value) -> Vec<i64> {
    page["data"].as_array().unwrap().iter().map(id_of).collect()
}

/// The ids that a query answers, on one page.
#[track_caller]
fn found(server: &Server, key: &Key, query: &str) -> Vec<i64> {
    let page = get(server, key, &format!("/v1/users?{query}")).expect(200);
    assert_eq!(page["next_cursor"], Value::Null);
    ids(&page)
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
fn every_filter_finds_its_own() {
    let server = Server::start();
    let key = server.key();
    let (acme, ajax) = (server.account("Acme"), server.account("Ajax"));
    let (ops, _) = (server.group("Ops"), server.group("Sales"));
    let a = id_of(&user(
        &server,
        &key,
        &json!({"email": "a@example.org", "kind": "worker",
        "first_name": "Éva", "last_name": "King", "external_id": "x-1", "state": "CA",
        "worker": {"onboarding_state": "call"}, "groups": [{"id": ops.id}]}),
    ));
    let b = id_of(&user(
        &server,
        &key,
        &json!({"email": "b@example.org", "kind": "worker",
        "first_name": "Eva", "last_name": "KING", "external_id": "x-2", "state": "NY",
        "worker": {"onboarding_state": "complete"}, "accounts": [{"id": ajax}]}),
    ));
    let c = id_of(&user(
        &server,
        &key,
        &json!({"email": "c@example.org", "kind": "employer",
        "employer": {"customer_id": acme, "role": "read_only"}, "state": "CA",
        "suspended_at": "2026-01-01T00:00:00Z"}),
    ));
    let d = id_of(&user(&server, &key, &json!({"email": "d@example.org"})));
    let cases: [(String, &[i64]); 26] = [
        ("email=A@EXAMPLE.org".into(), &[a]),
        ("email=nobody@example.org".into(), &[]),
        ("first_name=%C3%A9VA".into(), &[a]),
        ("first_name=eva".into(), &[b]),
        ("first_name=ev".into(), &[]),
        ("last_name=king".into(), &[a, b]),
        ("external_id=x-1".into(), &[a]),
        ("external_id=x-2,x-1,x-9".into(), &[a, b]),
        ("external_id=X-1".into(), &[]),
        ("kind=worker".into(), &[a, b]),
        ("kind=employer".into(), &[c]),
        ("status=active".into(), &[a, b, d]),
        ("status=suspended".into(), &[c]),
        ("status=pending".into(), &[]),
        ("state=CA".into(), &[a, c]),
        ("state=NY,CA".into(), &[a, b, c]),
        ("onboarding_state=call".into(), &[a]),
        ("onboarding_state=call,complete".into(), &[a, b]),
        (format!("customer_id={acme}"), &[c]),
        (format!("customer_id={ajax}"), &[]),
        (format!("account_id={acme}"), &[c]),
        (format!("account_id={ajax}"), &[b]),
        (format!("group_id={}", ops.id), &[a]),
        ("last_name=king&state=NY".into(), &[b]),
        ("kind=worker&status=suspended".into(), &[]),
        ("sort=-id&kind=worker".into(), &[b, a]),
    ];
    for (query, expected) in cases {
        assert_eq!(found(&server, &key, &query), expected, "{query}");
    }
}

#[test]
fn pending_users_are_found_as_such() {
    use directory::model::{Email, InvitationKind};
    use directory::users::{Change, Include, InvitationRequest, UserChange, create};
    let server = Server::start();
    let key = server.key();
    user(&server, &key, &json!({"email": "a@example.org"}));
    let actor = server.operator();
    let id = server.write(move |tx| {
        let change = UserChange {
            email: Change::Set(Email::parse("p@example.org").unwrap()),
            invitation: Some(InvitationRequest {
                kind: InvitationKind::Invite,
                redirect_to: None,
            }),
            ..UserChange::default()
        };
        let none = directory::violation::Violations::new();
        Ok(create(tx, &actor, &change, none, Include::default())?
            .user
            .id)
    });
    assert_eq!(found(&server, &key, "status=pending"), [id]);
    let shown = get(&server, &key, &format!("/v1/users/{id}")).expect(200);
    assert_eq!(shown["status"], "pending");
    assert!(!found(&server, &key, "status=active").contains(&id));
}

#[test]
fn the_bounds_of_change_are_exclusive() {
    let server = Server::start();
    let key = server.key();
    let a = id_of(&user(&server, &key, &json!({"email": "a@example.org"})));
    server.advance(Duration::from_millis(1));
    let b = id_of(&user(&server, &key, &json!({"email": "b@example.org"})));
    let cases: [(&str, &[i64]); 6] = [
        ("updated_after=2026-11-21T04:50:40.122Z", &[a, b]),
        ("updated_after=2026-11-21T04:50:40.123Z", &[b]),
        ("updated_after=2026-11-21T04:50:40.124Z", &[]),
        ("updated_before=2026-11-21T04:50:40.124Z", &[a]),
        ("updated_before=2026-11-21T05:50:40.124%2B01:00", &[a]),
        (
            "updated_after=2026-11-21T04:50:40.122Z&updated_before=2026-11-21T04:50:40.123Z",
            &[],
        ),
    ];
    for (query, expected) in cases {
        assert_eq!(found(&server, &key, query), expected, "{query}");
    }
}

#[test]
fn an_unknown_or_unreadable_parameter_is_an_error() {
    let server = Server::start();
    let key = server.key();
    user(&server, &key, &json!({"email": "a@example.org"}));
    let long = "9".repeat(30);
    let cases = [
        ("limit=0", "limit", "out_of_range"),
        ("limit=201", "limit", "out_of_range"),
        ("limit=-1", "limit", "out_of_range"),
        ("limit=x", "limit", "out_of_range"),
        ("limit=%2B5", "limit", "out_of_range"),
        ("limit=", "limit", "blank"),
        ("cursor=x", "cursor", "bad_format"),
        ("cursor=", "cursor", "blank"),
        ("sort=email", "sort", "not_included"),
        ("sort=--id", "sort", "not_included"),
        ("sort=id;DROP", "sort", "not_included"),
        ("sort=", "sort", "blank"),
        ("nickname=a", "nickname", "unknown_field"),
        ("Email=a@example.org", "Email", "unknown_field"),
        ("q=", "q", "unknown_field"),
        ("email=ada", "email", "bad_format"),
        ("email=", "email", "blank"),
        ("email[]=a@example.org", "email", "wrong_type"),
        ("email[x]=a@example.org", "email", "wrong_type"),
        ("first_name=", "first_name", "blank"),
        ("first_name=%00", "first_name", "bad_format"),
        ("external_id=a%00", "external_id", "bad_format"),
        ("kind=boss", "kind", "not_included"),
        ("kind=", "kind", "blank"),
        ("status=deleted", "status", "not_included"),
        (
            "onboarding_state=call,x",
            "onboarding_state",
            "not_included",
        ),
        ("customer_id=x", "customer_id", "wrong_type"),
        ("customer_id=1.0", "customer_id", "wrong_type"),
        ("account_id=0", "account_id", "wrong_type"),
        ("group_id=-1", "group_id", "wrong_type"),
        ("updated_after=yesterday", "updated_after", "wrong_type"),
        ("updated_before=2026-01-01", "updated_before", "wrong_type"),
        (
            "updated_after=-009998-01-01T00:00:00Z",
            "updated_after",
            "wrong_type",
        ),
    ];
    for (query, name, code) in cases {
        let answer = get(&server, &key, &format!("/v1/users?{query}"));
        assert_bad_parameter(&answer, name, code);
    }
    let answer = get(&server, &key, &format!("/v1/users?group_id={long}"));
    assert_bad_parameter(&answer, "group_id", "wrong_type");
    for query in ["first_name=%", "first_name=%ff", "a[=1", "a=1&a[b]=2"] {
        let answer = get(&server, &key, &format!("/v1/users?{query}"));
        assert_eq!(answer.expect(400)["code"], "unreadable", "{query}");
    }
    let detail = "the parameter nickname is refused";
    let errors = json!([{"parameter": "nickname", "code": "unknown_field",
        "message": "is no field of the resource"}]);
    let answer = get(&server, &key, "/v1/users?nickname=a");
    assert_problem(&answer, 400, "unreadable", detail, &errors);
    for path in ["/v1/accounts", "/v1/groups", "/v1/badges"] {
        assert_bad_parameter(
            &get(&server, &key, &format!("{path}?name=a")),
            "name",
            "unknown_field",
        );
        assert_bad_parameter(
            &get(&server, &key, &format!("{path}?sort=id")),
            "sort",
            "unknown_field",
        );
        assert_bad_parameter(
            &get(&server, &key, &format!("{path}?limit=0")),
            "limit",
            "out_of_range",
        );
    }
}

#[test]
fn a_hostile_filter_is_a_value_and_no_sql() {
    let server = Server::start();
    let key = server.key();
    user(
        &server,
        &key,
        &json!({"email": "a@example.org", "first_name": "A"}),
    );
    for value in [
        "%27%20OR%20%271%27=%271",
        "%25",
        "_",
        "%22",
        "a%27--",
        "%5C",
    ] {
        for name in ["first_name", "last_name", "external_id", "state"] {
            assert_eq!(found(&server, &key, &format!("{name}={value}")), [0; 0]);
        }
    }
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
