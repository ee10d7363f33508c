//! `POST /v1/sessions`.

use std::time::Duration;

use directory::keys::NewKey;
use directory::users::UserChange;
use serde_json::{Value, json};

use super::{PASSWORD, change, enter, get, person, token};
use crate::harness::{START, Server};
use crate::native::{assert_invalid, assert_problem};

const WHO: &str = "authentication is required";

#[test]
fn a_login_answers_the_session_and_its_token_once() {
    let server = Server::start();
    let id = person(&server, "ada@example.org", UserChange::default());
    let body = json!({"email": "Ada@example.org", "password": PASSWORD});
    let request = server
        .post("/v1/sessions")
        .header("user-agent", "a browser");
    let answer = request.json(&body).send();
    let session = answer.expect(201);
    let number = session["id"].as_i64().unwrap();
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(
        answer.header("location"),
        Some(&*format!("/v1/sessions/{number}"))
    );
    let token = session["token"].as_str().unwrap();
    let expected = json!({"id": number, "user_id": id, "method": "password", "key_id": null,
        "impersonating": null, "address": "127.0.0.1", "agent": "a browser", "current": true,
        "created_at": START, "used_at": START, "ends_at": "2026-11-22T04:50:40.123Z",
        "expires_at": "2026-11-28T04:50:40.123Z", "token": token});
    assert_eq!(session, expected);
    let mut shown = expected;
    shown.as_object_mut().unwrap().remove("token");
    get(&server, "/v1/session", token).assert(200, &shown);
}

#[test]
fn whatever_is_wrong_is_told_alike() {
    let server = Server::start();
    person(&server, "ada@example.org", UserChange::default());
    let suspended = UserChange {
        suspended: directory::users::Change::Set(true),
        ..UserChange::default()
    };
    person(&server, "sue@example.org", suspended);
    let key = server.key();
    let bare = server.post("/v1/users").bearer(&key.token);
    bare.json(&json!({"email": "bare@example.org"}))
        .send()
        .expect(201);
    for (email, password) in [
        ("ada@example.org", "wrong"),
        ("ada@example.org", ""),
        ("sue@example.org", PASSWORD),
        ("bare@example.org", PASSWORD),
        ("nobody@example.org", PASSWORD),
        ("", ""),
        ("no email", "x"),
    ] {
        let answer = enter(&server, email, password);
        assert_problem(&answer, 401, "unauthenticated", WHO, &Value::Null);
    }
}

#[test]
fn a_body_of_the_wrong_shape_is_refused_whole() {
    let server = Server::start();
    let send = |body: Value| server.post("/v1/sessions").json(&body).send();
    let blank = [("/email", "blank"), ("/password", "blank")];
    assert_invalid(&send(json!({})), &blank);
    assert_invalid(&send(json!({"email": null, "password": null})), &blank);
    let mistyped = [("/email", "wrong_type"), ("/password", "wrong_type")];
    for value in [json!(1), json!([]), json!({}), json!(true)] {
        assert_invalid(&send(json!({"email": value, "password": value})), &mistyped);
    }
    let body = json!({"email": "a@example.org", "password": "x", "otp": "1"});
    assert_invalid(&send(body), &[("/otp", "unknown_field")]);
    for raw in ["", "{", "[]", "null", "\"x\"", "{\"email\":1,\"email\":2}"] {
        let request = server.post("/v1/sessions").body("application/json", raw);
        assert_eq!(request.send().status, 400, "{raw}");
    }
    let form = server.post("/v1/sessions").form("email=a&password=b");
    assert_eq!(form.send().status, 415);
    let keyed = server.post("/v1/sessions").header("idempotency-key", "a");
    let body = json!({"email": "a@example.org", "password": "x"});
    assert_eq!(keyed.json(&body).send().status, 400);
}

#[test]
fn guesses_are_slowed_down_by_user_and_address_and_lock_nobody_out() {
    let server = Server::start();
    person(&server, "ada@example.org", UserChange::default());
    person(&server, "bob@example.org", UserChange::default());
    let guess = |email: &str| enter(&server, email, "wrong").status;
    for n in 0..10 {
        // However the address is written, it is one user's.
        let email = ["ada@example.org", "ADA@Example.ORG", " ada@example.org "][n % 3];
        assert_eq!(guess(email), 401);
    }
    assert_eq!(guess("Ada@example.org"), 429);
    let limited = enter(&server, "ada@example.org", PASSWORD);
    assert_eq!(limited.status, 429, "unchecked: nothing is learnt");
    assert_eq!(limited.header("retry-after"), Some("60"));
    enter(&server, "bob@example.org", PASSWORD).expect(201);
    // An email that is nobody's is limited as one that is somebody's.
    for _ in 0..10 {
        assert_eq!(guess("nobody@example.org"), 401);
    }
    assert_eq!(guess("nobody@example.org"), 429);
    assert_eq!(guess("nobody.else@example.org"), 401);
    server.advance(Duration::from_secs(60));
    enter(&server, "ada@example.org", PASSWORD).expect(201);
}

#[test]
fn right_passwords_count_for_nothing() {
    let server = Server::start();
    person(&server, "ada@example.org", UserChange::default());
    for _ in 0..9 {
        assert_eq!(enter(&server, "ada@example.org", "wrong").status, 401);
    }
    for _ in 0..15 {
        enter(&server, "ada@example.org", PASSWORD).expect(201);
    }
    assert_eq!(enter(&server, "ada@example.org", "wrong").status, 401);
    assert_eq!(enter(&server, "ada@example.org", PASSWORD).status, 429);
}

#[test]
fn guesses_that_come_at_once_are_counted_before_they_are_looked_at() {
    let server = Server::start();
    person(&server, "ada@example.org", UserChange::default());
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let guesses =
            (0..30).map(|_| scope.spawn(|| enter(&server, "ada@example.org", "x").status));
        let guesses: Vec<_> = guesses.collect();
        guesses
            .into_iter()
            .map(|each| each.join().unwrap())
            .collect()
    });
    let looked_at = statuses.iter().filter(|status| **status == 401).count();
    assert_eq!(looked_at, 10, "{statuses:?}");
}

#[test]
fn a_login_is_for_the_tenant_that_it_names() {
    let server = Server::start();
    person(&server, "ada@example.org", UserChange::default());
    let other = server.tenant("other");
    let key = server.key_of(other, NewKey::default());
    let eve = json!({"email": "eve@example.org", "password": PASSWORD});
    server
        .post("/v1/users")
        .bearer(&key.token)
        .json(&eve)
        .send()
        .expect(201);
    let enter = |tenant: &str, body: &Value| {
        let request = server.post("/v1/sessions").header("muster-tenant", tenant);
        request.json(body).send()
    };
    let session = enter("other", &eve).expect(201);
    let token = session["token"].as_str().unwrap();
    assert!(token.starts_with(&format!("{}-ses_", other.0)));
    let ada = json!({"email": "ada@example.org", "password": PASSWORD});
    enter("default", &ada).expect(201);
    for (tenant, body) in [
        ("other", &ada),
        ("default", &eve),
        ("none", &ada),
        ("", &ada),
    ] {
        let answer = enter(tenant, body);
        assert_problem(&answer, 401, "unauthenticated", WHO, &Value::Null);
    }
}

#[test]
fn a_password_that_is_chosen_at_the_login_ends_the_others_sessions() {
    let server = Server::start();
    let id = person(&server, "ada@example.org", UserChange::default());
    let before = token(&server, "ada@example.org");
    let choose = |new: &str| {
        let body = json!({"email": "ada@example.org", "password": PASSWORD, "new_password": new});
        server.post("/v1/sessions").json(&body).send()
    };
    for (new, code) in [
        ("short", "too_short"),
        ("", "blank"),
        ("password1", "guessable"),
        (PASSWORD, "guessable"),
    ] {
        let body = choose(new).expect(422);
        assert_eq!(body["errors"][0]["pointer"], "/new_password");
        assert_eq!(body["errors"][0]["code"], code, "{new}");
    }
    get(&server, "/v1/session", &before).expect(200);
    let session = choose("orbit ferry plank tide").expect(201);
    assert_eq!(get(&server, "/v1/session", &before).status, 401);
    get(&server, "/v1/session", session["token"].as_str().unwrap()).expect(200);
    assert!(server.password_is(id, "orbit ferry plank tide"));
    let types: Vec<_> = server
        .user_events(id)
        .into_iter()
        .map(|each| each.event_type)
        .collect();
    let last = ["user_logged_in", "user_password_changed", "user_logged_in"];
    assert_eq!(&types[types.len() - 3..], last);
}

#[test]
fn a_suspension_bites_in_a_session_at_once() {
    let server = Server::start();
    let id = person(&server, "ada@example.org", UserChange::default());
    let token = token(&server, "ada@example.org");
    get(&server, "/v1/session", &token).expect(200);
    let suspension = UserChange {
        suspended: directory::users::Change::Set(true),
        ..UserChange::default()
    };
    change(&server, id, suspension);
    assert_eq!(get(&server, "/v1/session", &token).status, 401);
}
