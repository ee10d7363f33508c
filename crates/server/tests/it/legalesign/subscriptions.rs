//! `/api/v1/notifications/`, `/subscribe/`, `/unsubscribe/`.

use directory::TenantId;
use directory::store::Tx;
use serde_json::{Value, json};

use super::{Case, PASSWORD, ada_with};

const URL: &str = "https://hooks.example.org/a";

fn subscribe(case: &Case, body: &Value) {
    let made = case.post("subscribe", body);
    made.assert_empty(201);
    assert_eq!(made.header("content-type"), None);
}

fn shown(case: &Case) -> Value {
    case.shown("/api/v1/notifications/")
}

#[test]
fn subscriptions_are_a_bare_list_with_what_they_were_asked_for_in() {
    let case = Case::start();
    assert_eq!(shown(&case), json!([]));
    let group = case.server.group("Sales").id;
    for (notify, url) in [
        ("all", "https://hooks.example.org/1"),
        ("signed", "https://hooks.example.org/2"),
        ("sent", "https://hooks.example.org/3"),
        ("rejected", "https://hooks.example.org/4"),
        ("realtime", "https://hooks.example.org/5"),
    ] {
        subscribe(&case, &json!({"notify": notify, "url": url}));
    }
    subscribe(
        &case,
        &json!({
            "notify": "realtime", "url": URL, "group": "/api/v1/group/sales/",
            "eventFilter": "recipient.completed",
        }),
    );
    let row = |number: i64, url: &str, group: Value, filter: &str| {
        json!({
            "active": true, "notify_when": number, "url": url, "group_id": group,
            "event_filter": filter,
        })
    };
    let expected = json!([
        row(1, "https://hooks.example.org/1", Value::Null, ""),
        row(2, "https://hooks.example.org/2", Value::Null, ""),
        row(3, "https://hooks.example.org/3", Value::Null, ""),
        row(4, "https://hooks.example.org/4", Value::Null, ""),
        row(10, "https://hooks.example.org/5", Value::Null, ""),
        row(10, URL, json!(group), "recipient.completed"),
    ]);
    assert_eq!(shown(&case), expected);
}

#[test]
fn what_a_subscription_cannot_be_is_told_at_once() {
    let case = Case::start();
    let refused = |body: &Value, told: &Value| {
        let answer = case.post("subscribe", body);
        answer.assert(400, &json!({ "subscribe": told }));
    };
    let required = ["This field is required."];
    refused(&json!({}), &json!({"notify": required, "url": required}));
    refused(
        &json!({"notify": "weekly", "url": "ftp://x", "eventFilter": "document", "group": "x y"}),
        &json!({
            "notify": ["'weekly' is not a valid choice."],
            "url": ["Enter a valid value."],
            "eventFilter": ["'document' is not a valid choice."],
            "group": ["'x y' is not a valid choice."],
        }),
    );
    refused(
        &json!({"notify": "all", "url": URL, "group": "nowhere"}),
        &json!({"group": ["'nowhere' is not a valid choice."]}),
    );
    refused(
        &json!({"notify": "all", "url": URL, "group": 77}),
        &json!({"group": ["'77' is not a valid choice."]}),
    );
    for url in [
        "http://10.0.0.1/",
        "https://169.254.169.254/x",
        "https://[::1]/",
        "x",
        "https://example.org/a\0b",
        "https://example.org/a\nb",
        "\thttps://example.org/a",
        " https://example.org/a",
        "https://example.org/a b",
        "https://example.org/a\u{a0}b",
        "https://example.org/a\u{85}",
    ] {
        refused(
            &json!({"notify": "all", "url": url}),
            &json!({"url": ["Enter a valid value."]}),
        );
    }
    assert_eq!(shown(&case), json!([]));
}

#[test]
fn the_same_subscription_once_more_is_one() {
    let case = Case::start();
    subscribe(&case, &json!({"notify": "all", "url": URL}));
    subscribe(&case, &json!({"notify": "sent", "url": URL}));
    assert_eq!(shown(&case).as_array().unwrap().len(), 1);
    assert_eq!(shown(&case)[0]["notify_when"], 3);
    subscribe(
        &case,
        &json!({"notify": "sent", "url": URL, "eventFilter": "recipient.*"}),
    );
    assert_eq!(shown(&case).as_array().unwrap().len(), 2);
}

#[test]
fn a_subscription_ends_by_its_address_and_what_else_is_named() {
    let case = Case::start();
    let group = case.server.group("Sales").id;
    let filtered = json!({"notify": "all", "url": URL, "eventFilter": "document.*"});
    let of_group = json!({"notify": "all", "url": URL, "group": "sales"});
    let start = || {
        subscribe(&case, &json!({"notify": "all", "url": URL}));
        subscribe(&case, &filtered);
        subscribe(&case, &of_group);
    };
    let left = || shown(&case).as_array().unwrap().len();
    let end = |body: &Value, status: u16| {
        case.post("unsubscribe", body).assert_empty(status);
    };
    start();
    end(&json!({"url": "https://hooks.example.org/"}), 404);
    end(&json!({"url": URL, "eventFilter": "recipient.*"}), 404);
    assert_eq!(left(), 3);
    end(&json!({"url": URL, "eventFilter": "document.*"}), 200);
    assert_eq!(left(), 2);
    end(&json!({"url": URL, "group": group}), 200);
    assert_eq!(left(), 1);
    end(&json!({"url": URL, "group": "sales"}), 404);
    end(&json!({"url": URL}), 200);
    assert_eq!(left(), 0);
    start();
    end(&json!({"url": URL}), 200);
    assert_eq!(left(), 0);
    let refused = case.post("unsubscribe", &json!({"group": "nowhere"}));
    refused.assert(
        400,
        &json!({"unsubscribe": {
            "url": ["This field is required."], "group": ["'nowhere' is not a valid choice."],
        }}),
    );
}

#[test]
fn a_subscription_is_a_webhook_and_a_webhook_made_there_is_none() {
    let case = Case::start();
    let native = |method: &str, path: &str| {
        let request = case.server.request(method, path);
        request.bearer(&case.key.token)
    };
    let own = json!({"url": "https://hooks.example.org/own"});
    native("POST", "/v1/webhooks").json(&own).send().expect(201);
    subscribe(&case, &json!({"notify": "signed", "url": URL}));
    let hooks = native("GET", "/v1/webhooks").send().expect(200)["data"].clone();
    assert_eq!(hooks[1]["url"], URL);
    assert_eq!(hooks[1]["event_types"], json!(["invitation_accepted"]));
    assert_eq!(shown(&case).as_array().unwrap().len(), 1);
    let path = format!("/v1/webhooks/{}", hooks[1]["id"]);
    let off = native("PATCH", &path).header("content-type", "application/json");
    off.json(&json!({"enabled": false})).send().expect(200);
    assert_eq!(shown(&case)[0]["active"], false);
    case.post("unsubscribe", &own).assert_empty(404);
    case.post("unsubscribe", &json!({"url": URL}))
        .assert_empty(200);
    let hooks = native("GET", "/v1/webhooks").send().expect(200)["data"].clone();
    assert_eq!(hooks.as_array().unwrap().len(), 1);
}

#[test]
fn what_is_asked_for_decides_which_events_are_sent() {
    let case = Case::start();
    let sets = [
        ("all", "", json!([])),
        ("realtime", "", json!([])),
        ("signed", "", json!(["invitation_accepted"])),
        ("sent", "", json!(["invitation_created"])),
        (
            "rejected",
            "",
            json!(["invitation_expired", "invitation_revoked"]),
        ),
        ("all", "recipient.bounced", json!(["message_failed"])),
        ("sent", "recipient.*", json!(["invitation_created"])),
        // With no counterpart here nothing is sent, and never everything.
        ("all", "document.*", json!(["no_event_name"])),
        ("all", "recipient.emailOpened", json!(["no_event_name"])),
        ("signed", "recipient.rejected", json!(["no_event_name"])),
    ];
    for (number, (notify, filter, expected)) in sets.into_iter().enumerate() {
        let url = format!("https://hooks.example.org/{number}");
        let body = json!({"notify": notify, "url": url, "eventFilter": filter});
        subscribe(&case, &body);
        let listed = case
            .server
            .get("/v1/webhooks?limit=200")
            .bearer(&case.key.token);
        let hooks = listed.send().expect(200)["data"].clone();
        let mut types: Vec<String> =
            serde_json::from_value(hooks[number]["event_types"].clone()).unwrap();
        types.sort();
        assert_eq!(json!(types), expected, "{notify} {filter}");
    }
}

/// Gives events their places, and with that what is to be sent of them.
fn sequence(case: &Case) {
    let place = |tx: &Tx<'_>| directory::event::sequence(tx, TenantId(1));
    case.server.write(place);
}

/// The events on their way to each webhook.
fn queued(case: &Case) -> Vec<Vec<String>> {
    sequence(case);
    let listed = case.server.get("/v1/webhooks").bearer(&case.key.token);
    let hooks = listed.send().expect(200)["data"].clone();
    let types = |hook: &Value| {
        let path = format!("/v1/webhooks/{}/deliveries", hook["id"]);
        let sent = case.server.get(&path).bearer(&case.key.token).send();
        let sent = sent.expect(200)["data"].as_array().unwrap().clone();
        let mut types: Vec<String> = sent
            .iter()
            .map(|each| {
                let id = each["event_id"].as_i64().unwrap();
                let actor = case.server.operator();
                let found = case
                    .server
                    .read(move |tx| directory::event::find(tx, &actor, id));
                found.event_type
            })
            .collect();
        types.sort();
        types
    };
    hooks.as_array().unwrap().iter().map(types).collect()
}

#[test]
fn a_subscription_to_a_group_is_told_of_that_group_alone() {
    let case = Case::start();
    case.server.group("Sales");
    case.server.group("Legal");
    let user = ada_with("password", PASSWORD);
    case.created(&user);
    sequence(&case);
    sequence(&case);
    subscribe(
        &case,
        &json!({"notify": "realtime", "url": URL, "group": "sales"}),
    );
    for group in ["sales", "legal"] {
        case.made(
            "member",
            &json!({"email": "ada@example.org", "group": group}),
        );
        case.made("member", &json!({"email": "b@example.org", "group": group}));
    }
    let expected: Vec<String> = ["invitation_created", "team_updated"]
        .map(str::to_owned)
        .to_vec();
    assert_eq!(queued(&case), [expected]);
}

#[test]
fn an_owner_subscribes_to_the_groups_that_they_administer() {
    let case = Case::start();
    case.server.group("Sales");
    case.server.group("Legal");
    case.member("boss@example.org", "sales", 1);
    let key = case.owned_by("boss@example.org");
    let post = |resource: &str, body: Value| {
        let path = format!("/api/v1/{resource}/");
        case.by(&key, "POST", &path).json(&body).send()
    };
    subscribe(&case, &json!({"notify": "all", "url": URL}));
    subscribe(
        &case,
        &json!({"notify": "all", "url": URL, "group": "legal"}),
    );
    post("subscribe", json!({"notify": "all", "url": URL})).assert_empty(403);
    let foreign = post(
        "subscribe",
        json!({"notify": "all", "url": URL, "group": "legal"}),
    );
    foreign.assert(
        400,
        &json!({"subscribe": {"group": ["'legal' is not a valid choice."]}}),
    );
    post(
        "subscribe",
        json!({"notify": "all", "url": URL, "group": "sales"}),
    )
    .assert_empty(201);
    let listed = case
        .by(&key, "GET", "/api/v1/notifications/")
        .send()
        .expect(200);
    assert_eq!(listed.as_array().unwrap().len(), 1);
    post("unsubscribe", json!({"url": URL})).assert_empty(200);
    assert_eq!(shown(&case).as_array().unwrap().len(), 2);
    post("unsubscribe", json!({"url": URL})).assert_empty(404);
}
