//! Calls from pages of other origins.

use muster::http::cors::{AllowedOrigin, SHOWN, TAKEN};
use muster::openapi::NAMES;
use serde_json::json;

use super::documents::calls;
use crate::harness::{Response, Server, described};

const APP: &str = "https://app.example.com";
const OTHER: &str = "https://other.example.com";

fn allowing(origins: &[&str]) -> Server {
    let origins = origins
        .iter()
        .map(|each| each.parse::<AllowedOrigin>().unwrap());
    let origins = origins.collect();
    Server::start_with(move |app| app.cors = origins)
}

fn asked_before(server: &Server, origin: &str) -> Response {
    server
        .request("OPTIONS", "/v1/users")
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "authorization,content-type",
        )
        .send()
}

fn allowed(answer: &Response) -> Option<&str> {
    answer.header("access-control-allow-origin")
}

#[test]
fn by_default_no_other_origin_may_call() {
    let server = Server::start();
    let before = asked_before(&server, APP);
    assert_eq!((before.status, allowed(&before)), (405, None));
    let answer = server.get("/v1/users").header("origin", APP).send();
    assert_eq!((answer.status, allowed(&answer)), (401, None));
    assert_eq!(answer.header("vary"), None);
}

#[test]
fn an_origin_that_is_named_may_call_and_no_other() {
    let server = allowing(&[APP, "http://localhost:3000"]);
    for origin in [APP, "http://localhost:3000"] {
        let before = asked_before(&server, origin);
        assert_eq!((before.status, allowed(&before)), (200, Some(origin)));
        let methods = before.header("access-control-allow-methods").unwrap();
        assert!(methods.contains("PATCH"), "{methods}");
        let headers = before.header("access-control-allow-headers").unwrap();
        assert!(headers.contains("authorization") && headers.contains("x-account-id"));
    }
    for origin in [
        OTHER,
        "null",
        "https://app.example.com.evil.example",
        "http://app.example.com",
    ] {
        assert_eq!(allowed(&asked_before(&server, origin)), None, "{origin}");
        let answer = server.get("/v1/users").header("origin", origin).send();
        assert_eq!(allowed(&answer), None, "{origin}");
    }
}

#[test]
fn cookies_are_never_taken_along() {
    let server = allowing(&[APP]);
    let key = server.key();
    let answers = [
        asked_before(&server, APP),
        server
            .get("/v1/users")
            .bearer(&key.token)
            .header("origin", APP)
            .send(),
    ];
    for answer in answers {
        assert_eq!(allowed(&answer), Some(APP));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
}

#[test]
fn what_went_wrong_can_be_read_from_there_too() {
    let server = allowing(&[APP]);
    let key = server.key();
    let answers = [
        (server.get("/v1/users").header("origin", APP).send(), 401),
        (
            server.get("/api_v2/users").header("origin", APP).send(),
            401,
        ),
        (server.get("/nowhere").header("origin", APP).send(), 404),
        (server.post("/v1/users/1").header("origin", APP).send(), 405),
        (
            server
                .post("/v1/users")
                .bearer(&key.token)
                .header("origin", APP)
                .json(&json!({}))
                .send(),
            422,
        ),
    ];
    for (answer, status) in answers {
        assert_eq!((answer.status, allowed(&answer)), (status, Some(APP)));
        let shown = answer.header("access-control-expose-headers").unwrap();
        assert!(shown.contains("x-request-id"), "{shown}");
        assert!(answer.header("vary").unwrap().contains("origin"));
    }
    let wrong_method = server.post("/v1/users/1").header("origin", APP).send();
    assert_eq!(wrong_method.header("allow"), Some("GET,HEAD,PATCH,DELETE"));
}

#[test]
fn every_header_that_a_document_names_may_be_sent_and_read_from_there() {
    for name in NAMES {
        let document = described().document(name);
        for (method, path, call) in calls(document) {
            let parameters = call["parameters"].as_array().into_iter().flatten();
            for each in parameters.filter(|each| each["in"] == "header") {
                let header = each["name"].as_str().unwrap();
                let may = TAKEN
                    .iter()
                    .any(|taken| header.eq_ignore_ascii_case(taken.as_str()));
                assert!(may, "{name}: {method} {path}: {header} cannot be sent");
            }
            for (status, answer) in call["responses"].as_object().unwrap() {
                // What many calls answer stands in the document once.
                let answer = answer["$ref"].as_str().map_or(answer, |place| {
                    let shared = document.pointer(place.trim_start_matches('#'));
                    shared.unwrap()
                });
                let headers = answer["headers"].as_object().into_iter().flatten();
                for (header, _) in headers {
                    // Fetch Standard, "CORS-safelisted response-header name".
                    if ["Cache-Control", "Content-Type"].contains(&header.as_str()) {
                        continue;
                    }
                    let may = SHOWN
                        .iter()
                        .any(|shown| header.eq_ignore_ascii_case(shown.as_str()));
                    assert!(
                        may,
                        "{name}: {method} {path} {status}: {header} cannot be read"
                    );
                }
            }
        }
    }
}
