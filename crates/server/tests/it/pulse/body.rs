//! `POST /users` with bodies that are refused: a clear error, and nothing written.

use serde_json::{Value, json};

use super::{Desk, assert_error};

/// A body as it is, under a content type.
fn raw(desk: &Desk, content_type: &str, body: impl Into<Vec<u8>>) -> crate::harness::Response {
    let request = desk.request("POST", "/users");
    request.body(content_type, body).send()
}

/// The body cannot be read; the message begins so.
#[track_caller]
fn assert_unreadable(desk: &Desk, body: impl Into<Vec<u8>>, begins: &str) {
    let answer = raw(desk, "application/json", body);
    let told = answer.expect(400);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let message = told["message"].as_str().unwrap();
    assert!(message.starts_with(begins), "{message}");
    assert_eq!(told, super::error(400, message));
    assert_eq!(desk.server.user_count(), 0);
}

#[test]
fn what_is_no_json_is_unreadable() {
    let desk = Desk::open();
    assert_unreadable(&desk, "", "the body is empty");
    let ill: [&[u8]; 9] = [
        b" ",
        b"{",
        b"email=ada@example.org",
        b"{\"email\":\"ada@example.org\"} {}",
        b"{\"email\":\"ada@example.org\",}",
        b"{\"email\":\"\xff\"}",
        b"{'email':'ada@example.org'}",
        b"{\"email\":\"ada@example.org\",\"teamId\":NaN}",
        b"\xef\xbb\xbf{\"email\":\"ada@example.org\"}",
    ];
    for body in ill {
        assert_unreadable(&desk, body, "the body is not readable JSON");
    }
}

#[test]
fn what_is_no_object_is_refused() {
    let desk = Desk::open();
    for body in [
        "[]",
        "null",
        "true",
        "7",
        "\"ada@example.org\"",
        "[{\"email\":\"a@b.org\"}]",
    ] {
        assert_unreadable(&desk, body, "the body is not a JSON object");
    }
}

#[test]
fn a_repeated_key_a_lone_surrogate_and_hostile_nesting_are_unreadable() {
    let desk = Desk::open();
    for body in [
        r#"{"email":"ada@example.org","email":"bob@example.org"}"#.to_owned(),
        r#"{"email":"ada@example.org","\u0065mail":"ada@example.org"}"#.to_owned(),
        r#"{"email":"ada@example.org","name":"\ud800"}"#.to_owned(),
        r#"{"email":"ada@example.org","name":"\udc00x"}"#.to_owned(),
        format!(
            "{{\"email\":\"ada@example.org\",\"x\":{}",
            "[".repeat(100_000)
        ),
        "{\"a\":".repeat(100_000),
        format!(
            "{{\"email\":\"ada@example.org\",\"x\":[{}1]}}",
            "1,".repeat(37_000)
        ),
        r#"{"email":"ada@example.org","teamId":1e999}"#.to_owned(),
    ] {
        assert_unreadable(&desk, body, "the body is not readable JSON");
    }
}

#[test]
fn another_content_type_than_json_is_415() {
    let desk = Desk::open();
    let body = json!({"email": "ada@example.org"}).to_string();
    for content_type in [
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "nonsense",
    ] {
        let answer = raw(&desk, content_type, body.as_str());
        let message = "the content type is not one that this call takes";
        assert_error(&answer, 415, message);
    }
    assert_eq!(desk.server.user_count(), 0);
    for (index, content_type) in [
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/vnd.acme+json",
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({"email": format!("u{index}@example.org")}).to_string();
        raw(&desk, content_type, body).expect(201);
    }
}

#[test]
fn two_mebibytes_are_too_large() {
    let desk = Desk::open();
    let body = json!({"email": "ada@example.org", "name": "x".repeat(2 << 20)});
    desk.refuses(&body, 413, "the body is too large");
}

#[test]
fn an_email_is_required() {
    let desk = Desk::open();
    for body in [
        json!({}),
        json!({"email": null}),
        json!({"email": ""}),
        json!({"email": " \t"}),
        json!({"Email": "ada@example.org"}),
    ] {
        desk.refuses(&body, 400, "email: is required");
    }
}

#[test]
fn an_email_must_be_an_address() {
    let desk = Desk::open();
    for email in [
        "string",
        "ada",
        "ada@",
        "@example.org",
        "ada@localhost",
        "ada@example",
        "ada lovelace@example.org",
        "Ada <ada@example.org>",
        "ada@example..org",
        "ada@.example.org",
        "ada@exam_ple.org",
        "ada@127.0.0.1",
        "ada@[127.0.0.1]",
        "\"ada l\"@example.org",
        "a@b@example.org",
        "ada@example.org,bob@example.org",
        "ada@example.org\r\nBcc: eve@example.org",
        "ada\u{0}@example.org",
        ".ada@example.org",
        "12",
    ] {
        desk.refuses(
            &json!({ "email": email }),
            400,
            "email: is not an email address",
        );
    }
    let long = format!("ada@{}.org", "x".repeat(300));
    desk.refuses(
        &json!({ "email": long }),
        400,
        "email: takes at most 254 characters",
    );
}

#[test]
fn each_field_takes_its_own_type_alone() {
    let desk = Desk::open();
    let all = || {
        [
            json!("text"),
            json!(7),
            json!(7.5),
            json!(true),
            json!(["x"]),
            json!({"x": 1}),
        ]
    };
    let is_text: fn(&Value) -> bool = Value::is_string;
    for (field, expected, right) in [
        ("email", "a string", is_text),
        ("name", "a string", Value::is_string),
        ("phone", "a string", Value::is_string),
        ("imgSrc", "a string", Value::is_string),
        ("active", "a boolean", Value::is_boolean),
        ("teamId", "an integer", Value::is_i64),
        ("roles", "a list", Value::is_array),
        ("notificationPreferences", "a list", Value::is_array),
    ] {
        for value in all().into_iter().filter(|value| !right(value)) {
            let mut body = json!({"email": "ada@example.org"});
            body[field] = value;
            desk.refuses(&body, 400, &format!("{field}: must be {expected}"));
        }
    }
}

#[test]
fn values_that_look_like_the_type_are_not_taken_for_it() {
    let desk = Desk::open();
    for (field, value, expected) in [
        ("active", json!("true"), "a boolean"),
        ("active", json!(1), "a boolean"),
        ("active", json!(0), "a boolean"),
        ("active", json!(""), "a boolean"),
        ("teamId", json!("1"), "an integer"),
        ("teamId", json!(1.0), "an integer"),
        ("teamId", json!(9_223_372_036_854_775_808_u64), "an integer"),
        ("teamId", json!(1e30), "an integer"),
        ("roles", json!("viewer"), "a list"),
        ("roles", json!({"0": "viewer"}), "a list"),
    ] {
        let mut body = json!({"email": "ada@example.org"});
        body[field] = value;
        desk.refuses(&body, 400, &format!("{field}: must be {expected}"));
    }
    for value in [
        json!(1),
        json!(null),
        json!(true),
        json!([]),
        json!({"name": "viewer"}),
    ] {
        let body = json!({"email": "ada@example.org", "roles": ["viewer", value]});
        desk.refuses(&body, 400, "roles.1: must be a string");
    }
}

#[test]
fn texts_end_at_their_limit() {
    let desk = Desk::open();
    for (field, max) in [("name", 255), ("phone", 64), ("imgSrc", 2_048)] {
        let mut body = json!({"email": format!("{field}@example.org")});
        body[field] = json!("é".repeat(max + 1));
        desk.refuses(
            &body,
            400,
            &format!("{field}: takes at most {max} characters"),
        );
        body[field] = json!("é".repeat(max));
        assert_eq!(desk.made(&body)[field], body[field]);
    }
    let body = json!({"email": "ada@example.org", "roles": ["x".repeat(256)]});
    desk.refuses(&body, 400, "roles.0: takes at most 255 characters");
}

#[test]
fn no_text_may_hold_a_nul() {
    let desk = Desk::open();
    for field in ["name", "phone", "imgSrc"] {
        let mut body = json!({"email": "ada@example.org"});
        body[field] = json!("a\u{0}b");
        let message = format!("{field}: does not have the form that it needs");
        desk.refuses(&body, 400, &message);
    }
    let body = json!({"email": "ada@example.org", "roles": ["viewer\u{0}"]});
    desk.refuses(&body, 400, "roles.0: does not have the form that it needs");
}

#[test]
fn an_unknown_role_is_named() {
    let desk = Desk::open();
    for role in [
        "wizard",
        "Viewer",
        " viewer",
        "",
        "member",
        "customer_admin",
        "%",
    ] {
        let body = json!({"email": "ada@example.org", "roles": ["viewer", role]});
        desk.refuses(
            &body,
            400,
            &format!("roles.1: {role:?} names nothing that exists"),
        );
    }
    let long = "w".repeat(200);
    let body = json!({"email": "ada@example.org", "roles": [long]});
    let shown = format!("\"{}", &long[..99]);
    desk.refuses(
        &body,
        400,
        &format!("roles.0: {shown} names nothing that exists"),
    );
}

#[test]
fn a_team_of_another_tenant_is_refused_as_an_absent_one() {
    let desk = Desk::open();
    let tenant = desk.server.tenant("other");
    let foreign = desk.server.group_of(tenant, "Theirs").id;
    for team in [999_999_999, foreign, 0, -1, 9_007_199_254_740_991] {
        let body = json!({"email": "ada@example.org", "teamId": team});
        desk.refuses(
            &body,
            400,
            &format!("teamId: {team} names nothing that exists"),
        );
    }
}

#[test]
fn all_faults_are_told_at_once_what_is_taken_included() {
    let desk = Desk::open();
    desk.made(&json!({"email": "ada@example.org"}));
    let body = json!({
        "email": "ADA@example.org", "name": 7, "phone": "9".repeat(65), "imgSrc": false,
        "teamId": 999_999_999, "active": "yes", "roles": ["wizard", 1],
        "notificationPreferences": [
            {"event": "nothing"},
            {"event": "lead_created", "accountId": "999999999"},
        ],
    });
    let message = [
        "name: must be a string",
        "phone: takes at most 64 characters",
        "imgSrc: must be a string",
        "active: must be a boolean",
        "roles.1: must be a string",
        "notificationPreferences.0.event: \"nothing\" is none of the values allowed",
        "notificationPreferences.1.accountId: \"999999999\" names nothing that exists",
        "teamId: 999999999 names nothing that exists",
        "roles.0: \"wizard\" names nothing that exists",
        "email: is already taken",
    ];
    desk.refuses(&body, 400, &message.join("; "));
}

#[test]
fn a_refused_email_stands_beside_the_other_faults() {
    let desk = Desk::open();
    let body = json!({"email": "ada", "name": "x".repeat(256), "teamId": "1"});
    let message = [
        "email: is not an email address",
        "teamId: must be an integer",
        "name: takes at most 255 characters",
    ];
    desk.refuses(&body, 400, &message.join("; "));
}

#[test]
fn a_refused_request_writes_no_invitation_and_claims_no_email() {
    let desk = Desk::open();
    let body = json!({"email": "ada@example.org", "roles": ["wizard"]});
    desk.refuses(&body, 400, "roles.0: \"wizard\" names nothing that exists");
    desk.made(&json!({"email": "ada@example.org"}));
}
