//! What a message says of who invites, and to what.

use directory::keys::NewKey;
use serde_json::json;

use super::Case;

fn words(case: &Case) -> Vec<String> {
    let messages = case.messages();
    messages.into_iter().map(|message| message.text).collect()
}

#[test]
fn a_message_names_the_account_and_who_asked_for_it() {
    let case = Case::start();
    case.invite(json!({ "email": "ada@example.org" }));
    case.invite(json!({ "phone": "415 555 2672" }));
    // Two messages of one moment are sent in any order.
    let (emails, others): (Vec<_>, Vec<_>) = words(&case)
        .into_iter()
        .partition(|text| text.starts_with("Hello,"));
    let ([email], [sms]) = (emails.as_slice(), others.as_slice()) else {
        panic!("one of each kind: {emails:?} {others:?}");
    };
    let by_email = "ops@example.org invites you to join Acme";
    assert!(email.contains(by_email), "{email}");
    assert!(sms.starts_with(by_email), "{sms}");
    let owner = json!({ "email": "ops@example.org", "name": "Grace Hopper" });
    let made = case.native("POST", "/v1/users").json(&owner).send();
    made.expect(201);
    case.server.advance(std::time::Duration::from_secs(1));
    case.invite(json!({ "email": "eve@example.org", "phone": "415 555 2673" }));
    let by_name = words(&case).pop().unwrap();
    assert!(
        by_name.contains("Grace Hopper invites you to join Acme"),
        "{by_name}"
    );
}

#[test]
fn what_is_not_known_is_left_out() {
    let mut case = Case::start();
    case.key = case.server.key_with(NewKey::default());
    case.invite(json!({ "email": "ada@example.org" }));
    let text = words(&case).pop().unwrap();
    let plain = "You are invited to join a directory of users.";
    assert!(text.contains(plain), "{text}");
}

#[test]
fn who_sends_it_once_more_is_who_invites_then() {
    let case = Case::start();
    let (worker, _) = case.invited();
    let another = case.server.key_with(NewKey {
        owner_email: Some("joan@example.org".to_owned()),
        ..NewKey::default()
    });
    case.server.advance(std::time::Duration::from_secs(1));
    let path = format!("/v1/invitations/{}/resend", case.number(&worker["id"]));
    let resend = case.server.post(&path).bearer(&another.token).send();
    assert_eq!(resend.status, 202);
    let text = words(&case).pop().unwrap();
    assert!(
        text.contains("joan@example.org invites you to join Acme"),
        "{text}"
    );
}
