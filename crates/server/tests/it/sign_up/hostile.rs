//! What anybody could send.

use std::time::Duration;

use directory::keys::NewKey;

use super::{Case, Opened, SELLER, SENT, assert_page, seller};

#[test]
fn a_known_address_is_answered_as_a_new_one_and_told_by_mail_once_an_hour() {
    let case = Case::start();
    let made = case.server.post("/v1/users").bearer(&case.key.token);
    let known = serde_json::json!({"email": "Ada@example.org", "first_name": "Ada"});
    made.json(&known).send().expect(201);
    let before = case.user("ada@example.org").unwrap();
    let opened = case.open(SELLER);
    let new = case.send(&opened, &seller("new@example.org", "new-boats"));
    let again = case.send(&opened, &seller("ada@EXAMPLE.org", "old-boats"));
    assert_page(&again, 200, SENT);
    assert_eq!(new.text, again.text);
    let named = |answer: &crate::harness::Response| {
        let headers = answer.headers().iter();
        let kept = headers.filter(|(name, _)| name != "x-request-id" && name != "date");
        kept.cloned().collect::<Vec<_>>()
    };
    assert_eq!(named(&new), named(&again));
    assert_page(
        &case.send(&opened, &seller("ada@example.org", "x-boats")),
        200,
        SENT,
    );
    let told = |case: &Case| {
        let messages = case.messages().into_iter();
        let known = messages.filter(|(to, ..)| to == "Ada@example.org");
        known.map(|(_, subject, _)| subject).collect::<Vec<_>>()
    };
    assert_eq!(told(&case), ["You already have an account"]);
    // Nothing of who is known changed, and their shop's address is free.
    assert_eq!(case.user("ada@example.org").unwrap(), before);
    case.pause();
    let opened = case.open(SELLER);
    assert_page(
        &case.send(&opened, &seller("ada@example.org", "x-boats")),
        200,
        SENT,
    );
    assert_eq!(told(&case).len(), 2);
    assert_page(
        &case.send(&opened, &seller("bob@example.org", "x-boats")),
        200,
        SENT,
    );
    assert_eq!(case.user_count(), 3);
}

#[test]
fn who_has_yet_to_answer_gets_the_link_once_more() {
    let case = Case::start();
    let opened = case.open(SELLER);
    for shop in ["little-boats", "other-boats", "more-boats"] {
        let fields = seller("ada@example.org", shop);
        assert_page(&case.send(&opened, &fields), 200, SENT);
        case.server.settle();
    }
    assert_eq!(case.messages().len(), 1);
    case.pause();
    let opened = case.open(SELLER);
    let fields = seller("ada@example.org", "other-boats");
    assert_page(&case.send(&opened, &fields), 200, SENT);
    let messages = case.messages();
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[1].1, "Verify your email address");
    assert_eq!(case.user_count(), 1);
}

#[test]
fn a_taken_value_is_refused_whoever_has_it_and_whoever_s_the_email_is() {
    let case = Case::start();
    let known = serde_json::json!({"email": "known@example.org"});
    let made = case.server.post("/v1/users").bearer(&case.key.token);
    made.json(&known).send().expect(201);
    let opened = case.open(SELLER);
    let first = seller("eve@example.org", "evil-shop");
    assert_page(&case.send(&opened, &first), 200, SENT);
    // Before the first is looked at, and afterwards.
    for _ in 0..2 {
        let answers = [
            "known@example.org",
            "unknown@example.org",
            "eve@example.org",
        ]
        .map(|email| (email, case.send(&opened, &seller(email, "evil-shop"))));
        let shown = |email: &str, answer: &crate::harness::Response| {
            let text = answer.text.replace(email, "");
            let own = Opened::of(SELLER, answer).token;
            text.replace(&own, "")
        };
        for (email, answer) in &answers {
            assert_page(answer, 422, "Sell with us");
            let (first, answered) = &answers[0];
            assert_eq!(shown(email, answer), shown(first, answered));
        }
        case.server.settle();
    }
    assert_eq!(case.user_count(), 2);
    assert_eq!(case.messages().len(), 1);
}

#[test]
fn signing_up_writes_the_same_whether_or_not_the_address_is_known() {
    let case = Case::start();
    let known = serde_json::json!({"email": "known@example.org"});
    let made = case.server.post("/v1/users").bearer(&case.key.token);
    made.json(&known).send().expect(201);
    let opened = case.open(SELLER);
    case.server.settle();
    let emails = [
        "known@example.org",
        "known@example.org",
        "unknown@example.org",
        "unknown@example.org",
    ];
    for (n, email) in emails.into_iter().enumerate() {
        let [_, _, users, events] = case.written();
        let shop = format!("boats-{n}");
        assert_page(&case.send(&opened, &seller(email, &shop)), 200, SENT);
        // A note, and that the shop is taken: nothing of the user yet.
        assert_eq!(case.written(), [1, 1, users, events], "{email}");
        case.server.settle();
        assert_eq!(case.written()[..2], [0, 0], "{email}");
    }
    assert_eq!(case.user_count(), 2);
}

#[test]
fn a_sign_up_that_nothing_can_come_of_holds_up_no_other_and_keeps_nothing() {
    let case = Case::start();
    let opened = case.open(SELLER);
    let fields = seller("ada@example.org", "little-boats");
    assert_page(&case.send(&opened, &fields), 200, SENT);
    case.server.write(|tx| {
        let spoil = "UPDATE sign_ups SET content = '{}' WHERE tenant_id = $1";
        tx.execute(spoil, &[1_i64.into()])
    });
    let fields = seller("bob@example.org", "other-boats");
    assert_page(&case.send(&opened, &fields), 200, SENT);
    assert!(case.user("bob@example.org").is_some());
    assert_eq!(case.user_count(), 1);
    assert_eq!(case.written()[0], 0);
}

#[test]
fn a_suspended_user_is_told_nothing_and_the_answer_is_the_same() {
    let case = Case::start();
    let known = serde_json::json!({"email": "ada@example.org",
        "suspended_at": "2026-01-01T00:00:00Z"});
    let made = case.server.post("/v1/users").bearer(&case.key.token);
    made.json(&known).send().expect(201);
    let opened = case.open(SELLER);
    let answer = case.send(&opened, &seller("ada@example.org", "little-boats"));
    assert_page(&answer, 200, SENT);
    let new = case.send(&opened, &seller("new@example.org", "new-boats"));
    assert_page(&new, 200, SENT);
    assert_eq!(answer.text, new.text);
    let to: Vec<_> = case.messages().into_iter().map(|(to, ..)| to).collect();
    assert_eq!(to, ["new@example.org"]);
}

#[test]
fn no_other_site_can_send_the_form() {
    let case = Case::start();
    let opened = case.open(SELLER);
    let fields = seller("ada@example.org", "little-boats");
    let stale = |answer: &crate::harness::Response| {
        assert_page(answer, 403, "Sell with us");
        assert!(
            answer
                .text
                .contains("open too long, or not in this browser")
        );
        assert!(answer.text.contains("value=\"little-boats\""));
    };
    // Another site's request brings no cookie, and a page of its own another one.
    stale(&case.request(&opened, &fields).send());
    let other = case.open(SELLER);
    assert_ne!(opened.cookie, other.cookie);
    let crossed = Opened {
        path: SELLER.to_owned(),
        token: opened.token.clone(),
        cookie: other.cookie,
    };
    stale(&case.send(&crossed, &fields));
    for end in [0, 5, opened.token.len() - 1] {
        let cut = Opened {
            token: opened.token[..end].to_owned(),
            cookie: opened.cookie.clone(),
            path: SELLER.to_owned(),
        };
        stale(&case.send(&cut, &fields));
    }
    let attendee = case.open("/forms/event_attendee");
    let crossed = Opened {
        path: SELLER.to_owned(),
        ..attendee
    };
    stale(&case.send(&crossed, &fields));
    case.server.advance(Duration::from_secs(3_601));
    stale(&case.send(&opened, &fields));
    assert_eq!(case.user_count(), 0);
    // The page that was shown again can be sent.
    let answer = case.send(&opened, &fields);
    let fresh = Opened::of(SELLER, &answer);
    case.server.advance(Duration::from_secs(60));
    assert_page(&case.send(&fresh, &fields), 200, SENT);
}

#[test]
fn submissions_are_counted_by_address() {
    let case = Case::start();
    let opened = case.open(SELLER);
    for n in 0..10 {
        let email = format!("u{n}@example.org");
        let shop = format!("boats-{n}");
        assert_page(&case.send(&opened, &seller(&email, &shop)), 200, SENT);
    }
    let answer = case.send(&opened, &seller("more@example.org", "more"));
    assert_page(&answer, 429, "Too many links were tried");
    assert!(answer.header("retry-after").is_some());
    assert_eq!(case.server.get(SELLER).send().status, 200);
    case.server.advance(Duration::from_secs(60));
    let answer = case.send(&opened, &seller("more@example.org", "more"));
    assert_page(&answer, 200, SENT);
}

#[test]
fn a_form_that_is_not_public_is_no_page() {
    let case = Case::start();
    let elsewhere = case.server.tenant("elsewhere");
    case.server.key_of(elsewhere, NewKey::default());
    for path in [
        "/forms/staffing_worker",
        "/forms/reference_rest_api_create_user",
        "/forms/nowhere",
        "/forms/..%2F",
        "/forms/a%00b",
    ] {
        let shown = case.server.get(path).send();
        assert_page(&shown, 404, "This link does not work");
        let sent = case.server.post(path).form("email=a@example.org").send();
        assert_page(&sent, 404, "This link does not work");
    }
    let other = case
        .server
        .get(SELLER)
        .header("muster-tenant", "elsewhere")
        .send();
    assert_page(&other, 404, "This link does not work");
    let other = case
        .server
        .get(SELLER)
        .header("muster-tenant", "default")
        .send();
    assert_page(&other, 200, "Sell with us");
}

#[test]
fn bodies_that_cannot_be_read_are_told_as_pages() {
    let case = Case::start();
    let json = case
        .server
        .post(SELLER)
        .json(&serde_json::json!({"email": "a@example.org"}));
    assert_page(&json.send(), 415, "That did not work");
    let large = case
        .server
        .post(SELLER)
        .form(&format!("email={}", "x".repeat(2 << 20)));
    assert_page(&large.send(), 413, "That did not work");
    let broken = case.server.post(SELLER).form("a=1&a[b]=2");
    assert_page(&broken.send(), 400, "That did not work");
    let opened = case.open(SELLER);
    let shapes = [
        ("email[x]", "a"),
        ("properties", "x"),
        ("profiles[developer]", "x"),
    ];
    let answer = case.send(&opened, &shapes);
    assert_page(&answer, 422, "Sell with us");
    assert_eq!(case.user_count(), 0);
}
