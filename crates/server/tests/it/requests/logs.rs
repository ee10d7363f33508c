//! Logs: one line a request, and nothing personal or secret in any.

use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use axum::Router;
use axum::routing::get;
use muster::http::Shared;
use muster::http::failure::Failure;
use serde_json::{Value, json};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::harness::Server;

/// What every server of this process logs: a subscriber is one a process.
struct Log(Mutex<Vec<u8>>);

static LOG: Log = Log(Mutex::new(Vec::new()));

impl Log {
    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn text(&self) -> String {
        String::from_utf8(self.lock().clone()).unwrap()
    }

    /// The lines of a request.
    fn lines_of(&self, request: &str) -> Vec<Value> {
        let lines = self.text();
        let lines = lines
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines
            .filter(|line| line["fields"]["request_id"] == request)
            .collect()
    }
}

impl Write for &Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for &'static Log {
    type Writer = &'static Log;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

/// Logs as `muster serve` does, and more of its own crates.
fn log() -> &'static Log {
    static STARTED: OnceLock<()> = OnceLock::new();
    STARTED.get_or_init(|| {
        let filter = EnvFilter::new("info,muster=trace,directory=trace");
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_env_filter(filter)
            .with_writer(&LOG)
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
    &LOG
}

#[test]
fn a_request_leaves_one_line() {
    let log = log();
    let server = Server::start();
    let key = server.key();
    let requests = [
        (
            "log-get",
            "GET",
            "/v1/users/7?x=1",
            "native",
            "/v1/users/{id}",
            404,
        ),
        (
            "log-list",
            "GET",
            "/v1/users?limit=0",
            "native",
            "/v1/users",
            400,
        ),
        ("log-lost", "GET", "/v1/lost/7", "native", "unrouted", 404),
        (
            "log-method",
            "PUT",
            "/v1/users/7",
            "native",
            "/v1/users/{id}",
            405,
        ),
        (
            "log-health",
            "GET",
            "/health/live",
            "native",
            "/health/live",
            200,
        ),
    ];
    for (id, method, path, dialect, route, status) in requests {
        let request = server
            .request(method, path)
            .bearer(&key.token)
            .header("x-request-id", id);
        assert_eq!(request.send().status, status);
        let lines = log.lines_of(id);
        assert_eq!(lines.len(), 1, "{id}: {lines:?}");
        let mut fields = lines[0]["fields"].clone();
        let duration = fields.as_object_mut().unwrap().remove("duration_us");
        assert!(duration.is_some_and(|each| each.is_u64()), "{lines:?}");
        let expected = json!({"message": "request", "request_id": id, "dialect": dialect,
            "method": method, "route": route, "status": status});
        assert_eq!(fields, expected);
        assert_eq!(lines[0]["level"], "INFO");
    }
}

#[test]
fn no_line_holds_what_a_request_says() {
    let log = log();
    let server = Server::start();
    let key = server.key();
    let body = json!({"email": "needle-email@example.org", "first_name": "needle-first",
        "phone": "+1 415 555 2671", "password": "needle-password tide plank",
        "address": "needle-address"});
    let post = |id: &str| {
        let request = server
            .post("/v1/users")
            .bearer(&key.token)
            .header("x-request-id", id);
        request
            .header("idempotency-key", "needle-idempotency")
            .json(&body)
            .send()
    };
    post("private-1").expect(201);
    let again = server
        .post("/v1/users")
        .bearer(&key.token)
        .json(&body)
        .send();
    again.expect(409);
    for path in [
        "/v1/users/needle-path@example.org",
        "/v1/needle-lost/1",
        "/needle-mount/x",
        "/users/needle-user@example.org",
        "/api/v1/user/needle-name/",
        "/v1/users?email=needle-query@example.org",
        "/v1/users?needle-parameter=1",
        "/v1/users?cursor=needle-cursor",
        "/v1/users?access_token=needle-token",
    ] {
        server.get(path).bearer(&key.token).send();
    }
    for path in [
        "/invitations/1-needle-link",
        "/invitations/1-needle-link/needle",
    ] {
        assert_eq!(server.get(path).send().status, 404);
        let form = "password=needle-word&password_confirmation=needle-word";
        assert_eq!(server.post(path).form(form).send().status, 404);
    }
    for token in ["1-needle-id.needle-secret", "needle-bearer"] {
        assert_eq!(server.get("/v1/users").bearer(token).send().status, 401);
    }
    let request = server.get("/v1/users").bearer(&key.token);
    let request = request
        .header("user-agent", "needle-agent")
        .header("cookie", "needle-cookie");
    request
        .header("x-request-id", "private-2")
        .send()
        .expect(200);
    assert_eq!(log.lines_of("private-1").len(), 1);
    assert_eq!(log.lines_of("private-2").len(), 1);
    let text = log.text();
    for private in ["needle", &key.id, &key.secret, "555 2671", "5552671"] {
        assert!(!text.contains(private), "{private} was logged");
    }
}

#[test]
fn a_token_in_a_query_is_in_no_line() {
    let log = log();
    let server = Server::start();
    let key = server.key();
    let form = format!("api_key={}&secret_key={}", key.id, key.secret);
    let made = server.post("/api_v2/authorize").form(&form).send();
    let token = made.expect(200)["token"].as_str().unwrap().to_owned();
    let parameters = format!("token={token}&email=token-log@example.org");
    for (id, path, status) in [
        ("token-1", format!("/api_v2/users?{parameters}"), 200),
        ("token-2", format!("/api_v2/users/9?{parameters}"), 404),
        ("token-3", format!("/api_v2/users?{parameters}&page=x"), 422),
        ("token-4", format!("/api_v2/users?{parameters}%ff"), 400),
        ("token-5", format!("/api_v2/lost?{parameters}"), 404),
    ] {
        let answer = server.get(&path).header("x-request-id", id).send();
        assert_eq!(answer.status, status, "{}", answer.text);
        assert_eq!(log.lines_of(id).len(), 1, "{id}");
    }
    let text = log.text();
    for private in [&token, &key.secret, "token-log@"] {
        assert!(!text.contains(private), "{private} was logged");
    }
}

#[test]
fn the_cause_of_a_fault_is_logged_with_its_request() {
    let log = log();
    let routes = |app: Shared| {
        let fault = async || Failure::from(directory::Error::internal("the disk is on fire"));
        muster::router::around(Router::new().route("/v1/fault", get(fault)), app)
    };
    let server = Server::start_serving(|_| {}, routes);
    let answer = server
        .get("/v1/fault")
        .header("x-request-id", "fault-1")
        .send();
    assert!(!answer.text.contains("fire"));
    let lines = log.lines_of("fault-1");
    assert_eq!(lines.len(), 2, "{lines:?}");
    let fields = json!({"message": "a request failed", "request_id": "fault-1",
        "error": "internal error: the disk is on fire"});
    assert_eq!(
        (&lines[0]["level"], &lines[0]["fields"]),
        (&json!("ERROR"), &fields)
    );
    assert_eq!(lines[1]["fields"]["status"], 500);
}
