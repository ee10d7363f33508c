//! What outlives a server, a connection, a migration and a release: requirements 1, 8 and 10.

use std::sync::Arc;

use directory::clock::{FakeClock, SystemRandom};
use directory::store::{Db, Location};
use directory::users::{UserChange, UserKey};
use directory::{Directory, Error, Unavailable};
use futures_util::future::join_all;

use crate::given::{self, create, get, person, set, system};
use crate::harness::{self, START, TemporaryFile, World};

on_each_engine!(this_binary_works_on_a_newer_schema);

fn clock() -> Arc<FakeClock> {
    Arc::new(FakeClock::new(START.parse().unwrap()))
}

async fn open(location: &Location) -> Result<Directory, Error> {
    Directory::open(location, clock(), Arc::new(SystemRandom)).await
}

/// Runs statements of the test's own.
async fn run(db: &Db, statements: &[&'static str]) {
    for sql in statements {
        let sql: &'static str = sql;
        db.write(move |tx| tx.execute(sql, &[])).await.unwrap();
    }
}

async fn count(db: &Db, sql: &'static str) -> i64 {
    db.read(move |tx| tx.query_one(sql, &[], |row| row.int()))
        .await
        .unwrap()
}

/// Its own list does not name `fdatasync`; the one flag that it names comes from the same place.
#[tokio::test]
async fn the_bundled_engine_is_compiled_as_the_repository_says() {
    let file = TemporaryFile::new();
    let location = Location::Sqlite(file.0.clone());
    let db = Db::open(&location, clock(), Arc::new(SystemRandom)).unwrap();
    let options = db.read(|tx| tx.query("PRAGMA compile_options", &[], |row| row.text()));
    let options = options.await.unwrap();
    assert!(
        options.contains(&"DEFAULT_MEMSTATUS=0".to_owned()),
        "{options:?}"
    );
}

/// The last table of the foundation is in the way, so that it fails at its end.
async fn a_migration_that_fails_leaves_nothing_and_runs_again(location: Location) {
    let db = Db::open(&location, clock(), Arc::new(SystemRandom)).unwrap();
    run(&db, &["CREATE TABLE idempotency_records (here BIGINT)"]).await;
    for _ in 0..2 {
        assert!(db.migrate().await.is_err());
        assert_eq!(
            count(&db, "SELECT count(*) FROM schema_migrations").await,
            0
        );
        let users = db.read(|tx| tx.query("SELECT id FROM users", &[], |row| row.int()));
        assert!(users.await.is_err(), "users is there");
    }
    run(&db, &["DROP TABLE idempotency_records"]).await;
    db.migrate().await.unwrap();
    let directory = open(&location).await.unwrap();
    create(&directory, &system(), &person("ada@example.org"))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_fails_leaves_nothing_and_runs_again_on_sqlite() {
    let file = TemporaryFile::new();
    let location = Location::Sqlite(file.0.clone());
    a_migration_that_fails_leaves_nothing_and_runs_again(location).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_fails_leaves_nothing_and_runs_again_on_postgres() {
    harness::on_postgres_database(a_migration_that_fails_leaves_nothing_and_runs_again).await;
}

/// What a later release may add: columns, tables, indexes, and its record.
const NEWER: [&str; 5] = [
    "ALTER TABLE users ADD COLUMN pronouns TEXT",
    "ALTER TABLE events ADD COLUMN feed BIGINT NOT NULL DEFAULT 0",
    "CREATE TABLE things_to_come (tenant_id BIGINT NOT NULL, id BIGINT NOT NULL)",
    "CREATE INDEX users_pronouns ON users (tenant_id, pronouns)",
    "INSERT INTO schema_migrations (number, name, applied_at) \
     SELECT 999, 'newer', applied_at FROM schema_migrations WHERE number = 1",
];

async fn this_binary_works_on_a_newer_schema(world: World) {
    let ada = person("ada@example.org");
    let made = create(&world.directory, &system(), &ada).await.unwrap();
    let before = UserKey::Id(made.user.id);
    let newer: Vec<&'static str> = NEWER
        .iter()
        .map(|sql| match world.engine {
            harness::Engine::Sqlite => {
                let sql: &'static str = sql.replace("BIGINT", "INTEGER").leak();
                sql
            }
            harness::Engine::Postgres => sql,
        })
        .collect();
    let db = Db::open(&world.location, clock(), Arc::new(SystemRandom)).unwrap();
    run(&db, &newer).await;
    // One that runs on, and one that starts anew.
    for directory in [world.directory.clone(), world.another().await] {
        let address = format!("{}@example.org", harness::unique_name());
        let made = create(&directory, &system(), &person(&address))
            .await
            .unwrap();
        assert_eq!(
            get(&directory, &system(), UserKey::Id(made.user.id))
                .await
                .unwrap(),
            made
        );
        let change = UserChange {
            first_name: set(&address),
            ..UserChange::default()
        };
        let changed = given::update(&directory, &system(), before.clone(), None, &change).await;
        assert_eq!(changed.unwrap().user.first_name, Some(address));
        let key = UserKey::Id(made.user.id);
        given::delete(&directory, &system(), key, None)
            .await
            .unwrap();
    }
    let migrations = "SELECT count(*) FROM schema_migrations WHERE number = 999";
    assert_eq!(count(&db, migrations).await, 1);
}

mod server {
    use super::*;

    on_postgres!(
        a_commit_is_answered_when_it_is_on_disk_whatever_the_database_is_set_to,
        a_connection_that_would_not_be_durable_is_refused,
        options_of_the_url_leave_ours_in_force_but_for_what_they_set,
        connections_that_the_server_ended_are_replaced,
    );

    async fn a_commit_is_answered_when_it_is_on_disk_whatever_the_database_is_set_to(world: World) {
        let Location::Postgres(url) = &world.location else {
            panic!("not PostgreSQL");
        };
        let (_, name) = url.rsplit_once('/').unwrap();
        let alter = format!("ALTER DATABASE {name} SET synchronous_commit = off");
        let db = Db::open(&world.location, clock(), Arc::new(SystemRandom)).unwrap();
        run(&db, &[alter.leak()]).await;
        let node = world.another().await;
        let shown = node.write(|tx| tx.query_one("SHOW synchronous_commit", &[], |row| row.text()));
        assert_eq!(shown.await.unwrap(), "on");
    }

    async fn a_connection_that_would_not_be_durable_is_refused(world: World) {
        let Location::Postgres(url) = &world.location else {
            panic!("not PostgreSQL");
        };
        for (setting, durable) in [("off", false), ("local", false), ("remote_apply", true)] {
            let url = format!("{url}?options=-c%20synchronous_commit%3D{setting}");
            let opened = open(&Location::Postgres(url)).await;
            match (durable, opened) {
                (true, Ok(_)) => {}
                (false, Err(Error::Unavailable(Unavailable::Database(cause)))) => {
                    let told = cause.to_string();
                    assert!(told.contains("synchronous_commit is"), "{setting}: {told}");
                }
                (_, Ok(_)) => panic!("{setting} was taken"),
                (_, Err(error)) => panic!("{setting}: {error:?}"),
            }
        }
    }

    async fn options_of_the_url_leave_ours_in_force_but_for_what_they_set(world: World) {
        let Location::Postgres(url) = &world.location else {
            panic!("not PostgreSQL");
        };
        let url = format!("{url}?options=-c%20lock_timeout%3D7s%20-c%20work_mem%3D8MB");
        let db = Db::open(&Location::Postgres(url), clock(), Arc::new(SystemRandom)).unwrap();
        for (sql, set) in [
            ("SHOW lock_timeout", "7s"),
            ("SHOW work_mem", "8MB"),
            ("SHOW statement_timeout", "1min"),
            ("SHOW idle_in_transaction_session_timeout", "1min"),
            ("SHOW enable_seqscan", "off"),
        ] {
            let written = db.write(move |tx| tx.query_one(sql, &[], |row| row.text()));
            assert_eq!(written.await.unwrap(), set, "{sql}");
            let read = db.read(move |tx| tx.query_one(sql, &[], |row| row.text()));
            assert_eq!(read.await.unwrap(), set, "{sql}");
        }
    }

    async fn connections_that_the_server_ended_are_replaced(world: World) {
        let directory = &world.directory;
        let addresses: Vec<String> = (0..8).map(|n| format!("u{n}@example.org")).collect();
        let making = addresses
            .iter()
            .map(|address| async move { create(directory, &system(), &person(address)).await });
        for made in join_all(making).await {
            made.unwrap();
        }
        let other = Db::open(&world.location, clock(), Arc::new(SystemRandom)).unwrap();
        let ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let ended = count(&other, ended).await;
        assert!(ended > 0, "nothing was ended");
        // Each failure uses one dead connection up.
        let mut failures = 0;
        let grace = person("grace@example.org");
        while let Err(error) = create(directory, &system(), &grace).await {
            assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
            failures += 1;
            assert!(
                failures <= ended,
                "{failures} failures, {ended} connections ended"
            );
        }
    }
}
