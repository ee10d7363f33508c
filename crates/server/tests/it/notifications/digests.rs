//! Digests through the worker and a real mail server.

use serde_json::{Value, json};

use super::{Case, header, text, told};

impl Case {
    fn at(&self, moment: &str) {
        self.moves_to(moment.parse().unwrap());
    }
}

fn both() -> Value {
    let channels = json!(["weekly_email_digest", "monthly_email_digest"]);
    json!([
        { "event": "lead_created", "channels": channels },
        { "event": "mid_suspended", "channels": channels },
    ])
}

#[test]
fn a_week_and_a_month_come_as_one_message_each() {
    let case = Case::start();
    let ada = case.member("ada", &json!({ "timezone": "America/New_York" }));
    case.prefers(ada, &both());
    for number in 0..5 {
        case.lead(&format!("l{number}"), Some(case.account));
    }
    case.post(&json!({
        "id": "m", "type": "mid_suspended", "subject": { "type": "mid", "id": "m9" }, "data": {},
    }));
    case.at("2026-11-23T13:59:59Z");
    case.at("2026-11-23T14:00:00Z");
    case.at("2026-11-23T20:00:00Z");
    case.at("2026-11-30T14:00:00Z");
    case.at("2026-12-01T14:00:00Z");
    case.at("2026-12-07T14:00:00Z");
    let mailbox = case.mailbox();
    assert_eq!(
        told(&mailbox),
        [
            (
                "ada@example.org".to_owned(),
                "Your month up to 1 December 2026".to_owned()
            ),
            (
                "ada@example.org".to_owned(),
                "Your week up to 23 November 2026".to_owned()
            ),
        ]
    );
    assert_eq!(
        header(&mailbox[0], "Date"),
        Some("Mon, 23 Nov 2026 14:00:00 +0000")
    );
    let body = text(&mailbox[0]);
    let expected = "Your week up to 23 November 2026\n\n\
        5 times: A lead was entered.\n\
        - lead l4, Acme, 20 November 2026, 23:50 EST\n\
        - lead l3, Acme, 20 November 2026, 23:50 EST\n\
        - lead l2, Acme, 20 November 2026, 23:50 EST\n\n\
        A merchant id was suspended.\n\
        - mid m9, 20 November 2026, 23:50 EST\n";
    assert!(body.starts_with(expected), "{body}");
    assert!(!body.contains("hunter2"));
    let ids: Vec<_> = mailbox
        .iter()
        .map(|each| header(each, "Message-ID"))
        .collect();
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn where_a_month_begins_on_a_monday_both_come() {
    let case = Case::start();
    let ada = case.user("ada", &json!({}));
    case.prefers(ada, &both());
    case.at("2027-01-31T12:00:00Z");
    case.lead("1", None);
    case.at("2027-02-01T09:00:00Z");
    let mailbox = case.mailbox();
    assert_eq!(
        told(&mailbox),
        [
            (
                "ada@example.org".to_owned(),
                "Your month up to 1 February 2027".to_owned()
            ),
            (
                "ada@example.org".to_owned(),
                "Your week up to 1 February 2027".to_owned()
            ),
        ]
    );
    let ids: Vec<_> = mailbox
        .iter()
        .map(|each| header(each, "Message-ID"))
        .collect();
    assert_ne!(
        ids[0], ids[1],
        "a reader may drop one of two that share an id"
    );
}

#[test]
fn who_moves_across_the_date_line_gets_one_digest_of_the_week() {
    let case = Case::start();
    let ada = case.user("ada", &json!({ "timezone": "Pacific/Auckland" }));
    case.prefers(
        ada,
        &json!([{ "event": "lead_created", "channels": ["weekly_email_digest"] }]),
    );
    case.lead("1", None);
    case.at("2026-11-22T20:00:00Z");
    let path = format!("/v1/users/{ada}");
    let request = case.server.request("PATCH", &path).bearer(&case.key.token);
    let move_to = json!({ "timezone": "Pacific/Honolulu" });
    request.json(&move_to).send().expect(200);
    case.lead("2", None);
    case.at("2026-11-23T19:00:00Z");
    case.at("2026-11-29T19:00:00Z");
    assert_eq!(case.mailbox().len(), 1);
}
