//! What becomes of passkeys once they are registered.

use directory::keys::NewKey;
use directory::users::UserChange;
use directory::violation::Violations;
use serde_json::{Value, json};

use super::{Case, at, change_of, wrong};
use crate::harness::Response;

fn paths(user: i64, passkey: &Value) -> (String, String) {
    let list = format!("/v1/users/{user}/passkeys");
    let one = format!("{list}/{}", passkey["id"]);
    (list, one)
}

fn signed_in(case: &Case, device: &mut crate::harness::authenticator::Authenticator) -> String {
    let session = case.enter(device).expect(201);
    session["token"].as_str().unwrap().to_owned()
}

fn set_password(case: &Case, user: i64) {
    let none = Violations::new();
    let password = Some("tide plank ferry orbit".to_owned().into());
    let hashed = case.server.directory.hash_password(password, &none);
    let hash = case.server.wait(hashed).unwrap();
    let change = UserChange {
        password: hash,
        ..UserChange::default()
    };
    case.change(user, change);
}

#[test]
fn passkeys_are_listed_renamed_and_deleted_by_an_administrator() {
    let case = Case::start();
    let mut device = case.authenticator();
    let (user, made) = case.with_passkey("ada@example.org", &mut device);
    let (list, one) = paths(user, &made);
    case.native("GET", &list)
        .send()
        .assert(200, &json!({ "data": [made], "next_cursor": null }));
    case.server.advance(std::time::Duration::from_secs(1));
    let answer = case
        .native("PATCH", &one)
        .json(&json!({ "name": "Phone" }))
        .send();
    let renamed = answer.expect(200);
    assert_eq!(
        (&renamed["name"], &renamed["version"]),
        (&json!("Phone"), &json!(2))
    );
    assert_eq!(renamed["updated_at"], "2026-11-21T04:50:41.123Z");
    assert_eq!(answer.header("etag"), Some("\"2\""));
    let event = case.last(user, "passkey_renamed");
    let change = json!({
        "old": { "name": "Laptop" },
        "new": { "name": "Phone", "passkey_id": made["id"] },
    });
    assert_eq!(change_of(&event), change);
    case.native("DELETE", &one).send().assert_empty(204);
    case.native("GET", &one).send().expect(404);
    case.native("GET", &list)
        .send()
        .assert(200, &json!({ "data": [], "next_cursor": null }));
    case.enter(&mut device).expect(401);
    let told = case.told(user);
    let end = [
        "passkey_list_viewed",
        "passkey_renamed",
        "passkey_deleted",
        "passkey_list_viewed",
    ];
    assert_eq!(told[told.len() - 4..], end);
}

#[test]
fn a_user_lists_renames_and_deletes_their_own() {
    let case = Case::start();
    let mut device = case.authenticator();
    let (user, made) = case.with_passkey("ada@example.org", &mut device);
    set_password(&case, user);
    let token = signed_in(&case, &mut device);
    let (list, one) = paths(user, &made);
    let own = |method: &str, path: &str| case.server.request(method, path).bearer(&token);
    assert_eq!(
        own("GET", &list).send().expect(200)["data"][0]["id"],
        made["id"]
    );
    assert_eq!(own("GET", &one).send().expect(200)["id"], made["id"]);
    let renamed = own("PATCH", &one).json(&json!({ "name": "Phone" })).send();
    assert_eq!(renamed.expect(200)["name"], "Phone");
    own("DELETE", &one).send().assert_empty(204);
    // The session that it is done in goes on.
    assert_eq!(own("GET", &list).send().expect(200)["data"], json!([]));
}

#[test]
fn the_last_passkey_of_a_user_without_a_password_is_an_administrators_to_delete() {
    let case = Case::start();
    let mut device = case.authenticator();
    let (user, made) = case.with_passkey("ada@example.org", &mut device);
    let token = signed_in(&case, &mut device);
    let (_, one) = paths(user, &made);
    let problem = case.server.request("DELETE", &one).bearer(&token).send();
    let detail = "the last passkey of a user who has no password stays";
    assert_eq!(problem.expect(409)["detail"], detail);
    case.enter(&mut device).expect(201);
    // With another, either may go, and not both.
    let link = case.token(user);
    let second = case
        .register_by(&link, "Phone", &mut case.authenticator())
        .expect(201);
    let (_, other) = paths(user, &second);
    let delete = |path: &str| case.server.request("DELETE", path).bearer(&token).send();
    let answers: Vec<Response> = std::thread::scope(|scope| {
        let sent: Vec<_> = [&one, &other]
            .map(|path| scope.spawn(move || delete(path)))
            .into();
        sent.into_iter().map(|each| each.join().unwrap()).collect()
    });
    let mut statuses: Vec<u16> = answers.iter().map(|each| each.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409]);
    for path in [&one, &other] {
        let status = case.native("DELETE", path).send().status;
        assert!(matches!(status, 204 | 404), "{status}");
    }
    let (list, _) = paths(user, &made);
    assert_eq!(
        case.native("GET", &list).send().expect(200)["data"],
        json!([])
    );
}

#[test]
fn deleting_a_passkey_ends_the_sessions_of_its_user() {
    let case = Case::start();
    let mut device = case.authenticator();
    let (user, made) = case.with_passkey("ada@example.org", &mut device);
    let token = signed_in(&case, &mut device);
    let (list, one) = paths(user, &made);
    case.server.get(&list).bearer(&token).send().expect(200);
    case.native("DELETE", &one).send().assert_empty(204);
    case.server.get(&list).bearer(&token).send().expect(401);
}

#[test]
fn a_version_that_is_not_the_stored_one_is_refused() {
    let case = Case::start();
    let (user, made) = case.with_passkey("ada@example.org", &mut case.authenticator());
    let (_, one) = paths(user, &made);
    for method in ["PATCH", "DELETE"] {
        let request = case.native(method, &one).header("if-match", "\"2\"");
        request.json(&json!({ "name": "B" })).send().expect(412);
    }
    let request = case.native("PATCH", &one).header("if-match", "\"1\"");
    request.json(&json!({ "name": "B" })).send().expect(200);
    let request = case.native("DELETE", &one).header("if-match", "\"2\"");
    request.send().assert_empty(204);
}

#[test]
fn a_name_that_cannot_be_kept_is_refused() {
    let case = Case::start();
    let (user, made) = case.with_passkey("ada@example.org", &mut case.authenticator());
    let (_, one) = paths(user, &made);
    let rename = |body: Value| case.native("PATCH", &one).json(&body).send();
    for (name, code) in [
        (json!(""), "blank"),
        (json!(null), "blank"),
        (json!("x".repeat(101)), "too_long"),
        (json!("a\u{0}"), "bad_format"),
        (json!(7), "wrong_type"),
    ] {
        let answer = rename(json!({ "name": name }));
        assert_eq!(wrong(&answer), at(&[("/name", code)]), "{name}");
    }
    let other = rename(json!({ "sign_count": 0 }));
    assert_eq!(wrong(&other), at(&[("/sign_count", "unknown_field")]));
    // What changes nothing is told nowhere.
    assert_eq!(rename(json!({})).expect(200)["version"], 1);
    assert_eq!(
        rename(json!({ "name": "Laptop" })).expect(200)["version"],
        1
    );
    assert!(!case.told(user).contains(&"passkey_renamed".to_owned()));
}

#[test]
fn anothers_passkeys_are_not_found() {
    let case = Case::start();
    let (ada, made) = case.with_passkey("ada@example.org", &mut case.authenticator());
    let mut graces = case.authenticator();
    let (grace, own) = case.with_passkey("grace@example.org", &mut graces);
    let (list, one) = paths(ada, &made);
    let (_, crossed) = paths(grace, &made);
    let tenant = case.server.tenant("stranger");
    let stranger = case.server.key_of(tenant, NewKey::default());
    let body = json!({ "name": "B" });
    let mut answers = Vec::new();
    for (method, path) in [
        ("GET", &list),
        ("GET", &one),
        ("PATCH", &one),
        ("DELETE", &one),
    ] {
        let request = case.server.request(method, path).bearer(&stranger.token);
        answers.push(request.json(&body).send());
    }
    for (method, path) in [("GET", &crossed), ("PATCH", &crossed), ("DELETE", &crossed)] {
        answers.push(case.native(method, path).json(&body).send());
    }
    for answer in answers {
        assert_eq!(answer.expect(404)["code"], "not_found");
    }
    // A user sees nobody's but their own.
    let token = signed_in(&case, &mut graces);
    for (method, path) in [
        ("GET", &list),
        ("GET", &one),
        ("PATCH", &one),
        ("DELETE", &one),
    ] {
        let request = case.server.request(method, path).bearer(&token);
        request.json(&body).send().expect(403);
    }
    let (_, hers) = paths(grace, &own);
    case.server.get(&hers).bearer(&token).send().expect(200);
}

#[test]
fn a_key_needs_the_right_for_what_it_does() {
    let case = Case::start();
    let (user, made) = case.with_passkey("ada@example.org", &mut case.authenticator());
    let (list, one) = paths(user, &made);
    let reads = case.server.key_with(NewKey {
        scopes: vec!["users:read".to_owned()],
        ..NewKey::default()
    });
    let none = case.server.key_with(NewKey {
        scopes: vec!["groups:write".to_owned()],
        ..NewKey::default()
    });
    let send = |key: &crate::harness::Key, method: &str, path: &str| {
        let request = case.server.request(method, path).bearer(&key.token);
        request.json(&json!({ "name": "B" })).send().status
    };
    assert_eq!(send(&reads, "GET", &list), 200);
    assert_eq!(send(&reads, "PATCH", &one), 403);
    assert_eq!(send(&reads, "DELETE", &one), 403);
    assert_eq!(send(&none, "GET", &list), 403);
    case.server.get(&list).send().expect(401);
}

#[test]
fn who_acts_as_another_changes_no_passkeys() {
    let case = Case::start();
    let (user, made) = case.with_passkey("ada@example.org", &mut case.authenticator());
    let token = case.session_as_another(user);
    let (list, one) = paths(user, &made);
    let send = |method: &str, path: &str| {
        let request = case.server.request(method, path).bearer(&token);
        request.json(&json!({ "name": "B" })).send()
    };
    send("GET", &list).expect(200);
    send("PATCH", &one).expect(403);
    send("DELETE", &one).expect(403);
}
