//! Forms that an operator made, as clients meet them.

use serde_json::{Value, json};

use super::{assert_answer, assert_base, assert_invalid, created, shown, stored, through, token};
use crate::harness::{Key, Response, Server};

/// The form that the contract prints, with a name of its own.
const PUBLISHED: &str = r#"
name: developer_sign_up
resource: User
resource_owner: anyone
default_payload: { featured: false }
configuration:
  email:      { validation: { presence: true, uniqueness: true } }
  first_name: { validation: { presence: { message: "Tell us your name" } } }
  password:   { validation: { length: { minimum: 12 } } }
  properties:
    company_size: { validation: { numericality: { greater_than: 0, only_integer: true } } }
  profiles:
    developer:
      properties:
        bio: { validation: { length: { maximum: 500 } }, property_options: { default: "" } }
"#;

const NAME: &str = "developer_sign_up";

fn create(server: &Server, key: &Key, given: &Value) -> Response {
    through(server.post("/api/users"), key, NAME, given).send()
}

#[test]
fn the_published_form_makes_users_with_all_that_it_lists() {
    let server = Server::start();
    let key = server.key();
    server.form(PUBLISHED);
    let made = create(
        &server,
        &key,
        &json!({
            "email": "ada@example.org", "first_name": "Ada", "last_name": "not listed",
            "password": "tide plank ferry", "properties": {"company_size": 12, "y": 1},
            "profiles": {"developer": {"properties": {}}, "seller": {"properties": {}}},
        }),
    );
    let id = made.expect(201)["id"].as_i64().unwrap();
    assert_answer(&made, 201, &json!({"id": id, "errors": {}}));
    let user = shown(&server, &key, id);
    assert_eq!(
        (&user["featured"], &user["last_name"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(user["properties"], json!({"company_size": 12}));
    let profile = user["profiles"]["developer"]["id"].clone();
    let profiles =
        json!({"developer": {"id": profile, "enabled": true, "properties": {"bio": ""}}});
    assert_eq!(user["profiles"], profiles);
    assert!(server.password_is(id, "tide plank ferry"));
    let native = stored(&server, &key, id);
    assert_eq!(native["profiles"], profiles);
    assert_eq!(native["properties"], json!({"company_size": 12}));
    assert_eq!(
        (&native["relationships"], &native["transactables"]),
        (&json!({}), &json!({}))
    );
}

#[test]
fn all_that_is_wrong_is_told_under_dotted_names_in_the_forms_words() {
    let server = Server::start();
    let key = server.key();
    server.form(PUBLISHED);
    let good = json!({"email": "ada@example.org", "first_name": "Ada"});
    create(&server, &key, &good).expect(201);
    let refused = create(
        &server,
        &key,
        &json!({
            "email": "ADA@example.org", "password": "short",
            "properties": {"company_size": -1.5},
            "profiles": {"developer": {"properties": {"bio": "x".repeat(501)}}},
        }),
    );
    let expected = json!({
        "email": ["has already been taken"],
        "first_name": ["Tell us your name"],
        "password": ["is too short (minimum is 12 characters)"],
        "properties.company_size": ["must be an integer"],
        "profiles.developer.properties.bio": ["is too long (maximum is 500 characters)"],
    });
    assert_invalid(&refused, &expected);
    assert_eq!(server.user_count(), 1);
}

#[test]
fn every_validator_has_its_words() {
    let server = Server::start();
    let key = server.key();
    server.form(
        r#"
name: developer_sign_up
resource: User
configuration:
  email: {}
  properties:
    a: { validation: { presence: true } }
    b: { validation: { inclusion: { in: [x] } } }
    c: { validation: { exclusion: { in: [x] } } }
    d: { validation: { format: { with: '^\d+$' } } }
    e: { validation: { length: { is: 1 } } }
    f: { validation: { numericality: { greater_than: 5, less_than_or_equal_to: 2, odd: true } } }
    g: { validation: { numericality: { equal_to: 1, other_than: 2, even: true } } }
    h: { validation: { date: true } }
    i: { validation: { datetime: true } }
    j: { validation: { confirmation: true } }
    k: { validation: { numericality: true } }
    l: { validation: { uniqueness: true } }
    m: { validation: { length: { minimum: 2, maximum: 1000 } } }
"#,
    );
    let given = |email: &str, l: &str| json!({"email": email, "properties": {"a": "x", "l": l}});
    create(&server, &key, &given("a@example.org", "one")).expect(201);
    let refused = create(
        &server,
        &key,
        &json!({"email": "b@example.org", "properties": {
            "b": "y", "c": "x", "d": "y", "e": "xx", "f": 4, "g": 2.5, "h": "x", "i": "x",
            "j": "x", "j_confirmation": "y", "k": "x", "l": "one", "m": "x",
        }}),
    );
    let expected = json!({
        "properties.a": ["can't be blank"],
        "properties.b": ["is not included in the list"],
        "properties.c": ["is reserved"],
        "properties.d": ["is invalid"],
        "properties.e": ["is the wrong length (should be 1 character)"],
        "properties.f": ["must be greater than 5", "must be less than or equal to 2", "must be odd"],
        "properties.g": ["must be equal to 1", "must be even"],
        "properties.h": ["is not a valid date"],
        "properties.i": ["is not a valid datetime"],
        "properties.j_confirmation": ["doesn't match J"],
        "properties.k": ["is not a number"],
        "properties.l": ["has already been taken"],
        "properties.m": ["is too short (minimum is 2 characters)"],
    });
    assert_invalid(&refused, &expected);
}

#[test]
fn wrong_shapes_are_invalid_at_every_depth() {
    let server = Server::start();
    let key = server.key();
    server.form(
        "name: developer_sign_up\nresource: User\nconfiguration:\n  email: {}\n  properties: { a: \
         {} }\n  profiles: { p: { enabled: {}, properties: { a: {} } } }\n  relationship_users: { \
         r: { properties: { a: {} } } }\n  transactables: { t: { properties: { a: {} } } }\n",
    );
    let invalid = json!(["is invalid"]);
    let number = json!(["is not a number"]);
    for (given, at, words) in [
        (json!({"properties": []}), "properties", &invalid),
        (json!({"properties": {"a": {}}}), "properties.a", &invalid),
        (json!({"profiles": "x"}), "profiles", &invalid),
        (json!({"profiles": {"p": [{}]}}), "profiles.p", &invalid),
        (
            json!({"profiles": {"p": {"enabled": 1}}}),
            "profiles.p.enabled",
            &invalid,
        ),
        (
            json!({"profiles": {"p": {"properties": 5}}}),
            "profiles.p.properties",
            &invalid,
        ),
        (
            json!({"relationship_users": 1}),
            "relationship_users",
            &invalid,
        ),
        (
            json!({"relationship_users": {"r": "x"}}),
            "relationship_users.r",
            &invalid,
        ),
        (
            json!({"relationship_users": {"r": {"user_id": "x"}}}),
            "relationship_users.r.user_id",
            &number,
        ),
        (
            json!({"transactables": {"t": [5]}}),
            "transactables.t.0",
            &invalid,
        ),
        (
            json!({"transactables": {"t": [{"name": ["x"]}]}}),
            "transactables.t.0.name",
            &invalid,
        ),
        (
            json!({"transactables": {"t": {"name": "x", "properties": {"a": [1]}}}}),
            "transactables.t.properties.a",
            &invalid,
        ),
        (
            json!({"transactables": {"t": [{"name": "x", "id": "1"}]}}),
            "transactables.t.0.id",
            &invalid,
        ),
    ] {
        let mut given = given;
        given["email"] = json!("ada@example.org");
        assert_invalid(&create(&server, &key, &given), &json!({ at: words }));
    }
    assert_eq!(server.user_count(), 0);
}

#[test]
fn ten_thousand_properties_are_not_acceptable() {
    let server = Server::start();
    let key = server.key();
    server.form(PUBLISHED);
    let many: serde_json::Map<String, Value> =
        (0..10_000).map(|n| (format!("p{n}"), json!(n))).collect();
    let given = json!({"email": "ada@example.org", "properties": many});
    let answer = create(&server, &key, &given);
    assert_eq!(answer.status, 406);
    assert_eq!(server.user_count(), 0);
}

#[test]
fn a_user_of_another_tenant_is_nobody_to_relate_to() {
    let server = Server::start();
    let key = server.key();
    let form = "name: developer_sign_up\nresource: User\nconfiguration: { email: {}, \
                relationship_users: { friend: {} } }";
    server.form(form);
    let elsewhere = server.tenant("elsewhere");
    server.form_of(elsewhere, form);
    let other = server.key_of(elsewhere, directory::keys::NewKey::default());
    let theirs = create(&server, &other, &json!({"email": "eve@example.org"}));
    let theirs = theirs.expect(201)["id"].clone();
    let ours = created(&server, &key, &json!({"email": "grace@example.org"}));
    let with = |friend: &Value| json!({"email": "ada@example.org", "relationship_users": {"friend": [{"user_id": friend}]}});
    let must = json!({"relationship_users.friend.0.user_id": ["must exist"]});
    for friend in [theirs, json!(987_654_321)] {
        assert_invalid(&create(&server, &key, &with(&friend)), &must);
    }
    let made = create(&server, &key, &with(&json!(ours))).expect(201);
    let user = shown(&server, &key, made["id"].as_i64().unwrap());
    assert_eq!(user["relationship_users"]["friend"][0]["user_id"], ours);
}

#[test]
fn a_form_holds_in_its_own_tenant_for_its_own_resource_and_takes_the_built_in_ones_place() {
    let server = Server::start();
    let key = server.key();
    let elsewhere = server.tenant("elsewhere");
    server.form_of(elsewhere, PUBLISHED);
    let given = json!({"email": "ada@example.org", "first_name": "Ada"});
    let unknown = ["form_configuration_name must exist"];
    assert_base(&create(&server, &key, &given), 406, &unknown);
    server.form("name: developer_sign_up\nresource: Transactable\ntype: x\nconfiguration: {}");
    assert_base(&create(&server, &key, &given), 406, &unknown);
    let name = super::FORM;
    server.form(&PUBLISHED.replace(NAME, name));
    let given = json!({"email": "ada@example.org", "last_name": "L"});
    let refused = through(server.post("/api/users"), &key, name, &given).send();
    assert_invalid(&refused, &json!({"first_name": ["Tell us your name"]}));
}

#[test]
fn a_pattern_that_others_would_die_of_answers_at_once() {
    let server = Server::start();
    let key = server.key();
    server.form(
        "name: developer_sign_up\nresource: User\nconfiguration: { email: {}, properties: { a: { \
         validation: { format: { with: '^(a+)+$' } } } } }",
    );
    let given = json!({"email": "ada@example.org", "properties": {
        "a": format!("{}!", "a".repeat(9_000))}});
    let invalid = json!({"properties.a": ["is invalid"]});
    assert_invalid(&create(&server, &key, &given), &invalid);
}

#[test]
fn a_path_may_end_in_json_and_the_form_may_be_named_by_its_second_name() {
    let server = Server::start();
    let key = server.key();
    server.form(PUBLISHED);
    let body = json!({"form_name": NAME, "form": {"email": "a@example.org", "first_name": "A"}});
    let made = token(server.post("/api/users.json"), &key)
        .json(&body)
        .send();
    let id = made.expect(201)["id"].as_i64().unwrap();
    let body = json!({"form_name": NAME, "form": {"first_name": "B"}});
    let path = format!("/api/users/{id}.json");
    token(server.request("PUT", &path), &key)
        .json(&body)
        .send()
        .assert_empty(204);
    assert_eq!(shown(&server, &key, id)["first_name"], "B");
}
