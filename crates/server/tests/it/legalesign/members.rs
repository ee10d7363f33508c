//! `/api/v1/member/`.

use std::time::Duration;

use directory::TenantId;
use directory::keys::NewKey;
use serde_json::{Value, json};

use super::{Case, PASSWORD, ada_with};

/// A case with the group `sales`, and Ada, who is in no group.
fn start() -> (Case, String) {
    let case = Case::start();
    case.server.group("Sales");
    let ada = case.created(&ada_with("password", PASSWORD));
    (case, ada)
}

fn asked(email: &str) -> Value {
    json!({"email": email, "group": "sales"})
}

#[test]
fn a_user_becomes_a_member_at_once() {
    let (case, ada) = start();
    case.server.advance(Duration::from_secs(60));
    let mut body = asked("ADA@example.org");
    body["permission"] = json!(2);
    let place = case.made("member", &body);
    let expected = json!({
        "created": "2026-11-21T04:51:40",
        "group": "/api/v1/group/sales/",
        "modified": "2026-11-21T04:51:40",
        "permission": 2,
        "resource_uri": place,
        "user": ada,
    });
    assert_eq!(case.shown(&place), expected);
    let listed = case.shown("/api/v1/member/");
    assert_eq!(listed["objects"], json!([expected]));
    assert_eq!(case.shown(&ada)["groups"], json!(["/api/v1/group/sales/"]));
    let stored = case.stored("ada@example.org");
    assert_eq!(stored["groups"][0]["permission"], 2);
    assert_eq!(stored["version"], 2);
    assert_eq!(case.invitations(&stored), []);
}

#[test]
fn a_group_is_named_by_uri_or_slug_and_permission_is_3_unless_said() {
    let case = Case::start();
    case.server.group("Sales");
    for (number, (group, permission, expected)) in [
        (json!("sales"), None, 3),
        (json!("/api/v1/group/sales/"), None, 3),
        (json!("sales"), Some(json!(6)), 6),
        (json!("sales"), Some(json!("5")), 5),
        (json!("sales"), Some(Value::Null), 3),
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("u{number}@example.org");
        let mut body = ada_with("password", PASSWORD);
        body["email"] = json!(email);
        case.created(&body);
        let mut body = asked(&email);
        body["group"] = group;
        if let Some(permission) = permission {
            body["permission"] = permission;
        }
        let place = case.made("member", &body);
        assert_eq!(case.shown(&place)["permission"], expected);
    }
}

#[test]
fn who_is_a_member_already_is_told_so() {
    let (case, _) = start();
    case.made("member", &asked("ada@example.org"));
    let before = case.shown("/api/v1/member/");
    let mut again = asked("ada@example.org");
    again["permission"] = json!(1);
    let told = json!({"member": {"exists": "User is already a member of the group"}});
    case.post("member", &again).assert(400, &told);
    assert_eq!(case.shown("/api/v1/member/"), before);
}

#[test]
fn all_that_is_wrong_with_a_member_is_told_at_once() {
    let (case, _) = start();
    let other = case.server.tenant("other");
    case.server.group_of(other, "Theirs");
    let refused = |body: &Value, told: &Value| {
        case.post("member", body)
            .assert(400, &json!({ "member": told }));
    };
    let required = ["This field is required."];
    refused(&json!({}), &json!({"email": required, "group": required}));
    refused(
        &json!({"email": "x", "group": "theirs", "permission": 7, "do_email": "no"}),
        &json!({
            "email": ["Enter a valid email address."],
            "group": ["'theirs' is not a valid choice."],
            "permission": ["'7' is not a valid choice."],
            "do_email": ["Enter a valid value."],
        }),
    );
    refused(
        &json!({"email": format!("{}@example.org", "a".repeat(64)), "group": "sales"}),
        &json!({"email": ["Ensure this value has at most 75 characters"]}),
    );
    refused(
        &json!({"email": "b@example.org", "group": 1}),
        &json!({"group": ["Enter a valid value."]}),
    );
    assert_eq!(case.server.user_count(), 1);
    assert_eq!(case.shown("/api/v1/member/")["meta"]["total_count"], 0);
}

#[test]
fn a_member_leaves() {
    let (case, ada) = start();
    let place = case.made("member", &asked("ada@example.org"));
    case.request("DELETE", &place).send().assert_empty(204);
    case.request("GET", &place).send().assert_empty(404);
    case.request("DELETE", &place).send().assert_empty(404);
    assert_eq!(case.shown(&ada)["groups"], json!([]));
    assert_eq!(case.stored("ada@example.org")["version"], 3);
    // A new part is another one.
    let again = case.made("member", &asked("ada@example.org"));
    assert_ne!(again, place);
}

#[test]
fn what_names_no_membership_is_404() {
    let (mut case, _) = start();
    let place = case.made("member", &asked("ada@example.org"));
    let id = place.split('/').nth(4).unwrap().to_owned();
    for bad in [
        "0",
        "-1",
        "x",
        "9223372036854775808",
        "1.0",
        "%31x",
        &format!("0{id}"),
    ] {
        let path = format!("/api/v1/member/{bad}/");
        case.request("GET", &path).send().assert_empty(404);
        case.request("DELETE", &path).send().assert_empty(404);
    }
    let other = case.server.tenant("other");
    case.key = case.server.key_of(other, NewKey::default());
    case.request("GET", &place).send().assert_empty(404);
    case.request("DELETE", &place).send().assert_empty(404);
    assert_eq!(case.server.users_of(TenantId(1)), 1);
}

#[test]
fn members_are_listed_by_group_in_the_order_of_joining() {
    let case = Case::start();
    case.server.group("Sales");
    case.server.group("Legal");
    for (email, group) in [
        ("a@example.org", "legal"),
        ("b@example.org", "sales"),
        ("c@example.org", "legal"),
    ] {
        case.member(email, group, 2);
    }
    case.made(
        "member",
        &json!({"email": "a@example.org", "group": "sales"}),
    );
    let groups = |path: &str| {
        let page = case.shown(path);
        let objects = page["objects"].as_array().unwrap().clone();
        let shown = objects.iter().map(|each| {
            let user = case.shown(each["user"].as_str().unwrap());
            let group = each["group"].as_str().unwrap().split('/').nth(4).unwrap();
            format!("{group} {}", &user["email"].as_str().unwrap()[..1])
        });
        shown.collect::<Vec<_>>()
    };
    assert_eq!(
        groups("/api/v1/member/"),
        ["sales b", "sales a", "legal a", "legal c"]
    );
    assert_eq!(
        groups("/api/v1/member/?group=legal"),
        ["legal a", "legal c"]
    );
    let named = "/api/v1/member/?group=%2Fapi%2Fv1%2Fgroup%2Fsales%2F&limit=1";
    assert_eq!(groups(named), ["sales b"]);
    let next = case.shown(named)["meta"]["next"].clone();
    assert_eq!(groups(next.as_str().unwrap()), ["sales a"]);
}

#[test]
fn a_scope_that_is_missing_is_403() {
    let (mut case, _) = start();
    let place = case.made("member", &asked("ada@example.org"));
    let full = case.key.clone();
    let calls = [
        ("GET", "/api/v1/member/", &["users:read"][..], 200),
        ("GET", "/api/v1/member/", &["groups:write"], 403),
        ("GET", "/api/v1/invited/", &["users:read"], 200),
        ("GET", "/api/v1/invited/", &["keys:write"], 403),
        ("GET", "/api/v1/group/", &["users:read"], 200),
        ("GET", "/api/v1/group/", &["events:write"], 403),
        ("POST", "/api/v1/member/", &["groups:write"], 403),
        ("POST", "/api/v1/member/", &["users:write"], 403),
        ("POST", "/api/v1/group/", &["users:write"], 403),
        ("PATCH", "/api/v1/group/sales/", &["users:write"], 403),
        ("DELETE", place.as_str(), &["users:write"], 403),
        ("GET", "/api/v1/notifications/", &["users:write"], 403),
        ("POST", "/api/v1/subscribe/", &["users:write"], 403),
        ("POST", "/api/v1/unsubscribe/", &["events:write"], 403),
        (
            "POST",
            "/api/v1/member/",
            &["groups:write", "users:write"],
            400,
        ),
    ];
    for (method, path, scopes, status) in calls {
        case.key = case.server.key_with(NewKey {
            scopes: scopes.iter().map(|each| (*each).to_owned()).collect(),
            ..NewKey::default()
        });
        let mut request = case.request(method, path);
        if method != "GET" && method != "DELETE" {
            request = request.json(&json!({"permission": 9}));
        }
        let answer = request.send();
        assert_eq!(answer.status, status, "{method} {path} {scopes:?}");
        assert!(status != 403 || answer.text.is_empty());
    }
    case.key = full;
    assert_eq!(case.shown("/api/v1/member/")["meta"]["total_count"], 1);
}

#[test]
fn public_pool_access_sees_no_group_and_no_member() {
    let (mut case, _) = start();
    let account = case.server.account("Acme");
    case.key = case.server.key_with(NewKey {
        account_id: Some(account),
        public_pool: true,
        ..NewKey::default()
    });
    for path in [
        "group/",
        "group/sales/",
        "member/",
        "invited/",
        "notifications/",
    ] {
        let path = format!("/api/v1/{path}");
        case.request("GET", &path).send().assert_empty(403);
    }
    for resource in ["group", "member", "subscribe"] {
        case.post(resource, &json!({})).assert_empty(403);
    }
}
