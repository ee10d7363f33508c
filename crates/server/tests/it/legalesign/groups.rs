//! `/api/v1/group/`.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Case, PASSWORD, ada_with};

#[test]
fn a_group_is_made_listed_and_shown() {
    let case = Case::start();
    let place = case.made(
        "group",
        &json!({"name": "Sales & Ops", "xframe_allow": true}),
    );
    assert_eq!(place, "/api/v1/group/sales-ops/");
    let listed = json!({
        "created": "2026-11-21T04:50:40",
        "is_active": true,
        "modified": "2026-11-21T04:50:40",
        "name": "Sales & Ops",
        "public_name": null,
        "resource_uri": place,
        "slug": "sales-ops",
        "user": null,
        "xframe_allow": true,
        "xframe_allow_pdf_edit": false,
    });
    assert_eq!(case.shown("/api/v1/group/")["objects"], json!([listed]));
    let mut whole = listed;
    for (field, value) in [
        ("members", json!([])),
        ("header", Value::Null),
        ("footer", Value::Null),
        ("footer_height", Value::Null),
        ("default_email", Value::Null),
        ("default_extraemail", Value::Null),
        ("pagesize", Value::Null),
    ] {
        whole[field] = value;
    }
    assert_eq!(case.shown(&place), whole);
    // The same in `/v1`.
    let native = case.server.get("/v1/groups").bearer(&case.key.token).send();
    assert_eq!(native.expect(200)["data"][0]["slug"], "sales-ops");
}

#[test]
fn a_group_names_its_members() {
    let case = Case::start();
    case.server.group("Sales");
    let user = case.member("a@example.org", "sales", 2);
    let shown = case.shown("/api/v1/group/sales/");
    let members = shown["members"].as_array().unwrap();
    assert_eq!(members.len(), 1);
    let member = case.shown(members[0].as_str().unwrap());
    assert_eq!(member["user"], user.as_str());
}

#[test]
fn names_may_be_shared_and_slugs_are_unique_for_any_script() {
    let case = Case::start();
    let mut slugs = std::collections::BTreeSet::new();
    let long = "x".repeat(60);
    for name in [
        "Sales",
        "Sales",
        "SALES",
        "営業部門",
        "営業部門",
        "मानव संसाधन",
        "🎉🎉🎉🎉",
        "Łódź",
        &long,
        &long,
    ] {
        let place = case.made("group", &json!({ "name": name }));
        let slug = place.split('/').nth(4).unwrap().to_owned();
        assert!((1..=50).contains(&slug.chars().count()), "{slug}");
        assert_eq!(case.shown(&place)["name"], name);
        // As a filter and in a body it is taken as well.
        case.shown(&format!("/api/v1/member/?group={slug}"));
        assert!(slugs.insert(slug), "{name}");
    }
}

#[test]
fn a_groups_name_has_4_to_60_characters() {
    let case = Case::start();
    let long = "é".repeat(61);
    for (name, told) in [
        (json!("abc"), "Ensure this value has at least 4 characters"),
        (
            json!("  abc  "),
            "Ensure this value has at least 4 characters",
        ),
        (json!(long), "Ensure this value has at most 60 characters"),
        (json!(""), "This field is required."),
        (json!("     "), "This field is required."),
        (json!(null), "This field is required."),
        (json!(7), "Enter a valid value."),
        (json!(["Sales"]), "Enter a valid value."),
        (json!("Sal\0es"), "Enter a valid value."),
    ] {
        let refused = case.post("group", &json!({ "name": name }));
        refused.assert(400, &json!({"group": {"name": [told]}}));
    }
    let absent = case.post("group", &json!({"xframe_allow": "yes"}));
    absent.assert(
        400,
        &json!({"group": {
            "name": ["This field is required."], "xframe_allow": ["Enter a valid value."],
        }}),
    );
    assert_eq!(case.shown("/api/v1/group/")["meta"]["total_count"], 0);
    for good in ["abcd".to_owned(), "é".repeat(60)] {
        case.made("group", &json!({ "name": good }));
    }
}

#[test]
fn a_groups_public_name_changes_and_nothing_else_does() {
    let case = Case::start();
    case.server.group("Sales");
    let before = case.shown("/api/v1/group/sales/");
    case.server.advance(Duration::from_secs(60));
    let patch = |body: &Value| {
        let request = case.request("PATCH", "/api/v1/group/sales/");
        request.json(body).send()
    };
    let public = "p".repeat(60);
    let body = json!({"public_name": public, "name": "Other", "slug": "x", "header": "y"});
    patch(&body).assert_empty(202);
    let mut expected = before.clone();
    expected["public_name"] = json!(public);
    expected["modified"] = json!("2026-11-21T04:51:40");
    assert_eq!(case.shown("/api/v1/group/sales/"), expected);
    patch(&json!({})).assert_empty(202);
    assert_eq!(case.shown("/api/v1/group/sales/"), expected);
    for (bad, told) in [
        (
            json!("p".repeat(61)),
            "Ensure this value has at most 60 characters",
        ),
        (json!(7), "Enter a valid value."),
        (json!("a\0"), "Enter a valid value."),
    ] {
        let refused = patch(&json!({ "public_name": bad }));
        refused.assert(400, &json!({"group": {"public_name": [told]}}));
    }
    for none in [json!(null), json!("")] {
        patch(&json!({"public_name": "Us"})).assert_empty(202);
        patch(&json!({ "public_name": none })).assert_empty(202);
        assert_eq!(
            case.shown("/api/v1/group/sales/")["public_name"],
            Value::Null
        );
    }
}

#[test]
fn a_group_that_is_not_there_is_404_as_one_of_another_tenant() {
    let case = Case::start();
    let other = case.server.tenant("other");
    case.server.group_of(other, "Theirs");
    for slug in ["nowhere", "theirs", "Sales", "a%20b", "a%00", "%2e%2e"] {
        let path = format!("/api/v1/group/{slug}/");
        case.request("GET", &path).send().assert_empty(404);
        let patch = case.request("PATCH", &path).json(&json!({}));
        patch.send().assert_empty(404);
    }
}

#[test]
fn who_makes_a_group_with_an_owners_key_administers_it() {
    let case = Case::start();
    case.server.group("Sales");
    let maker = case.member("boss@example.org", "sales", 1);
    let key = case.owned_by("Boss@example.org");
    let made = case.by(&key, "POST", "/api/v1/group/");
    let made = made.json(&json!({"name": "Legal"})).send();
    made.assert_empty(201);
    let shown = case.shown("/api/v1/group/legal/");
    assert_eq!(shown["user"], maker.as_str());
    let member = case.shown(shown["members"][0].as_str().unwrap());
    assert_eq!(
        (&member["user"], &member["permission"]),
        (&json!(maker), &json!(1))
    );
    let groups = case.shown(&maker)["groups"].clone();
    assert_eq!(
        groups,
        json!(["/api/v1/group/sales/", "/api/v1/group/legal/"])
    );
    // An email alone that nobody has is no user.
    let key = case.owned_by("nobody@example.org");
    let made = case.by(&key, "POST", "/api/v1/group/");
    made.json(&json!({"name": "Staff"}))
        .send()
        .assert_empty(201);
    assert_eq!(case.shown("/api/v1/group/staff/")["user"], Value::Null);
}

#[test]
fn a_deleted_user_is_no_member_and_is_one_again_when_restored() {
    let case = Case::start();
    case.server.group("Sales");
    for number in 0..3 {
        case.member(&format!("u{number}@example.org"), "sales", 2);
    }
    let members = || {
        let listed = case.shown("/api/v1/member/?group=sales");
        let shown = case.shown("/api/v1/group/sales/")["members"].clone();
        let shown = shown.as_array().unwrap().len();
        assert_eq!(listed["meta"]["total_count"], shown);
        assert_eq!(listed["objects"].as_array().unwrap().len(), shown);
        assert_eq!(case.shown("/api/v1/member/")["meta"]["total_count"], shown);
        shown
    };
    assert_eq!(members(), 3);
    let one = case.shown("/api/v1/member/?limit=1&offset=1")["objects"][0].clone();
    let user = case.stored("u1@example.org");
    let native = |method: &str, path: &str| {
        let path = format!("/v1/users/{}{path}", user["id"]);
        let request = case.server.request(method, &path).bearer(&case.key.token);
        assert!(request.send().status < 300, "{path}");
    };
    native("DELETE", "");
    assert_eq!(members(), 2);
    let place = one["resource_uri"].as_str().unwrap();
    case.request("GET", place).send().assert_empty(404);
    native("POST", "/restore");
    assert_eq!(members(), 3);
    assert_eq!(case.shown(place), one);
    native("DELETE", "");
    native("POST", "/erase");
    assert_eq!(members(), 2);
    let body = ada_with("password", PASSWORD);
    case.created(&body);
}
