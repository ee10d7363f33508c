//! One event, at once.

use std::time::Duration;

use directory::keys::NewKey;
use serde_json::{Value, json};

use super::{Case, header, text, told};
use crate::pulse::preferences::EVENTS;

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
fn an_email_that_is_sent_again_has_the_same_message_id() {
    let mut case = Case::start();
    let ada = case.user("ada", &json!({}));
    let rule = json!([{ "event": "lead_created", "channels": ["email"] }]);
    case.prefers(ada, &rule);
    case.lead("1", None);
    // As after a worker that was killed before it noted that the message was taken.
    case.server.write(|tx| {
        let sql = "UPDATE deliveries SET state = 'pending', due_at = $1, finished_at = NULL \
            WHERE tenant_id = $2 AND lane = $3";
        let params = [tx.now().into(), 1_i64.into(), "email:notification".into()];
        tx.execute(sql, &params)
    });
    case.server.settle();
    let (first, second) = (case.mail.message(), case.mail.message());
    let id = header(&first, "Message-ID");
    assert!(id.is_some());
    assert_eq!(header(&second, "Message-ID"), id);
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

#[test]
fn who_left_an_account_sees_nothing_of_it_any_more() {
    let case = Case::start();
    let ada = case.member("ada", &json!({}));
    case.prefers(
        ada,
        &json!([{ "event": "lead_created", "channels": ["website"] }]),
    );
    case.lead("1", Some(case.account));
    case.lead("2", None);
    assert_eq!(case.list(ada).len(), 2);
    let inside = case.list(ada)[1]["id"].clone();
    let member = format!("/v1/accounts/{}/members/{ada}", case.account);
    let request = case
        .server
        .request("DELETE", &member)
        .bearer(&case.key.token);
    request.send().assert_empty(204);
    let shown = case.list(ada);
    let ids: Vec<&Value> = shown
        .iter()
        .map(|each| &each["data"]["subject"]["id"])
        .collect();
    assert_eq!(ids, ["2"]);
    let list = format!("/v1/users/{ada}/notifications");
    let unread = case.get(&format!("{list}/unread")).expect(200);
    assert_eq!(unread["unread"], 1, "{unread}");
    let read = case.server.post(&format!("{list}/{inside}/read"));
    read.bearer(&case.key.token).send().expect(404);
    let path = format!("/v1/accounts/{}/members", case.account);
    let back = case.server.post(&path).bearer(&case.key.token);
    back.json(&json!({ "user_id": ada })).send().expect(201);
    assert_eq!(case.list(ada).len(), 2);
}

#[test]
fn what_is_named_from_outside_stays_in_its_line() {
    let mut case = Case::start();
    let account = case.server.account("Acme\nCorp");
    let phone = json!({ "phone": "+14155552671", "accounts": [{ "id": account }] });
    let ada = case.user("ada", &phone);
    case.prefers(
        ada,
        &json!([{ "event": "lead_created", "channels": ["email", "sms", "weekly_email_digest"] }]),
    );
    let id = "1\r\n\r\nYour account is closed\u{2028}Call +1";
    case.post(&json!({
        "id": "1", "type": "lead_created", "account_id": account, "data": {},
        "subject": { "type": "lead\n-", "id": id },
    }));
    case.server.advance(Duration::from_secs(3 * 86_400));
    case.server.settle();
    let line = "lead - 1    Your account is closed Call +1";
    let email = text(&case.mail.message());
    let lines: Vec<&str> = email.lines().collect();
    assert_eq!(lines[2], line, "{email}");
    assert_eq!(lines[3], "Acme Corp", "{email}");
    let digest = text(&case.mail.message());
    assert!(
        digest.contains(&format!("\n- {line}, Acme Corp, ")),
        "{digest}"
    );
    let sms = &case.gateway.received()[0].body;
    assert!(!sms.contains("%0A") && !sms.contains("%0D"), "{sms}");
}

#[test]
fn each_of_the_seeds_events_is_told_to_who_wants_it() {
    let case = Case::start();
    let (ada, bob) = (case.user("ada", &json!({})), case.user("bob", &json!({})));
    let events: Vec<&str> = EVENTS.split_whitespace().collect();
    assert_eq!(events.len(), 163);
    let rule = |event: &&str| json!({ "event": event, "channels": ["website"] });
    case.prefers(ada, &events.iter().map(rule).collect());
    case.prefers(bob, &json!([rule(&"lead_created")]));
    let posted = events.iter().map(|event| {
        json!({ "id": event, "type": event, "subject": { "type": "thing", "id": event }, "data": {} })
    });
    case.post(&posted.collect());
    let path = format!("/v1/users/{ada}/notifications?limit=200");
    let shown = case.get(&path).expect(200)["data"].clone();
    let shown = shown.as_array().unwrap();
    let mut told: Vec<&str> = Vec::new();
    // Beside what the server tells of these users itself.
    let posted = |each: &&Value| each["data"]["subject"]["type"] == "thing";
    for each in shown.iter().filter(posted) {
        let event = each["event"].as_str().unwrap();
        assert_eq!(each["data"]["subject"]["id"], event);
        let title = each["title"].as_str();
        assert!(title.is_some_and(|title| !title.is_empty()), "{event}");
        told.push(event);
    }
    told.sort_unstable();
    let mut all = events.clone();
    all.sort_unstable();
    assert_eq!(told, all);
    assert_eq!(case.list(bob).len(), 1);
}
