//! A server for a test, and a client for it. Time stands still until the test moves it.

pub mod authenticator;
mod client;
mod database;
mod described;
pub mod webdriver;

use std::sync::Arc;
use std::time::Duration;

pub use client::{Request, Response};
use database::Database;
pub use database::TestDatabase;
pub use described::described;
use directory::badges::NewBadge;
use directory::clock::{Clock, FakeClock, Random, SystemRandom};
use directory::event::Subject;
use directory::keys::{MadeKey, NewKey};
use directory::model::{Group, Invitation};
use directory::query::InvitationFilter;
use directory::store::{Location, StoredEvent, Tx};
use directory::violation::Violations;
use directory::{Actor, Directory, Error, TenantId, event, invitations, keys, tenants};
use jiff::SignedDuration;
use muster::deliver::guard::{AllowedNetworks, Guard};
use muster::deliver::webhook::WebhookSender;
use muster::http::App;
use muster::http::listener::{self, ConnectionLimits};
use muster::worker::Worker;
use secrecy::ExposeSecret as _;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// When every test begins.
pub const START: &str = "2026-11-21T04:50:40.123Z";

/// A running server with an empty directory.
pub struct Server {
    url: String,
    app: Arc<App>,
    pub directory: Directory,
    pub clock: Arc<FakeClock>,
    worker: Arc<Worker>,
    runtime: Runtime,
    stop: Option<oneshot::Sender<()>>,
    /// Dropped last: it removes the database.
    _database: Database,
}

/// A key's parts, as texts to put into requests.
#[derive(Clone)]
pub struct Key {
    pub id: String,
    pub secret: String,
    pub token: String,
}

impl From<MadeKey> for Key {
    fn from(made: MadeKey) -> Self {
        Self {
            secret: made.secret.expose_secret().to_owned(),
            token: made.token().expose_secret().to_owned(),
            id: made.id,
        }
    }
}

impl Server {
    /// Starts one with the limits that `muster serve` has.
    pub fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// Starts one whose application `adjust` changed first.
    pub fn start_with(adjust: impl FnOnce(&mut App)) -> Self {
        Self::start_serving(adjust, muster::router::public)
    }

    /// Starts one with a route table of the test's own.
    pub fn start_serving(
        adjust: impl FnOnce(&mut App),
        router: impl FnOnce(Arc<App>) -> axum::Router,
    ) -> Self {
        Self::start_listening(|app, _| adjust(app), router)
    }

    /// Starts one whose application is told on which port it will listen.
    pub fn start_listening(
        adjust: impl FnOnce(&mut App, u16),
        router: impl FnOnce(Arc<App>) -> axum::Router,
    ) -> Self {
        let runtime = runtime();
        let database = Database::create(&runtime);
        Self::start_on(runtime, database, Arc::new(SystemRandom), adjust, router)
    }

    /// Starts one whose random values are given, on a file: each run on it is like the others.
    pub fn start_predictable(
        random: Arc<dyn Random>,
        adjust: impl FnOnce(&mut App),
        router: impl FnOnce(Arc<App>) -> axum::Router,
    ) -> Self {
        let adjust = |app: &mut App, _| adjust(app);
        Self::start_on(runtime(), Database::in_file(), random, adjust, router)
    }

    fn start_on(
        runtime: Runtime,
        database: Database,
        random: Arc<dyn Random>,
        adjust: impl FnOnce(&mut App, u16),
        router: impl FnOnce(Arc<App>) -> axum::Router,
    ) -> Self {
        let clock = Arc::new(FakeClock::new(START.parse().unwrap()));
        let opened = Directory::open(&database.location, clock.clone(), random);
        let directory = runtime.block_on(opened).unwrap();
        let mut app = App::new(directory.clone(), b"a secret key of the tests");
        // Receivers of webhooks listen on loopback.
        let loopback: AllowedNetworks = ["127.0.0.0/8".parse().unwrap()].into_iter().collect();
        app.guard = Guard::new(loopback.clone());
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        adjust(&mut app, listener.local_addr().unwrap().port());
        let app = Arc::new(app);
        let sender = WebhookSender::new(loopback, clock.clone()).unwrap();
        let kept = SignedDuration::from_hours(400 * 24);
        let worker = Worker::new(Arc::clone(&app), sender, kept);
        let router = router(Arc::clone(&app));
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        let limits = ConnectionLimits {
            drain: Duration::from_secs(1),
            ..ConnectionLimits::default()
        };
        runtime.spawn(listener::serve(listener, router, limits, async {
            let _ = stopped.await;
        }));
        Self {
            url,
            app,
            directory,
            clock,
            worker,
            runtime,
            stop: Some(stop),
            _database: database,
        }
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The file of its database.
    pub fn file(&self) -> &std::path::Path {
        match &self._database.location {
            Location::Sqlite(file) => file,
            Location::Postgres(url) => panic!("{url} is no file"),
        }
    }

    /// The application that it serves.
    pub fn app(&self) -> Arc<App> {
        Arc::clone(&self.app)
    }

    /// A request to be filled and sent.
    pub fn request(&self, method: &str, path: &str) -> Request {
        Request::new(method, &format!("{}{path}", self.url))
    }

    pub fn get(&self, path: &str) -> Request {
        self.request("GET", path)
    }

    pub fn post(&self, path: &str) -> Request {
        self.request("POST", path)
    }

    /// Lets the worker do all that is due.
    pub fn settle(&self) {
        self.runtime.block_on(self.worker.settle());
    }

    /// Lets the worker delete all that is kept no longer.
    pub fn clean(&self) {
        while self.runtime.block_on(self.worker.clean()) {}
    }

    /// Lets the worker begin with all that is due, and goes on meanwhile.
    pub fn begin_to_settle(&self) -> tokio::task::JoinHandle<()> {
        let worker = Arc::clone(&self.worker);
        self.runtime.spawn(async move { worker.settle().await })
    }

    /// Moves time forward.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// What the server's clock shows.
    pub fn now(&self) -> jiff::Timestamp {
        self.clock.now()
    }

    /// The operator of the default tenant.
    pub fn operator(&self) -> Actor {
        Actor::system(TenantId(1), "test")
    }

    /// Reads from the directory itself.
    pub fn read<T: Send + 'static>(
        &self,
        run: impl Fn(&Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> T {
        self.runtime.block_on(self.directory.read(run)).unwrap()
    }

    /// Writes to the directory itself.
    pub fn write<T: Send + 'static>(
        &self,
        run: impl Fn(&Tx<'_>) -> Result<T, Error> + Send + Sync + 'static,
    ) -> T {
        self.runtime.block_on(self.directory.write(run)).unwrap()
    }

    /// Runs a future of the directory's (verifying a password, say).
    pub fn wait<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// An unbound key with all scopes.
    pub fn key(&self) -> Key {
        self.key_with(NewKey::default())
    }

    /// A key of the default tenant; its name may be left out.
    pub fn key_with(&self, new: NewKey) -> Key {
        self.key_of(TenantId(1), new)
    }

    /// A key of any tenant.
    pub fn key_of(&self, tenant: TenantId, mut new: NewKey) -> Key {
        if new.name.is_empty() {
            new.name = "test".to_owned();
        }
        self.write(move |tx| keys::create(tx, &Actor::system(tenant, "test"), &new))
            .into()
    }

    pub fn tenant(&self, name: &'static str) -> TenantId {
        self.write(move |tx| tenants::create(tx, name))
    }

    /// An account of the default tenant: its number.
    pub fn account(&self, name: &'static str) -> i64 {
        self.account_of(TenantId(1), name)
    }

    pub fn account_of(&self, tenant: TenantId, name: &'static str) -> i64 {
        self.write(move |tx| {
            let actor = Actor::system(tenant, "test");
            Ok(directory::accounts::create(tx, &actor, name, Violations::new())?.id)
        })
    }

    pub fn group(&self, name: &'static str) -> Group {
        self.group_of(TenantId(1), name)
    }

    pub fn group_of(&self, tenant: TenantId, name: &'static str) -> Group {
        self.write(move |tx| {
            let actor = Actor::system(tenant, "test");
            directory::groups::create(tx, &actor, name, None, Violations::new())
        })
    }

    /// A badge of the default tenant: its number.
    pub fn badge(&self, name: &'static str) -> i64 {
        self.badge_of(TenantId(1), name)
    }

    pub fn badge_of(&self, tenant: TenantId, name: &'static str) -> i64 {
        self.write(move |tx| {
            let new = NewBadge {
                name: name.to_owned(),
                ..NewBadge::default()
            };
            let actor = Actor::system(tenant, "test");
            Ok(directory::badges::create(tx, &actor, &new, Violations::new())?.id)
        })
    }

    /// Stores a form of the default tenant, written in YAML.
    pub fn form(&self, text: &str) {
        self.form_of(TenantId(1), text);
    }

    pub fn form_of(&self, tenant: TenantId, text: &str) {
        use directory::forms::{Expected, Format, draft, put};
        let draft = draft(Format::Yaml, text.to_owned(), None);
        let draft = draft.unwrap_or_else(|faults| panic!("{faults:?}"));
        let actor = Actor::system(tenant, "test");
        self.write(move |tx| put(tx, &actor, &draft, &Expected::Any));
    }

    /// What happened to a user, oldest first.
    pub fn user_events(&self, id: i64) -> Vec<StoredEvent> {
        let actor = self.operator();
        self.read(move |tx| event::history(tx, &actor, &Subject::new("user", id)))
    }

    /// The invitations of a user that did not end, by number.
    pub fn invitations_of(&self, id: i64) -> Vec<Invitation> {
        let actor = self.operator();
        let filter = InvitationFilter {
            user_id: Some(id),
            state: None,
        };
        let listed = self.read(move |tx| invitations::list(tx, &actor, &filter, None, 100));
        let mut rows = listed.rows;
        rows.retain(|each| each.ended.is_none());
        rows
    }

    /// How many users the default tenant has: to show that nothing was written.
    pub fn user_count(&self) -> usize {
        self.users_of(TenantId(1))
    }

    pub fn users_of(&self, tenant: TenantId) -> usize {
        use directory::query::{UserFilter, UserOrder, UserPage};
        let page = UserPage {
            order: UserOrder::Id,
            descending: false,
            after: None,
            limit: 100_000,
        };
        let actor = Actor::system(tenant, "test");
        self.read(move |tx| {
            let include = directory::users::Include::default();
            Ok(
                directory::users::list(tx, &actor, &UserFilter::default(), &page, include)?
                    .rows
                    .len(),
            )
        })
    }

    /// Whether the stored password of a user is this one.
    pub fn password_is(&self, user: i64, password: &str) -> bool {
        let actor = self.operator();
        let hash = self.read(move |tx| directory::users::password_hash(tx, &actor, user));
        let verified = self
            .directory
            .verify_password(password.to_owned().into(), hash.unwrap());
        self.wait(verified).unwrap()
    }
}

fn runtime() -> Runtime {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.unwrap()
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}
