//! One event, at once.

use std::time::Duration;

use directory::keys::NewKey;
use serde_json::{Value, json};

use super::{Case, header, text, told};

const LEAD: &str = "A lead was entered";

#[test]
fn an_event_reaches_who_wants_it_by_the_way_they_want_and_nobody_else() {
    let case = Case::start();
    let account = case.account;
    let berlin = json!({ "timezone": "Europe/Berlin", "phone": "+14155552671" });
    let ada = case.member("ada", &berlin);
    case.prefers(
        ada,
        &json!([{ "event": "lead_created", "channels": ["website", "email", "sms"] }]),
    );
    let bob = case.member("bob", &json!({}));
    case.prefers(
        bob,
        &json!([
            { "event": "lead_created", "channels": ["email"] },
            { "event": "lead_created", "account_id": account, "channels": ["website"] },
        ]),
    );
    let outside = case.user("outside", &json!({}));
    case.prefers(
        outside,
        &json!([{ "event": "lead_created", "channels": ["website", "email", "sms"] }]),
    );
    case.lead("17", Some(account));
    let shown = case.list(ada);
    let now = case.server.now();
    assert_eq!(
        shown,
        [json!({
            "id": shown[0]["id"], "event": "lead_created", "account_id": account,
            "title": "A lead was entered.", "data": {"subject": {"type": "lead", "id": "17"}},
            "created_at": format!("{now:.3}"), "read_at": null,
        })]
    );
    assert_eq!(case.list(bob).len(), 1);
    assert_eq!(case.list(outside), [] as [Value; 0]);
    let received = case.gateway.received();
    assert_eq!(received.len(), 1);
    let sms = &received[0].body;
    assert!(sms.contains("To=%2B14155552671"), "{sms}");
    assert!(sms.contains("lead+17%2C+Acme"), "{sms}");
    let mailbox = case.mailbox();
    assert_eq!(
        told(&mailbox),
        [("ada@example.org".to_owned(), LEAD.to_owned())]
    );
    let body = text(&mailbox[0]);
    assert!(
        body.starts_with("A lead was entered\n\nlead 17\nAcme\n21 November 2026, 05:50 CET\n"),
        "{body}"
    );
    for message in mailbox {
        assert!(!message.to_string().contains("hunter2"), "{message}");
    }
}

#[test]
fn whoever_did_it_is_not_told_and_everybody_else_is() {
    let case = Case::start();
    let rule = json!([{ "event": "lead_created", "channels": ["email", "website"] }]);
    let ada = case.user("ada", &json!({}));
    let bob = case.user("bob", &json!({}));
    case.prefers(ada, &rule);
    case.prefers(bob, &rule);
    let owned = case.server.key_with(NewKey {
        owner_email: Some("ada@example.org".to_owned()),
        ..NewKey::default()
    });
    let event = json!({
        "id": "1", "type": "lead_created", "subject": { "type": "lead", "id": "1" }, "data": {},
    });
    let request = case.server.post("/v1/events").bearer(&owned.token);
    request.json(&event).send().expect(202);
    case.server.settle();
    assert_eq!(case.list(ada), [] as [Value; 0]);
    assert_eq!(case.list(bob).len(), 1);
    let mailbox = case.mailbox();
    assert_eq!(
        told(&mailbox),
        [("bob@example.org".to_owned(), LEAD.to_owned())]
    );
}

#[test]
fn what_the_server_causes_itself_is_told_as_well() {
    let case = Case::start();
    let ada = case.user("ada", &json!({}));
    case.server.settle();
    case.prefers(
        ada,
        &json!([{ "event": "user_created", "channels": ["website"] }]),
    );
    let bob = case.user("bob", &json!({}));
    case.server.settle();
    let shown = case.list(ada);
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0]["title"], "A user was made.");
    let subject = json!({ "type": "user", "id": bob.to_string() });
    // What changed is not hers to read: nothing of it is here, not even bob's address.
    assert_eq!(shown[0]["data"], json!({ "subject": subject }));
}

#[test]
fn who_may_read_events_sees_what_was_reported() {
    let case = Case::start();
    let account = case.account;
    let header = account.to_string();
    let made = case
        .server
        .post("/users")
        .bearer(&case.key.token)
        .header("x-account-id", &header)
        .json(&json!({
            "email": "ada@example.org", "roles": ["superAdmin"],
            "notificationPreferences": [
                { "event": "lead_created", "deliveryPref": ["website"] },
            ],
        }))
        .send();
    let ada = made.expect(201)["id"].as_i64().unwrap();
    case.lead("17", Some(account));
    case.lead("18", None);
    let shown = case.list(ada);
    let of = |place: usize| shown[place]["data"].clone();
    // Her role is in the account; of the whole tenant she may read nothing.
    assert_eq!(of(0), json!({ "subject": { "type": "lead", "id": "18" } }));
    assert_eq!(
        of(1),
        json!({
            "subject": { "type": "lead", "id": "17" }, "data": { "secret": "hunter2" },
        })
    );
}

#[test]
fn a_mandatory_event_is_told_to_all_and_offers_no_way_out() {
    let case = Case::start();
    let ada = case.user("ada", &json!({}));
    case.prefers(ada, &json!([{ "event": "lead_created", "channels": [] }]));
    let all = json!({ "data": [{ "event": "lead_created", "channels": ["email"] }] });
    let path = "/v1/mandatory-notifications";
    let request = case.server.request("PUT", path).bearer(&case.key.token);
    request.json(&all).send().assert(200, &all);
    case.get(path).assert(200, &all);
    case.lead("1", None);
    let mailbox = case.mailbox();
    assert_eq!(
        told(&mailbox),
        [("ada@example.org".to_owned(), LEAD.to_owned())]
    );
    assert_eq!(header(&mailbox[0], "List-Unsubscribe"), None);
    assert!(!text(&mailbox[0]).contains("unsubscribe"));
}

#[test]
fn a_message_that_is_not_taken_is_sent_again_and_arrives_once() {
    let case = Case::start();
    let ada = case.user("ada", &json!({ "phone": "+14155552671" }));
    case.prefers(
        ada,
        &json!([{ "event": "lead_created", "channels": ["sms"] }]),
    );
    case.gateway.answer("503 Service Unavailable", "");
    case.lead("1", None);
    assert_eq!(case.gateway.received().len(), 1);
    case.gateway.answer("201 Created", "");
    for _ in 0..3 {
        case.server.advance(Duration::from_secs(3_600));
        case.server.settle();
    }
    assert_eq!(case.gateway.received().len(), 2);
}

#[test]
fn a_suspended_user_is_told_nothing() {
    let case = Case::start();
    let made = case
        .server
        .post("/users")
        .bearer(&case.key.token)
        .header("x-account-id", &case.account.to_string())
        .json(&json!({
            "email": "ada@example.org", "active": false,
            "notificationPreferences": [
                { "event": "lead_created", "deliveryPref": ["email", "website"] },
            ],
        }))
        .send();
    let ada = made.expect(201)["id"].as_i64().unwrap();
    case.lead("1", Some(case.account));
    assert_eq!(case.list(ada), [] as [Value; 0]);
    assert_eq!(case.mailbox(), [] as [Value; 0]);
}
