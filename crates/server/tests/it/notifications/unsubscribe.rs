//! The way out of emails: one click, and a page for people.

use serde_json::{Value, json};

use super::{BASE, Case, header, text};

/// Ada, who gets an email of a lead and has a digest; the path of the link in the email.
fn linked(case: &mut Case) -> (i64, String) {
    let ada = case.user("ada", &json!({}));
    case.prefers(
        ada,
        &json!([
            { "event": "lead_created", "channels": ["website", "email"] },
            { "event": "mid_suspended", "channels": ["email", "weekly_email_digest"] },
        ]),
    );
    case.lead("1", None);
    let message = case.mail.message();
    let link = header(&message, "List-Unsubscribe").unwrap();
    let link = link.trim_matches(['<', '>']).to_owned();
    assert_eq!(
        header(&message, "List-Unsubscribe-Post"),
        Some("List-Unsubscribe=One-Click")
    );
    assert!(text(&message).contains(&link), "people see it too");
    let path = link.strip_prefix(BASE).unwrap();
    (ada, path.to_owned())
}

fn rules(case: &Case, user: i64) -> Value {
    let path = format!("/v1/users/{user}/notification-preferences");
    case.get(&path).expect(200)["data"].clone()
}

#[test]
fn opening_the_link_changes_nothing_and_the_button_stops_those_emails_alone() {
    let mut case = Case::start();
    let (ada, path) = linked(&mut case);
    let before = rules(&case, ada);
    for _ in 0..2 {
        let page = case.server.get(&path).send();
        assert_eq!(page.status, 200);
        assert!(
            page.text.contains("<form method=\"post\">"),
            "{}",
            page.text
        );
        assert!(page.text.contains("A lead was entered."));
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("form-action 'self'"), "{policy}");
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    }
    assert_eq!(rules(&case, ada), before);
    let done = case.server.post(&path).form("").send();
    assert_eq!(done.status, 200);
    assert!(done.text.contains("You get no more of these emails"));
    assert_eq!(
        rules(&case, ada),
        json!([
            { "event": "lead_created", "account_id": null, "channels": ["website"] },
            { "event": "mid_suspended", "account_id": null,
              "channels": ["email", "weekly_email_digest"] },
        ])
    );
    let again = case.server.get(&path).send();
    assert!(again.text.contains("You get no more of these emails"));
    case.lead("2", None);
    assert_eq!(case.list(ada).len(), 2, "the website goes on");
    assert_eq!(case.mailbox(), [] as [Value; 0]);
}

#[test]
fn a_mail_program_turns_it_off_with_one_request() {
    for (content_type, body) in [
        (
            "application/x-www-form-urlencoded",
            "List-Unsubscribe=One-Click",
        ),
        (
            "multipart/form-data; boundary=x",
            "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\n\
             One-Click\r\n--x--\r\n",
        ),
    ] {
        let mut case = Case::start();
        let (ada, path) = linked(&mut case);
        let request = case.server.post(&path).body(content_type, body);
        assert_eq!(request.send().status, 200);
        assert_eq!(rules(&case, ada)[0]["channels"], json!(["website"]));
        let events = case.server.user_events(ada);
        let last = events.last().unwrap();
        let by = (last.actor_type.as_str(), last.actor_id.clone());
        assert_eq!(last.event_type, "user_updated");
        assert_eq!(by, ("user", ada.to_string()));
    }
}

#[test]
fn a_digests_link_turns_the_digest_off_and_no_email_of_an_event() {
    let mut case = Case::start();
    let (ada, _) = linked(&mut case);
    case.post(&json!({
        "id": "m", "type": "mid_suspended", "subject": { "type": "mid", "id": "m" }, "data": {},
    }));
    case.mail.message();
    case.server
        .advance(std::time::Duration::from_secs(3 * 86_400));
    case.server.settle();
    let message = case.mail.message();
    let link = header(&message, "List-Unsubscribe").unwrap();
    let path = link.trim_matches(['<', '>']).strip_prefix(BASE).unwrap();
    let page = case.server.get(path).send();
    assert!(
        page.text.contains("Weekly digests by email."),
        "{}",
        page.text
    );
    assert_eq!(case.server.post(path).form("").send().status, 200);
    assert_eq!(
        rules(&case, ada),
        json!([
            { "event": "lead_created", "account_id": null, "channels": ["website", "email"] },
            { "event": "mid_suspended", "account_id": null, "channels": ["email"] },
        ])
    );
}

/// Has everybody told of an event by the weekly digest.
fn everybody_weekly(case: &Case, event: &str) {
    let all = json!({ "data": [{ "event": event, "channels": ["weekly_email_digest"] }] });
    let path = "/v1/mandatory-notifications";
    let request = case.server.request("PUT", path).bearer(&case.key.token);
    request.json(&all).send().expect(200);
}

fn suspend_mid(case: &Case, id: &str) {
    let subject = json!({ "type": "mid", "id": id });
    case.post(&json!({ "id": id, "type": "mid_suspended", "subject": subject, "data": {} }));
}

fn a_week_later(case: &Case) {
    case.server
        .advance(std::time::Duration::from_secs(7 * 86_400));
    case.server.settle();
}

#[test]
fn a_digest_of_nothing_but_mandatory_events_offers_no_way_out() {
    let mut case = Case::start();
    case.user("ada", &json!({}));
    everybody_weekly(&case, "lead_created");
    case.lead("1", None);
    a_week_later(&case);
    let message = case.mail.message();
    assert_eq!(
        header(&message, "Subject"),
        Some("Your week up to 23 November 2026")
    );
    assert_eq!(header(&message, "List-Unsubscribe"), None);
    assert_eq!(header(&message, "List-Unsubscribe-Post"), None);
    assert!(!text(&message).contains("unsubscribe"));
}

#[test]
fn the_way_out_of_a_digest_says_that_what_everybody_is_told_goes_on() {
    let mut case = Case::start();
    let ada = case.user("ada", &json!({}));
    let weekly = json!(["weekly_email_digest"]);
    case.prefers(
        ada,
        &json!([
            { "event": "lead_created", "channels": weekly },
            { "event": "mid_suspended", "channels": weekly },
        ]),
    );
    everybody_weekly(&case, "lead_created");
    case.lead("1", None);
    suspend_mid(&case, "m1");
    a_week_later(&case);
    let message = case.mail.message();
    let link = header(&message, "List-Unsubscribe").unwrap();
    let path = link.trim_matches(['<', '>']).strip_prefix(BASE).unwrap();
    let page = case.server.get(path).send();
    assert!(
        page.text.contains("<form method=\"post\">"),
        "{}",
        page.text
    );
    assert!(page.text.contains("What everybody is told of goes on."));
    for _ in 0..2 {
        let done = case.server.post(path).form("").send().text;
        assert!(done.contains("but what everybody is told</h1>"), "{done}");
    }
    let page = case.server.get(path).send().text;
    assert!(page.contains("What everybody is told of goes on."));
    assert!(!page.contains("<form"), "{page}");
    case.lead("2", None);
    suspend_mid(&case, "m2");
    a_week_later(&case);
    let message = case.mail.message();
    assert!(text(&message).contains("A lead was entered."));
    assert!(!text(&message).contains("suspended"), "{}", text(&message));
    assert_eq!(header(&message, "List-Unsubscribe"), None);
}

#[test]
fn a_link_that_was_not_given_out_leads_nowhere_and_guessing_is_slowed_down() {
    let mut case = Case::start();
    let (ada, path) = linked(&mut case);
    let before = rules(&case, ada);
    let id = ada.to_string();
    let other = path.replacen(&format!("-{id}."), &format!("-{}.", ada + 1), 1);
    let cut = path[..path.len() - 1].to_owned();
    let event = path.replacen("lead_created", "mid_suspended", 1);
    for wrong in [other, cut, event, "/unsubscribe/1-1.x.y".to_owned()] {
        for method in ["GET", "POST"] {
            let answer = case.server.request(method, &wrong).send();
            assert_eq!(answer.status, 404, "{method} {wrong}");
            assert!(answer.text.contains("This link does not work"));
        }
    }
    for _ in 0..2 {
        case.server.get("/unsubscribe/x").send();
    }
    for method in ["GET", "POST"] {
        let slowed = case.server.request(method, "/unsubscribe/x").send();
        assert_eq!(slowed.status, 429);
        assert!(slowed.header("retry-after").is_some());
    }
    assert_eq!(rules(&case, ada), before);
    // Whoever guesses from there, the link of somebody at the same address works.
    assert_eq!(case.server.get(&path).send().status, 200);
    assert_eq!(case.server.post(&path).form("").send().status, 200);
    assert_ne!(rules(&case, ada), before);
}

#[test]
fn the_link_of_who_is_gone_leads_nowhere() {
    let mut case = Case::start();
    let (ada, path) = linked(&mut case);
    let erase = format!("/v1/users/{ada}/erase");
    let request = case.server.post(&erase).bearer(&case.key.token);
    request.send().assert_empty(204);
    for method in ["GET", "POST"] {
        assert_eq!(case.server.request(method, &path).send().status, 404);
    }
}
