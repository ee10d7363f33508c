//! `/openapi/…`, `muster openapi` and `/`.

use muster::openapi::{NAMES, printed};
use serde_json::{Value, json};

use crate::harness::Server;

#[test]
fn each_document_is_served_without_a_credential() {
    let server = Server::start();
    for name in NAMES {
        let answer = server.get(&format!("/openapi/{name}.json")).send();
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let printed: Value = serde_json::from_str(&printed(name).unwrap()).unwrap();
        answer.assert(200, &printed);
    }
    let native = server.get("/openapi/native.json").send();
    assert_eq!(server.get("/openapi.json").send().text, native.text);
}

#[test]
fn a_document_that_there_is_not_is_not_found() {
    let server = Server::start();
    for path in [
        "/openapi/scim.json",
        "/openapi/native",
        "/openapi/pages.json",
        "/openapi/%FF",
    ] {
        let problem = server.get(path).send().expect(404);
        assert_eq!(problem["code"], "not_found", "{path}");
    }
    let refused = server.post("/openapi.json").json(&json!({})).send();
    assert_eq!(refused.status, 405);
}
