//! Faults of the server: one request's own, and nothing inner shown.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use directory::{Error, Unavailable};
use muster::http::Shared;
use muster::http::failure::Failure;
use serde_json::{Value, json};

use crate::harness::{Response, Server};

const INNER: &str = "an inner secret of the fault";

async fn panics() -> &'static str {
    panic!("{INNER}");
}

async fn panics_in_a_write(State(app): State<Shared>) -> Result<&'static str, Failure> {
    app.directory
        .write(|_| -> Result<(), Error> { panic!("{INNER}") })
        .await?;
    Ok("written")
}

async fn panics_in_a_read(State(app): State<Shared>) -> Result<&'static str, Failure> {
    app.directory
        .read(|_| -> Result<(), Error> { panic!("{INNER}") })
        .await?;
    Ok("read")
}

async fn fails() -> Failure {
    Error::internal(INNER).into()
}

async fn is_busy() -> Failure {
    Unavailable::Hashing.into()
}

/// The public routes, and some that go wrong.
fn faulty() -> Server {
    let routes = |app: Shared| {
        let faults = Router::new()
            .route("/v1/panic", get(panics))
            .route("/v1/panic/write", get(panics_in_a_write))
            .route("/v1/panic/read", get(panics_in_a_read))
            .route("/v1/fault", get(fails))
            .route("/v1/busy", get(is_busy))
            .route("/api_v2/panic", get(panics))
            .route("/users/panic/x/y/z", get(panics))
            .route("/api/users/panic/x/y/z", get(panics))
            .route("/api/v1/panic/x/y/z", get(panics));
        muster::router::around(muster::dialects::native::routes().merge(faults), app)
    };
    Server::start_serving(|_| {}, routes)
}

#[track_caller]
fn assert_internal(answer: &Response) {
    let expected = json!({"type": "about:blank", "title": "Internal Server Error", "status": 500,
        "code": "internal", "detail": "internal error",
        "request_id": answer.header("x-request-id").unwrap()});
    answer.assert(500, &expected);
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(answer.header("retry-after"), None);
}

#[test]
fn a_panic_is_the_500_of_its_own_request() {
    let server = faulty();
    let key = server.key();
    for path in ["/v1/panic", "/v1/panic/write", "/v1/panic/read"] {
        for _ in 0..3 {
            assert_internal(&server.get(path).send());
        }
        let body = json!({"email": format!("{}@example.org", path.replace('/', "-"))});
        server
            .post("/v1/users")
            .bearer(&key.token)
            .json(&body)
            .send()
            .expect(201);
    }
    assert_eq!(server.user_count(), 3);
}

#[test]
fn requests_beside_a_panic_run_on() {
    let server = faulty();
    let key = server.key();
    std::thread::scope(|scope| {
        for n in 0..4 {
            let (server, key) = (&server, &key);
            scope.spawn(move || {
                for m in 0..10 {
                    let body = json!({"email": format!("u{n}.{m}@example.org")});
                    let made = server
                        .post("/v1/users")
                        .bearer(&key.token)
                        .json(&body)
                        .send();
                    made.expect(201);
                }
            });
            scope.spawn(move || {
                for path in ["/v1/panic", "/v1/panic/write", "/v1/panic/read"].repeat(4) {
                    assert_internal(&server.get(path).send());
                }
            });
        }
    });
    assert_eq!(server.user_count(), 40);
}

#[test]
fn nothing_inner_is_shown_by_any_dialect() {
    let server = faulty();
    assert_internal(&server.get("/v1/fault").send());
    for path in [
        "/api_v2/panic",
        "/users/panic/x/y/z",
        "/api/users/panic/x/y/z",
        "/api/v1/panic/x/y/z",
    ] {
        let answer = server.get(path).send();
        assert_eq!(answer.status, 500, "{path}");
        for inner in ["inner", "secret", "panick"] {
            assert!(!answer.text.contains(inner), "{path}: {}", answer.text);
        }
    }
}

#[test]
fn a_server_that_cannot_now_says_when_to_come_back() {
    let server = faulty();
    let answer = server.get("/v1/busy").send();
    let expected = json!({"type": "about:blank", "title": "Service Unavailable", "status": 503,
        "code": "unavailable", "detail": "the service cannot do this now",
        "request_id": answer.header("x-request-id").unwrap()});
    answer.assert(503, &expected);
    assert_eq!(answer.header("retry-after"), Some("1"));
    let none: Option<&Value> = expected.get("errors");
    assert_eq!(none, None);
}
