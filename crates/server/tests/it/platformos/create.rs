//! What a creation does.

use directory::keys::NewKey;
use serde_json::{Value, json};

use super::{
    CONTENT_TYPE, FORM, assert_answer, assert_base, assert_invalid, created, creation, request,
    shown, stored, token,
};
use crate::harness::{START, Server};

/// The body as the seed prints it.
const SEED_EXAMPLE: &str = r#"{
"form_configuration_name": "reference_rest_api_create_user",
"form": {
"first_name": "Example",
"email": "example1@example.com",
"password": "somepassword"
}
}"#;

#[test]
fn the_example_of_seed_003_runs_as_it_stands() {
    let server = Server::start();
    let key = server.key();
    let made = token(server.post("/api/users"), &key)
        .header("accept", "application/json")
        .body("application/json", SEED_EXAMPLE)
        .send();
    assert_eq!(made.text, r#"{"id":1,"errors":{}}"#);
    assert_answer(&made, 201, &json!({"id": 1, "errors": {}}));
    let user = stored(&server, &key, 1);
    assert_eq!(user["first_name"], "Example");
    assert_eq!(user["email"], "example1@example.com");
    assert_eq!(user["status"], "active");
    assert_eq!(user["created_at"], START);
    assert!(server.password_is(1, "somepassword"));
    assert!(!server.password_is(1, "somepasswor"));
    assert_eq!(server.user_count(), 1);
}

fn everything() -> Value {
    json!({
        "email": " Ada.L+x@EXAMPLE.org ",
        "external_id": "crm-0042",
        "featured": true,
        "first_name": "Ada",
        "last_name": "King Lovelace",
        "middle_name": "<b>B.</b>",
        "name": "Countess of Lovelace",
        "password": "tide plank ferry",
        "public_profile": false,
    })
}

#[test]
fn every_field_of_the_form_is_stored_and_read_back() {
    let server = Server::start();
    let key = server.key();
    let id = created(&server, &key, &everything());
    let expected = json!({
        "id": id,
        "email": "Ada.L+x@EXAMPLE.org",
        "external_id": "crm-0042",
        "featured": true,
        "first_name": "Ada",
        "last_name": "King Lovelace",
        "middle_name": "<b>B.</b>",
        "name": "Countess of Lovelace",
        "public_profile": false,
        "properties": {},
        "profiles": {},
        "relationship_users": {},
        "transactables": {},
    });
    assert_eq!(shown(&server, &key, id), expected);
    let user = stored(&server, &key, id);
    for field in [
        "email",
        "external_id",
        "featured",
        "first_name",
        "last_name",
        "middle_name",
        "name",
        "public_profile",
    ] {
        assert_eq!(user[field], expected[field], "{field}");
    }
    assert_eq!(user["kind"], Value::Null);
    assert!(server.password_is(id, "tide plank ferry"));
}

#[test]
fn a_creation_is_told_as_an_event_without_the_password() {
    let server = Server::start();
    let key = server.key_with(NewKey {
        owner_email: Some("ops@example.org".to_owned()),
        ..NewKey::default()
    });
    let made = creation(&server, &key, &everything())
        .header("x-request-id", "made-by-form")
        .send();
    let id = made.expect(201)["id"].as_i64().unwrap();
    assert_eq!(made.header("x-request-id"), Some("made-by-form"));
    let events = server.user_events(id);
    assert_eq!(events.len(), 1);
    let event = &events[0];
    assert_eq!(event.event_type, "user_created");
    assert_eq!(
        (event.actor_type.as_str(), &event.actor_id),
        ("key", &key.id)
    );
    assert_eq!(event.request_id, "made-by-form");
    let change: Value = serde_json::from_str(&event.change).unwrap();
    assert_eq!(change["new"]["email"], "Ada.L+x@EXAMPLE.org");
    assert!(!event.change.contains("tide plank ferry"));
    assert!(!event.change.contains("argon2"));
    assert_eq!(stored(&server, &key, id)["created_by"], "ops@example.org");
}

#[test]
fn an_email_alone_is_enough() {
    let server = Server::start();
    let key = server.key();
    let id = created(&server, &key, &json!({"email": "ada@example.org"}));
    let expected = json!({
        "id": id, "email": "ada@example.org", "external_id": null, "featured": null,
        "first_name": null, "last_name": null, "middle_name": null, "name": null,
        "public_profile": null, "properties": {}, "profiles": {}, "relationship_users": {},
        "transactables": {},
    });
    assert_eq!(shown(&server, &key, id), expected);
    let operator = server.operator();
    let hash = server.read(move |tx| directory::users::password_hash(tx, &operator, id));
    assert!(hash.is_none());
}

#[test]
fn what_the_form_does_not_list_is_dropped_in_silence() {
    let server = Server::start();
    let key = server.key();
    let form = json!({
        "email": "ada@example.org",
        "id": 77,
        "kind": "worker",
        "suspended_at": "2020-01-01T00:00:00Z",
        "email_verified_at": "2020-01-01T00:00:00Z",
        "created_by": "mallory@example.org",
        "password_confirmation": "not the same",
        "properties": {"company_size": 3},
        "profiles": {"developer": {"properties": {"bio": "x"}, "enabled": true}},
        "relationship_users": {"friend": {"user_id": 1}},
        "transactables": {"boat": [{"name": "Argo"}]},
        "roles": ["admin"],
        "nul\u{0}": "\u{0}",
    });
    let body = json!({"form_configuration_name": FORM, "form": form, "creator_id": 5, "x": []});
    let made = request(&server, &key).json(&body).send();
    let id = made.expect(201)["id"].as_i64().unwrap();
    assert_ne!(id, 77);
    let bare = created(&server, &key, &json!({"email": "bob@example.org"}));
    let (mut one, mut other) = (stored(&server, &key, id), stored(&server, &key, bare));
    for user in [&mut one, &mut other] {
        let fields = user.as_object_mut().unwrap();
        assert!(fields.remove("id").is_some() && fields.remove("uid").is_some());
        assert!(fields.remove("email").is_some());
    }
    assert_eq!(one, other);
}

#[test]
fn a_null_is_as_absent_and_an_empty_text_is_kept_as_none() {
    let server = Server::start();
    let key = server.key();
    let form = json!({
        "email": "ada@example.org", "password": null, "featured": null, "external_id": "",
        "name": "", "first_name": "Ada", "middle_name": "", "last_name": "Lovelace",
    });
    let id = created(&server, &key, &form);
    let user = shown(&server, &key, id);
    assert_eq!(user["name"], "Ada Lovelace");
    for field in ["external_id", "middle_name", "featured"] {
        assert_eq!(user[field], Value::Null, "{field}");
    }
    assert_invalid(
        &creation(&server, &key, &json!({"email": null})).send(),
        &json!({"email": ["can't be blank"]}),
    );
}

#[test]
fn form_name_is_taken_where_the_first_name_is_absent() {
    let server = Server::start();
    let key = server.key();
    let send = |body: Value| request(&server, &key).json(&body).send();
    let form = |email: &str| json!({ "email": email });
    send(json!({"form_name": FORM, "form": form("a@example.org")})).expect(201);
    send(json!({"form_configuration_name": null, "form_name": FORM,
        "form": form("b@example.org")}))
    .expect(201);
    send(
        json!({"form_configuration_name": FORM, "form_name": "another",
        "form": form("c@example.org")}),
    )
    .expect(201);
    let other = send(
        json!({"form_configuration_name": "another", "form_name": FORM,
        "form": form("d@example.org")}),
    );
    assert_base(&other, 406, &["form_configuration_name must exist"]);
    let other = send(json!({"form_name": "another", "form": form("d@example.org")}));
    assert_base(&other, 406, &["form_name must exist"]);
    assert_eq!(server.user_count(), 3);
}

#[test]
fn a_path_may_end_in_json() {
    let server = Server::start();
    let key = server.key();
    let body = json!({"form_configuration_name": FORM, "form": {"email": "ada@example.org"}});
    let made = token(server.post("/api/users.json"), &key)
        .json(&body)
        .send();
    assert_answer(&made, 201, &json!({"id": 1, "errors": {}}));
    let read = token(server.get("/api/users/1.json"), &key).send();
    assert_answer(&read, 200, &shown(&server, &key, 1));
}

#[test]
fn a_json_subtype_is_json_too() {
    let server = Server::start();
    let key = server.key();
    for (number, content_type) in [
        CONTENT_TYPE,
        "Application/JSON; charset=utf-8",
        "application/json;charset=UTF-8",
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({"form_configuration_name": FORM,
            "form": {"email": format!("u{number}@example.org")}});
        let made = request(&server, &key)
            .body(content_type, body.to_string())
            .send();
        made.expect(201);
    }
}

#[test]
fn a_user_of_a_bound_key_joins_its_account() {
    let server = Server::start();
    let account = server.account("Harbour");
    let key = server.key_with(NewKey {
        account_id: Some(account),
        ..NewKey::default()
    });
    let id = created(&server, &key, &json!({"email": "ada@example.org"}));
    let user = stored(&server, &key, id);
    let expected = json!([{"id": account, "name": "Harbour", "role": "member",
        "admin": false, "primary": true}]);
    assert_eq!(user["accounts"], expected);
    let kinds: Vec<String> = server
        .user_events(id)
        .into_iter()
        .map(|each| each.event_type)
        .collect();
    assert_eq!(kinds, ["user_created", "user_added_to_account"]);
}

#[test]
fn an_email_that_another_has_is_taken_however_it_is_written() {
    let server = Server::start();
    let key = server.key();
    created(&server, &key, &json!({"email": "ada@bücher.example"}));
    let taken = json!({"email": ["has already been taken"]});
    for email in [
        "ada@bücher.example",
        " ADA@BÜCHER.example ",
        "ada@xn--bcher-kva.example",
    ] {
        let again = creation(&server, &key, &json!({ "email": email })).send();
        assert_invalid(&again, &taken);
    }
    assert_eq!(server.user_count(), 1);
    created(&server, &key, &json!({"email": "a.da@bücher.example"}));
    created(&server, &key, &json!({"email": "ada+1@bücher.example"}));
}

#[test]
fn an_email_of_a_user_made_by_another_api_is_taken() {
    let server = Server::start();
    let key = server.key();
    let body = json!({"email": "ada@example.org"});
    let made = server.post("/v1/users").bearer(&key.token).json(&body);
    made.send().expect(201);
    let again = creation(&server, &key, &body).send();
    assert_invalid(&again, &json!({"email": ["has already been taken"]}));
}

#[test]
fn an_email_of_another_tenant_is_free() {
    let server = Server::start();
    let other = server.tenant("other");
    let foreign = server.key_of(other, NewKey::default());
    let form = json!({"email": "ada@example.org"});
    created(&server, &foreign, &form);
    created(&server, &server.key(), &form);
    assert_eq!((server.user_count(), server.users_of(other)), (1, 1));
}

#[test]
fn of_two_creations_at_one_moment_one_is_made() {
    let server = Server::start();
    let key = server.key();
    for round in 0..5 {
        let form = json!({ "email": format!("ada{round}@example.org") });
        let mut answers: Vec<u16> = std::thread::scope(|scope| {
            let send = || creation(&server, &key, &form).send().status;
            let running: Vec<_> = (0..4).map(|_| scope.spawn(send)).collect();
            running
                .into_iter()
                .map(|each| each.join().unwrap())
                .collect()
        });
        answers.sort_unstable();
        assert_eq!(answers, [201, 422, 422, 422]);
    }
    assert_eq!(server.user_count(), 5);
}
