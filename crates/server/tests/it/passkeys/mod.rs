//! Passkeys: from the link that an administrator sends to the session that one begins.

mod browser;
mod manage;
mod origin;
mod page;
mod refused;
mod register;
mod sign_in;

use std::sync::Arc;

use directory::keys::NewKey;
use directory::passkeys::RelyingParty;
use directory::sessions::{self, Client, Method};
use directory::store::StoredEvent;
use directory::users::{self, Change, Include, UserChange, UserKey};
use directory::violation::Violations;
use directory::{Actor, TenantId};
use muster::deliver::base_url::BaseUrl;
use muster::deliver::inbox::Inbox;
use muster::deliver::mailer::{EmailRoute, Mailer, SmsRoute};
use muster::deliver::templates::Templates;
use muster::http::App;
use muster::router;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::harness::authenticator::Authenticator;
use crate::harness::{Key, Request, Response, Server};

/// The one origin.
pub const ORIGIN: &str = "https://directory.example.com";

/// A server with passkeys whose messages are kept, and an unbound key.
pub struct Case {
    pub server: Server,
    pub key: Key,
    base: String,
}

impl Case {
    pub fn start() -> Self {
        Self::start_at(|_| ORIGIN.to_owned(), |_| {})
    }

    /// A server whose base URL its port decides.
    pub fn start_at(base: impl FnOnce(u16) -> String, adjust: impl FnOnce(&mut App)) -> Self {
        let inbox = Inbox::default();
        let kept = inbox.clone();
        let mut shown = String::new();
        let server = Server::start_listening(
            |app, port| {
                shown = base(port);
                app.relying_party = Some(Arc::new(RelyingParty::of(&shown).unwrap()));
                app.mailer = Some(Arc::new(Mailer {
                    base_url: Some(BaseUrl::parse(&shown).unwrap()),
                    templates: Templates::built_in().unwrap(),
                    email: EmailRoute::Inbox(kept.clone()),
                    sms: SmsRoute::Inbox(kept),
                }));
                adjust(app);
            },
            |app| router::development(app, inbox),
        );
        let key = server.key();
        Self {
            server,
            key,
            base: shown,
        }
    }

    pub fn native(&self, method: &str, path: &str) -> Request {
        self.server.request(method, path).bearer(&self.key.token)
    }

    /// An authenticator that is asked from where it should be.
    pub fn authenticator(&self) -> Authenticator {
        Authenticator::at(ORIGIN)
    }

    /// A user: their number.
    pub fn user(&self, email: &str) -> i64 {
        let made = self.native("POST", "/v1/users");
        let made = made.json(&json!({ "email": email, "first_name": "Ada" }));
        made.send().expect(201)["id"].as_i64().unwrap()
    }

    /// A user of another tenant: their number.
    pub fn user_of(&self, tenant: TenantId, email: &str) -> i64 {
        let key = self.server.key_of(tenant, NewKey::default());
        let request = self.server.post("/v1/users").bearer(&key.token);
        let made = request.json(&json!({ "email": email })).send();
        made.expect(201)["id"].as_i64().unwrap()
    }

    /// The secret of a link that is sent to a user of another tenant.
    pub fn token_of(&self, tenant: TenantId, user: i64) -> String {
        let key = self.server.key_of(tenant, NewKey::default());
        let path = format!("/v1/users/{user}/passkey-registration");
        let request = self.server.post(&path).bearer(&key.token);
        request.json(&json!({})).send().expect(202);
        self.last_token()
    }

    pub fn suspend(&self, user: i64, suspended: bool) {
        self.change(
            user,
            UserChange {
                suspended: Change::Set(suspended),
                ..UserChange::default()
            },
        );
    }

    pub fn change(&self, user: i64, change: UserChange) {
        let actor = self.server.operator();
        self.server.write(move |tx| {
            let (key, none) = (UserKey::Id(user), Violations::new());
            users::update(tx, &actor, &key, None, &change, none, Include::default())
        });
    }

    /// Has a link sent.
    pub fn send_link(&self, user: i64) -> Response {
        let path = format!("/v1/users/{user}/passkey-registration");
        self.native("POST", &path).json(&json!({})).send()
    }

    /// The paths of the links that were sent until now, oldest first.
    pub fn links(&self) -> Vec<String> {
        self.server.settle();
        let kept = self.server.get("/dev/inbox.json").send().expect(200);
        let kept = kept["data"].as_array().unwrap().clone();
        let read = |message: &Value| {
            let text = message["text"].as_str().unwrap();
            let (_, link) = text.split_once(&self.base).unwrap();
            link.split_whitespace().next().unwrap().to_owned()
        };
        kept.iter().rev().map(read).collect()
    }

    /// The secret of a link that is sent to a user.
    pub fn token(&self, user: i64) -> String {
        let sent = self.send_link(user).expect(202);
        assert_eq!(sent["user_id"], user);
        self.last_token()
    }

    /// The secret of the link that was sent last.
    fn last_token(&self) -> String {
        let link = self.links().pop().expect("a link was sent");
        let secret = link.strip_prefix("/passkeys/register/");
        secret.expect("it leads to the page").to_owned()
    }

    pub fn post(&self, path: &str, body: &Value) -> Response {
        self.server.post(path).json(body).send()
    }

    pub fn registration_options(&self, token: &str) -> Response {
        let body = json!({ "token": token });
        self.post("/v1/passkeys/registration-options", &body)
    }

    /// A challenge to sign in.
    pub fn challenge(&self) -> Value {
        let path = "/v1/passkeys/authentication-options";
        self.post(path, &json!({})).expect(200)
    }

    /// A challenge to sign in, in the tenant of that name.
    pub fn challenge_in(&self, tenant: &str) -> Value {
        let path = "/v1/passkeys/authentication-options";
        let request = self.server.post(path).header("muster-tenant", tenant);
        request.json(&json!({})).send().expect(200)
    }

    /// Registers a passkey by a link.
    pub fn register_by(
        &self,
        token: &str,
        name: &str,
        authenticator: &mut Authenticator,
    ) -> Response {
        let challenge = self.registration_options(token).expect(200);
        let credential = authenticator.create(&challenge["options"]);
        let ceremony = &challenge["ceremony"];
        let body = json!({
            "token": token, "ceremony": ceremony, "name": name, "credential": credential,
        });
        self.post("/v1/passkeys", &body)
    }

    /// A user with a passkey: their number, and the passkey.
    pub fn with_passkey(&self, email: &str, authenticator: &mut Authenticator) -> (i64, Value) {
        let user = self.user(email);
        let token = self.token(user);
        let made = self.register_by(&token, "Laptop", authenticator);
        (user, made.expect(201))
    }

    /// Answers a challenge to sign in.
    pub fn enter(&self, authenticator: &mut Authenticator) -> Response {
        let challenge = self.challenge();
        let credential = authenticator.get(&challenge["options"]);
        self.answer(&challenge, &credential)
    }

    pub fn answer(&self, challenge: &Value, credential: &Value) -> Response {
        let body = json!({ "ceremony": challenge["ceremony"], "credential": credential });
        self.post("/v1/passkeys/authenticate", &body)
    }

    /// A session of a user, begun in another way: its token.
    pub fn session(&self, user: i64) -> String {
        let started = self.server.write(move |tx| {
            let client = Client::default();
            sessions::start(tx, TenantId(1), user, Method::Password, &client, "test")
        });
        started.token.expose_secret().to_owned()
    }

    /// A session in which an administrator acts as a user: its token.
    pub fn session_as_another(&self, user: i64) -> String {
        let actor = Actor::system(TenantId(1), "test");
        let started = self.server.write(move |tx| {
            let (client, none) = (Client::default(), Violations::new());
            sessions::impersonate(tx, &actor, user, "they asked", &client, none)
        });
        started.token.expose_secret().to_owned()
    }

    /// What happened to a user that passkeys have a part in: the types.
    pub fn told(&self, user: i64) -> Vec<String> {
        let events = self.server.user_events(user);
        let types = events.into_iter().map(|event| event.event_type);
        types.filter(|name| name.contains("passkey")).collect()
    }

    /// The last event of a type, of a user.
    pub fn last(&self, user: i64, name: &str) -> StoredEvent {
        let events = self.server.user_events(user);
        let found = events
            .into_iter()
            .rev()
            .find(|each| each.event_type == name);
        found.unwrap_or_else(|| panic!("no {name}"))
    }
}

/// What an event says that changed.
pub fn change_of(event: &StoredEvent) -> Value {
    serde_json::from_str(&event.change).unwrap()
}

/// The pointers and codes of what a problem says is wrong.
#[track_caller]
pub fn wrong(answer: &Response) -> Vec<(String, String)> {
    let problem = answer.expect(422);
    let entries = problem["errors"].as_array().unwrap();
    let entry = |each: &Value| {
        let text = |name: &str| each[name].as_str().unwrap().to_owned();
        (text("pointer"), text("code"))
    };
    entries.iter().map(entry).collect()
}

/// What [`wrong`] should be.
pub fn at(entries: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(pointer, code): &(&str, &str)| ((*pointer).to_owned(), (*code).to_owned());
    entries.iter().map(owned).collect()
}
