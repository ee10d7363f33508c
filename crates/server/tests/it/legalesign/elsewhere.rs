//! The same users through the other APIs, and theirs through this one.

use directory::keys::NewKey;
use serde_json::{Value, json};

use super::{Case, PASSWORD, ada_with};

fn uri(user: &Value) -> String {
    format!("/api/v1/user/{}/", user["uid"].as_str().unwrap())
}

#[test]
fn a_user_made_here_is_shown_by_every_other_api() {
    let case = Case::start();
    case.server.group("Sales");
    let mut body = ada_with("password", PASSWORD);
    body["groups"] = json!("sales");
    case.created(&body);
    let user = case.stored("ada@example.org");
    let id = &user["id"];
    assert_eq!(user["groups"][0]["slug"], "sales");
    let bearer = |path: &str| case.server.get(path).bearer(&case.key.token);
    let wonolo = bearer("/api_v2/users?per=50").send().expect(200)["users"].clone();
    assert_eq!(wonolo[0]["email"], "ada@example.org");
    assert_eq!(wonolo[0]["last_name"], "Lovelace");
    let shown = bearer(&format!("/api_v2/users/{id}")).send().expect(200);
    assert_eq!(shown["user"]["first_name"], "Ada");
    let account = case.server.account("Acme");
    let key = case.server.key_with(NewKey {
        account_id: Some(account),
        ..NewKey::default()
    });
    // In Pulse, a user is seen in the accounts that they are a member of.
    let mut member = ada_with("email", "grace@example.org");
    member["password"] = json!(PASSWORD);
    case.by(&key, "POST", "/api/v1/user/")
        .json(&member)
        .send()
        .assert_empty(201);
    let pulse = case
        .server
        .get("/users/grace@example.org")
        .bearer(&key.token)
        .header("x-account-id", &account.to_string());
    assert_eq!(pulse.send().expect(200)["name"], "Ada Lovelace");
    let listed = case.server.get("/users").bearer(&key.token);
    let listed = listed.header("x-account-id", &account.to_string());
    let listed = listed.send().expect(200);
    let named: Vec<_> = listed["data"].as_array().unwrap().iter().collect();
    assert_eq!(named.len(), 1, "{listed}");
    assert_eq!(named[0]["email"], "grace@example.org");
    let platformos = case
        .server
        .get(&format!("/api/users/{id}"))
        .header("authorization", &format!("Token token={}", case.key.token));
    assert_eq!(platformos.send().expect(200)["last_name"], "Lovelace");
    let listed = case
        .server
        .get("/api/users")
        .header("authorization", &format!("Token token={}", case.key.token));
    let listed = listed.send().expect(200);
    assert!(
        listed.to_string().contains("\"ada@example.org\""),
        "{listed}"
    );
}

#[test]
fn a_part_of_a_name_that_changes_here_leaves_the_other_in_every_api() {
    let case = Case::start();
    let account = case.server.account("Acme");
    let bearer = |method: &str, path: &str| {
        let request = case.server.request(method, path).bearer(&case.key.token);
        request.header("x-account-id", &account.to_string())
    };
    let body = json!({"email": "grace@example.org", "name": "Grace Hopper"});
    let made = bearer("POST", "/users").json(&body).send().expect(201);
    let place = uri(&case.stored("grace@example.org"));
    let shown = || {
        let here = case.shown(&place);
        let name = bearer("GET", "/users/grace@example.org").send().expect(200)["name"].clone();
        let path = format!("/api_v2/users/{}", made["id"]);
        let wonolo = bearer("GET", &path).send().expect(200)["user"].clone();
        let parts = |of: &Value| (of["first_name"].clone(), of["last_name"].clone());
        assert_eq!(parts(&here), parts(&wonolo));
        (parts(&here), name)
    };
    let patch = |body: Value| {
        case.request("PATCH", &place)
            .json(&body)
            .send()
            .assert_empty(202);
    };
    let (first, last) = (json!("Grace"), json!("Hopper"));
    assert_eq!(shown(), ((first.clone(), last), json!("Grace Hopper")));
    patch(json!({"last_name": "Murray"}));
    let (last, name) = (json!("Murray"), json!("Grace Murray"));
    assert_eq!(shown(), ((first, last.clone()), name));
    patch(json!({"first_name": "Brewster", "last_name": "Murray"}));
    let (first, name) = (json!("Brewster"), json!("Brewster Murray"));
    assert_eq!(shown(), ((first, last), name));
}

#[test]
fn a_user_of_any_other_api_is_shown_here_as_they_are() {
    let case = Case::start();
    let account = case.server.account("Acme");
    let long = "N".repeat(40);
    let bearer = |path: &str| case.server.post(path).bearer(&case.key.token);
    let native =
        json!({"email": "n@example.org", "first_name": long, "last_name": "O'Neil-X. <b>"});
    bearer("/v1/users").json(&native).send().expect(201);
    let worker = json!({"user": {
        "type": "Worker", "first_name": "W".repeat(40), "last_name": "Worker",
        "email": "w@example.org", "password": PASSWORD, "password_confirmation": PASSWORD,
    }});
    bearer("/api_v2/users").json(&worker).send().expect(201);
    let merchant =
        json!({"email": "p@example.org", "name": format!("{} Merchant", "P".repeat(40))});
    let made = bearer("/users").header("x-account-id", &account.to_string());
    made.json(&merchant).send().expect(201);
    let market = json!({
        "form_configuration_name": "reference_rest_api_create_user",
        "form": {"first_name": "M".repeat(40), "email": "m@example.org", "password": PASSWORD},
    });
    case.server
        .post("/api/users")
        .header("authorization", &format!("Token token={}", case.key.token))
        .json(&market)
        .send()
        .expect(201);
    for (email, first, last) in [
        ("n@example.org", long.clone(), json!("O'Neil-X. <b>")),
        ("w@example.org", "W".repeat(40), json!("Worker")),
        ("p@example.org", "P".repeat(40), json!("Merchant")),
        ("m@example.org", "M".repeat(40), Value::Null),
    ] {
        let user = case.stored(email);
        let shown = case.shown(&uri(&user));
        assert_eq!(shown["email"], email);
        assert_eq!(shown["first_name"], json!(first), "{email}");
        assert_eq!(shown["last_name"], last, "{email}");
    }
    // And each can be put into a group, by their address alone.
    case.server.group("Sales");
    for email in ["n@example.org", "w@example.org", "m@example.org"] {
        let place = case.made("member", &json!({"email": email, "group": "sales"}));
        assert!(place.starts_with("/api/v1/member/"), "{place}");
    }
    // One who has set no password yet is invited.
    let place = case.made(
        "member",
        &json!({"email": "p@example.org", "group": "sales"}),
    );
    assert!(place.starts_with("/api/v1/invited/"), "{place}");
}
