//! `/v1/forms`, and lists of users by what forms keep.

use directory::keys::NewKey;
use serde_json::{Value, json};

use crate::harness::{Key, Request, Response, Server};

const YAML: &str = "# Who sells.\nname: seller\nresource: User\nconfiguration:\n  last_name: {}\n  \
    email: { validation: { uniqueness: true } }\n  properties:\n    shop: {}\n";

fn request(server: &Server, key: &Key, method: &str, path: &str) -> Request {
    server.request(method, path).bearer(&key.token)
}

fn put(server: &Server, key: &Key, yaml: &str) -> Response {
    let request = request(server, key, "PUT", "/v1/forms/seller");
    request.body("application/yaml", yaml).send()
}

#[test]
fn a_form_is_made_read_and_changed_in_yaml_and_json() {
    let server = Server::start();
    let key = server.key();
    let made = request(&server, &key, "POST", "/v1/forms")
        .body("application/yaml; charset=utf-8", YAML)
        .send();
    let form = made.expect(201);
    assert_eq!(made.header("location"), Some("/v1/forms/seller"));
    assert_eq!(made.header("etag"), Some("\"1\""));
    let time = form["created_at"].clone();
    let document = json!({"name": "seller", "resource": "User", "configuration": {
        "last_name": {}, "email": {"validation": {"uniqueness": true}},
        "properties": {"shop": {}}}});
    let expected = json!({"name": "seller", "version": 1, "built_in": false, "resource": "User",
        "public": false, "format": "yaml", "source": YAML, "document": document,
        "created_at": time, "updated_at": time, "updated_by": null});
    assert_eq!(form, expected);
    // The order of the text is kept: pages have it.
    assert!(made.text.find("last_name").unwrap() < made.text.find("\"email\"").unwrap());
    let read = request(&server, &key, "GET", "/v1/forms/seller").send();
    assert_eq!(
        (read.expect(200), read.header("etag")),
        (expected.clone(), Some("\"1\""))
    );
    let again = request(&server, &key, "POST", "/v1/forms")
        .body("text/yaml", YAML)
        .send();
    let problem = again.expect(409);
    assert_eq!(
        (&problem["code"], &problem["errors"][0]["pointer"]),
        (&json!("taken"), &json!("/name"))
    );
    let changed = request(&server, &key, "PUT", "/v1/forms/seller")
        .json(&document)
        .send();
    let changed = changed.expect(200);
    assert_eq!(
        (&changed["version"], &changed["format"]),
        (&json!(2), &json!("json"))
    );
    let old = request(&server, &key, "GET", "/v1/forms/seller?version=1")
        .send()
        .expect(200);
    assert_eq!((&old["version"], &old["source"]), (&json!(1), &json!(YAML)));
    assert_eq!(
        request(&server, &key, "GET", "/v1/forms/seller?version=3")
            .send()
            .status,
        404
    );
    let listed = request(&server, &key, "GET", "/v1/forms")
        .send()
        .expect(200);
    let names: Vec<_> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|form| {
            (
                form["name"].as_str().unwrap().to_owned(),
                form["built_in"].as_bool().unwrap(),
            )
        })
        .collect();
    let built_in = |name: &str| (name.to_owned(), true);
    assert_eq!(
        names,
        [
            built_in("reference_rest_api_create_session"),
            built_in("reference_rest_api_create_user"),
            ("seller".to_owned(), false)
        ]
    );
    let first = request(&server, &key, "GET", "/v1/forms?limit=2")
        .send()
        .expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let path = format!("/v1/forms?limit=2&cursor={cursor}");
    let rest = request(&server, &key, "GET", &path).send().expect(200);
    assert_eq!(rest["data"][0]["name"], "seller");
    assert_eq!(rest["next_cursor"], Value::Null);
}

#[test]
fn of_two_who_change_a_version_the_second_is_told() {
    let server = Server::start();
    let key = server.key();
    let other = YAML.replace("shop", "store");
    let if_match = |tag: &str, yaml: &str| {
        let request = request(&server, &key, "PUT", "/v1/forms/seller").header("if-match", tag);
        request.body("application/yaml", yaml).send().status
    };
    // There is none to match, of whichever version.
    for tag in ["*", "\"0\"", "\"1\""] {
        assert_eq!(if_match(tag, YAML), 412, "{tag}");
    }
    let new = request(&server, &key, "PUT", "/v1/forms/seller").header("if-none-match", "*");
    let made = new.body("application/yaml", YAML).send();
    assert_eq!(
        (made.status, made.header("location")),
        (201, Some("/v1/forms/seller"))
    );
    assert_eq!(if_match("\"1\"", &other), 200);
    assert_eq!(if_match("\"1\"", YAML), 412);
    assert_eq!(if_match("\"x\"", YAML), 412);
    assert_eq!(if_match("*", YAML), 200);
    let new = request(&server, &key, "PUT", "/v1/forms/seller").header("if-none-match", "*");
    assert_eq!(
        new.body("application/yaml", other.as_str()).send().status,
        412
    );
    // What stands there stays where nothing differs.
    let same = put(&server, &key, YAML);
    assert_eq!(same.header("etag"), Some("\"3\""));
}

#[test]
fn every_fault_is_told_with_its_pointer_and_line() {
    let server = Server::start();
    let key = server.key();
    let wrong = "name: seller\nresource: User\nconfiguration:\n  emial: {}\n  email:\n    \
                 validation: { lenght: { minimum: 1 } }\n";
    let problem = put(&server, &key, wrong).expect(422);
    let errors = json!([
        {"pointer": "/configuration/emial", "line": 4, "column": 3, "code": "unknown",
            "message": problem["errors"][0]["message"]},
        {"pointer": "/configuration/email/validation/lenght", "line": 6, "column": 19,
            "code": "unknown", "message": problem["errors"][1]["message"]},
    ]);
    assert_eq!(
        (&problem["code"], &problem["errors"]),
        (&json!("invalid"), &errors)
    );
    assert!(
        problem["errors"][0]["message"]
            .as_str()
            .unwrap()
            .contains("first_name")
    );
    let other = YAML.replace("name: seller", "name: buyer");
    let problem = put(&server, &key, &other).expect(422);
    assert_eq!(problem["errors"][0]["pointer"], "/name");
    let broken = request(&server, &key, "POST", "/v1/forms").body("application/json", "{\n \"a\":");
    let problem = broken.send().expect(422);
    assert_eq!(problem["errors"][0]["code"], "unreadable");
    assert_eq!(problem["errors"][0]["line"], 2);
    let bomb: String = (0..9)
        .map(|level| match level {
            0 => "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned(),
            level => {
                let refers = vec![format!("*a{}", level - 1); 10].join(", ");
                format!("a{level}: &a{level} [{refers}]\n")
            }
        })
        .collect();
    let problem = put(&server, &key, &bomb).expect(422);
    assert_eq!(problem["errors"][0]["code"], "unreadable");
    let large = format!("{YAML}# {}", "x".repeat(70_000));
    assert_eq!(put(&server, &key, &large).expect(413)["code"], "too_large");
    let posted = request(&server, &key, "POST", "/v1/forms")
        .body("text/plain", YAML)
        .send();
    assert_eq!(posted.expect(415)["code"], "unsupported_media_type");
    let posted = request(&server, &key, "POST", "/v1/forms")
        .body("text/yaml", vec![0xff])
        .send();
    assert_eq!(posted.expect(400)["code"], "unreadable");
    assert_eq!(
        request(&server, &key, "GET", "/v1/forms/seller")
            .send()
            .status,
        404
    );
}

#[test]
fn a_dry_run_shows_what_would_change_and_writes_nothing() {
    let server = Server::start();
    let key = server.key();
    put(&server, &key, YAML).expect(201);
    let other = YAML.replace("shop: {}", "shop: { label: Shop }");
    let request = request(&server, &key, "PUT", "/v1/forms/seller?dry_run=true");
    let preview = request
        .body("application/yaml", other.as_str())
        .send()
        .expect(200);
    assert_eq!(
        (&preview["outcome"], &preview["form"]["version"]),
        (&json!("updated"), &json!(2))
    );
    let pointer = "/configuration/properties/shop/label";
    let differences = json!([{"pointer": pointer, "old": null, "new": "Shop"}]);
    assert_eq!(preview["differences"], differences);
    // What may only be new is refused as the call itself refuses it.
    let post = |yaml: &str| {
        let request = self::request(&server, &key, "POST", "/v1/forms?dry_run=true");
        request.body("application/yaml", yaml).send()
    };
    let problem = post(&other).expect(409);
    assert_eq!(
        (&problem["code"], &problem["errors"][0]["pointer"]),
        (&json!("taken"), &json!("/name"))
    );
    let new = post(&YAML.replace("name: seller", "name: buyer")).expect(200);
    assert_eq!(new["outcome"], "created");
    let stored = self::request(&server, &key, "GET", "/v1/forms/seller")
        .send()
        .expect(200);
    assert_eq!(
        (&stored["version"], &stored["source"]),
        (&json!(1), &json!(YAML))
    );
}

#[test]
fn scopes_hold_and_tenants_are_apart() {
    let server = Server::start();
    let key = server.key();
    put(&server, &key, YAML).expect(201);
    let reader = server.key_with(NewKey {
        scopes: vec!["users:write".to_owned()],
        ..NewKey::default()
    });
    let elsewhere = server.tenant("elsewhere");
    let theirs = server.key_of(elsewhere, NewKey::default());
    for (method, path) in [
        ("GET", "/v1/forms"),
        ("GET", "/v1/forms/seller"),
        ("GET", "/v1/forms/seller/schema"),
        ("POST", "/v1/forms"),
        ("PUT", "/v1/forms/seller"),
    ] {
        let answer = request(&server, &reader, method, path)
            .body("text/yaml", YAML)
            .send();
        assert_eq!(answer.expect(403)["code"], "forbidden", "{method} {path}");
        let answer = server.request(method, path).body("text/yaml", YAML).send();
        assert_eq!(answer.expect(401)["code"], "unauthenticated");
    }
    for path in [
        "/v1/forms/seller",
        "/v1/forms/seller/schema",
        "/v1/forms/nowhere",
    ] {
        assert_eq!(
            request(&server, &theirs, "GET", path).send().status,
            404,
            "{path}"
        );
    }
    let writer = server.key_with(NewKey {
        scopes: vec!["forms:write".to_owned()],
        ..NewKey::default()
    });
    request(&server, &writer, "GET", "/v1/forms/seller")
        .send()
        .expect(200);
}

#[test]
fn a_repeated_creation_is_answered_once() {
    let server = Server::start();
    let key = server.key();
    let post = |yaml: &str| {
        let request = request(&server, &key, "POST", "/v1/forms").header("idempotency-key", "k");
        request.body("text/yaml", yaml).send()
    };
    let first = post(YAML);
    assert_eq!(post(YAML).expect(201), first.expect(201));
    assert_eq!(post(&format!("{YAML}# more")).status, 422);
}

#[test]
fn a_form_has_a_json_schema() {
    let server = Server::start();
    let key = server.key();
    put(&server, &key, YAML).expect(201);
    let answer = request(&server, &key, "GET", "/v1/forms/seller/schema").send();
    let schema = answer.expect(200);
    assert_eq!(
        answer.header("content-type"),
        Some("application/schema+json")
    );
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    assert_eq!(schema["required"], json!(["email"]));
    let path = "/v1/forms/reference_rest_api_create_user/schema";
    let schema = request(&server, &key, "GET", path).send().expect(200);
    assert!(
        schema["properties"]["password"]
            .to_string()
            .contains("\"minLength\":6")
    );
}

#[test]
fn users_are_filtered_by_what_a_form_indexes() {
    let server = Server::start();
    let key = server.key();
    server.form(
        "name: seller\nresource: User\nconfiguration:\n  email: {}\n  properties:\n    plan: { \
         property_options: { indexed: true } }\n    note: {}\n  profiles:\n    developer:\n      \
         properties:\n        company_size: { validation: { numericality: true }, \
         property_options: { indexed: true } }\n",
    );
    let mut ids = Vec::new();
    for (n, size) in [1, 10, 11, 500].into_iter().enumerate() {
        let body = json!({"form_configuration_name": "seller", "form": {
            "email": format!("u{n}@example.org"), "properties": {"plan": format!("p {}", n % 2)},
            "profiles": {"developer": {"properties": {"company_size": size}}}}});
        let request = server.post("/api/users").json(&body);
        let made = request
            .header("authorization", &format!("Token token={}", key.token))
            .send();
        ids.push(made.expect(201)["id"].as_i64().unwrap());
    }
    let list = |query: &str| request(&server, &key, "GET", &format!("/v1/users?{query}")).send();
    let numbers = |query: &str| -> Vec<i64> {
        let page = list(query).expect(200);
        let data = page["data"].as_array().unwrap();
        data.iter()
            .map(|user| user["id"].as_i64().unwrap())
            .collect()
    };
    assert_eq!(numbers("profile.developer.company_size[gt]=10"), ids[2..]);
    assert_eq!(
        numbers("profile.developer.company_size%5Bgte%5D=10"),
        ids[1..]
    );
    let between = "profile.developer.company_size[gte]=10&profile.developer.company_size[lt]=500";
    assert_eq!(numbers(between), ids[1..3]);
    assert_eq!(numbers("profile.developer.company_size=11"), ids[2..3]);
    assert_eq!(numbers("properties.plan=p+1"), [ids[1], ids[3]]);
    assert_eq!(numbers("properties.plan=p%201&sort=-id"), [ids[3], ids[1]]);
    assert_eq!(
        numbers("properties.plan=p+1&email=u3@example.org"),
        [ids[3]]
    );
    let walk = list("profile.developer.company_size[gt]=0&limit=3");
    let page = walk.expect(200);
    let link = walk.header("link").unwrap();
    let next = link.split(['<', '>']).nth(1).unwrap();
    let rest = request(&server, &key, "GET", next).send().expect(200);
    assert_eq!(
        (
            page["data"].as_array().unwrap().len(),
            &rest["data"][0]["id"]
        ),
        (3, &json!(ids[3]))
    );
    for query in [
        "properties.note=x",
        "profile.developer.size[gt]=1",
        "profile.developer.company_size[near]=1",
        "profile.developer.company_size[gt]=many",
        "profile.developer.company_size[gt]=",
        "profile.developer.company_size[gt][x]=1",
        "profile.developer.company_size[]=1",
        "properties.plan[gt]=p",
        "profile.=1",
    ] {
        let problem = list(query).expect(400);
        assert_eq!(problem["code"], "unreadable", "{query}");
    }
}
