//! Whole requests to each dialect, from the request line to the database.

use axum::http::StatusCode;
use serde_json::Value;

use super::call::Call;
use super::server::{self, Answer, Server};

/// The native API.
pub fn native(data: &[u8]) -> bool {
    speak(data, |server, call| server.authorized(call))
}

/// The staffing API.
pub fn wonolo(data: &[u8]) -> bool {
    speak(data, |server, call| server.authorized(call))
}

/// The merchant CRM; account 1 unless the request names one.
pub fn pulse(data: &[u8]) -> bool {
    speak(data, |server, call| in_account(server, call, "1"))
}

/// The marketplace.
pub fn platformos(data: &[u8]) -> bool {
    speak(data, as_marketplace)
}

/// The e-signature service.
pub fn legalesign(data: &[u8]) -> bool {
    speak(data, as_signer)
}

fn in_account(server: &Server, call: Call, account: &str) -> Call {
    server.authorized(call.with("x-account-id", account))
}

fn as_marketplace(server: &Server, call: Call) -> Call {
    let token = format!("Token token={}.{}", server.id, server.secret);
    call.with("authorization", &token)
}

fn as_signer(server: &Server, call: Call) -> Call {
    let key = format!("ApiKey {}:{}", server.id, server.secret);
    call.with("authorization", &key)
}

/// A request that is refused, or asks to read, writes nothing; what another one wrote can be read
/// through every API.
fn speak(data: &[u8], sign: fn(&Server, Call) -> Call) -> bool {
    let Some(call) = Call::read(data) else {
        return false;
    };
    server::with(|server| {
        let call = sign(server, call);
        let answer = server.send(&call);
        let done = answer.status.is_success();
        let Some(difference) = server.database.difference() else {
            return done;
        };
        assert!(
            done && !call.is_safe(),
            "{}, and {difference}",
            answer.status
        );
        assert_repeatable(server, &call, &answer);
        assert_readable(server);
        server.database.restore();
        done
    })
}

/// The same request under the same idempotency key has the same answer.
fn assert_repeatable(server: &Server, call: &Call, answer: &Answer) {
    let native = call.uri.path().starts_with("/v1");
    if native && call.headers.contains_key("idempotency-key") && call.method == "POST" {
        let again = server.send(call);
        assert_eq!((again.status, &again.body), (answer.status, &answer.body));
        assert!(again.headers.contains_key("idempotency-replayed"));
    }
}

fn assert_readable(server: &Server) {
    let read = |call: Call| {
        let path = call.uri.to_string();
        let answer = server.send(&call);
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.json()
    };
    let list = |path: &str| read(server.authorized(Call::get(path)));
    for path in [
        "/v1/accounts",
        "/v1/groups",
        "/v1/badges",
        "/api_v2/badges",
        "/api_v2/users",
    ] {
        list(path);
    }
    let users = list("/v1/users?limit=200");
    for user in users["data"].as_array().unwrap() {
        if !server.users.contains(user) {
            assert_same_everywhere(server, user, &read);
        }
    }
}

/// A user that was made or changed is there in every API, as the same person.
fn assert_same_everywhere(server: &Server, user: &Value, read: &dyn Fn(Call) -> Value) {
    let (id, uid) = (&user["id"], user["uid"].as_str().unwrap());
    let path = |mount: &str| Call::get(&format!("{mount}/{id}"));
    assert_eq!(&read(server.authorized(path("/v1/users"))), user);
    let times = user.as_object().unwrap().iter();
    for (name, at) in times.filter(|(name, at)| name.ends_with("_at") && !at.is_null()) {
        // `2026-11-21T04:50:40.123Z`: no year that only one of the engines knows.
        assert!(at.as_str().is_some_and(|at| at.len() == 24), "{name}: {at}");
    }
    let signer = Call::get(&format!("/api/v1/user/{uid}/"));
    let mut shown = vec![
        read(server.authorized(path("/api_v2/users")))["user"].take(),
        read(as_marketplace(server, path("/api/users"))),
        read(as_signer(server, signer)),
    ];
    for account in user["accounts"].as_array().unwrap() {
        let account = account["id"].to_string();
        shown.push(read(in_account(server, path("/users"), &account)));
    }
    for shown in shown {
        assert_eq!(shown["email"], user["email"], "{shown}");
    }
}
