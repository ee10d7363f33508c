//! `Authorization` headers of every dialect.

use axum::http::{HeaderValue, StatusCode};

use super::call::Call;
use super::server::{self, Server};

/// A route of each dialect, and what stands between a key's id and its secret there.
const ROUTES: [(&str, &str); 6] = [
    ("/v1/users", "."),
    ("/api_v2/users", "."),
    ("/users/1", "."),
    ("/api/users/1", "."),
    ("/api/v1/user/00000000000000000000000000000000/", ":"),
    ("/v1/badges/1", "."),
];

/// The first byte chooses a route, the rest is the header's value. Whoever is let in has sent
/// the key's whole id and secret; whoever is not is told 401.
pub fn credentials(data: &[u8]) -> bool {
    let Some((choice, value)) = data.split_first() else {
        return false;
    };
    let Ok(value) = HeaderValue::from_bytes(value) else {
        return false;
    };
    let (path, between) = ROUTES[usize::from(*choice) % ROUTES.len()];
    server::with(|server| {
        let mut call = Call::get(path).with("x-account-id", "1");
        call.headers.insert("authorization", value.clone());
        let answer = server.send(&call);
        let sent = value.as_bytes();
        let let_in = answer.status != StatusCode::UNAUTHORIZED;
        if let_in {
            assert!(holds_the_key(server, sent, between), "{path}: {value:?}");
        }
        assert_eq!(server.database.difference(), None);
        let_in
    })
}

fn holds_the_key(server: &Server, sent: &[u8], between: &str) -> bool {
    let key = format!("{}{between}{}", server.key.id, server.key.secret);
    sent.windows(key.len()).any(|part| part == key.as_bytes())
}
