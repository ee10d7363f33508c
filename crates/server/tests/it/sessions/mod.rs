//! Sessions of users, whichever API they are used in.

mod dialects;
mod login;
mod manage;

use directory::model::{AccountRole, Email};
use directory::store::UserKey;
use directory::users::{self, AccountGrant, Change, Include, RoleGrant, UserChange};
use directory::violation::{Path, Violations};
use serde_json::{Value, json};

use crate::harness::{Key, Request, Response, Server};

pub const PASSWORD: &str = "tide plank ferry orbit";

/// A part in an account.
pub fn member(account_id: i64, admin: bool) -> AccountGrant {
    AccountGrant {
        path: Path::field("accounts"),
        account_id,
        role: AccountRole::Member,
        admin,
        primary: false,
    }
}

/// A role, in an account or tenant-wide.
pub fn role(name: &str, account_id: Option<i64>) -> RoleGrant {
    RoleGrant {
        path: Path::field("roles"),
        name: name.to_owned(),
        account_id,
    }
}

/// A user with [`PASSWORD`]: their number.
pub fn person(server: &Server, email: &str, change: UserChange) -> i64 {
    let password = Some(PASSWORD.to_owned().into());
    let none = Violations::new();
    let hashing = server.directory.hash_password(password, &none);
    let change = UserChange {
        email: Change::Set(Email::parse(email).unwrap()),
        password: server.wait(hashing).unwrap(),
        ..change
    };
    let operator = server.operator();
    let create = move |tx: &directory::store::Tx<'_>| {
        let none = Violations::new();
        users::create(tx, &operator, &change, none, Include::default())
    };
    server.write(create).user.id
}

pub fn change(server: &Server, id: i64, change: UserChange) {
    let operator = server.operator();
    let update = move |tx: &directory::store::Tx<'_>| {
        let (key, none) = (UserKey::Id(id), Violations::new());
        users::update(tx, &operator, &key, None, &change, none, Include::default())
    };
    server.write(update);
}

/// Asks for a session.
pub fn enter(server: &Server, email: &str, password: &str) -> Response {
    let body = json!({"email": email, "password": password});
    server.post("/v1/sessions").json(&body).send()
}

/// A session's token.
#[track_caller]
pub fn token(server: &Server, email: &str) -> String {
    let entered = enter(server, email, PASSWORD).expect(201);
    entered["token"].as_str().unwrap().to_owned()
}

pub fn get(server: &Server, path: &str, token: &str) -> Response {
    server.get(path).bearer(token).send()
}

/// A request by a session, in an account.
pub fn within(request: Request, account: i64) -> Request {
    request.header("x-account-id", &account.to_string())
}

/// The ids of what a list shows.
pub fn ids(list: &Value) -> Vec<i64> {
    let rows = list["data"].as_array().unwrap().iter();
    rows.map(|row| row["id"].as_i64().unwrap()).collect()
}

pub fn post(server: &Server, path: &str, token: &str, body: &Value) -> Response {
    server.post(path).bearer(token).json(body).send()
}

/// Who acts by a key with all scopes.
pub fn operator_key(server: &Server) -> Key {
    server.key()
}
