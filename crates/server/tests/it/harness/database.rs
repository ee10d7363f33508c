//! A database for one test, removed after it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use directory::store::Location;
use tokio::runtime::Runtime;

static COUNT: AtomicU32 = AtomicU32::new(0);

pub struct Database {
    pub location: Location,
    name: String,
    file: Option<PathBuf>,
    server: Option<String>,
}

impl Database {
    /// A file, whatever the other tests run on.
    pub fn in_file() -> Self {
        let name = new_name();
        let file = std::env::temp_dir().join(format!("{name}.db"));
        Self {
            location: Location::Sqlite(file.clone()),
            name,
            file: Some(file),
            server: None,
        }
    }

    /// A file, or with `MUSTER_TEST_ENGINE=postgres` a database on `MUSTER_TEST_POSTGRES`.
    pub fn create(runtime: &Runtime) -> Self {
        if std::env::var("MUSTER_TEST_ENGINE").as_deref() != Ok("postgres") {
            return Self::in_file();
        }
        let name = new_name();
        let server = std::env::var("MUSTER_TEST_POSTGRES").expect("MUSTER_TEST_POSTGRES");
        runtime.block_on(run(&server, &format!("CREATE DATABASE {name}")));
        let (base, _) = server.rsplit_once('/').unwrap();
        let location = Location::Postgres(format!("{base}/{name}"));
        Self {
            location,
            name,
            file: None,
            server: Some(server),
        }
    }
}

/// A name that no other test has.
fn new_name() -> String {
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("muster_it_{}_{number}", std::process::id())
}

/// A database for commands of the binary.
pub struct TestDatabase(Database);

impl TestDatabase {
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        Self(Database::create(&runtime.unwrap()))
    }

    /// As `--database` takes it.
    pub fn url(&self) -> String {
        match &self.0.location {
            Location::Sqlite(file) => format!("sqlite:{}", file.display()),
            Location::Postgres(url) => url.clone(),
        }
    }

    /// A name that no other test has.
    pub fn name(&self) -> &str {
        &self.0.name
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            for end in ["", "-wal", "-shm", ".lock"] {
                let _ = std::fs::remove_file(format!("{}{end}", file.display()));
            }
        }
        if let Some(server) = self.server.take() {
            let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(run(&server, &drop));
        }
    }
}

async fn run(server: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(server, tokio_postgres::NoTls)
        .await
        .unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
    drop(client);
    let _ = connection.await;
}
