//! How a passkey begins a session, and what begins none.

use std::time::Duration;

use directory::passkeys::{self, RelyingParty};
use directory::{Error, TenantId, users};
use serde_json::{Value, json};

use super::{Case, ORIGIN, at, change_of, wrong};
use crate::harness::Response;
use crate::harness::authenticator::{Authenticator, bytes, text};

/// 401, and nothing that tells why.
#[track_caller]
fn assert_refused(answer: &Response) {
    let problem = answer.expect(401);
    assert_eq!(problem["code"], "unauthenticated");
    assert_eq!(problem["detail"], "authentication is required");
}

#[test]
fn a_passkey_begins_a_session() {
    let case = Case::start();
    let mut device = case.authenticator();
    let (user, passkey) = case.with_passkey("ada@example.org", &mut device);
    case.server.advance(Duration::from_secs(60));
    let answer = case.enter(&mut device);
    let session = answer.expect(201);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(
        (&session["user_id"], &session["method"]),
        (&json!(user), &json!("passkey"))
    );
    assert_eq!(session["expires_at"], "2026-11-28T04:51:40.123Z");
    let token = session["token"].as_str().unwrap();
    let path = format!("/v1/users/{user}/passkeys");
    let listed = case.server.get(&path).bearer(token).send().expect(200);
    assert_eq!(
        listed["data"][0]["last_used_at"],
        "2026-11-21T04:51:40.123Z"
    );
    assert_eq!(listed["data"][0]["sign_count"], 2);
    assert_eq!(listed["data"][0]["id"], passkey["id"]);
    let told = case.told(user);
    assert_eq!(
        told[told.len() - 2..],
        ["passkey_authenticated", "passkey_list_viewed"]
    );
    let entered = case.last(user, "user_logged_in");
    assert_eq!(change_of(&entered)["new"]["method"], "passkey");
    let stored = case.native("GET", &format!("/v1/users/{user}")).send();
    assert_eq!(
        stored.expect(200)["last_login_at"],
        "2026-11-21T04:51:40.123Z"
    );
}

#[test]
fn a_challenge_to_sign_in_is_the_same_to_everybody_and_names_nobody() {
    let case = Case::start();
    let shape = |mut challenge: Value| {
        let ceremony = challenge["ceremony"].take();
        let random = challenge["options"]["challenge"].take();
        assert_eq!(ceremony.as_str().unwrap().len(), 139);
        assert_eq!(bytes(&random).len(), 32);
        challenge
    };
    let empty = shape(case.challenge());
    assert_eq!(empty["options"]["rpId"], "directory.example.com");
    assert_eq!(empty["options"]["userVerification"], "required");
    assert_eq!(empty["options"]["allowCredentials"], json!([]));
    case.with_passkey("ada@example.org", &mut case.authenticator());
    assert_eq!(shape(case.challenge()), empty);
    let named = json!({ "email": "ada@example.org" });
    let answer = case.post("/v1/passkeys/authentication-options", &named);
    assert_eq!(wrong(&answer), at(&[("/email", "unknown_field")]));
}

#[test]
fn a_challenge_to_sign_in_is_answered_once_and_within_five_minutes() {
    let case = Case::start();
    let mut device = case.authenticator();
    case.with_passkey("ada@example.org", &mut device);
    let challenge = case.challenge();
    let credential = device.get(&challenge["options"]);
    case.answer(&challenge, &credential).expect(201);
    assert_refused(&case.answer(&challenge, &credential));
    let again = device.get(&challenge["options"]);
    assert_refused(&case.answer(&challenge, &again));
    let challenge = case.challenge();
    let credential = device.get(&challenge["options"]);
    case.server.advance(Duration::from_secs(300));
    assert_refused(&case.answer(&challenge, &credential));
    let challenge = case.challenge();
    let credential = device.get(&challenge["options"]);
    case.server.advance(Duration::from_secs(299));
    case.answer(&challenge, &credential).expect(201);
}

#[test]
fn a_wrong_answer_ends_its_challenge() {
    let case = Case::start();
    let mut device = case.authenticator();
    case.with_passkey("ada@example.org", &mut device);
    let challenge = case.challenge();
    let mut credential = device.get(&challenge["options"]);
    let right = credential.clone();
    let mut signature = bytes(&credential["response"]["signature"]);
    *signature.last_mut().unwrap() ^= 1;
    credential["response"]["signature"] = text(&signature).into();
    assert_refused(&case.answer(&challenge, &credential));
    assert_refused(&case.answer(&challenge, &right));
}

#[test]
fn of_many_answers_to_one_challenge_at_once_one_begins_a_session() {
    let case = Case::start_at(
        |_| super::ORIGIN.to_owned(),
        |app| app.throttle = muster::http::throttle::Throttle::new(0, 0),
    );
    let mut device = case.authenticator();
    case.with_passkey("ada@example.org", &mut device);
    let challenge = case.challenge();
    let answers: Vec<Value> = (0..16).map(|_| device.get(&challenge["options"])).collect();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let send = |credential| {
            let (case, challenge) = (&case, &challenge);
            scope.spawn(move || case.answer(challenge, credential).status)
        };
        let sent: Vec<_> = answers.iter().map(send).collect();
        sent.into_iter().map(|each| each.join().unwrap()).collect()
    });
    let count = |status| statuses.iter().filter(|each| **each == status).count();
    assert_eq!((count(201), count(401)), (1, 15), "{statuses:?}");
}

#[test]
fn a_challenge_to_register_begins_no_session() {
    let case = Case::start();
    let mut device = case.authenticator();
    let (user, _) = case.with_passkey("ada@example.org", &mut device);
    let token = case.token(user);
    let challenge = case.registration_options(&token).expect(200);
    let asked = json!({
        "challenge": challenge["options"]["challenge"],
        "rpId": "directory.example.com",
    });
    let credential = device.get(&asked);
    assert_refused(&case.answer(&challenge, &credential));
    // Nor is one answered with the credential of a registration.
    let entering = case.challenge();
    let made = device.create_again(&challenge["options"]);
    let answer = case.answer(&entering, &made);
    assert_eq!(wrong(&answer), at(&[("/credential", "bad_format")]));
}

#[test]
fn the_user_must_be_there_and_verified() {
    let case = Case::start();
    let mut device = case.authenticator();
    case.with_passkey("ada@example.org", &mut device);
    for (present, verified) in [(true, false), (false, true), (false, false)] {
        device.user_present = present;
        device.user_verified = verified;
        assert_refused(&case.enter(&mut device));
    }
    device.user_present = true;
    device.user_verified = true;
    case.enter(&mut device).expect(201);
}

#[test]
fn a_counter_that_does_not_move_forward_is_refused_and_told() {
    let case = Case::start();
    let mut device = case.authenticator();
    let (user, passkey) = case.with_passkey("ada@example.org", &mut device);
    let mut copy = device.clone();
    case.enter(&mut device).expect(201);
    case.enter(&mut device).expect(201);
    assert_eq!((device.count, copy.count), (3, 1));
    assert_refused(&case.enter(&mut copy));
    assert_refused(&case.enter(&mut copy));
    let refused = case.last(user, "passkey_refused");
    let change = json!({ "old": {}, "new": { "passkey_id": passkey["id"] } });
    assert_eq!(change_of(&refused), change);
    copy.step = 0;
    copy.count = 0;
    assert_refused(&case.enter(&mut copy));
    let told = case.told(user);
    assert_eq!(
        told.iter()
            .filter(|name| *name == "passkey_refused")
            .count(),
        3
    );
    // The one whose counter is ahead goes on.
    case.enter(&mut device).expect(201);
}

#[test]
fn a_passkey_that_does_not_count_signs_in_again_and_again() {
    let case = Case::start();
    let mut device = case.authenticator();
    device.step = 0;
    device.synchronised = true;
    let (user, made) = case.with_passkey("ada@example.org", &mut device);
    assert_eq!(
        (&made["sign_count"], &made["backed_up"]),
        (&json!(0), &json!(true))
    );
    for _ in 0..3 {
        assert_eq!(case.enter(&mut device).expect(201)["user_id"], user);
    }
}

#[test]
fn who_is_suspended_deleted_or_erased_does_not_enter_and_is_out_at_once() {
    let case = Case::start();
    let mut device = case.authenticator();
    let (user, _) = case.with_passkey("ada@example.org", &mut device);
    let path = format!("/v1/users/{user}");
    let list = format!("{path}/passkeys");
    let token = |session: Value| session["token"].as_str().unwrap().to_owned();
    let status = |token: &str| case.server.get(&list).bearer(token).send().status;
    let begun = token(case.enter(&mut device).expect(201));
    assert_eq!(status(&begun), 200);
    case.suspend(user, true);
    assert_eq!(status(&begun), 401);
    assert_refused(&case.enter(&mut device));
    case.suspend(user, false);
    let begun = token(case.enter(&mut device).expect(201));
    case.native("DELETE", &path).send().assert_empty(204);
    assert_eq!(status(&begun), 401);
    assert_refused(&case.enter(&mut device));
    case.native("POST", &format!("{path}/restore"))
        .json(&json!({}))
        .send()
        .expect(200);
    case.enter(&mut device).expect(201);
    let actor = case.server.operator();
    case.server.write(move |tx| users::erase(tx, &actor, user));
    assert_refused(&case.enter(&mut device));
    let left = case.server.user_events(user);
    let names = left.iter().filter(|event| event.change.contains("Laptop"));
    assert_eq!(names.count(), 0, "what it was called is forgotten");
}

#[test]
fn an_erased_users_links_and_challenges_are_gone() {
    let case = Case::start();
    let mut device = case.authenticator();
    let (user, _) = case.with_passkey("ada@example.org", &mut device);
    let token = case.token(user);
    case.registration_options(&token).expect(200);
    assert_eq!(kept(&case, user), [1, 1, 1]);
    let actor = case.server.operator();
    case.server.write(move |tx| users::erase(tx, &actor, user));
    case.registration_options(&token).expect(404);
    assert_eq!(kept(&case, user), [0, 0, 0]);
}

/// A user's passkeys, challenges and links, as they are stored.
fn kept(case: &Case, user: i64) -> [i64; 3] {
    [
        "SELECT count(*) FROM passkeys WHERE tenant_id = 1 AND user_id = $1",
        "SELECT count(*) FROM passkey_ceremonies WHERE tenant_id = 1 AND user_id = $1",
        "SELECT count(*) FROM passkey_links WHERE tenant_id = 1 AND user_id = $1",
    ]
    .map(|sql| {
        case.server
            .read(move |tx| tx.query_one(sql, &[user.into()], |row| row.int()))
    })
}

/// What is bent in an answer that is right.
type Bend = fn(&mut Value);

#[test]
fn no_bent_answer_begins_a_session_and_all_are_told_alike() {
    let case = Case::start_at(
        |_| super::ORIGIN.to_owned(),
        |app| app.throttle = muster::http::throttle::Throttle::new(0, 0),
    );
    let mut device = case.authenticator();
    case.with_passkey("ada@example.org", &mut device);
    let bends: [(&str, Bend); 8] = [
        ("another signature", |it| flip(it, "signature", 20)),
        ("another user", |it| flip(it, "userHandle", 3)),
        ("no user", |it| it["response"]["userHandle"] = Value::Null),
        ("a user of another shape", |it| {
            it["response"]["userHandle"] = "AAAA".into()
        }),
        ("another counter", |it| flip(it, "authenticatorData", 36)),
        ("other flags", |it| flip(it, "authenticatorData", 32)),
        ("other client data", |it| flip(it, "clientDataJSON", 9)),
        ("another credential", |it| {
            it["rawId"] = text(&[7; 32]).into()
        }),
    ];
    for (what, bend) in bends {
        let challenge = case.challenge();
        let mut credential = device.get(&challenge["options"]);
        bend(&mut credential);
        let answer = case.answer(&challenge, &credential);
        assert_eq!(answer.status, 401, "{what}: {}", answer.text);
        assert_refused(&answer);
    }
    case.enter(&mut device).expect(201);
}

fn flip(credential: &mut Value, field: &str, index: usize) {
    let mut value = bytes(&credential["response"][field]);
    value[index] ^= 1;
    credential["response"][field] = text(&value).into();
}

#[test]
fn a_passkey_of_another_user_or_tenant_enters_as_nobody_else() {
    let case = Case::start();
    let mut adas = case.authenticator();
    let (ada, _) = case.with_passkey("ada@example.org", &mut adas);
    let mut graces = case.authenticator();
    let (grace, _) = case.with_passkey("grace@example.org", &mut graces);
    assert_eq!(case.enter(&mut adas).expect(201)["user_id"], ada);
    assert_eq!(case.enter(&mut graces).expect(201)["user_id"], grace);
    // Ada's signature, and Grace's name on it.
    let challenge = case.challenge();
    let mut mixed = adas.get(&challenge["options"]);
    let other = graces.get(&challenge["options"]);
    mixed["response"]["userHandle"] = other["response"]["userHandle"].clone();
    assert_refused(&case.answer(&challenge, &mixed));
    case.server.tenant("stranger");
    let challenge = case.challenge_in("stranger");
    let credential = adas.get(&challenge["options"]);
    assert_refused(&case.answer(&challenge, &credential));
    let path = "/v1/passkeys/authentication-options";
    let numbered = case.post(path, &json!({ "tenant": 1 }));
    assert_eq!(wrong(&numbered), at(&[("/tenant", "unknown_field")]));
}

#[test]
fn a_user_signs_in_to_the_tenant_that_the_call_names() {
    let case = Case::start();
    let other = case.server.tenant("other");
    let user = case.user_of(other, "eve@example.org");
    let token = case.token_of(other, user);
    let page = case.server.get(&format!("/passkeys/register/{token}"));
    let page = page.send().text;
    assert!(
        page.contains("href=\"../../sign-in?tenant=other\""),
        "{page}"
    );
    let mut device = case.authenticator();
    case.register_by(&token, "Laptop", &mut device).expect(201);
    let enter = |device: &mut Authenticator, challenge: &Value| {
        let credential = device.get(&challenge["options"]);
        case.answer(challenge, &credential)
    };
    let session = enter(&mut device, &case.challenge_in("other")).expect(201);
    assert_eq!(session["user_id"], user);
    let begun = session["token"].as_str().unwrap();
    assert!(begun.starts_with(&format!("{}-ses_", other.0)));
    assert_refused(&enter(&mut device, &case.challenge()));
    assert_refused(&enter(&mut device, &case.challenge_in("default")));
    assert_refused(&enter(&mut device, &case.challenge_in("none")));
}

#[test]
fn a_challenge_to_sign_in_does_not_tell_which_tenants_there_are() {
    let case = Case::start();
    case.server.tenant("other");
    let mut shapes = ["default", "other", "none", ""].map(|tenant| {
        let mut challenge = case.challenge_in(tenant);
        let ceremony = challenge["ceremony"].take();
        let random = challenge["options"]["challenge"].take();
        let ceremony = ceremony.as_str().unwrap().to_owned();
        assert!(!ceremony.contains('.') && !ceremony.starts_with("1-"));
        (ceremony.len(), bytes(&random).len(), challenge)
    });
    let first = shapes[0].clone();
    assert!(shapes.iter_mut().all(|each| *each == first), "{shapes:?}");
}

#[test]
fn challenges_are_slowed_down_by_address() {
    let case = Case::start();
    for _ in 0..60 {
        case.challenge();
    }
    let path = "/v1/passkeys/authentication-options";
    let answer = case.post(path, &json!({}));
    answer.expect(429);
    assert_eq!(answer.header("retry-after"), Some("60"));
    // Nothing else is.
    case.native("GET", "/v1/users").send().expect(200);
    case.server.advance(Duration::from_secs(60));
    case.challenge();
}

#[test]
fn wrong_answers_are_slowed_down_and_shut_nobody_out() {
    let case = Case::start();
    let mut device = case.authenticator();
    case.with_passkey("ada@example.org", &mut device);
    let made_up = json!({ "ceremony": "1-nothing" });
    let credential = device.get(&case.challenge()["options"]);
    for _ in 0..10 {
        assert_refused(&case.answer(&made_up, &credential));
    }
    let answer = case.answer(&made_up, &credential);
    answer.expect(429);
    case.enter(&mut device).expect(201);
    case.server.advance(Duration::from_secs(60));
    assert_refused(&case.answer(&made_up, &credential));
}

#[test]
fn challenges_that_nobody_answers_are_swept_away() {
    let case = Case::start();
    let mut device = case.authenticator();
    case.with_passkey("ada@example.org", &mut device);
    let challenge = case.challenge();
    case.server.advance(Duration::from_secs(200));
    let later = case.challenge();
    case.server.advance(Duration::from_secs(101));
    case.server.clean();
    let credential = device.get(&challenge["options"]);
    assert_refused(&case.answer(&challenge, &credential));
    let credential = device.get(&later["options"]);
    case.answer(&later, &credential).expect(201);
}

#[test]
fn ten_thousand_challenges_wait_at_most() {
    let case = Case::start();
    let mut device = case.authenticator();
    case.with_passkey("ada@example.org", &mut device);
    let challenge = case.challenge();
    let mut waiting: i64 = 1;
    // As many as 167 addresses may have in a minute.
    for _ in 0..20 {
        waiting += case.server.write(|tx| {
            let party = RelyingParty::of(ORIGIN).map_err(Error::internal)?;
            let mut given: i64 = 0;
            for _ in 0..500 {
                given += passkeys::authentication_options(tx, &party, TenantId(1), "test")
                    .map(|_| 1)
                    .or_else(full)?;
            }
            Ok(given)
        });
    }
    assert_eq!(waiting, passkeys::MAX_CEREMONIES);
    let path = "/v1/passkeys/authentication-options";
    let answer = case.post(path, &json!({}));
    answer.expect(429);
    assert_eq!(answer.header("retry-after"), Some("60"));
    let credential = device.get(&challenge["options"]);
    case.answer(&challenge, &credential).expect(201);
    case.server.advance(Duration::from_secs(300));
    case.enter(&mut device).expect(201);
    case.server.clean();
    case.enter(&mut device).expect(201);
}

/// The last of them is one too many, and none is given.
fn full(cause: Error) -> Result<i64, Error> {
    match cause {
        Error::RateLimited { .. } => Ok(0),
        other => Err(other),
    }
}
