//! `/v1/roles`.

use serde_json::{Value, json};

use crate::harness::{Request, START, Server};
use crate::native::assert_invalid;
use crate::sessions::ids;

fn by(server: &Server, token: &str, method: &str, path: &str) -> Request {
    server.request(method, path).bearer(token)
}

#[test]
fn roles_are_made_listed_changed_and_deleted() {
    let server = Server::start();
    let key = server.key();
    let call = |method: &str, path: &str| by(&server, &key.token, method, path);
    let body = json!({"name": "auditor", "permissions": ["readUsers", "readEvents", "readUsers"]});
    let answer = call("POST", "/v1/roles").json(&body).send();
    let made = answer.expect(201);
    let id = made["id"].as_i64().unwrap();
    let shown = json!({"id": id, "name": "auditor", "permissions": ["readEvents", "readUsers"],
        "created_at": START, "updated_at": START, "version": 1});
    assert_eq!(made, shown);
    assert_eq!(answer.header("etag"), Some("\"1\""));
    let path = format!("/v1/roles/{id}");
    assert_eq!(answer.header("location"), Some(&*path));
    call("GET", &path).send().assert(200, &shown);
    let list = call("GET", "/v1/roles").send().expect(200);
    let names: Vec<_> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| &each["name"])
        .collect();
    assert_eq!(
        names,
        ["superAdmin", "accountAdmin", "manager", "viewer", "auditor"]
    );
    assert_eq!(ids(&list).len(), 5);
    let patch = |tag: &str, body: &Value| {
        call("PATCH", &path)
            .header("if-match", tag)
            .json(body)
            .send()
    };
    let less = json!({"permissions": []});
    assert_eq!(patch("\"9\"", &less).status, 412);
    let changed = patch("\"1\"", &less).expect(200);
    assert_eq!(
        (&changed["permissions"], &changed["version"]),
        (&json!([]), &json!(2))
    );
    let renamed = call("PATCH", &path)
        .json(&json!({"name": "inspector"}))
        .send();
    assert_invalid(&renamed, &[("/name", "immutable")]);
    call("DELETE", &path).send().assert_empty(204);
    assert_eq!(call("GET", &path).send().status, 404);
}

#[test]
fn what_is_wrong_with_a_role_is_told_at_its_field() {
    let server = Server::start();
    let key = server.key();
    let make = |body: Value| {
        by(&server, &key.token, "POST", "/v1/roles")
            .json(&body)
            .send()
    };
    assert_invalid(
        &make(json!({})),
        &[("/name", "blank"), ("/permissions", "blank")],
    );
    let body = json!({"name": "x".repeat(256), "permissions": ["fly", 1, "readUsers"], "y": 1});
    let expected = [
        ("/name", "too_long"),
        ("/permissions/0", "not_included"),
        ("/permissions/1", "wrong_type"),
        ("/y", "unknown_field"),
    ];
    assert_invalid(&make(body), &expected);
    let taken = make(json!({"name": "viewer", "permissions": []}));
    assert_eq!(taken.expect(409)["errors"][0]["pointer"], "/name");
    for body in [
        json!({"name": 1, "permissions": "readUsers"}),
        json!({"name": null, "permissions": null}),
    ] {
        assert_eq!(make(body).status, 422);
    }
}
