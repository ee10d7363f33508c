//! Lists: filters and parameters.

use std::time::Duration;

use serde_json::{Value, json};

use super::list::{get, ids};
use super::{assert_bad_parameter, assert_problem, id_of, user};
use crate::harness::{Key, Server};

/// The ids that a query answers, on one page.
#[track_caller]
fn found(server: &Server, key: &Key, query: &str) -> Vec<i64> {
    let page = get(server, key, &format!("/v1/users?{query}")).expect(200);
    assert_eq!(page["next_cursor"], Value::Null);
    ids(&page)
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
            invitation: Some(InvitationRequest::new(InvitationKind::Invite)),
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
    let cases: [(&str, &[i64]); 8] = [
        ("updated_after=2026-11-21T04:50:40.122Z", &[a, b]),
        ("updated_after=2026-11-21T04:50:40.123Z", &[b]),
        ("updated_after=2026-11-21T04:50:40.124Z", &[]),
        ("updated_before=2026-11-21T04:50:40.124Z", &[a]),
        ("updated_before=2026-11-21T05:50:40.124%2B01:00", &[a]),
        ("updated_before=2026-11-21T04:50:40.123001Z", &[a]),
        ("updated_after=2026-11-21T04:50:40.123001Z", &[b]),
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
    for path in [
        "/v1/accounts",
        "/v1/groups",
        "/v1/badges",
        "/v1/event-types",
    ] {
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
