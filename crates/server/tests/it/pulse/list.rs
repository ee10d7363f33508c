//! `GET /users` (contracts, pulse, Calls).

use std::time::Duration;

use serde_json::{Value, json};

use super::{Desk, assert_error};

impl Desk {
    fn list(&self, query: &str) -> Value {
        self.request("GET", &format!("/users{query}"))
            .send()
            .expect(200)
    }

    fn names(&self, query: &str) -> Vec<String> {
        let list = self.list(query);
        let rows = list["data"].as_array().unwrap().iter();
        rows.map(|row| row["name"].as_str().unwrap_or("-").to_owned())
            .collect()
    }

    /// Five users, a second between each.
    fn staffed() -> Self {
        let desk = Self::open();
        for (email, name) in [
            ("ada@example.org", json!("Ada Lovelace")),
            ("bob_b@example.org", json!("Bob 100%")),
            ("emile@example.org", json!("Émile Zola")),
            ("zed@example.com", Value::Null),
            ("grace@example.org", json!("grace hopper")),
        ] {
            desk.made(&json!({"email": email, "name": name}));
            desk.server.advance(Duration::from_secs(1));
        }
        let elsewhere = desk.server.account("Elsewhere");
        let other = desk.server.post("/users").bearer(&desk.key.token);
        let other = other.header("x-account-id", &elsewhere.to_string());
        other
            .json(&json!({"email": "other@example.org"}))
            .send()
            .expect(201);
        desk
    }
}

#[test]
fn the_members_of_the_account_are_listed_newest_first() {
    let desk = Desk::staffed();
    let list = desk.list("");
    let envelope: Vec<_> = ["page", "pageSize", "total", "totalPages"]
        .map(|name| &list[name])
        .to_vec();
    assert_eq!(envelope, [&json!(1), &json!(10), &json!(5), &json!(1)]);
    assert_eq!(list.as_object().unwrap().len(), 5);
    let expected = [
        "grace hopper",
        "-",
        "Émile Zola",
        "Bob 100%",
        "Ada Lovelace",
    ];
    assert_eq!(desk.names(""), expected);
    let id = &list["data"][0]["id"];
    desk.read(id).assert(200, &list["data"][0]);
}

#[test]
fn pages_are_cut_and_counted() {
    let desk = Desk::staffed();
    let page = |number: usize| desk.list(&format!("?page={number}&pageSize=2&sort=id"));
    let rows = |list: &Value| list["data"].as_array().unwrap().len();
    assert_eq!(
        (
            rows(&page(1)),
            rows(&page(2)),
            rows(&page(3)),
            rows(&page(4))
        ),
        (2, 2, 1, 0)
    );
    let third = page(3);
    assert_eq!(
        (&third["total"], &third["totalPages"]),
        (&json!(5), &json!(3))
    );
    assert_eq!(third["page"], 3);
    for (query, name) in [
        ("?page=0", "page"),
        ("?page=x", "page"),
        ("?page=-1", "page"),
        ("?page=99999999999999999999", "page"),
        ("?pageSize=0", "pageSize"),
        ("?pageSize=101", "pageSize"),
        ("?page[]=1", "page"),
    ] {
        let answer = desk.request("GET", &format!("/users{query}")).send();
        let told = answer.expect(400)["message"].as_str().unwrap().to_owned();
        assert!(told.starts_with(&format!("{name}: ")), "{query}: {told}");
    }
    assert_eq!(rows(&desk.list("?pageSize=100")), 5);
}

#[test]
fn a_search_finds_a_part_of_the_name_or_email_in_any_case() {
    let desk = Desk::staffed();
    let found = |search: &str| {
        let query =
            percent_encoding::utf8_percent_encode(search, percent_encoding::NON_ALPHANUMERIC);
        desk.names(&format!("?sort=id&search={query}"))
    };
    assert_eq!(found("LOVE"), ["Ada Lovelace"]);
    assert_eq!(found("example.ORG").len(), 4);
    assert_eq!(found("éMILE"), ["Émile Zola"]);
    assert_eq!(found("ÉMILE"), ["Émile Zola"]);
    assert_eq!(found("zed@"), ["-"]);
    // What means something to the database means itself.
    assert_eq!(found("%"), ["Bob 100%"]);
    assert_eq!(found("_"), ["Bob 100%"]);
    assert_eq!(found("!"), [] as [&str; 0]);
    assert_eq!(found("' OR '1'='1"), [] as [&str; 0]);
    assert_eq!(found("nobody"), [] as [&str; 0]);
    let list = desk.list("?search=LOVE");
    assert_eq!(
        (&list["total"], &list["totalPages"]),
        (&json!(1), &json!(1))
    );
}

#[test]
fn filters_hold_together() {
    let desk = Desk::staffed();
    let team = desk.server.group("Sales").id;
    let patch = |who: &str, body: Value| {
        desk.request("PATCH", &format!("/users/{who}"))
            .json(&body)
            .send()
            .expect(200);
    };
    patch("ada@example.org", json!({"teamId": team, "active": false}));
    patch("grace@example.org", json!({"teamId": team}));
    assert_eq!(
        desk.names(&format!("?teamId={team}&sort=id")),
        ["Ada Lovelace", "grace hopper"]
    );
    assert_eq!(desk.names("?active=false"), ["Ada Lovelace"]);
    assert_eq!(desk.names("?active=true").len(), 4);
    assert_eq!(
        desk.names(&format!("?teamId={team}&active=true")),
        ["grace hopper"]
    );
    assert_eq!(desk.names("?email=ADA%40example.org"), ["Ada Lovelace"]);
    assert_eq!(desk.names("?email=other%40example.org"), [] as [&str; 0]);
    for (query, message) in [
        ("?active=yes", "active: must be a boolean"),
        ("?teamId=x", "teamId: does not have the form that it needs"),
        ("?email=x", "email: is not an email address"),
        ("?search=", "search: is required"),
        ("?colour=red", "colour: is no field of the resource"),
    ] {
        assert_error(
            &desk.request("GET", &format!("/users{query}")).send(),
            400,
            message,
        );
    }
}

#[test]
fn a_list_is_sorted_by_any_of_its_fields() {
    let desk = Desk::staffed();
    let first = |sort: &str| desk.names(&format!("?sort={sort}"))[0].clone();
    assert_eq!(first("id"), "Ada Lovelace");
    assert_eq!(first("-id"), "grace hopper");
    assert_eq!(first("email"), "Ada Lovelace");
    assert_eq!(first("-email"), "-");
    assert_eq!(first("name"), "Ada Lovelace");
    assert_eq!(first("createdAt"), "Ada Lovelace");
    assert_eq!(first("-updatedAt"), "grace hopper");
    let patch = desk.request("PATCH", "/users/emile@example.org");
    patch.json(&json!({"active": false})).send().expect(200);
    assert_eq!(first("active,-name"), "Émile Zola");
    assert_eq!(first("-active,name"), "Ada Lovelace");
    let (first, second) = (desk.server.group("A").id, desk.server.group("B").id);
    for (email, phone, team) in [
        ("bob_b@example.org", "+14155552600", second),
        ("emile@example.org", "+14155552671", first),
    ] {
        let patch = desk.request("PATCH", &format!("/users/{email}"));
        let body = json!({"phone": phone, "teamId": team});
        patch.json(&body).send().expect(200);
    }
    // Who has none comes last, whichever way it goes.
    let (bob, emile) = ("Bob 100%", "Émile Zola");
    let upwards = ["Ada Lovelace", "-", "grace hopper"];
    let downwards = ["grace hopper", "-", "Ada Lovelace"];
    for (sort, theirs, rest) in [
        ("phone", [bob, emile], upwards),
        ("-phone", [emile, bob], downwards),
        ("teamId", [emile, bob], upwards),
        ("-teamId", [bob, emile], downwards),
    ] {
        let names = desk.names(&format!("?sort={sort}"));
        assert_eq!(names[..2], theirs, "{sort}");
        assert_eq!(names[2..], rest, "{sort}");
    }
    for sort in ["colour", "-", "id,", "id%20", "id;drop"] {
        let answer = desk.request("GET", &format!("/users?sort={sort}")).send();
        assert!(
            answer.expect(400)["message"]
                .as_str()
                .unwrap()
                .starts_with("sort: "),
            "{sort}"
        );
    }
    let many = ["id"; 9].join(",");
    assert_eq!(
        desk.request("GET", &format!("/users?sort={many}"))
            .send()
            .status,
        400
    );
}

#[test]
fn a_list_needs_the_right_to_read() {
    let desk = Desk::open();
    let blind = desk.bound(&["events:write"]);
    let answer = desk.request_as(&blind, "GET", "/users").send();
    assert_error(&answer, 403, "the credential does not allow this");
    let reads = desk.bound(&["users:read"]);
    desk.request_as(&reads, "GET", "/users").send().expect(200);
}
