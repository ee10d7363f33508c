//! The dialect `legalesign` over HTTP (seed 004; contracts, legalesign).

mod access;
mod client;
mod create;
mod elsewhere;
mod fields;
mod groups;
mod invited;
mod lists;
mod members;
mod owners;
mod passwords;
mod permissions;
mod read;
mod subscriptions;
mod unreadable;
mod update;
mod verify;

use directory::keys::NewKey;
use directory::model::Invitation;
use serde_json::{Value, json};

use crate::harness::{Key, Request, Response, Server};

/// What the tests' users are made with; keeps the seed's rule.
pub const PASSWORD: &str = "Analytic-Engine1";

/// A server, and a key to it.
pub struct Case {
    pub server: Server,
    pub key: Key,
}

impl Case {
    pub fn start() -> Self {
        let server = Server::start();
        let key = server.key();
        Self { server, key }
    }

    /// A request of the key's, as this API's clients sign it.
    pub fn request(&self, method: &str, path: &str) -> Request {
        let credential = format!("ApiKey {}:{}", self.key.id, self.key.secret);
        self.server
            .request(method, path)
            .header("authorization", &credential)
    }

    /// Asks for a user to be made.
    pub fn create(&self, body: &Value) -> Response {
        self.request("POST", "/api/v1/user/").json(body).send()
    }

    /// Makes a user with a password; answers where they are.
    pub fn created(&self, body: &Value) -> String {
        let made = self.create(body);
        made.assert_empty(201);
        made.header("location").unwrap().to_owned()
    }

    /// The body of a `GET` that succeeds.
    pub fn shown(&self, path: &str) -> Value {
        self.request("GET", path).send().expect(200)
    }

    /// The user as `/v1` shows them: what is stored.
    pub fn stored(&self, email: &str) -> Value {
        let path = format!("/v1/users?email={}", email.replace('+', "%2B"));
        let found = self.server.get(&path).bearer(&self.key.token).send();
        found.expect(200)["data"][0].clone()
    }

    /// A request with another key.
    pub fn by(&self, key: &Key, method: &str, path: &str) -> Request {
        let credential = format!("ApiKey {}:{}", key.id, key.secret);
        self.server
            .request(method, path)
            .header("authorization", &credential)
    }

    /// A key whose owner has this email.
    pub fn owned_by(&self, email: &str) -> Key {
        self.server.key_with(NewKey {
            owner_email: Some(email.to_owned()),
            ..NewKey::default()
        })
    }

    /// A user with a password, in one group with this permission; answers where they are.
    pub fn member(&self, email: &str, group: &str, permission: i64) -> String {
        let mut body = ada_with("password", PASSWORD);
        body["email"] = email.into();
        body["groups"] = group.into();
        body["permission"] = permission.into();
        self.created(&body)
    }

    /// Posts a body to `/api/v1/{resource}/`.
    pub fn post(&self, resource: &str, body: &Value) -> Response {
        let path = format!("/api/v1/{resource}/");
        self.request("POST", &path).json(body).send()
    }

    /// Where something was made.
    #[track_caller]
    pub fn made(&self, resource: &str, body: &Value) -> String {
        let made = self.post(resource, body);
        made.assert_empty(201);
        made.header("location").unwrap().to_owned()
    }

    /// The body is refused with exactly these words, and nobody is made.
    #[track_caller]
    pub fn assert_refused(&self, body: &Value, fields: &Value) {
        let before = self.server.user_count();
        let refused = self.create(body);
        refused.assert(400, &json!({ "user": fields }));
        assert_eq!(refused.header("content-type"), Some("application/json"));
        assert_eq!(refused.header("location"), None);
        assert_eq!(self.server.user_count(), before);
    }

    /// The invitations of a user that are out.
    pub fn invitations(&self, user: &Value) -> Vec<Invitation> {
        let id = user["id"].as_i64().unwrap();
        self.server.invitations_of(id)
    }
}

/// The least that makes a user.
pub fn ada() -> Value {
    json!({"first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.org"})
}

/// The same with one field more, or another value in one.
pub fn ada_with(field: &str, value: impl Into<Value>) -> Value {
    let mut body = ada();
    body[field] = value.into();
    body
}

/// The same without a field.
pub fn ada_without(field: &str) -> Value {
    let mut body = ada();
    body.as_object_mut().unwrap().remove(field);
    body
}
