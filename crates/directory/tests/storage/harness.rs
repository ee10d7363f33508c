//! A database for each test, on either engine, and nothing left of it afterwards.

use std::future::Future;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use directory::Directory;
use directory::clock::{FakeClock, Random as _, SystemRandom};
use directory::store::Location;
use jiff::Timestamp;

/// Where every test's clock starts.
pub(crate) const START: &str = "2026-11-03T12:00:00.123Z";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// A directory on a database of its own.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) directory: Directory,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) engine: Engine,
    pub(crate) location: Location,
}

impl World {
    async fn open(engine: Engine, location: Location) -> Self {
        let clock = Arc::new(FakeClock::new(START.parse().unwrap()));
        let directory = open(&location, &clock).await;
        Self {
            directory,
            clock,
            engine,
            location,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.directory.clock().now()
    }

    /// Another node on the same database, with the same clock.
    pub(crate) async fn another(&self) -> Directory {
        open(&self.location, &self.clock).await
    }
}

async fn open(location: &Location, clock: &Arc<FakeClock>) -> Directory {
    Directory::open(
        location,
        Arc::<FakeClock>::clone(clock),
        Arc::new(SystemRandom),
    )
    .await
    .unwrap()
}

/// A name that no other test has.
pub(crate) fn unique_name() -> String {
    let mut bytes = [0; 8];
    SystemRandom.fill(&mut bytes);
    format!("muster_test_{:016x}", u64::from_be_bytes(bytes))
}

/// A file's path in the directory for temporary files; dropped, its files are removed.
pub(crate) struct TemporaryFile(pub(crate) PathBuf);

impl TemporaryFile {
    pub(crate) fn new() -> Self {
        Self(std::env::temp_dir().join(format!("{}.db", unique_name())))
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        for ending in ["", "-wal", "-shm", ".lock"] {
            let mut path = self.0.clone().into_os_string();
            path.push(ending);
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Runs a case on SQLite.
pub(crate) async fn on_sqlite<F, Done>(case: F)
where
    F: FnOnce(World) -> Done,
    Done: Future<Output = ()> + Send + 'static,
{
    another_sqlite(case).await;
}

/// Does something in a directory of its own on SQLite, beside the case's.
pub(crate) async fn another_sqlite<T, F, Done>(case: F) -> T
where
    F: FnOnce(World) -> Done,
    Done: Future<Output = T>,
{
    let file = TemporaryFile::new();
    let location = Location::Sqlite(file.0.clone());
    case(World::open(Engine::Sqlite, location).await).await
}

/// Runs a case on PostgreSQL, where there is a server.
pub(crate) async fn on_postgres<F, Done>(case: F)
where
    F: FnOnce(World) -> Done + Send + 'static,
    Done: Future<Output = ()> + Send + 'static,
{
    on_postgres_database(|location| async move {
        case(World::open(Engine::Postgres, location).await).await;
    })
    .await;
}

/// Makes a database that nothing was done in yet, and drops it at the end, also of a failure.
pub(crate) async fn on_postgres_database<F, Done>(case: F)
where
    F: FnOnce(Location) -> Done + Send + 'static,
    Done: Future<Output = ()> + Send + 'static,
{
    let Some(server) = postgres_server() else {
        return;
    };
    let name = unique_name();
    administer(&server, &format!("CREATE DATABASE {name}")).await;
    let (base, _) = server.rsplit_once('/').unwrap();
    let location = Location::Postgres(format!("{base}/{name}"));
    let result = tokio::spawn(case(location)).await;
    administer(&server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
    if let Err(failure) = result {
        std::panic::resume_unwind(failure.into_panic());
    }
}

pub(crate) fn postgres_server() -> Option<String> {
    std::env::var("MUSTER_TEST_POSTGRES")
        .ok()
        .filter(|url| !url.is_empty())
}

async fn administer(server: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(server, tokio_postgres::NoTls)
        .await
        .unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
    drop(client);
    connection.await.unwrap().unwrap();
}

#[test]
fn postgres_is_tested_or_said_to_be_left_out() {
    if postgres_server().is_none() {
        // Past the capture of a passing test's output: this is to be read.
        let mut stderr = std::io::stderr();
        writeln!(
            stderr,
            "\nLEFT OUT: PostgreSQL, because MUSTER_TEST_POSTGRES is not set: \
             the storage suite ran on SQLite alone (see CONTRIBUTING.md)\n"
        )
        .unwrap();
    }
}
