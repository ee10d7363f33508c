//! Transactables and relationships of the user who acts.

use directory::keys::NewKey;
use serde_json::{Value, json};

use super::{assert_answer, assert_base, assert_invalid, created, shown, through, token};
use crate::harness::{Key, Response, Server};

const BOAT: &str = "name: boat_form\nresource: Transactable\ntype: boat\nconfiguration:\n  \
    external_id: {}\n  properties:\n    feet: { validation: { numericality: { greater_than: 0 } } \
    }\n    mmsi: { validation: { uniqueness: { message: Registered already } } }\n";
const FRIEND: &str = "name: friend_form\nresource: RelationshipUser\ntype: friend\n\
    configuration: { properties: { since: { validation: { date: true } } } }\n";

struct Case {
    server: Server,
    admin: Key,
    ada: Key,
    id: i64,
}

impl Case {
    fn start() -> Self {
        let server = Server::start();
        let admin = server.key();
        server.form(BOAT);
        server.form(FRIEND);
        let ada = server.key_with(NewKey {
            owner_email: Some("ada@example.org".to_owned()),
            scopes: vec!["users:write".to_owned()],
            ..NewKey::default()
        });
        let id = created(&server, &admin, &json!({"email": "ada@example.org"}));
        Self {
            server,
            admin,
            ada,
            id,
        }
    }

    fn boat(&self, key: &Key, given: &Value) -> Response {
        let path = "/api/user/transactables";
        through(self.server.post(path), key, "boat_form", given).send()
    }

    fn change(&self, key: &Key, id: &Value, given: &Value) -> Response {
        let path = format!("/api/user/transactables/{id}");
        through(self.server.request("PUT", &path), key, "boat_form", given).send()
    }

    fn delete(&self, key: &Key, path: &str) -> Response {
        token(self.server.request("DELETE", path), key).send()
    }

    fn boats(&self) -> Value {
        shown(&self.server, &self.admin, self.id)["transactables"]["boat"].clone()
    }
}

#[test]
fn a_transactable_is_made_changed_and_taken_away() {
    let case = Case::start();
    let given = json!({"name": "Ann", "external_id": "b-1", "x": 1,
        "properties": {"feet": 30, "y": 2}});
    let made = case.boat(&case.ada, &given);
    let id = made.expect(201)["id"].clone();
    assert_answer(&made, 201, &json!({"id": id, "errors": {}}));
    let boat = json!({"id": id, "name": "Ann", "external_id": "b-1", "properties": {"feet": 30}});
    assert_eq!(case.boats(), json!([boat]));
    let answer = case.change(&case.ada, &id, &json!({"properties": {"feet": 31.5}}));
    answer.assert_empty(204);
    assert_eq!(case.boats()[0]["properties"], json!({"feet": 31.5}));
    assert_eq!(case.boats()[0]["name"], "Ann");
    let path = format!("/api/user/transactables/{id}.json");
    case.delete(&case.ada, &path).assert_empty(204);
    assert_eq!(case.boats(), Value::Null);
    assert_base(&case.delete(&case.ada, &path), 404, &["Not Found"]);
    let events = case.server.user_events(case.id);
    assert_eq!(events.len(), 4);
    assert!(
        events[1..]
            .iter()
            .all(|event| event.event_type == "user_updated")
    );
}

#[test]
fn a_relationship_is_made_changed_and_taken_away() {
    let case = Case::start();
    let other = created(
        &case.server,
        &case.admin,
        &json!({"email": "eve@example.org"}),
    );
    let path = "/api/user/relationship_users.json";
    let request =
        |given: &Value| through(case.server.post(path), &case.ada, "friend_form", given).send();
    let wrong = request(&json!({"properties": {"since": "x"}}));
    let errors = json!({"user_id": ["can't be blank"],
        "properties.since": ["is not a valid date"]});
    assert_invalid(&wrong, &errors);
    let nobody = request(&json!({"user_id": 999_999}));
    assert_invalid(&nobody, &json!({"user_id": ["must exist"]}));
    let id = request(&json!({"user_id": other})).expect(201)["id"].clone();
    let path = format!("/api/user/relationship_users/{id}");
    let given = json!({"properties": {"since": "2026-01-01"}});
    let answer = through(
        case.server.request("PATCH", &path),
        &case.ada,
        "friend_form",
        &given,
    );
    answer.send().assert_empty(204);
    let friends = &shown(&case.server, &case.admin, case.id)["relationship_users"]["friend"];
    let friend = json!({"id": id, "user_id": other, "properties": {"since": "2026-01-01"}});
    assert_eq!(*friends, json!([friend]));
    // It is no transactable.
    let boats = format!("/api/user/transactables/{id}");
    assert_base(&case.delete(&case.ada, &boats), 404, &["Not Found"]);
    case.delete(&case.ada, &path).assert_empty(204);
}

#[test]
fn what_is_wrong_is_told_in_the_forms_words() {
    let case = Case::start();
    let first = json!({"name": "Ann", "properties": {"mmsi": "1"}});
    case.boat(&case.ada, &first).expect(201);
    let wrong = json!({"properties": {"mmsi": "1", "feet": 0}});
    let errors = json!({"name": ["can't be blank"], "properties.mmsi": ["Registered already"],
        "properties.feet": ["must be greater than 0"]});
    assert_invalid(&case.boat(&case.ada, &wrong), &errors);
    let taken = json!({"name": "Eve", "properties": {"mmsi": "1"}});
    let errors = json!({"properties.mmsi": ["Registered already"]});
    assert_invalid(&case.boat(&case.ada, &taken), &errors);
    let body = json!({"form_configuration_name": "friend_form", "form": {}});
    let path = "/api/user/transactables";
    let answer = token(case.server.post(path), &case.ada).json(&body).send();
    assert_base(&answer, 406, &["form_configuration_name must exist"]);
    assert_eq!(case.boats().as_array().unwrap().len(), 1);
}

#[test]
fn a_number_that_no_user_can_have_is_no_user_s() {
    let case = Case::start();
    let path = "/api/user/relationship_users";
    let relate = |number: &str| {
        let given = serde_json::from_str(&format!("{{\"user_id\": {number}}}")).unwrap();
        through(case.server.post(path), &case.ada, "friend_form", &given).send()
    };
    for number in [
        "18446744073709551615",
        "9223372036854775808",
        "1e300",
        "-1e300",
        "0",
        "-1",
    ] {
        let errors = json!({"user_id": ["must exist"]});
        assert_invalid(&relate(number), &errors);
    }
    let friends = &shown(&case.server, &case.admin, case.id)["relationship_users"];
    assert_eq!(*friends, json!({}));
    relate(&format!("{}.0", case.id)).expect(201);
}

#[test]
fn a_key_without_an_owner_names_whose_it_is() {
    let case = Case::start();
    let post = |creator: Value| {
        let body = json!({"form_configuration_name": "boat_form", "creator_id": creator,
            "form": {"name": "Ann"}});
        let request = case.server.post("/api/user/transactables");
        token(request, &case.admin).json(&body).send()
    };
    let id = post(json!(case.id)).expect(201)["id"].clone();
    assert_eq!(case.boats()[0]["id"], id);
    let must = json!({"creator_id": ["must exist"]});
    assert_invalid(&post(json!(null)), &must);
    assert_invalid(&post(json!(999_999)), &must);
    assert_base(&post(json!("x")), 406, &["creator_id is invalid"]);
    // It changes anybody's.
    case.change(&case.admin, &id, &json!({"name": "Eve"}))
        .assert_empty(204);
    let path = format!("/api/user/transactables/{id}");
    case.delete(&case.admin, &path).assert_empty(204);
}

#[test]
fn what_is_another_users_is_not_found_and_a_reader_is_not_authenticated() {
    let case = Case::start();
    let id = case.boat(&case.ada, &json!({"name": "Ann"})).expect(201)["id"].clone();
    created(
        &case.server,
        &case.admin,
        &json!({"email": "eve@example.org"}),
    );
    let eve = case.server.key_with(NewKey {
        owner_email: Some("eve@example.org".to_owned()),
        scopes: vec!["users:write".to_owned()],
        ..NewKey::default()
    });
    let elsewhere = case.server.tenant("elsewhere");
    case.server.form_of(elsewhere, BOAT);
    let theirs = case.server.key_of(elsewhere, NewKey::default());
    let path = format!("/api/user/transactables/{id}");
    for key in [&eve, &theirs] {
        let answer = case.change(key, &id, &json!({"name": "Mine"}));
        assert_base(&answer, 404, &["Not Found"]);
        assert_base(&case.delete(key, &path), 404, &["Not Found"]);
    }
    let reader = case.server.key_with(NewKey {
        scopes: vec!["users:read".to_owned()],
        ..NewKey::default()
    });
    let words = &["Invalid Authentication"];
    assert_base(&case.boat(&reader, &json!({"name": "x"})), 401, words);
    assert_base(
        &case.change(&reader, &id, &json!({"name": "x"})),
        401,
        words,
    );
    assert_base(&case.delete(&reader, &path), 401, words);
    assert_base(&case.server.request("DELETE", &path).send(), 401, words);
    assert_eq!(case.boats()[0]["name"], "Ann");
}
