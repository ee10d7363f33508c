//! `POST /v1/users/{id}/password`.

use directory::users::UserChange;
use serde_json::{Value, json};

use crate::harness::{Response, Server};
use crate::native::assert_invalid;
use crate::sessions::{PASSWORD, enter, get, member, person, post, role, token};

const NEW: &str = "orbit ferry plank tide";

fn set(server: &Server, token: &str, user: i64, body: &Value) -> Response {
    post(server, &format!("/v1/users/{user}/password"), token, body)
}

#[test]
fn one_changes_ones_own_password_by_naming_the_old_one() {
    let server = Server::start();
    let id = person(&server, "ada@example.org", UserChange::default());
    let (own, other) = (
        token(&server, "ada@example.org"),
        token(&server, "ada@example.org"),
    );
    let body = json!({"current_password": PASSWORD, "new_password": NEW});
    set(&server, &own, id, &body).assert_empty(204);
    assert!(server.password_is(id, NEW));
    get(&server, "/v1/session", &own).expect(200);
    assert_eq!(
        get(&server, "/v1/session", &other).status,
        401,
        "others end"
    );
    assert_eq!(enter(&server, "ada@example.org", PASSWORD).status, 401);
    enter(&server, "ada@example.org", NEW).expect(201);
    let last = server.user_events(id);
    let changed = last
        .iter()
        .find(|each| each.event_type == "user_password_changed")
        .unwrap();
    assert_eq!(
        (&*changed.actor_type, &changed.actor_id),
        ("user", &id.to_string())
    );
    assert!(!changed.change.contains("orbit"), "no secret in an event");
}

#[test]
fn what_is_wrong_with_a_change_is_told_at_its_field() {
    let server = Server::start();
    let named = UserChange {
        first_name: directory::users::Change::Set("Zebrafishy".to_owned()),
        ..UserChange::default()
    };
    let id = person(&server, "ada@example.org", named);
    let own = token(&server, "ada@example.org");
    let change = |body: Value| set(&server, &own, id, &body);
    let blank = [("/current_password", "blank"), ("/new_password", "blank")];
    assert_invalid(&change(json!({})), &blank);
    let wrong = json!({"current_password": "wrong", "new_password": NEW});
    assert_invalid(&change(wrong), &[("/current_password", "mismatch")]);
    for (new, code) in [
        ("short", "too_short"),
        ("", "blank"),
        ("password", "guessable"),
        ("zebrafishy1", "guessable"),
        (PASSWORD, "guessable"),
        ("nul\0nul nul nul", "bad_format"),
    ] {
        let body = json!({"current_password": PASSWORD, "new_password": new});
        assert_invalid(&change(body), &[("/new_password", code)]);
    }
    let long = json!({"current_password": PASSWORD, "new_password": "x".repeat(1_000)});
    assert_invalid(&change(long), &[("/new_password", "too_long")]);
    let extra = json!({"current_password": PASSWORD, "new_password": NEW, "change_due": false});
    assert_invalid(&change(extra), &[("/change_due", "unknown_field")]);
    assert!(server.password_is(id, PASSWORD));
}

#[test]
fn guesses_of_the_old_password_are_counted_as_those_of_a_login() {
    let server = Server::start();
    let id = person(&server, "ada@example.org", UserChange::default());
    let own = token(&server, "ada@example.org");
    let guess = json!({"current_password": "wrong", "new_password": NEW});
    for n in 0..10 {
        let answer = if n % 2 == 0 {
            set(&server, &own, id, &guess).status
        } else {
            enter(&server, "ada@example.org", "wrong").status + 21
        };
        assert_eq!(answer, 422, "{n}");
    }
    assert_eq!(set(&server, &own, id, &guess).status, 429);
    assert_eq!(enter(&server, "ada@example.org", PASSWORD).status, 429);
}

#[test]
fn an_administrator_sets_a_password_that_is_changed_at_the_next_login() {
    let server = Server::start();
    let key = server.key();
    let id = person(&server, "ada@example.org", UserChange::default());
    let before = token(&server, "ada@example.org");
    set(&server, &key.token, id, &json!({"new_password": NEW})).assert_empty(204);
    assert_eq!(get(&server, "/v1/session", &before).status, 401);
    assert_eq!(enter(&server, "ada@example.org", PASSWORD).status, 401);
    let due = enter(&server, "ada@example.org", NEW);
    assert_eq!(
        due.expect(403)["detail"],
        "another password is to be chosen first"
    );
    let pulse = json!({"email": "ada@example.org", "password": NEW});
    let answer = server.post("/auth/login").json(&pulse).send().expect(403);
    assert_eq!(answer["message"], "another password is to be chosen first");
    let chosen = "river lamp candle stone";
    let body = json!({"email": "ada@example.org", "password": NEW, "newPassword": chosen});
    server.post("/auth/login").json(&body).send().expect(200);
    enter(&server, "ada@example.org", chosen).expect(201);
    let types: Vec<_> = server
        .user_events(id)
        .into_iter()
        .map(|each| each.event_type)
        .collect();
    assert!(
        types.contains(&"admin_force_set_password".to_owned()),
        "{types:?}"
    );
    let kept = json!({"new_password": NEW, "change_due": false});
    set(&server, &key.token, id, &kept).assert_empty(204);
    enter(&server, "ada@example.org", NEW).expect(201);
}

#[test]
fn who_may_not_sets_nobodys_password() {
    let server = Server::start();
    let account = server.account("Acme");
    let with = |name: &str| UserChange {
        accounts: vec![member(account, false)],
        roles: vec![role(name, Some(account))],
        ..UserChange::default()
    };
    let manager = person(&server, "manager@example.org", with("manager"));
    let boss = person(&server, "boss@example.org", with("superAdmin"));
    let clerk = person(&server, "clerk@example.org", with("viewer"));
    let outside = person(&server, "out@example.org", UserChange::default());
    let own = token(&server, "manager@example.org");
    let body = json!({"new_password": NEW});
    assert_eq!(
        set(&server, &own, boss, &body).status,
        403,
        "who may do more"
    );
    assert_eq!(set(&server, &own, outside, &body).status, 404);
    assert_eq!(
        set(&server, &own, manager, &body).status,
        422,
        "one's own needs the old one"
    );
    set(&server, &own, clerk, &body).assert_empty(204);
    let clerks = server.key_with(directory::keys::NewKey {
        scopes: vec!["users:read".to_owned()],
        ..directory::keys::NewKey::default()
    });
    assert_eq!(set(&server, &clerks.token, clerk, &body).status, 403);
    let writes = server.key_with(directory::keys::NewKey {
        scopes: vec!["users:write".to_owned()],
        ..directory::keys::NewKey::default()
    });
    assert_eq!(
        set(&server, &writes.token, boss, &body).status,
        403,
        "a key above its scopes"
    );
    let patch = server
        .request("PATCH", &format!("/v1/users/{boss}"))
        .bearer(&writes.token);
    assert_eq!(patch.json(&json!({"password": NEW})).send().status, 403);
    assert!(server.password_is(boss, PASSWORD));
}
