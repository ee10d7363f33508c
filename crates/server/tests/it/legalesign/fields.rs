//! `POST /api/v1/user/`: bodies that break rules, in the vendor's words, all at once.

use directory::TenantId;
use serde_json::{Value, json};

use super::{Case, PASSWORD, ada, ada_with, ada_without};

const REQUIRED: &str = "This field is required.";
const INVALID: &str = "Enter a valid value.";
const BAD_EMAIL: &str = "Enter a valid email address.";
const TAKEN: &str = "A user with this email already exists.";

/// A value in one field is refused with these messages, alone.
#[track_caller]
fn refused(case: &Case, field: &str, value: impl Into<Value>, messages: &[&str]) {
    let body = ada_with(field, value);
    case.assert_refused(&body, &json!({ field: messages }));
}

#[test]
fn what_is_required_is_neither_absent_nor_empty() {
    let case = Case::start();
    for field in ["first_name", "last_name", "email"] {
        case.assert_refused(&ada_without(field), &json!({ field: [REQUIRED] }));
        refused(&case, field, "", &[REQUIRED]);
        refused(&case, field, Value::Null, &[REQUIRED]);
    }
    refused(&case, "email", " \n", &[REQUIRED]);
    let all = json!({"first_name": [REQUIRED], "last_name": [REQUIRED], "email": [REQUIRED]});
    case.assert_refused(&json!({}), &all);
}

#[test]
fn a_value_of_another_type_is_not_valid() {
    let case = Case::start();
    let others = [
        json!(true),
        json!([]),
        json!(["x"]),
        json!({}),
        json!({"x": 1}),
        json!(1.5),
    ];
    let numbers = [
        json!(1),
        json!(-1),
        json!(9_223_372_036_854_775_808_u64),
        json!(1e300),
    ];
    let texts = [
        "first_name",
        "last_name",
        "email",
        "timezone",
        "password",
        "groups",
        "redirect_to",
    ];
    for field in texts {
        for value in others.iter().chain(&numbers) {
            refused(&case, field, value.clone(), &[INVALID]);
        }
    }
    for value in others.iter().chain([&json!(1e300), &json!(3.0)]) {
        refused(&case, "permission", value.clone(), &[INVALID]);
    }
}

#[test]
fn a_name_has_at_most_30_characters_of_its_kind() {
    let case = Case::start();
    let too_long = "Ensure this value has at most 30 characters";
    for field in ["first_name", "last_name"] {
        refused(&case, field, "é".repeat(31), &[too_long]);
        refused(&case, field, "x".repeat(75), &[too_long]);
        refused(&case, field, "x".repeat(76), &[too_long]);
        refused(&case, field, "<".repeat(31), &[too_long, INVALID]);
        for bad in [
            "<b>Ada</b>",
            "Ada.",
            "Ada\n",
            "\nAda",
            "Ada!",
            "a@b",
            "A\0da",
            "\0",
            "O\u{2019}Neil",
            "Ada\u{a0}King",
            "Ada\tKing",
            "A/B",
            "Ada, PhD",
            "👩",
            "a\u{202e}b",
        ] {
            refused(&case, field, bad, &[INVALID]);
        }
    }
}

#[test]
fn an_email_is_one_with_a_domain_and_at_most_75_characters() {
    let case = Case::start();
    for bad in [
        "ada",
        "ada@",
        "@example.org",
        "ada@localhost",
        "a b@example.org",
        "ada@example..org",
        "<ada@example.org>",
        "ada@example.org\0",
        "a@b@example.org",
        "ada@127.0.0.1",
        "ada@x.org,b@x.org",
    ] {
        refused(&case, "email", bad, &[BAD_EMAIL]);
    }
    let too_long = "Ensure this value has at most 75 characters";
    refused(
        &case,
        "email",
        format!("{}@example.org", "x".repeat(64)),
        &[too_long],
    );
    refused(&case, "email", "x".repeat(76), &[too_long, BAD_EMAIL]);
    refused(&case, "email", "x".repeat(300), &[too_long]);
}

#[test]
fn a_time_zone_is_one_of_the_430_exactly() {
    let case = Case::start();
    for bad in [
        "",
        "utc",
        "europe/london",
        "Europe/London ",
        "Mars/Olympus",
        "Europe/Kyiv",
        "Asia/Yangon",
        "EST",
        "Etc/UTC",
        "../../etc/passwd",
        "UTC\0",
    ] {
        let message = format!("'{bad}' is not a valid choice.");
        refused(&case, "timezone", bad, &[&message]);
    }
    let shown = format!("'{}' is not a valid choice.", "x".repeat(100));
    refused(&case, "timezone", "x".repeat(10_000), &[&shown]);
}

#[test]
fn a_permission_is_one_of_the_six_exactly() {
    let case = Case::start();
    case.server.group("Sales");
    for bad in [
        "", "0", "7", "01", "+1", " 1", "1.0", "1,2", "admin", "\u{661}",
    ] {
        let message = format!("'{bad}' is not a valid choice.");
        refused(&case, "permission", bad, &[&message]);
    }
    for bad in [
        json!(0),
        json!(7),
        json!(-1),
        json!(9_223_372_036_854_775_808_u64),
    ] {
        let message = format!("'{bad}' is not a valid choice.");
        refused(&case, "permission", bad, &[&message]);
    }
    let mut body = ada_with("permission", "9");
    body["groups"] = "sales".into();
    case.assert_refused(
        &body,
        &json!({"permission": ["'9' is not a valid choice."]}),
    );
}

#[test]
fn a_group_exists_and_is_named_whole() {
    let case = Case::start();
    case.server.group("Sales");
    refused(
        &case,
        "groups",
        "nosuch",
        &["'nosuch' is not a valid choice."],
    );
    let both = [
        "'nosuch' is not a valid choice.",
        "'/api/v1/group/other/' is not a valid choice.",
    ];
    refused(
        &case,
        "groups",
        "sales, nosuch ,/api/v1/group/other/",
        &both,
    );
    for bad in [
        ",",
        "sales,",
        ",sales",
        "sales,,sales",
        "sales, ,sales",
        "/api/v1/group/sales",
        "/api/v1/group//",
        "/api/v1/user/sales/",
        "https://x.org/api/v1/group/sales/",
        "sa les",
        "sales;legal",
        "sales/",
        "sa'les",
        "sales\0",
        "../sales",
    ] {
        refused(&case, "groups", bad, &[INVALID]);
    }
    refused(&case, "groups", "x".repeat(51), &[INVALID]);
    let longest = "x".repeat(50);
    refused(
        &case,
        "groups",
        longest.as_str(),
        &[&format!("'{longest}' is not a valid choice.")],
    );
    refused(
        &case,
        "groups",
        "SALES",
        &["'SALES' is not a valid choice."],
    );
    refused(
        &case,
        "groups",
        "sales,a b,nosuch",
        &[INVALID, "'nosuch' is not a valid choice."],
    );
    let many = vec!["sales"; 101].join(",");
    refused(
        &case,
        "groups",
        many,
        &["Ensure this value has at most 100 groups"],
    );
    let number = case.server.group("Legal").id.to_string();
    refused(
        &case,
        "groups",
        number.as_str(),
        &[&format!("'{number}' is not a valid choice.")],
    );
}

#[test]
fn a_group_of_another_tenant_is_as_one_that_is_not_there() {
    let case = Case::start();
    let other = case.server.tenant("other");
    let theirs = case.server.group_of(other, "Theirs").slug;
    for password in [Value::Null, json!(PASSWORD)] {
        for (slug, entry) in [(&theirs, "theirs"), (&theirs, "/api/v1/group/theirs/")] {
            assert_eq!(slug, "theirs");
            let mut body = ada_with("groups", entry);
            body["password"] = password.clone();
            let message = format!("'{entry}' is not a valid choice.");
            case.assert_refused(&body, &json!({"groups": [message]}));
        }
    }
    assert_eq!(case.server.users_of(other), 0);
}

#[test]
fn an_email_is_taken_whichever_api_took_it() {
    let case = Case::start();
    let native = json!({"email": "Ada@Example.org"});
    let made = case
        .server
        .post("/v1/users")
        .bearer(&case.key.token)
        .json(&native)
        .send();
    made.expect(201);
    for email in ["ada@example.org", "ADA@EXAMPLE.ORG", " Ada@example.org "] {
        refused(&case, "email", email, &[TAKEN]);
        let mut body = ada_with("email", email);
        body["password"] = PASSWORD.into();
        case.assert_refused(&body, &json!({"email": [TAKEN]}));
    }
    let made = case.create(&ada_with("email", "a.da@example.org"));
    made.assert_empty(201);
    refused(&case, "email", "a.da@example.org", &[TAKEN]);
}

#[test]
fn another_tenants_email_is_not_taken_here() {
    let case = Case::start();
    let other = case.server.tenant("other");
    let mut theirs = Case::start();
    theirs.server = case.server;
    theirs.key = theirs.server.key_of(other, Default::default());
    theirs.create(&ada()).assert_empty(201);
    theirs.key = theirs.server.key();
    theirs.create(&ada()).assert_empty(201);
    let counts = [other, TenantId(1)].map(|tenant| theirs.server.users_of(tenant));
    assert_eq!(counts, [1, 1]);
}

#[test]
fn no_redirect_is_on_the_list_of_allowed_ones() {
    let case = Case::start();
    for password in [Value::Null, json!(PASSWORD)] {
        for to in ["https://example.org/", "/", "javascript:alert(1)", " "] {
            let mut body = ada_with("redirect_to", to);
            body["password"] = password.clone();
            let message = format!("'{to}' is not a valid choice.");
            case.assert_refused(&body, &json!({"redirect_to": [message]}));
        }
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once_and_what_is_taken_too() {
    let case = Case::start();
    case.create(&ada()).assert_empty(201);
    let body = json!({
        "first_name": "", "last_name": "<b>", "email": "ADA@example.org", "timezone": "Mars",
        "password": "x", "groups": "nosuch,", "permission": 7, "redirect_to": "https://x.org",
    });
    let expected = json!({
        "first_name": [REQUIRED],
        "last_name": [INVALID],
        "email": [TAKEN],
        "timezone": ["'Mars' is not a valid choice."],
        "password": ["Ensure this value has at least 8 characters"],
        "groups": [INVALID, "'nosuch' is not a valid choice."],
        "permission": ["'7' is not a valid choice."],
        "redirect_to": ["'https://x.org' is not a valid choice."],
    });
    case.assert_refused(&body, &expected);
}
