//! Lists: `limit`, `offset`, `meta` and `objects`.

use serde_json::{Value, json};

use super::Case;
use crate::harness::Server;

/// Groups named `Group 000` and on.
fn groups(server: &Server, count: usize) {
    server.write(move |tx| {
        let actor = directory::Actor::system(directory::TenantId(1), "test");
        for number in 0..count {
            let name = format!("Group {number:03}");
            let none = directory::violation::Violations::new();
            directory::groups::create(tx, &actor, &name, None, none)?;
        }
        Ok(())
    });
}

fn names(page: &Value) -> Vec<String> {
    let objects = page["objects"].as_array().unwrap();
    let name = |each: &Value| each["name"].as_str().unwrap().to_owned();
    objects.iter().map(name).collect()
}

fn meta(case: &Case, query: &str) -> Value {
    case.shown(&format!("/api/v1/group/{query}"))["meta"].clone()
}

#[test]
fn a_list_says_where_it_stands_and_what_comes_next() {
    let case = Case::start();
    groups(&case.server, 41);
    let first = case.request("GET", "/api/v1/group/").send();
    assert_eq!(first.header("content-type"), Some("application/json"));
    let first = first.expect(200);
    assert_eq!(
        first["meta"],
        json!({
            "limit": 20, "next": "/api/v1/group/?limit=20&offset=20", "offset": 0,
            "previous": null, "total_count": 41,
        })
    );
    let second = case.shown(first["meta"]["next"].as_str().unwrap());
    assert_eq!(
        second["meta"],
        json!({
            "limit": 20, "next": "/api/v1/group/?limit=20&offset=40", "offset": 20,
            "previous": "/api/v1/group/?limit=20&offset=0", "total_count": 41,
        })
    );
    let third = case.shown(second["meta"]["next"].as_str().unwrap());
    assert_eq!(third["meta"]["next"], Value::Null);
    assert_eq!(
        third["meta"]["previous"],
        "/api/v1/group/?limit=20&offset=20"
    );
    let mut all = names(&first);
    all.extend(names(&second));
    all.extend(names(&third));
    let expected: Vec<String> = (0..41).map(|number| format!("Group {number:03}")).collect();
    assert_eq!(all, expected);
}

#[test]
fn limit_and_offset_choose_the_rows() {
    let case = Case::start();
    groups(&case.server, 7);
    let page = case.shown("/api/v1/group/?limit=2&offset=3");
    assert_eq!(names(&page), ["Group 003", "Group 004"]);
    // It would start before 0.
    assert_eq!(meta(&case, "?limit=5&offset=3")["previous"], Value::Null);
    assert_eq!(
        meta(&case, "?limit=3&offset=3")["previous"],
        "/api/v1/group/?limit=3&offset=0"
    );
    assert_eq!(meta(&case, "?limit=7")["next"], Value::Null);
    assert_eq!(
        meta(&case, "?limit=6")["next"],
        "/api/v1/group/?limit=6&offset=6"
    );
    let beyond = case.shown("/api/v1/group/?offset=7");
    assert_eq!(names(&beyond), [] as [String; 0]);
    assert_eq!(beyond["meta"]["total_count"], 7);
    let far = case.shown("/api/v1/group/?offset=9223372036854775807");
    assert_eq!(
        (&far["meta"]["next"], &far["objects"]),
        (&Value::Null, &json!([]))
    );
}

#[test]
fn a_limit_of_0_or_above_1000_is_1000() {
    let case = Case::start();
    groups(&case.server, 1_003);
    for limit in ["0", "1000", "1001", "9223372036854775807"] {
        let page = case.shown(&format!("/api/v1/group/?limit={limit}"));
        assert_eq!(page["meta"]["limit"], 1_000, "{limit}");
        assert_eq!(names(&page).len(), 1_000, "{limit}");
        assert_eq!(
            page["meta"]["next"],
            "/api/v1/group/?limit=1000&offset=1000"
        );
    }
    let rest = case.shown("/api/v1/group/?limit=0&offset=1000");
    assert_eq!(names(&rest).len(), 3);
}

#[test]
fn a_limit_or_offset_that_is_no_number_is_refused_in_each_list() {
    let case = Case::start();
    for list in ["group", "member", "invited"] {
        for name in ["limit", "offset"] {
            for bad in [
                "x",
                "-1",
                "1.5",
                "+1",
                "",
                "1e3",
                "99999999999999999999",
                "%00",
            ] {
                let path = format!("/api/v1/{list}/?{name}={bad}");
                let shown = if bad == "%00" { "\0" } else { bad };
                let shown = if bad == "+1" { " 1" } else { shown };
                let told = format!(
                    "Invalid {name} '{shown}' provided. Please provide a positive integer."
                );
                let refused = case.request("GET", &path).send();
                refused.assert(400, &json!({ "error": told }));
            }
            let nested = case.request("GET", &format!("/api/v1/{list}/?{name}[]=1"));
            nested.send().expect(400);
        }
    }
}

#[test]
fn a_parameter_that_a_list_does_not_know_is_refused() {
    let case = Case::start();
    for (path, name) in [
        ("group/?group=sales", "group"),
        ("group/?name=Sales", "name"),
        ("member/?email=a@example.org", "email"),
        ("invited/?user=1", "user"),
    ] {
        let refused = case.request("GET", &format!("/api/v1/{path}")).send();
        let told = format!("'{name}' is not a parameter of this list.");
        refused.assert(400, &json!({ "error": told }));
    }
}

#[test]
fn a_group_that_is_not_there_is_no_filter() {
    let case = Case::start();
    let other = case.server.tenant("other");
    case.server.group_of(other, "Theirs");
    for list in ["member", "invited"] {
        for bad in ["nowhere", "theirs", "a/b", "/api/v1/group/nowhere/", "a b"] {
            let refused = case
                .request(
                    "GET",
                    &format!("/api/v1/{list}/?group={}", bad.replace(' ', "+")),
                )
                .send();
            let told = format!("'{bad}' is not a valid choice.");
            refused.assert(400, &json!({ list: { "group": [told] } }));
        }
        let empty = case
            .request("GET", &format!("/api/v1/{list}/?group="))
            .send();
        let told = json!({ list: { "group": ["This field is required."] } });
        empty.assert(400, &told);
    }
}
