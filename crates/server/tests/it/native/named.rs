//! `/v1/accounts`, `/v1/groups` and `/v1/badges`: create, get, list.

use serde_json::{Value, json};

use super::{assert_invalid, assert_problem, user};
use crate::harness::{START, Server};

const LISTS: [&str; 3] = ["/v1/accounts", "/v1/groups", "/v1/badges"];

#[test]
fn an_account_is_made_read_and_listed() {
    let server = Server::start();
    let key = server.key();
    let request = server.post("/v1/accounts").bearer(&key.token);
    let made = request.json(&json!({"name": "  Acme <b> & Söhne "})).send();
    let body = made.expect(201);
    let expected = json!({"id": body["id"], "name": "Acme <b> & Söhne", "created_at": START,
        "updated_at": START, "version": 1});
    assert_eq!(body, expected);
    let location = format!("/v1/accounts/{}", body["id"]);
    assert_eq!(made.header("location"), Some(location.as_str()));
    assert_eq!(made.header("etag"), Some("\"1\""));
    let read = server.get(&location).bearer(&key.token).send();
    read.assert(200, &expected);
    assert_eq!(read.header("etag"), Some("\"1\""));
    let list = server.get("/v1/accounts").bearer(&key.token).send();
    list.assert(200, &json!({"data": [expected], "next_cursor": null}));
}

#[test]
fn a_group_is_made_read_and_listed() {
    let server = Server::start();
    let key = server.key();
    let request = server.post("/v1/groups").bearer(&key.token);
    let made = request
        .json(&json!({"name": "Sales & Ops", "public_name": "S&O"}))
        .send();
    let body = made.expect(201);
    let expected = json!({"id": body["id"], "slug": "sales-ops", "name": "Sales & Ops",
        "public_name": "S&O", "member_count": 0, "created_at": START, "updated_at": START,
        "version": 1});
    assert_eq!(body, expected);
    let location = format!("/v1/groups/{}", body["id"]);
    assert_eq!(made.header("location"), Some(location.as_str()));
    let groups = json!([{"id": body["id"]}]);
    user(
        &server,
        &key,
        &json!({"email": "a@example.org", "groups": groups}),
    );
    let mut joined = expected;
    joined["member_count"] = 1.into();
    let read = server.get(&location).bearer(&key.token).send();
    read.assert(200, &joined);
    assert_eq!(read.header("etag"), Some("\"1-1\""));
    let list = server.get("/v1/groups").bearer(&key.token).send();
    list.assert(200, &json!({"data": [joined], "next_cursor": null}));
    // A name may be another group's too; a slug may not.
    let again = server
        .post("/v1/groups")
        .bearer(&key.token)
        .json(&json!({"name": "Sales & Ops"}));
    let again = again.send().expect(201);
    assert_eq!(again["slug"], format!("sales-ops-{}", again["id"]));
    assert_eq!(again["public_name"], Value::Null);
}

#[test]
fn a_badge_is_made_read_and_listed() {
    let server = Server::start();
    let key = server.key();
    let bodies = [
        json!({"name": "Forklift", "description": "Drives", "info_url": "https://x.org",
            "icon_url": "https://x.org/i.png", "soft": true}),
        json!({"name": "Crane"}),
    ];
    let mut all = Vec::new();
    for body in bodies {
        let made = server
            .post("/v1/badges")
            .bearer(&key.token)
            .json(&body)
            .send();
        let shown = made.expect(201);
        let field = |name: &str| body.get(name).cloned().unwrap_or(Value::Null);
        let expected = json!({"id": shown["id"], "name": body["name"],
            "description": field("description"), "info_url": field("info_url"),
            "icon_url": field("icon_url"), "soft": body.get("soft").is_some(),
            "created_at": START});
        assert_eq!(shown, expected);
        let location = format!("/v1/badges/{}", shown["id"]);
        assert_eq!(made.header("location"), Some(location.as_str()));
        let read = server.get(&location).bearer(&key.token).send();
        read.assert(200, &expected);
        assert_eq!(read.header("etag"), Some("\"1\""));
        all.push(expected);
    }
    let list = server.get("/v1/badges").bearer(&key.token).send();
    list.assert(200, &json!({"data": all, "next_cursor": null}));
}

#[test]
fn their_lists_are_walked_by_number() {
    let server = Server::start();
    let key = server.key();
    for name in ["a", "b", "c", "d", "e"] {
        server.account(name);
        server.group(name);
        server.badge(name);
    }
    for list in LISTS {
        let mut names = Vec::new();
        let mut path = format!("{list}?limit=2");
        loop {
            let answer = server.get(&path).bearer(&key.token).send();
            let page = answer.expect(200);
            for row in page["data"].as_array().unwrap() {
                names.push(row["name"].as_str().unwrap().to_owned());
            }
            let Some(link) = answer.header("link") else {
                break;
            };
            path = link[1..link.find('>').unwrap()].to_owned();
        }
        assert_eq!(names, ["a", "b", "c", "d", "e"], "{list}");
    }
}

#[test]
fn a_name_is_required_and_what_is_wrong_is_told_together() {
    let server = Server::start();
    let key = server.key();
    for list in LISTS {
        let post = |body: &Value| server.post(list).bearer(&key.token).json(body).send();
        for body in [json!({}), json!({"name": null}), json!({"name": "  "})] {
            assert_invalid(&post(&body), &[("/name", "blank")]);
        }
        for value in [json!(1), json!(true), json!([]), json!({})] {
            let errors = [
                ("/name", "wrong_type"),
                ("/id", "unknown_field"),
                ("/version", "unknown_field"),
            ];
            assert_invalid(
                &post(&json!({"name": value, "id": 1, "version": 1})),
                &errors,
            );
        }
        assert_invalid(
            &post(&json!({"name": "x".repeat(256)})),
            &[("/name", "too_long")],
        );
        assert_invalid(
            &post(&json!({"name": "a\u{0}"})),
            &[("/name", "bad_format")],
        );
        let array = server.post(list).bearer(&key.token).json(&json!([])).send();
        assert_eq!(array.expect(400)["code"], "unreadable");
        let form = server.post(list).bearer(&key.token).form("name=a").send();
        assert_eq!(form.expect(415)["code"], "unsupported_media_type");
        let empty = json!({"data": [], "next_cursor": null});
        server
            .get(list)
            .bearer(&key.token)
            .send()
            .assert(200, &empty);
    }
    let group = json!({"name": "a", "public_name": "x".repeat(256)});
    let answer = server
        .post("/v1/groups")
        .bearer(&key.token)
        .json(&group)
        .send();
    assert_invalid(&answer, &[("/public_name", "too_long")]);
    let badge = json!({"description": 1, "info_url": "\u{0}", "icon_url": "x".repeat(1001),
        "soft": "yes"});
    let answer = server
        .post("/v1/badges")
        .bearer(&key.token)
        .json(&badge)
        .send();
    let errors = [
        ("/name", "blank"),
        ("/description", "wrong_type"),
        ("/info_url", "bad_format"),
        ("/icon_url", "too_long"),
        ("/soft", "wrong_type"),
    ];
    assert_invalid(&answer, &errors);
}

#[test]
fn what_is_not_there_is_not_found() {
    let server = Server::start();
    let key = server.key();
    for list in LISTS {
        for id in ["99", "0", "01", "x", "-1", "99999999999999999999"] {
            let answer = server
                .get(&format!("{list}/{id}"))
                .bearer(&key.token)
                .send();
            assert_problem(&answer, 404, "not_found", "not found", &Value::Null);
        }
    }
}
