//! The dialect `pulse` over HTTP (seed 002; contracts, pulse).

mod access;
mod auth;
mod body;
mod create;
mod list;
mod notification_preferences;
mod notifications;
pub(crate) mod preferences;
mod read;
mod roles;
mod update;

use directory::keys::NewKey;
use serde_json::{Value, json};

use crate::harness::{Key, Request, Response, Server};

/// Who owns the desk's key.
const OWNER: &str = "owner@acme.example";

/// A server with one account, and a key with part in it.
struct Desk {
    server: Server,
    account: i64,
    key: Key,
}

impl Desk {
    /// Its key is unbound, has all scopes, and belongs to [`OWNER`].
    fn open() -> Self {
        let server = Server::start();
        let account = server.account("Acme Payments");
        let key = server.key_with(NewKey {
            owner_email: Some(OWNER.to_owned()),
            ..NewKey::default()
        });
        Self {
            server,
            account,
            key,
        }
    }

    /// A key bound to the account, with these scopes.
    fn bound(&self, scopes: &[&str]) -> Key {
        self.server.key_with(NewKey {
            account_id: Some(self.account),
            scopes: scopes.iter().map(|each| (*each).to_owned()).collect(),
            ..NewKey::default()
        })
    }

    /// A request with both headers that the seed requires.
    fn request(&self, method: &str, path: &str) -> Request {
        self.request_as(&self.key, method, path)
    }

    fn request_as(&self, key: &Key, method: &str, path: &str) -> Request {
        self.server
            .request(method, path)
            .bearer(&key.token)
            .header("x-account-id", &self.account.to_string())
    }

    fn create(&self, body: &Value) -> Response {
        self.request("POST", "/users").json(body).send()
    }

    /// Makes a user; answers what the call showed.
    #[track_caller]
    fn made(&self, body: &Value) -> Value {
        self.create(body).expect(201)
    }

    fn read(&self, who: impl std::fmt::Display) -> Response {
        self.request("GET", &format!("/users/{who}")).send()
    }

    /// The same user as `/v1` shows them.
    #[track_caller]
    fn native(&self, id: &Value) -> Value {
        let path = format!("/v1/users/{id}");
        let answer = self.server.get(&path).bearer(&self.key.token).send();
        answer.expect(200)
    }

    /// The body is refused with this, and no user is there afterwards that was not before.
    #[track_caller]
    fn refuses(&self, body: &Value, status: u16, message: &str) {
        let before = self.server.user_count();
        assert_error(&self.create(body), status, message);
        assert_eq!(self.server.user_count(), before, "{body}");
    }
}

/// The error of the seed's shape, whole.
fn error(status: u16, message: &str) -> Value {
    let phrase = match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        413 => "Payload Too Large",
        415 => "Unsupported Media Type",
        429 => "Too Many Requests",
        other => panic!("{other}"),
    };
    json!({ "error": phrase, "status": status, "message": message })
}

#[track_caller]
fn assert_error(answer: &Response, status: u16, message: &str) {
    assert_eq!(answer.header("content-type"), Some("application/json"));
    answer.assert(status, &error(status, message));
}
