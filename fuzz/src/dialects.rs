//! Whole requests to each dialect, from the request line to the database.

use axum::http::StatusCode;
use serde_json::Value;

use super::call::Call;
use super::server::{self, Answer, Key, Server};

/// The native API.
pub fn native(data: &[u8]) -> bool {
    speak(data, Key::bearer)
}

/// The staffing API.
pub fn wonolo(data: &[u8]) -> bool {
    speak(data, Key::bearer)
}

/// The merchant CRM; account 1 unless the request names one.
pub fn pulse(data: &[u8]) -> bool {
    speak(data, |key, call| in_account(key, call, "1"))
}

/// The marketplace.
pub fn platformos(data: &[u8]) -> bool {
    speak(data, as_marketplace)
}

/// The e-signature service.
pub fn legalesign(data: &[u8]) -> bool {
    speak(data, as_signer)
}

fn in_account(key: &Key, call: Call, account: &str) -> Call {
    key.bearer(call.with("x-account-id", account))
}

fn as_marketplace(key: &Key, call: Call) -> Call {
    let token = format!("Token token={}.{}", key.id, key.secret);
    call.with("authorization", &token)
}

fn as_signer(key: &Key, call: Call) -> Call {
    let key = format!("ApiKey {}:{}", key.id, key.secret);
    call.with("authorization", &key)
}

/// A request that is refused, or asks to read, or comes with a key that may not write, writes
/// nothing; what another one wrote can be read through every API. The header `x-key` chooses the
/// key.
fn speak(data: &[u8], sign: fn(&Key, Call) -> Call) -> bool {
    let Some(mut call) = Call::read(data) else {
        return false;
    };
    server::with(|server| {
        let (key, writes) = server.key_for(&mut call);
        let call = sign(key, call);
        let answer = server.send(&call);
        let done = answer.status.is_success();
        let Some(difference) = server.database.difference() else {
            return done;
        };
        // Whoever asks for a token with an id and a secret writes with those.
        let writes = writes || call.uri.path().starts_with("/api_v2/auth");
        let may = done && writes && !call.is_safe();
        assert!(may, "{}, and {difference}", answer.status);
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
    let list = |path: &str| read(server.key.bearer(Call::get(path)));
    for path in [
        "/v1/accounts",
        "/v1/groups",
        "/v1/badges",
        "/api_v2/badges",
        "/api_v2/users",
    ] {
        list(path);
    }
    for path in ["group", "member", "invited"] {
        let path = format!("/api/v1/{path}/?limit=0");
        let page = read(as_signer(&server.key, Call::get(&path)));
        let objects = page["objects"].as_array().unwrap();
        assert_eq!(page["meta"]["total_count"], objects.len(), "{path}");
        for uri in objects
            .iter()
            .filter_map(|each| each["resource_uri"].as_str())
        {
            if !uri.contains("/invited/") {
                read(as_signer(&server.key, Call::get(uri)));
            }
        }
    }
    read(as_signer(&server.key, Call::get("/api/v1/notifications/")));
    list("/v1/redirects");
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
    assert_eq!(&read(server.key.bearer(path("/v1/users"))), user);
    let times = user.as_object().unwrap().iter();
    for (name, at) in times.filter(|(name, at)| name.ends_with("_at") && !at.is_null()) {
        // `2026-11-21T04:50:40.123Z`: no year that only one of the engines knows.
        assert!(at.as_str().is_some_and(|at| at.len() == 24), "{name}: {at}");
    }
    let signer = Call::get(&format!("/api/v1/user/{uid}/"));
    let mut shown = vec![
        read(server.key.bearer(path("/api_v2/users")))["user"].take(),
        read(as_marketplace(&server.key, path("/api/users"))),
        read(as_signer(&server.key, signer)),
    ];
    for account in user["accounts"].as_array().unwrap() {
        let account = account["id"].to_string();
        shown.push(read(in_account(&server.key, path("/users"), &account)));
    }
    for shown in shown {
        assert_eq!(shown["email"], user["email"], "{shown}");
    }
}
