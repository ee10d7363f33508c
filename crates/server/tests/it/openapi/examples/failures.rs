//! Every kind of failure, in every API.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use directory::keys::NewKey;
use directory::permission::Scope;
use directory::{Error, Unavailable};
use muster::http::Shared;
use muster::http::failure::Failure;
use serde_json::{Value, json};

use super::recorder::{Recorder, body, predictable};
use crate::harness::{Key, Response, Server};

/// How an API is made to refuse.
struct Api {
    dialect: &'static str,
    /// Where users are made.
    list: &'static str,
    /// One who is not there.
    nobody: &'static str,
    /// The place that faults are put at.
    fault: &'static str,
    /// A body that makes a user once and breaks a rule of the directory's the second time.
    user: fn() -> Value,
    /// A body that breaks rules.
    broken: fn() -> Value,
}

const PASSWORD: &str = "Tide-plank7-ferry";

const APIS: [Api; 5] = [
    Api {
        dialect: "native",
        list: "/v1/users",
        nobody: "/v1/users/999999",
        fault: "/v1/fault",
        user: || json!({"email": "ada.k@example.org"}),
        broken: || json!({"email": "nobody", "rating": 6, "nickname": "Ada"}),
    },
    Api {
        dialect: "wonolo",
        list: "/api_v2/users",
        nobody: "/api_v2/users/999999",
        fault: "/api_v2/fault",
        user: || {
            json!({"user": {"type": "Worker", "email": "ada.w@example.org", "first_name": "Ada",
                "last_name": "King", "password": PASSWORD, "password_confirmation": PASSWORD}})
        },
        broken: || json!({"user": {"type": "Worker", "email": "nobody", "first_name": "A B"}}),
    },
    Api {
        dialect: "pulse",
        list: "/users",
        nobody: "/users/999999",
        fault: "/users/fault/x/y/z",
        user: || json!({"email": "ada.p@example.org"}),
        broken: || json!({"email": "nobody", "active": "yes"}),
    },
    Api {
        dialect: "platformos",
        list: "/api/users",
        nobody: "/api/users/999999",
        fault: "/api/users/fault/x/y/z",
        user: || {
            json!({"form_configuration_name": "reference_rest_api_create_user",
                "form": {"email": "ada.m@example.org"}})
        },
        broken: || {
            json!({"form_configuration_name": "reference_rest_api_create_user",
                "form": {"email": "nobody", "password": "x"}})
        },
    },
    Api {
        dialect: "legalesign",
        list: "/api/v1/user/",
        nobody: "/api/v1/user/00000000000000000000000000000000/",
        fault: "/api/v1/fault/x/y/z",
        user: || json!({"first_name": "Ada", "last_name": "King", "email": "ada.l@example.org"}),
        broken: || json!({"first_name": "Ada", "email": "nobody", "password": "short"}),
    },
];

pub fn run(recorder: &mut Recorder) {
    for api in &APIS {
        refused(recorder, api);
        too_slow(recorder, api);
        faults(recorder, api);
    }
    of_native_alone(recorder);
    of_wonolo_alone(recorder);
    unready(recorder);
    // Last: from there on, wrong credentials are not even looked at.
    for api in &APIS {
        limited(recorder, api);
    }
}

fn refused(recorder: &mut Recorder, api: &Api) {
    recorder.call("POST", api.list, Some(("application/json", "{".to_owned())));
    recorder.call("POST", api.list, Some(("text/plain", "x".to_owned())));
    let large = format!("{{\"x\":\"{}\"}}", "x".repeat(1 << 20));
    recorder.call("POST", api.list, Some(("application/json", large)));
    recorder.call("POST", api.list, body(&(api.broken)()));
    recorder.call("POST", api.list, body(&(api.user)()));
    recorder.call("POST", api.list, body(&(api.user)()));
    recorder.call("GET", api.nobody, None);
    recorder.ask("POST", api.list, body(&(api.user)()), &[]);
    let reader: Key = recorder.server.key_with(NewKey {
        scopes: vec![Scope::UsersRead.name().to_owned()],
        ..NewKey::default()
    });
    let all = std::mem::replace(&mut recorder.key, reader);
    recorder.call("POST", api.list, body(&(api.user)()));
    recorder.key = all;
}

fn of_native_alone(recorder: &mut Recorder) {
    let change = json!({"city": "Paris"});
    recorder.call_with(
        "PATCH",
        "/v1/users/1",
        body(&change),
        &[("if-match", "\"99\"")],
    );
}

/// An account's last administrator is to become something else.
fn of_wonolo_alone(recorder: &mut Recorder) {
    let account = recorder.server.account("Ajax");
    let boss = json!({"user": {"type": "Employer", "email": "boss@example.org",
        "first_name": "Ada", "last_name": "King", "password": PASSWORD,
        "password_confirmation": PASSWORD, "role": "customer_admin", "customer_id": account}});
    let made = recorder.call("POST", "/api_v2/users", body(&boss)).json();
    let path = format!("/api_v2/users/{}", made["user"]["id"]);
    let change = json!({"user": {"role": "requestor"}});
    recorder.call("PATCH", &path, body(&change));
}

/// A body that breaks off in the middle, at a server that does not wait long.
fn too_slow(recorder: &mut Recorder, api: &Api) {
    let impatient = |app: &mut muster::http::App| app.body_timeout = Duration::from_millis(50);
    let server = predictable(impatient, muster::router::public);
    let key = server.key();
    let account = server.account("Acme");
    let address = server.url().strip_prefix("http://").unwrap();
    let mut socket = TcpStream::connect(address).unwrap();
    let credential = recorder.credential(api.list, &key);
    write!(
        socket,
        "POST {} HTTP/1.1\r\nHost: {address}\r\nAuthorization: {credential}\r\n\
         x-account-id: {account}\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\
         Connection: close\r\n\r\n{{",
        api.list
    )
    .unwrap();
    let mut text = String::new();
    socket.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 408"), "{text}");
    recorder.keep_shared(api.dialect, "TooSlow", &Response::made(408, &[], body));
}

fn faulty(api: &'static Api) -> Server {
    let routes = move |app: Shared| {
        let fault = async || -> Failure { Error::internal("a fault").into() };
        let busy = async || -> Failure { Unavailable::Hashing.into() };
        let routes = Router::new()
            .route(api.fault, get(fault))
            .route(&format!("{}/busy", api.fault), get(busy));
        muster::router::around(routes, app)
    };
    predictable(|_| {}, routes)
}

fn faults(recorder: &mut Recorder, api: &'static Api) {
    let server = faulty(api);
    let fault = server.get(api.fault).send();
    assert_eq!(fault.status, 500);
    recorder.keep_shared(api.dialect, "Internal", &fault);
    let busy = server.get(&format!("{}/busy", api.fault)).send();
    assert_eq!(busy.status, 503);
    recorder.keep_shared(api.dialect, "Unavailable", &busy);
}

/// A database that lost what every look at it needs.
fn unready(recorder: &mut Recorder) {
    let server = predictable(|_| {}, muster::router::public);
    let file = server.file();
    let database = rusqlite::Connection::open(file).unwrap();
    database
        .execute_batch("ALTER TABLE tenants RENAME TO gone")
        .unwrap();
    let answer = server.get("/health/ready").send();
    assert_eq!(answer.status, 503, "{}", answer.text);
    recorder.keep("GET", "/health/ready", None, &answer);
}

fn limited(recorder: &mut Recorder, api: &Api) {
    let wrong = Key {
        id: recorder.key.id.clone(),
        secret: "wrong".to_owned(),
        token: format!("{}.wrong", recorder.key.id),
    };
    let credential = recorder.credential(api.nobody, &wrong);
    let account = recorder.account.to_string();
    let headers = [
        ("authorization", credential.as_str()),
        ("x-account-id", &account),
    ];
    for _ in 0..30 {
        let answer = recorder.ask("GET", api.nobody, None, &headers);
        if answer.status == 429 {
            return;
        }
    }
    panic!("{}: guessing is not slowed down", api.dialect);
}
