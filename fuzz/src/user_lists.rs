//! Queries of lists, judged by a second reading of what they ask for.

use axum::http::StatusCode;
use directory::model::{Email, fold};
use jiff::Timestamp;
use muster::http::form;
use muster::http::limits::Limits;
use serde_json::{Map, Value};

use super::call::Call;
use super::server::{self, Server};

/// Lists beside the one of users: the first byte of an input chooses.
const OTHERS: [&str; 5] = [
    "/v1/accounts",
    "/v1/groups",
    "/v1/badges",
    "/api_v2/users",
    "/api_v2/badges",
];

/// The first byte chooses a list (`u` is users), the rest is the query. A query that is answered
/// is answered with all that it asks for and nothing else; reading writes nothing.
pub fn user_lists(data: &[u8]) -> bool {
    let Some((choice, query)) = data.split_first() else {
        return false;
    };
    let Ok(query) = std::str::from_utf8(query) else {
        return false;
    };
    let path = match choice {
        b'u' => "/v1/users",
        other => OTHERS[usize::from(*other) % OTHERS.len()],
    };
    let Ok(uri) = format!("{path}?{query}").parse() else {
        return false;
    };
    server::with(|server| {
        let mut call = server.key.bearer(Call::get(path));
        call.uri = uri;
        let answer = server.send(&call);
        if answer.status == StatusCode::OK {
            match path {
                "/v1/users" => assert_asked_for(server, &call, answer.json()),
                "/api_v2/users" => assert_page_asked_for(server, &call, &answer.json()),
                _ => {}
            }
        }
        assert_eq!(server.database.difference(), None);
        answer.status == StatusCode::OK
    })
}

/// What a query asks for: the ids of the fixtures that it matches, in its order.
fn asked_for(server: &Server, query: &Map<String, Value>) -> Vec<i64> {
    let text = |name: &str| query.get(name).and_then(Value::as_str);
    let mut users: Vec<&Value> = server.users.iter().collect();
    users.retain(|user| {
        query
            .iter()
            .all(|(name, value)| matches(user, name, value.as_str().unwrap()))
    });
    let sort = text("sort").unwrap_or("id");
    users.sort_by_key(|user| match sort.trim_start_matches('-') {
        "updated_at" => (user["updated_at"].as_str(), user["id"].as_i64()),
        _ => (None, user["id"].as_i64()),
    });
    if sort.starts_with('-') {
        users.reverse();
    }
    users
        .into_iter()
        .filter_map(|user| user["id"].as_i64())
        .collect()
}

/// Whether a user, as `/v1` shows them, has what a parameter asks for.
fn matches(user: &Value, name: &str, wanted: &str) -> bool {
    let is = |value: &Value| value.as_str() == Some(wanted);
    let among = |value: &Value| {
        value
            .as_str()
            .is_some_and(|it| wanted.split(',').any(|w| w == it))
    };
    let folded = |value: &Value| value.as_str().is_some_and(|it| fold(it) == fold(wanted));
    let numbered = |value: &Value| value.as_i64() == wanted.parse().ok();
    let listed = |list: &Value| {
        list.as_array()
            .unwrap()
            .iter()
            .any(|each| numbered(&each["id"]))
    };
    let key = |text: &str| Email::parse(text).unwrap().key().to_owned();
    let updated = || {
        user["updated_at"]
            .as_str()
            .unwrap()
            .parse::<Timestamp>()
            .unwrap()
    };
    match name {
        "limit" | "sort" | "cursor" => true,
        "email" => user[name].as_str().is_some_and(|it| key(it) == key(wanted)),
        "first_name" | "last_name" => folded(&user[name]),
        "external_id" | "state" => among(&user[name]),
        "kind" | "status" => is(&user[name]),
        "onboarding_state" => among(&user["worker"][name]),
        "customer_id" => numbered(&user["employer"][name]),
        "account_id" => listed(&user["accounts"]),
        "group_id" => listed(&user["groups"]),
        "updated_after" => updated() > wanted.parse().unwrap(),
        "updated_before" => updated() < wanted.parse().unwrap(),
        other => panic!("{other} is no filter"),
    }
}

fn ids(page: &Value) -> Vec<i64> {
    let rows = page["data"].as_array().unwrap();
    rows.iter().filter_map(|row| row["id"].as_i64()).collect()
}

/// All pages of a list, from an answered first one, hold what was asked for.
fn assert_asked_for(server: &Server, call: &Call, first: Value) {
    let query = call.uri.query().unwrap_or_default().as_bytes();
    let query = form::parse(query, &Limits::default()).unwrap();
    let expected = asked_for(server, &query);
    if query.contains_key("cursor") {
        let found = ids(&first);
        assert!(
            found.iter().all(|id| expected.contains(id)),
            "{found:?} of {expected:?}"
        );
        return;
    }
    let (mut found, mut page) = (ids(&first), first);
    while let Some(cursor) = page["next_cursor"].as_str() {
        let next = format!("{}&cursor={cursor}", call.uri);
        let answer = server.send(&server.key.bearer(Call::get(&next)));
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        page = answer.json();
        let more = ids(&page);
        assert!(!more.is_empty() && found.len() + more.len() <= expected.len());
        found.extend(more);
    }
    assert_eq!(found, expected);
}

/// A page by its number holds the users that stand there by their ids.
fn assert_page_asked_for(server: &Server, call: &Call, page: &Value) {
    let query = call.uri.query().unwrap_or_default().as_bytes();
    let query = form::parse(query, &Limits::default()).unwrap();
    let number = |name: &str, absent: usize| match query.get(name).and_then(Value::as_str) {
        None | Some("") => absent,
        Some(digits) => digits.parse().unwrap(),
    };
    let (page_number, size) = (number("page", 1), number("per", 50).min(50));
    let before = (page_number - 1).saturating_mul(size);
    let all = server.users.iter().filter_map(|user| user["id"].as_i64());
    let expected: Vec<i64> = all.skip(before).take(size).collect();
    let shown = page["users"].as_array().unwrap().iter();
    let found: Vec<i64> = shown.filter_map(|user| user["id"].as_i64()).collect();
    assert_eq!(found, expected);
}
