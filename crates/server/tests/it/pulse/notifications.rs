//! `/users/{email or id}/notifications`: the channel `website`.

use directory::model::AccountRole;
use directory::users::{self, AccountGrant, Include, UserChange, UserKey};
use directory::violation::{Path, Violations};
use serde_json::{Value, json};

use super::{Desk, assert_error};
use crate::harness::{Key, Response};

const PATH: &str = "/users/ada@example.org/notifications";

/// A desk with Ada, who wants to see leads on the website.
fn desk() -> Desk {
    let desk = Desk::open();
    desk.made(&json!({
        "email": "ada@example.org",
        "notificationPreferences": [{ "event": "lead_created", "deliveryPref": ["website"] }],
    }));
    desk
}

impl Desk {
    /// Another system reports a lead.
    fn lead(&self, id: &str, account: Option<i64>) {
        let event = json!({
            "id": id, "type": "lead_created", "account_id": account,
            "subject": { "type": "lead", "id": id }, "data": {},
        });
        let request = self.server.post("/v1/events").bearer(&self.key.token);
        request.json(&event).send().expect(202);
        self.server.settle();
    }

    fn listed(&self, query: &str) -> Value {
        let path = format!("{PATH}{query}");
        self.request("GET", &path).send().expect(200)
    }

    fn listed_as(&self, key: &Key, query: &str) -> Response {
        let path = format!("{PATH}{query}");
        self.request_as(key, "GET", &path).send()
    }
}

fn ids(page: &Value) -> Vec<i64> {
    let rows = page["data"].as_array().unwrap().iter();
    rows.map(|row| row["id"].as_i64().unwrap()).collect()
}

#[test]
fn a_notification_is_shown_in_the_lists_envelope_and_read() {
    let desk = desk();
    let empty = json!({ "data": [], "page": 1, "pageSize": 10, "total": 0, "totalPages": 0 });
    assert_eq!(desk.listed(""), empty);
    desk.lead("17", Some(desk.account));
    let page = desk.listed("");
    let id = page["data"][0]["id"].clone();
    let at = format!("{:.3}", desk.server.now());
    let unread = json!({
        "id": id, "event": "lead_created", "accountId": desk.account.to_string(),
        "title": "A lead was entered.", "data": { "subject": { "type": "lead", "id": "17" } },
        "createdAt": at, "readAt": null,
    });
    assert_eq!(
        page,
        json!({ "data": [unread], "page": 1, "pageSize": 10, "total": 1, "totalPages": 1 })
    );
    let read = format!("{PATH}/{id}/read");
    desk.request("POST", &read).send().assert_empty(204);
    let shown = desk.listed("");
    assert_eq!(shown["data"][0]["readAt"], at);
    desk.server.advance(std::time::Duration::from_secs(60));
    desk.request("POST", &read).send().assert_empty(204);
    assert_eq!(desk.listed(""), shown, "it was read once");
    assert_eq!(desk.listed("?unread=true"), empty);
    assert_eq!(desk.listed("?unread=false"), shown);
}

#[test]
fn pages_are_newest_first_and_count_what_matches() {
    let desk = desk();
    for number in 0..7 {
        desk.lead(&number.to_string(), None);
    }
    let all = ids(&desk.listed(""));
    assert_eq!(all.len(), 7);
    assert!(all.windows(2).all(|pair| pair[0] > pair[1]), "{all:?}");
    let second = desk.listed("?page=2&pageSize=3");
    assert_eq!(ids(&second), all[3..6]);
    assert_eq!(
        (
            &second["total"],
            &second["totalPages"],
            &second["page"],
            &second["pageSize"]
        ),
        (&json!(7), &json!(3), &json!(2), &json!(3))
    );
    assert_eq!(ids(&desk.listed("?page=4&pageSize=3")), [] as [i64; 0]);
    let read = format!("{PATH}/{}/read", all[2]);
    desk.request("POST", &read).send().assert_empty(204);
    let unread = desk.listed("?unread=true&pageSize=1");
    assert_eq!(unread["total"], 6);
    let every = format!("{PATH}/read");
    desk.request("POST", &every).send().assert_empty(204);
    assert_eq!(desk.listed("?unread=true")["total"], 0);
    assert_eq!(desk.listed("")["total"], 7);
}

#[test]
fn a_bound_key_sees_its_account_and_the_tenant_and_nothing_of_others() {
    let desk = desk();
    let other = desk.server.account("Other");
    let ada = desk.read("ada@example.org").expect(200)["id"]
        .as_i64()
        .unwrap();
    let operator = desk.server.operator();
    desk.server.write(move |tx| {
        let joins = UserChange {
            accounts: vec![AccountGrant {
                path: Path::default(),
                account_id: other,
                role: AccountRole::Member,
                admin: false,
                primary: false,
            }],
            ..UserChange::default()
        };
        let (key, none) = (UserKey::Id(ada), Violations::new());
        let parts = Include::default();
        users::update(tx, &operator, &key, None, &joins, none, parts)
    });
    desk.lead("own", Some(desk.account));
    desk.lead("foreign", Some(other));
    desk.lead("all", None);
    assert_eq!(desk.listed("")["total"], 3);
    let bound = desk.bound(&["users:write"]);
    let seen = desk.listed_as(&bound, "").expect(200);
    let accounts: Vec<_> = seen["data"].as_array().unwrap().iter().collect();
    let accounts: Vec<_> = accounts
        .iter()
        .map(|row| row["accountId"].clone())
        .collect();
    assert_eq!(accounts, [json!(null), json!(desk.account.to_string())]);
    assert_eq!(seen["total"], 2);
    let foreign = ids(&desk.listed(""))[1];
    let read = format!("{PATH}/{foreign}/read");
    let answer = desk.request_as(&bound, "POST", &read).send();
    assert_error(&answer, 404, "not found");
    let every = format!("{PATH}/read");
    desk.request_as(&bound, "POST", &every)
        .send()
        .assert_empty(204);
    assert_eq!(ids(&desk.listed("?unread=true")), [foreign]);
}

#[test]
fn what_cannot_be_read_is_refused_and_what_is_not_there_is_404() {
    let desk = desk();
    desk.lead("1", None);
    for query in [
        "?unread=yes",
        "?unread=",
        "?page=0",
        "?page=-1",
        "?page=x",
        "?page=99999999999999999999",
        "?pageSize=101",
        "?pageSize=0",
        "?sort=id",
        "?unread[]=true",
    ] {
        let path = format!("{PATH}{query}");
        assert_eq!(desk.request("GET", &path).send().status, 400, "{query}");
    }
    for path in [
        "/users/nobody@example.org/notifications",
        "/users/ada@example.org/notifications/999/read",
        "/users/ada@example.org/notifications/01/read",
        "/users/ada@example.org/notifications/x/read",
        "/users/nobody@example.org/notifications/read",
    ] {
        let method = if path.ends_with("read") {
            "POST"
        } else {
            "GET"
        };
        assert_eq!(desk.request(method, path).send().status, 404, "{path}");
    }
    let tenant = desk.server.tenant("other");
    let foreign = desk
        .server
        .key_of(tenant, directory::keys::NewKey::default());
    let theirs = desk.server.account_of(tenant, "Theirs");
    let request = desk
        .server
        .get(PATH)
        .bearer(&foreign.token)
        .header("x-account-id", &theirs.to_string());
    assert_eq!(request.send().status, 404);
    let reader = desk.bound(&["users:read"]);
    assert_eq!(desk.listed_as(&reader, "").status, 200);
    let read = format!("{PATH}/read");
    assert_eq!(desk.request_as(&reader, "POST", &read).send().status, 403);
}
