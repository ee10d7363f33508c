//! A server without a socket: requests go to its router, over a database of its own.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use directory::clock::FakeClock;
use directory::keys::{self, MadeKey, NewKey};
use directory::store::Location;
use directory::{Actor, Directory, TenantId, tenants};
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

/// A server with the fixtures, and keys of their tenant.
pub(crate) struct Server {
    http: Http,
    random: Arc<Repeating>,
    /// Unbound, with all scopes.
    pub(crate) key: Key,
    /// May only read; sees but the workers that have a job.
    readers: [Key; 2],
    pub(crate) database: Watch,
    /// The users that are there, as `/v1` lists them.
    pub(crate) users: Vec<Value>,
    /// Dropped last: it removes the database.
    _files: Files,
}

/// A key, as texts to put into requests.
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: String,
}

impl Key {
    /// A request with the key's bearer token, unless it has a credential.
    pub(crate) fn bearer(&self, call: Call) -> Call {
        let token = format!("Bearer {}.{}", self.id, self.secret);
        call.with("authorization", &token)
    }
}

impl From<MadeKey> for Key {
    fn from(made: MadeKey) -> Self {
        let secret = made.secret.expose_secret().to_owned();
        Self {
            id: made.id,
            secret,
        }
    }
}

/// The way to the router.
struct Http {
    runtime: Runtime,
    router: Router,
}

/// An answer, read whole.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// A folder of one server.
struct Files(PathBuf);

impl Files {
    fn new() -> Self {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("muster-fuzz-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

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
        let files = Files::new();
        let file = files.0.join("muster.db");
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_time().build().unwrap();
        let clock = Arc::new(FakeClock::new(fixtures::START.parse().unwrap()));
        let random = Arc::new(Repeating::default());
        let location = Location::Sqlite(file.clone());
        let opened = Directory::open(&location, clock.clone(), random.clone());
        let directory = runtime.block_on(opened).unwrap();
        let mut app = App::new(directory.clone(), b"a secret key of the fuzzing");
        app.throttle = Throttle::new(0, 0);
        let router = muster::router::public(Arc::new(app));
        let http = Http { runtime, router };
        random.start(KEY);
        let key = http.key(&directory, 1, NewKey::default());
        random.start(FIXTURES);
        http.make(&key, &clock, fixtures::first());
        let deleted = http.answer(&key.bearer(Call::delete(fixtures::DELETED)));
        assert_eq!(deleted.status, StatusCode::NO_CONTENT);
        let readers = fixtures::readers().map(|new| http.key(&directory, 1, new));
        let other = directory.write(|tx| tenants::create(tx, fixtures::ELSEWHERE));
        let TenantId(other) = http.runtime.block_on(other).unwrap();
        let theirs = http.key(&directory, other, NewKey::default());
        http.make(&theirs, &clock, fixtures::elsewhere());
        let users = http
            .answer(&key.bearer(Call::get("/v1/users?limit=200")))
            .json();
        Self {
            users: users["data"].as_array().unwrap().clone(),
            database: Watch::new(&file, other),
            http,
            random,
            key,
            readers,
            _files: files,
        }
    }

    /// Sends a request as it is; whatever it is, the answer is sound.
    pub(crate) fn send(&self, call: &Call) -> Answer {
        let answer = self.http.answer(call);
        answer.assert_sound(call);
        answer
    }

    /// The key that a request asks for by a header of the inputs' own, and whether it may write.
    pub(crate) fn key_for(&self, call: &mut Call) -> (&Key, bool) {
        let [reader, pool] = &self.readers;
        match call
            .headers
            .remove("x-key")
            .as_ref()
            .map(HeaderValue::as_bytes)
        {
            Some(b"reader") => (reader, false),
            Some(b"pool") => (pool, false),
            Some(_) | None => (&self.key, true),
        }
    }
}

impl Http {
    fn answer(&self, call: &Call) -> Answer {
        self.runtime.block_on(async {
            let response = self.router.clone().oneshot(call.request()).await.unwrap();
            let (parts, body) = response.into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
            Answer {
                status: parts.status,
                headers: parts.headers,
                body,
            }
        })
    }

    fn key(&self, directory: &Directory, tenant: i64, mut new: NewKey) -> Key {
        new.name = "fuzzing".to_owned();
        let actor = Actor::system(TenantId(tenant), "fuzzing");
        let made = directory.write(move |tx| keys::create(tx, &actor, &new));
        self.runtime.block_on(made).unwrap().into()
    }

    /// Makes things, a second after one another.
    fn make(&self, key: &Key, clock: &FakeClock, all: Vec<(&'static str, Value)>) {
        for (path, body) in all {
            clock.advance(Duration::from_secs(1));
            let made = self.answer(&key.bearer(Call::post(path, &body)));
            assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
        }
    }
}

impl Answer {
    /// No fault of the server's own, nothing of another tenant, and JSON where it says so.
    fn assert_sound(&self, call: &Call) {
        assert!(
            !self.status.is_server_error(),
            "{} {}",
            self.status,
            self.text()
        );
        assert!(self.headers.contains_key("x-request-id"));
        let told = self.text().contains(fixtures::ELSEWHERE);
        assert!(!told || call.holds(fixtures::ELSEWHERE), "{}", self.text());
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
