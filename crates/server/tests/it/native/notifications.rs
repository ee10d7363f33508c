//! `/v1`: notification preferences, what is mandatory, and notifications.

use directory::keys::NewKey;
use serde_json::{Value, json};

use super::{id_of, user};
use crate::harness::{Key, Response, Server};

struct Case {
    server: Server,
    key: Key,
    ada: i64,
}

impl Case {
    fn start() -> Self {
        let server = Server::start();
        let key = server.key();
        let ada = id_of(&user(&server, &key, &json!({ "email": "ada@example.org" })));
        Self { server, key, ada }
    }

    fn path(&self, rest: &str) -> String {
        format!("/v1/users/{}/{rest}", self.ada)
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Response {
        let request = self.server.request(method, path).bearer(&self.key.token);
        request.json(body).send()
    }

    fn get(&self, path: &str) -> Response {
        self.server.get(path).bearer(&self.key.token).send()
    }

    fn lead(&self, id: &str) {
        let event = json!({
            "id": id, "type": "lead_created", "subject": { "type": "lead", "id": id }, "data": {},
        });
        self.send("POST", "/v1/events", &event).expect(202);
        self.server.settle();
    }
}

fn pointers(answer: &Response) -> Vec<(String, String)> {
    let body = answer.expect(422);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let errors = body["errors"].as_array().unwrap().iter();
    let mut all: Vec<_> = errors
        .map(|each| (text(&each["pointer"]), text(&each["code"])))
        .collect();
    all.sort();
    all
}

fn pair(pointer: &str, code: &str) -> (String, String) {
    (pointer.to_owned(), code.to_owned())
}

#[test]
fn preferences_are_set_with_the_users_version_and_shown() {
    let case = Case::start();
    let path = case.path("notification-preferences");
    let account = case.server.account("Acme");
    let shown = case.get(&path);
    shown.assert(200, &json!({ "data": [] }));
    assert_eq!(shown.header("etag"), Some("\"1\""));
    let rules = json!({ "data": [
        { "event": "lead_created", "account_id": null, "channels": ["sms", "website"] },
        { "event": "lead_created", "account_id": account, "channels": [] },
    ] });
    let put = |tag: &str| {
        let request = case.server.request("PUT", &path).bearer(&case.key.token);
        request.header("if-match", tag).json(&rules).send()
    };
    let answer = put("\"1\"");
    answer.assert(200, &rules);
    assert_eq!(answer.header("etag"), Some("\"2\""));
    assert_eq!(put("\"1\"").status, 412);
    case.get(&path).assert(200, &rules);
    case.send("PUT", &path, &json!({ "data": [] }))
        .assert(200, &json!({ "data": [] }));
}

#[test]
fn what_is_wrong_with_preferences_is_told_with_its_place() {
    let case = Case::start();
    let path = case.path("notification-preferences");
    let answer = case.send(
        "PUT",
        &path,
        &json!({ "data": [
            { "event": "lead_created", "channels": ["email"] },
            { "event": "lead_created", "account_id": null, "channels": ["fax", 7] },
            { "event": "invitation_created", "channels": [] },
            { "channels": null, "more": 1 },
            7,
        ] }),
    );
    assert_eq!(
        pointers(&answer),
        [
            pair("/data/1", "bad_format"),
            pair("/data/1/channels/0", "not_included"),
            pair("/data/1/channels/1", "wrong_type"),
            pair("/data/2/event", "not_included"),
            pair("/data/3/channels", "blank"),
            pair("/data/3/event", "blank"),
            pair("/data/3/more", "unknown_field"),
            pair("/data/4", "wrong_type"),
        ]
    );
    let absent = json!({ "data": [
        { "event": "lead_created", "account_id": 999_999, "channels": [] },
    ] });
    let answer = case.send("PUT", &path, &absent);
    assert_eq!(pointers(&answer), [pair("/data", "must_exist")]);
    let answer = case.send("PUT", &path, &json!({}));
    assert_eq!(pointers(&answer), [pair("/data", "blank")]);
    case.get(&path).assert(200, &json!({ "data": [] }));
}

#[test]
fn mandatory_channels_are_the_operators_alone() {
    let case = Case::start();
    let path = "/v1/mandatory-notifications";
    case.get(path).assert(200, &json!({ "data": [] }));
    let all = json!({ "data": [
        { "event": "lead_created", "channels": ["email", "website"] },
        { "event": "message_failed", "channels": ["website"] },
    ] });
    case.send("PUT", path, &all).assert(200, &all);
    case.get(path).assert(200, &all);
    let answer = case.send(
        "PUT",
        path,
        &json!({ "data": [
            { "event": "lead_created", "channels": [] },
            { "event": "lead_created", "channels": ["sms"] },
            { "event": "message_failed", "channels": ["website", "email"] },
        ] }),
    );
    assert_eq!(
        pointers(&answer),
        [
            pair("/data/0/channels", "blank"),
            pair("/data/1/event", "taken"),
            pair("/data/2/channels", "not_included"),
        ]
    );
    for scopes in [vec!["users:write"], vec!["events:write"]] {
        let key = case.server.key_with(NewKey {
            scopes: scopes.iter().map(|each| (*each).to_owned()).collect(),
            ..NewKey::default()
        });
        let request = case.server.request("PUT", path).bearer(&key.token);
        assert_eq!(request.json(&all).send().status, 403, "{scopes:?}");
    }
    let account = case.server.account("Acme");
    let bound = case.server.key_with(NewKey {
        account_id: Some(account),
        ..NewKey::default()
    });
    let request = case.server.request("PUT", path).bearer(&bound.token);
    assert_eq!(request.json(&all).send().status, 403);
    case.get(path).assert(200, &all);
}

#[test]
fn notifications_are_listed_by_cursor_counted_and_read() {
    let case = Case::start();
    let rules = json!({ "data": [{ "event": "lead_created", "channels": ["website"] }] });
    case.send("PUT", &case.path("notification-preferences"), &rules)
        .expect(200);
    for number in 0..5 {
        case.lead(&number.to_string());
    }
    let list = case.path("notifications");
    let unread = case.path("notifications/unread");
    case.get(&unread).assert(200, &json!({ "unread": 5 }));
    let first = case.get(&format!("{list}?limit=3")).expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = case
        .get(&format!("{list}?limit=3&cursor={cursor}"))
        .expect(200);
    assert_eq!(second["next_cursor"], json!(null));
    let rows = first["data"].as_array().unwrap().iter();
    let rows: Vec<_> = rows.chain(second["data"].as_array().unwrap()).collect();
    let subjects: Vec<_> = rows
        .iter()
        .map(|row| &row["data"]["subject"]["id"])
        .collect();
    assert_eq!(subjects, ["4", "3", "2", "1", "0"]);
    let id = &rows[1]["id"];
    let read = case.path(&format!("notifications/{id}/read"));
    case.send("POST", &read, &json!({})).assert_empty(204);
    case.get(&unread).assert(200, &json!({ "unread": 4 }));
    let of_read = case.get(&format!("{list}?unread=false")).expect(200);
    assert_eq!(of_read["data"].as_array().unwrap().len(), 1);
    assert_eq!(&of_read["data"][0]["id"], id);
    let every = case.path("notifications/read");
    case.send("POST", &every, &json!({})).assert_empty(204);
    case.get(&unread).assert(200, &json!({ "unread": 0 }));
    let absent = case.path("notifications/999999/read");
    assert_eq!(case.send("POST", &absent, &json!({})).status, 404);
    assert_eq!(case.get(&format!("{list}?unread=maybe")).status, 400);
    assert_eq!(case.get("/v1/users/999999/notifications").status, 404);
}
