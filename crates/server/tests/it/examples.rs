//! The forms of `examples/forms` are real: each makes users.

use std::path::PathBuf;

use directory::forms::{Expected, Format, draft, put};
use serde_json::{Value, json};

use crate::harness::{Key, Response, Server};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/forms")
}

/// A server with every example.
pub fn with_examples(server: &Server) {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let is_json = path.extension().is_some_and(|ending| ending == "json");
        let format = if is_json { Format::Json } else { Format::Yaml };
        let source = std::fs::read_to_string(&path).unwrap();
        let draft = draft(format, source, None).unwrap_or_else(|faults| panic!("{faults:?}"));
        names.push(draft.form.name.clone());
        let operator = server.operator();
        server.write(move |tx| put(tx, &operator, &draft, &Expected::Any));
    }
    names.sort_unstable();
    assert_eq!(
        names,
        ["event_attendee", "marketplace_seller", "staffing_worker"]
    );
}

fn create(server: &Server, key: &Key, form: &str, given: &Value) -> Response {
    let body = json!({"form_configuration_name": form, "form": given});
    let request = server.post("/api/users").json(&body);
    let credential = format!("Token token={}", key.token);
    request.header("authorization", &credential).send()
}

fn stored(server: &Server, key: &Key, made: &Response) -> Value {
    let path = format!("/v1/users/{}", made.expect(201)["id"]);
    server.get(&path).bearer(&key.token).send().expect(200)
}

#[test]
fn a_marketplace_seller_is_made_with_a_developer_profile_and_listings() {
    let server = Server::start();
    let key = server.key();
    with_examples(&server);
    let given = json!({
        "email": "ada@example.org", "first_name": "Ada",
        "properties": {"shop": "little-boats", "country": "NO"},
        "profiles": {"developer": {"enabled": false, "properties": {"company_size": 12}}},
        "transactables": {"listing": [{"name": "Skiff", "properties": {"price": 90.5, "sku": "s"}}]},
    });
    let made = create(&server, &key, "marketplace_seller", &given);
    let user = stored(&server, &key, &made);
    let properties = json!({"shop": "little-boats", "country": "NO", "source": "sign-up page"});
    assert_eq!(
        (&user["properties"], &user["featured"]),
        (&properties, &json!(false))
    );
    let developer = &user["profiles"]["developer"];
    assert_eq!(developer["enabled"], true);
    assert_eq!(
        developer["properties"],
        json!({"company_size": 12, "bio": ""})
    );
    assert_eq!(
        user["transactables"]["listing"][0]["properties"]["price"],
        90.5
    );
    let mut wrong = given.clone();
    wrong["email"] = json!("eve@example.org");
    wrong["properties"]["country"] = json!("XX");
    wrong["profiles"]["developer"]["properties"]["company_size"] = json!(0);
    let refused = create(&server, &key, "marketplace_seller", &wrong).expect(422);
    let errors = json!({
        "properties.shop": ["Another shop has this address."],
        "properties.country": ["is not included in the list"],
        "profiles.developer.properties.company_size": ["must be greater than 0"],
        "transactables.listing.0.properties.sku": ["has already been taken"],
    });
    assert_eq!(refused["errors"], errors);
    let path = "/v1/users?profile.developer.company_size[gt]=10&properties.country=NO";
    let found = server.get(path).bearer(&key.token).send().expect(200);
    assert_eq!(found["data"][0]["id"], user["id"]);
}

#[test]
fn a_staffing_worker_is_made_and_referred_by_another() {
    let server = Server::start();
    let key = server.key();
    with_examples(&server);
    let worker = |email: &str, id: &str, more: Value| {
        let mut given = json!({"email": email, "external_id": id, "first_name": "A",
            "last_name": "L", "properties": {"birthday": "1990-02-28"}});
        let properties = given["properties"].as_object_mut().unwrap();
        properties.extend(more.as_object().unwrap().clone());
        given
    };
    let first = worker("ada@example.org", "w-1", json!({"grade": 9, "pin": "1234"}));
    let made = create(&server, &key, "staffing_worker", &first);
    let ada = stored(&server, &key, &made);
    let properties = json!({"birthday": "1990-02-28", "languages": ["en"], "drives": false,
        "grade": 1});
    assert_eq!(ada["properties"], properties);
    let mut second = worker(
        "eve@example.org",
        "w-2",
        json!({"drives": true,
        "licence": "AB123456", "languages": ["de", "fr"],
        "available_from": "2026-12-01T08:00:00+01:00"}),
    );
    let referred = json!({"referred_by": {"user_id": ada["id"],
        "properties": {"since": "2026-11-01"}}});
    second["relationship_users"] = referred;
    let made = create(&server, &key, "staffing_worker", &second);
    let eve = stored(&server, &key, &made);
    assert_eq!(eve["relationships"]["referred_by"][0]["user_id"], ada["id"]);
    let wrong = worker(
        "bob@example.org",
        "w-1",
        json!({"drives": true, "shirt": "XXL",
        "birthday": "1990-02-30", "languages": [], "pin": "12", "pin_confirmation": "13"}),
    );
    let refused = create(&server, &key, "staffing_worker", &wrong).expect(422);
    let errors = json!({
        "external_id": ["has already been taken"],
        "properties.birthday": ["is not a valid date"],
        "properties.shirt": ["is not included in the list"],
        "properties.languages": ["Choose one at least."],
        "properties.licence": ["can't be blank"],
        "properties.pin": ["is invalid"],
        "properties.pin_confirmation": ["doesn't match Pin"],
    });
    assert_eq!(refused["errors"], errors);
    let path = "/v1/users?properties.available_from[lte]=2026-12-01T07:00:00Z";
    let found = server.get(path).bearer(&key.token).send().expect(200);
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
}

#[test]
fn an_event_attendee_is_made_from_json() {
    let server = Server::start();
    let key = server.key();
    with_examples(&server);
    let given = json!({"email": "ada@example.org", "email_confirmation": "ada@example.org",
        "name": "Ada Lovelace", "profiles": {"attendee": {"properties": {
            "day": "Saturday", "meals": ["fish", "vegetables"], "terms": true}}}});
    let made = create(&server, &key, "event_attendee", &given);
    let user = stored(&server, &key, &made);
    let properties = json!({"day": "Saturday", "guests": 0, "meals": ["fish", "vegetables"],
        "terms": true});
    assert_eq!(user["profiles"]["attendee"]["properties"], properties);
    let wrong = json!({"email": "eve@example.org", "email_confirmation": "bob@example.org",
        "profiles": {"attendee": {"properties": {
            "day": "Monday", "guests": 5, "meals": ["stone"], "terms": false}}}});
    let refused = create(&server, &key, "event_attendee", &wrong).expect(422);
    let at = |name: &str| format!("profiles.attendee.properties.{name}");
    let errors = json!({
        "email_confirmation": ["The two addresses differ."],
        "name": ["can't be blank"],
        at("day"): ["is not included in the list"],
        at("guests"): ["must be less than or equal to 4"],
        at("meals"): ["is not included in the list"],
        at("terms"): ["Accept the terms to come."],
    });
    assert_eq!(refused["errors"], errors);
}
