//! A server without a socket: requests go to its router, over a database of its own.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::http::{HeaderMap, Method, StatusCode, header};
use directory::clock::FakeClock;
use directory::keys::{self, NewKey};
use directory::store::Location;
use directory::{Actor, Directory, TenantId};
use muster::http::App;
use muster::http::throttle::Throttle;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

use super::call::Call;
use super::database::Watch;
use super::fixtures::{self, Repeating};

/// Sequences of [`Repeating`]: of the key, of the fixtures, of each input.
const KEY: u32 = 1;
const FIXTURES: u32 = 2;
const INPUT: u32 = 3;

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A server with the fixtures, and the key that made them: unbound, with all scopes.
pub(crate) struct Server {
    runtime: Runtime,
    router: Router,
    random: Arc<Repeating>,
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) database: Watch,
    /// The users that are there, as `/v1` lists them.
    pub(crate) users: Vec<Value>,
    /// Dropped last: it removes the database.
    _files: Files,
}

/// An answer, read whole.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

struct Files(PathBuf);

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

thread_local! {
    static SERVER: Server = Server::start();
}

/// Runs something on this thread's server.
pub(crate) fn with<T>(run: impl FnOnce(&Server) -> T) -> T {
    SERVER.with(|server| {
        server.random.start(INPUT);
        run(server)
    })
}

impl Server {
    fn start() -> Self {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = format!("muster-fuzz-{}-{number}", std::process::id());
        let files = Files(std::env::temp_dir().join(folder));
        std::fs::create_dir_all(&files.0).unwrap();
        let file = files.0.join("muster.db");
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_time().build().unwrap();
        let clock = Arc::new(FakeClock::new(fixtures::START.parse().unwrap()));
        let random = Arc::new(Repeating::default());
        let location = Location::Sqlite(file.clone());
        let opened = Directory::open(&location, clock.clone(), random.clone());
        let directory = runtime.block_on(opened).unwrap();
        random.start(KEY);
        let made = runtime.block_on(directory.write(|tx| {
            let new = NewKey {
                name: "fuzzing".to_owned(),
                ..NewKey::default()
            };
            keys::create(tx, &Actor::system(TenantId(1), "fuzzing"), &new)
        }));
        let made = made.unwrap();
        random.start(FIXTURES);
        let mut app = App::new(directory, b"a secret key of the fuzzing");
        app.throttle = Throttle::new(0, 0);
        let router = muster::router::public(Arc::new(app));
        let id = made.id.clone();
        let secret = made.secret.expose_secret().to_owned();
        let send = |call: Call| answer(&runtime, &router, &authorized(call, &id, &secret));
        for (path, body) in fixtures::first() {
            clock.advance(Duration::from_secs(1));
            let made = send(Call::post(path, &body));
            assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
        }
        let mut delete = Call::get(fixtures::DELETED);
        delete.method = Method::DELETE;
        assert_eq!(send(delete).status, StatusCode::NO_CONTENT);
        let users = send(Call::get("/v1/users?limit=200")).json()["data"]
            .as_array()
            .unwrap()
            .clone();
        Self {
            database: Watch::new(&file),
            runtime,
            router,
            random,
            id,
            secret,
            users,
            _files: files,
        }
    }

    /// Sends a request as it is; whatever it is, the answer is sound.
    pub(crate) fn send(&self, call: &Call) -> Answer {
        let answer = answer(&self.runtime, &self.router, call);
        answer.assert_sound(call);
        answer
    }

    /// A request with the key's own bearer token, unless it has a credential.
    pub(crate) fn authorized(&self, call: Call) -> Call {
        authorized(call, &self.id, &self.secret)
    }
}

fn authorized(call: Call, id: &str, secret: &str) -> Call {
    call.with("authorization", &format!("Bearer {id}.{secret}"))
}

fn answer(runtime: &Runtime, router: &Router, call: &Call) -> Answer {
    runtime.block_on(async {
        let response = router.clone().oneshot(call.request()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    })
}

impl Answer {
    /// No fault of the server's own, and JSON where it says so.
    fn assert_sound(&self, call: &Call) {
        assert!(
            !self.status.is_server_error(),
            "{} {}",
            self.status,
            self.text()
        );
        assert!(self.headers.contains_key("x-request-id"));
        let kind = self.headers.get(header::CONTENT_TYPE);
        let kind = kind.map_or("", |kind| kind.to_str().unwrap());
        if kind.contains("json") && call.method != Method::HEAD {
            let read = serde_json::from_slice::<Value>(&self.body);
            assert!(read.is_ok(), "{read:?}: {}", self.text());
        } else {
            assert!(self.body.is_empty(), "{kind}: {}", self.text());
        }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", self.text()))
    }
}
