//! How a passkey is registered.

use std::time::Duration;

use directory::model::{Email, InvitationKind};
use directory::users::{self, Change, Include, InvitationRequest, UserChange};
use directory::violation::Violations;
use serde_json::{Value, json};

use super::{Case, at, wrong};

#[test]
fn an_administrator_sends_a_link_and_its_user_registers_a_passkey() {
    let case = Case::start();
    let user = case.user("ada@example.org");
    let token = case.token(user);
    let page = case
        .server
        .get(&format!("/passkeys/register/{token}"))
        .send();
    assert_eq!(page.status, 200);
    let challenge = case.registration_options(&token).expect(200);
    let options = &challenge["options"];
    assert_eq!(options["rp"]["id"], "directory.example.com");
    assert_eq!(options["user"]["name"], "ada@example.org");
    let selection = &options["authenticatorSelection"];
    assert_eq!(selection["userVerification"], "required");
    assert_eq!(selection["residentKey"], "required");
    assert_eq!(selection["requireResidentKey"], true);
    assert_eq!(options["timeout"], 300_000);
    let mut device = case.authenticator();
    let credential = device.create(options);
    let answer = case.post(
        "/v1/passkeys",
        &json!({
            "token": token,
            "ceremony": challenge["ceremony"],
            "name": " Laptop ",
            "credential": credential,
        }),
    );
    let made = answer.expect(201);
    let place = format!("/v1/users/{user}/passkeys/{}", made["id"]);
    assert_eq!(answer.header("location"), Some(place.as_str()));
    assert_eq!(answer.header("etag"), Some("\"1\""));
    let at = "2026-11-21T04:50:40.123Z";
    let expected = json!({
        "id": made["id"], "user_id": user, "name": "Laptop", "backup_eligible": false,
        "backed_up": false, "sign_count": 1, "created_at": at, "updated_at": at,
        "last_used_at": null, "version": 1,
    });
    assert_eq!(made, expected);
    case.native("GET", &place).send().assert(200, &expected);
    let told = [
        "admin_send_passkey_registration",
        "passkey_registration_token_validated",
        "passkey_registration_options_generated",
        "passkey_registered",
    ];
    assert_eq!(case.told(user), told);
    let registered = case.last(user, "passkey_registered");
    assert_eq!(registered.actor_type, "user");
    assert_eq!(registered.actor_id, user.to_string());
    let sent = case.last(user, "admin_send_passkey_registration");
    assert_eq!(
        (sent.actor_type, sent.actor_id),
        ("key".to_owned(), case.key.id.clone())
    );
}

#[test]
fn a_link_is_used_once_and_its_opening_told_once() {
    let case = Case::start();
    let user = case.user("ada@example.org");
    let token = case.token(user);
    let path = format!("/passkeys/register/{token}");
    for _ in 0..3 {
        assert_eq!(case.server.get(&path).send().status, 200);
    }
    let mut device = case.authenticator();
    let early = case.registration_options(&token).expect(200);
    case.register_by(&token, "Laptop", &mut device).expect(201);
    let page = case.server.get(&path).send();
    assert_eq!(page.status, 410);
    assert!(page.text.contains("<h1>This link was used</h1>"));
    case.registration_options(&token).expect(404);
    // Nor by a challenge that was given out before.
    let credential = device.create(&early["options"]);
    let body = json!({
        "token": token, "ceremony": early["ceremony"], "name": "B", "credential": credential,
    });
    case.post("/v1/passkeys", &body).expect(404);
    let told = case.told(user);
    let opened = "passkey_registration_token_validated";
    assert_eq!(told.iter().filter(|name| *name == opened).count(), 1);
    let made = told.iter().filter(|name| *name == "passkey_registered");
    assert_eq!(made.count(), 1);
}

#[test]
fn a_newer_link_ends_the_one_before() {
    let case = Case::start();
    let user = case.user("ada@example.org");
    let first = case.token(user);
    case.server.advance(Duration::from_secs(1));
    let second = case.token(user);
    assert_ne!(first, second);
    case.registration_options(&first).expect(404);
    case.registration_options(&second).expect(200);
    // Two that are asked for before either is sent: the message of the last is made alone.
    case.server.advance(Duration::from_secs(1));
    case.send_link(user).expect(202);
    case.server.advance(Duration::from_secs(1));
    case.send_link(user).expect(202);
    assert_eq!(case.links().len(), 3);
}

#[test]
fn a_link_ends_after_a_day() {
    let case = Case::start();
    let user = case.user("ada@example.org");
    let token = case.token(user);
    case.server.advance(Duration::from_secs(24 * 3_600 - 1));
    case.registration_options(&token).expect(200);
    case.server.advance(Duration::from_secs(1));
    case.registration_options(&token).expect(404);
    let page = case
        .server
        .get(&format!("/passkeys/register/{token}"))
        .send();
    assert_eq!(page.status, 410);
    assert!(page.text.contains("<h1>This link has expired</h1>"));
    case.server.clean();
    let page = case
        .server
        .get(&format!("/passkeys/register/{token}"))
        .send();
    assert_eq!(page.status, 404, "it is swept away");
}

#[test]
fn a_user_registers_another_by_their_session() {
    let case = Case::start();
    let mut device = case.authenticator();
    let (user, _) = case.with_passkey("ada@example.org", &mut device);
    let session = case.enter(&mut device).expect(201);
    let token = session["token"].as_str().unwrap();
    let post = |path: &str, body: &Value| case.server.post(path).bearer(token).json(body).send();
    let challenge = post("/v1/passkeys/registration-options", &json!({})).expect(200);
    let excluded = challenge["options"]["excludeCredentials"]
        .as_array()
        .unwrap();
    assert_eq!(excluded.len(), 1, "the authenticator that has one refuses");
    let mut other = case.authenticator();
    other.synchronised = true;
    other.step = 0;
    let credential = other.create(&challenge["options"]);
    let body = json!({
        "ceremony": challenge["ceremony"], "name": "Phone", "credential": credential,
    });
    let made = post("/v1/passkeys", &body).expect(201);
    assert_eq!(
        (&made["backup_eligible"], &made["backed_up"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(case.enter(&mut other).expect(201)["user_id"], user);
    assert_eq!(case.enter(&mut device).expect(201)["user_id"], user);
}

#[test]
fn a_user_has_twenty_passkeys_at_most() {
    let case = Case::start();
    let user = case.user("ada@example.org");
    let token = case.session(user);
    let post = |path: &str, body: &Value| case.server.post(path).bearer(&token).json(body).send();
    let options = || post("/v1/passkeys/registration-options", &json!({}));
    let mut challenges = Vec::new();
    for number in 0..21 {
        let mut device = case.authenticator();
        let challenge = options().expect(200);
        let credential = device.create(&challenge["options"]);
        challenges.push(json!({
            "ceremony": challenge["ceremony"],
            "name": format!("Number {number}"),
            "credential": credential,
        }));
    }
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let send = |body| scope.spawn(move || post("/v1/passkeys", body).status);
        let sent: Vec<_> = challenges.iter().map(send).collect();
        sent.into_iter().map(|each| each.join().unwrap()).collect()
    });
    let count = |status| answers.iter().filter(|each| **each == status).count();
    assert_eq!((count(201), count(409)), (20, 1), "{answers:?}");
    case.server.advance(Duration::from_secs(61));
    let problem = options().expect(409);
    assert_eq!(problem["detail"], "a user has 20 passkeys at most");
}

#[test]
fn what_is_wrong_with_a_registration_is_told_at_once_and_ends_no_challenge() {
    let case = Case::start();
    let user = case.user("ada@example.org");
    let token = case.token(user);
    let post = |body| case.post("/v1/passkeys", &body);
    let nothing = post(json!({ "token": token }));
    let blank = [
        ("/ceremony", "blank"),
        ("/credential", "blank"),
        ("/name", "blank"),
    ];
    assert_eq!(wrong(&nothing), at(&blank));
    let mistyped = post(json!({
        "token": token, "ceremony": 1, "name": "x".repeat(101), "credential": {}, "more": 1,
    }));
    let found = wrong(&mistyped);
    for expected in at(&[
        ("/more", "unknown_field"),
        ("/ceremony", "wrong_type"),
        ("/credential", "bad_format"),
        ("/name", "too_long"),
    ]) {
        assert!(found.contains(&expected), "{expected:?} in {found:?}");
    }
    let challenge = case.registration_options(&token).expect(200);
    let credential = case.authenticator().create(&challenge["options"]);
    for (name, code) in [
        ("", "blank"),
        (" \t", "blank"),
        ("a\nb", "bad_format"),
        ("a\0", "bad_format"),
    ] {
        let body = json!({
            "token": token, "ceremony": challenge["ceremony"], "name": name,
            "credential": credential,
        });
        assert_eq!(wrong(&post(body)), at(&[("/name", code)]), "{name:?}");
    }
    let longest = "ä".repeat(100);
    let body = json!({
        "token": token, "ceremony": challenge["ceremony"], "name": longest,
        "credential": credential,
    });
    assert_eq!(post(body).expect(201)["name"], longest.as_str());
}

/// A user who is invited to something, as an administrator makes one, and the path of their link.
fn invited(case: &Case, kind: InvitationKind) -> (i64, String) {
    let actor = case.server.operator();
    let change = UserChange {
        email: Change::Set(Email::parse("ada@example.org").unwrap()),
        invitation: Some(InvitationRequest::new(kind)),
        ..UserChange::default()
    };
    let made = case.server.write(move |tx| {
        let none = Violations::new();
        users::create(tx, &actor, &change, none, Include::default())
    });
    (made.user.id, case.links().pop().unwrap())
}

#[test]
fn a_passkey_settles_what_a_pending_user_was_asked_to_verify() {
    let case = Case::start();
    let (user, invitation) = invited(&case, InvitationKind::Verify);
    let shown = || case.native("GET", &format!("/v1/users/{user}")).send();
    assert_eq!(shown().expect(200)["status"], "pending");
    let token = case.token(user);
    case.register_by(&token, "Laptop", &mut case.authenticator())
        .expect(201);
    let settled = shown().expect(200);
    assert_eq!(settled["status"], "active");
    assert_eq!(settled["email_verified_at"], "2026-11-21T04:50:40.123Z");
    assert!(case.server.invitations_of(user).is_empty());
    let page = case.server.get(&invitation).send();
    assert!(!page.text.contains("<form"), "{}", page.text);
}

#[test]
fn a_passkey_accepts_no_terms() {
    let case = Case::start();
    let (user, invitation) = invited(&case, InvitationKind::Invite);
    let token = case.token(user);
    case.register_by(&token, "Laptop", &mut case.authenticator())
        .expect(201);
    let shown = case.native("GET", &format!("/v1/users/{user}")).send();
    let shown = shown.expect(200);
    assert_eq!(shown["status"], "pending");
    assert_eq!(shown["agreed_to_terms_at"], Value::Null);
    let page = case.server.get(&invitation).send();
    assert_eq!(page.status, 200);
    assert!(page.text.contains("agreed_to_terms"), "{}", page.text);
}
