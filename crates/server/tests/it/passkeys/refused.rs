//! Registrations and links that are refused.

use std::time::Duration;

use directory::keys::NewKey;
use directory::model::{Email, Phone};
use directory::permission::{Permission, PermissionSet};
use directory::users::{self, Change, Include, RoleGrant, UserChange};
use directory::violation::{Path, Violations};
use directory::{Error, passkeys};
use serde_json::{Value, json};

use super::{Case, at, wrong};

#[test]
fn a_challenge_to_register_is_answered_once_and_within_five_minutes() {
    let case = Case::start();
    let user = case.user("ada@example.org");
    let token = case.token(user);
    let body = |challenge: &Value, credential: &Value| {
        json!({
            "token": token, "ceremony": challenge["ceremony"], "name": "A",
            "credential": credential,
        })
    };
    let over = at(&[("/ceremony", "must_exist")]);
    // An answer that proves nothing ends it too.
    let challenge = case.registration_options(&token).expect(200);
    let mut device = case.authenticator();
    device.user_verified = false;
    let unverified = device.create(&challenge["options"]);
    let refused = case.post("/v1/passkeys", &body(&challenge, &unverified));
    assert_eq!(wrong(&refused), at(&[("/credential", "bad_format")]));
    device.user_verified = true;
    let right = device.create(&challenge["options"]);
    let refused = case.post("/v1/passkeys", &body(&challenge, &right));
    assert_eq!(wrong(&refused), over);
    // Its time.
    let challenge = case.registration_options(&token).expect(200);
    let right = device.create(&challenge["options"]);
    case.server.advance(Duration::from_secs(300));
    let refused = case.post("/v1/passkeys", &body(&challenge, &right));
    assert_eq!(wrong(&refused), over);
    // One that is right, and again.
    let challenge = case.registration_options(&token).expect(200);
    let right = device.create(&challenge["options"]);
    case.server.advance(Duration::from_secs(299));
    case.post("/v1/passkeys", &body(&challenge, &right))
        .expect(201);
    case.post("/v1/passkeys", &body(&challenge, &right))
        .expect(404);
}

#[test]
fn a_challenge_is_for_who_asked_for_it() {
    let case = Case::start();
    let (ada, grace) = (case.user("ada@example.org"), case.user("grace@example.org"));
    let (first, second) = (case.token(ada), case.token(grace));
    let challenge = case.registration_options(&first).expect(200);
    let credential = case.authenticator().create(&challenge["options"]);
    let body = |token: &str, ceremony: &Value| json!({ "token": token, "ceremony": ceremony, "name": "A", "credential": credential });
    let over = at(&[("/ceremony", "must_exist")]);
    let ceremony = &challenge["ceremony"];
    let foreign = case.post("/v1/passkeys", &body(&second, ceremony));
    assert_eq!(wrong(&foreign), over);
    // A challenge to sign in registers nothing.
    let entering = case.challenge();
    let foreign = case.post("/v1/passkeys", &body(&first, &entering["ceremony"]));
    assert_eq!(wrong(&foreign), over);
    let text = ceremony.as_str().unwrap();
    for mangled in [
        "",
        "1-",
        &text[1..],
        &text[..text.len() - 1],
        &format!("2{}", &text[1..]),
    ] {
        let answer = case.post("/v1/passkeys", &body(&first, &mangled.into()));
        assert_eq!(wrong(&answer), over, "{mangled}");
    }
    // Nothing of that ended it.
    case.post("/v1/passkeys", &body(&first, ceremony))
        .expect(201);
    assert_eq!(
        case.told(grace)
            .iter()
            .filter(|name| *name == "passkey_registered")
            .count(),
        0
    );
}

#[test]
fn a_credential_is_kept_once() {
    let case = Case::start();
    let mut device = case.authenticator();
    case.with_passkey("ada@example.org", &mut device);
    let grace = case.user("grace@example.org");
    let token = case.token(grace);
    let challenge = case.registration_options(&token).expect(200);
    let credential = device.create_again(&challenge["options"]);
    let body = json!({
        "token": token, "ceremony": challenge["ceremony"], "name": "A", "credential": credential,
    });
    let answer = case.post("/v1/passkeys", &body).expect(409);
    assert_eq!(answer["errors"][0]["pointer"], "/credential");
    assert_eq!(answer["errors"][0]["code"], "taken");
    // The link is as it was.
    case.register_by(&token, "Own", &mut case.authenticator())
        .expect(201);
}

#[test]
fn only_its_user_registers_a_passkey() {
    let case = Case::start();
    let user = case.user("ada@example.org");
    let path = "/v1/passkeys/registration-options";
    case.post(path, &json!({})).expect(401);
    case.native("POST", path)
        .json(&json!({}))
        .send()
        .expect(403);
    let another = case.session_as_another(user);
    let answer = case
        .server
        .post(path)
        .bearer(&another)
        .json(&json!({}))
        .send();
    answer.expect(403);
    let own = case.session(user);
    let answer = case.server.post(path).bearer(&own).json(&json!({})).send();
    answer.expect(200);
    assert_eq!(case.told(user), ["passkey_registration_options_generated"]);
}

#[test]
fn a_link_ends_with_a_suspension_a_deletion_and_another_address_and_lives_by_none_of_them_undone() {
    let case = Case::start_at(
        |_| super::ORIGIN.to_owned(),
        |app| app.throttle = muster::http::throttle::Throttle::new(0, 0),
    );
    let user = case.user("ada@example.org");
    let path = format!("/v1/users/{user}");
    let rename = |email: &str| {
        let change = json!({ "email": email });
        case.native("PATCH", &path).json(&change).send().expect(200);
    };
    let alive = || {
        let token = case.token(user);
        case.registration_options(&token).expect(200);
        token
    };
    let dead = |token: &str| {
        case.registration_options(token).expect(404);
        let page = case.server.get(&format!("/passkeys/register/{token}"));
        assert_eq!(page.send().status, 404);
    };
    let token = alive();
    case.suspend(user, true);
    dead(&token);
    case.send_link(user).expect(409);
    case.suspend(user, false);
    dead(&token);
    let token = alive();
    rename("ADA@example.org");
    case.registration_options(&token).expect(200);
    rename("countess@example.org");
    dead(&token);
    rename("ada@example.org");
    dead(&token);
    let token = alive();
    case.native("DELETE", &path).send().assert_empty(204);
    dead(&token);
    case.native("POST", &format!("{path}/restore"))
        .json(&json!({}))
        .send()
        .expect(200);
    dead(&token);
}

#[test]
fn a_link_whose_message_is_yet_to_be_made_ends_too() {
    let case = Case::start();
    let user = case.user("ada@example.org");
    case.send_link(user).expect(202);
    case.suspend(user, true);
    case.suspend(user, false);
    assert_eq!(case.links(), [] as [String; 0]);
}

#[test]
fn unknown_foreign_and_mangled_links_are_not_found() {
    let case = Case::start();
    let user = case.user("ada@example.org");
    let token = case.token(user);
    let stranger = case.server.tenant("stranger");
    let secret = token.strip_prefix("1-").unwrap();
    for wrong in [
        "1-unknown".to_owned(),
        format!("{}-{secret}", stranger.0),
        format!("1-{}", &secret[1..]),
        format!("{token}A"),
        secret.to_owned(),
        "9".repeat(600),
    ] {
        case.server.advance(Duration::from_secs(61));
        case.registration_options(&wrong).expect(404);
        let page = case
            .server
            .get(&format!("/passkeys/register/{wrong}"))
            .send();
        assert_eq!(page.status, 404, "{wrong}");
    }
    case.registration_options(&token).expect(200);
}

#[test]
fn guessing_links_is_slowed_down_and_shuts_nobody_out() {
    let case = Case::start();
    let user = case.user("ada@example.org");
    let token = case.token(user);
    for number in 0..10 {
        case.registration_options(&format!("1-guess{number}"))
            .expect(404);
    }
    case.registration_options("1-guess").expect(429);
    let page = case.server.get("/passkeys/register/1-guess").send();
    assert_eq!((page.status, page.header("retry-after")), (429, Some("60")));
    // A wrong link is no wrong key, and no other link.
    case.native("GET", "/v1/users").send().expect(200);
    let page = case.server.get(&format!("/passkeys/register/{token}"));
    assert_eq!(page.send().status, 200);
    let mut device = case.authenticator();
    case.register_by(&token, "Laptop", &mut device).expect(201);
}

#[test]
fn who_may_not_change_a_user_sends_no_link() {
    let case = Case::start();
    let user = case.user("ada@example.org");
    let path = format!("/v1/users/{user}/passkey-registration");
    let reads = case.server.key_with(NewKey {
        scopes: vec!["users:read".to_owned()],
        ..NewKey::default()
    });
    let account = case.server.account("Acme");
    let pool = case.server.key_with(NewKey {
        account_id: Some(account),
        public_pool: true,
        ..NewKey::default()
    });
    let tenant = case.server.tenant("stranger");
    let stranger = case.server.key_of(tenant, NewKey::default());
    for (key, status) in [(&reads, 403), (&pool, 403), (&stranger, 404)] {
        let answer = case
            .server
            .post(&path)
            .bearer(&key.token)
            .json(&json!({}))
            .send();
        answer.expect(status);
    }
    case.server.post(&path).json(&json!({})).send().expect(401);
    // Nor a user for themselves, without the right.
    let own = case.session(user);
    case.server
        .post(&path)
        .bearer(&own)
        .json(&json!({}))
        .send()
        .expect(403);
    assert!(case.told(user).is_empty() && case.links().is_empty());
    case.send_link(999).expect(404);
}

#[test]
fn who_may_do_less_sends_no_link_to_who_may_do_more() {
    let case = Case::start();
    let actor = case.server.operator();
    case.server.write(move |tx| {
        let (none, include) = (Violations::new(), Include::default());
        let role = RoleGrant {
            path: Path::field("roles"),
            name: "superAdmin".to_owned(),
            account_id: None,
        };
        let change = UserChange {
            email: Change::Set(Email::parse("root@example.org").unwrap()),
            roles: vec![role],
            ..UserChange::default()
        };
        let user = users::create(tx, &actor, &change, none, include)?.user.id;
        let mut lesser = actor.clone();
        lesser.permissions = PermissionSet::of(&[Permission::ReadUsers, Permission::UpdateUsers]);
        let refused = passkeys::request_link(tx, &lesser, user);
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        passkeys::request_link(tx, &actor, user).map(drop)
    });
    assert_eq!(case.links().len(), 1);
}

#[test]
fn a_user_without_an_address_is_sent_no_link() {
    let case = Case::start();
    let actor = case.server.operator();
    let user = case.server.write(move |tx| {
        let (none, include) = (Violations::new(), Include::default());
        let change = UserChange {
            phone: Change::Set(Phone::parse("+14155552671").unwrap()),
            ..UserChange::default()
        };
        Ok(users::create(tx, &actor, &change, none, include)?.user.id)
    });
    let problem = case.send_link(user).expect(409);
    assert_eq!(problem["detail"], "the user has no email address");
}

#[test]
fn a_reported_event_of_that_name_sends_no_link() {
    let case = Case::start();
    let user = case.user("ada@example.org");
    let event = json!({
        "id": "x-1", "type": "admin_send_passkey_registration",
        "subject": { "type": "user", "id": user.to_string() }, "data": {},
        "occurred_at": "2026-11-21T04:50:40.123Z",
    });
    case.native("POST", "/v1/events")
        .json(&event)
        .send()
        .expect(202);
    assert!(case.links().is_empty());
}

#[test]
fn bodies_are_bounded() {
    let case = Case::start();
    let large = json!({ "token": "x".repeat(64 * 1024) });
    for path in [
        "/v1/passkeys",
        "/v1/passkeys/registration-options",
        "/v1/passkeys/authentication-options",
        "/v1/passkeys/authenticate",
    ] {
        case.post(path, &large).expect(413);
        case.server
            .post(path)
            .body("application/json", "{")
            .send()
            .expect(400);
        case.server.post(path).form("a=b").send().expect(415);
    }
}

#[test]
fn without_a_base_url_there_are_no_passkeys_and_that_is_said() {
    let case = Case::start_at(|_| super::ORIGIN.to_owned(), |app| app.relying_party = None);
    let user = case.user("ada@example.org");
    let answers = [
        case.send_link(user),
        case.registration_options("1-x"),
        case.post("/v1/passkeys", &json!({})),
        case.post("/v1/passkeys/authentication-options", &json!({})),
        case.post("/v1/passkeys/authenticate", &json!({})),
    ];
    for answer in answers {
        let problem = answer.expect(409);
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.starts_with("there are no passkeys here: the server needs a base URL"));
    }
    assert_eq!(case.server.get("/sign-in").send().status, 409);
    assert!(case.links().is_empty());
}
