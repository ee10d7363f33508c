//! Faults of the database itself: a full disk, a COMMIT that is refused (requirements 2, 3, 7).

use std::collections::BTreeSet;

use directory::store::Tx;
use directory::users::{self, UserKey};
use directory::violation::Violations;
use directory::{Directory, Error, Unavailable, idempotency};
use futures_util::future::join_all;

use crate::atomicity::{answer, contents, idempotent, run};
use crate::backup::HALVES;
use crate::given::{self, ALL, create, delete, get, person, system};
use crate::harness::{Engine, World};

on_sqlite!(
    a_full_disk_refuses_writes_alone_and_only_while_it_is_full,
    what_is_acknowledged_while_the_disk_fills_up_is_there_and_the_rest_is_not,
    a_commit_that_is_refused_leaves_nothing,
    writes_go_on_after_a_commit_that_was_refused,
);

on_postgres!(
    a_commit_that_is_refused_leaves_nothing,
    writes_go_on_after_a_commit_that_was_refused,
);

/// Lets the database grow by this many pages of 4 KiB, as a disk with so much room would.
async fn room(directory: &Directory, pages: i64) {
    let set = directory.write(move |tx| {
        let used = tx.query_one("PRAGMA page_count", &[], |row| row.int())?;
        let sql: &'static str = format!("PRAGMA max_page_count = {}", used + pages).leak();
        tx.query_one(sql, &[], |row| row.int())
    });
    set.await.unwrap();
}

fn long(address: &str) -> users::UserChange {
    users::UserChange {
        address: given::set(&"x".repeat(200)),
        ..person(address)
    }
}

fn unavailable<T>(result: &Result<T, Error>) -> bool {
    matches!(
        result,
        Err(Error::Unavailable(
            Unavailable::Database(_) | Unavailable::GroupFailed
        ))
    )
}

async fn emails(directory: &Directory) -> BTreeSet<String> {
    texts(directory, "SELECT email FROM users").await
}

async fn texts(directory: &Directory, sql: &'static str) -> BTreeSet<String> {
    let rows = directory.read(move |tx| tx.query(sql, &[], |row| row.text()));
    rows.await.unwrap().into_iter().collect()
}

async fn nothing_is_half_there(directory: &Directory) {
    for halves in HALVES {
        assert_eq!(texts(directory, halves).await, BTreeSet::new(), "{halves}");
    }
    let found = directory
        .write(|tx| tx.query_one("PRAGMA integrity_check", &[], |row| row.text()))
        .await;
    assert_eq!(found.unwrap(), "ok");
}

async fn a_full_disk_refuses_writes_alone_and_only_while_it_is_full(world: World) {
    let directory = &world.directory;
    let first = create(directory, &system(), &long("first@example.org"))
        .await
        .unwrap();
    for round in 0..3 {
        room(directory, 2).await;
        let mut refused = 0;
        for user in 0..200 {
            let address = format!("{round}.{user}@example.org");
            match create(directory, &system(), &long(&address)).await {
                Ok(made) => assert_eq!(refused, 0, "{made:?} after a refusal"),
                result => {
                    assert!(unavailable(&result), "{result:?}");
                    refused += 1;
                }
            }
            if refused == 5 {
                break;
            }
        }
        assert_eq!(refused, 5, "it never was full");
        let key = UserKey::Id(first.user.id);
        get(directory, &system(), key).await.unwrap();
        nothing_is_half_there(directory).await;
        room(directory, 1_000).await;
        let address = format!("{round}.after@example.org");
        create(directory, &system(), &long(&address)).await.unwrap();
    }
}

async fn what_is_acknowledged_while_the_disk_fills_up_is_there_and_the_rest_is_not(world: World) {
    let directory = &world.directory;
    // Ids are leased beforehand, so that the users' own writes meet the full disk together.
    let warm = (0..100).map(|user| {
        let address = format!("warm{user}@example.org");
        async move { create(directory, &system(), &person(&address)).await }
    });
    for made in join_all(warm).await {
        made.unwrap();
    }
    for round in 0..5 {
        let before = emails(directory).await;
        room(directory, 8).await;
        let addresses: Vec<_> = (0..300)
            .map(|user| format!("{round}.{user}@example.org"))
            .collect();
        let creating = addresses.iter().map(|address| async move {
            (
                address.clone(),
                create(directory, &system(), &long(address)).await,
            )
        });
        let mut acknowledged = before;
        let mut refused = 0;
        for (address, result) in join_all(creating).await {
            if result.is_ok() {
                acknowledged.insert(address);
            } else {
                assert!(unavailable(&result), "{result:?}");
                refused += 1;
            }
        }
        assert!(refused > 0, "it never was full");
        assert_eq!(emails(directory).await, acknowledged);
        nothing_is_half_there(directory).await;
        room(directory, 1_000).await;
    }
}

/// Makes the database refuse to commit what a closure does from here on.
fn refuse_commit(tx: &Tx<'_>, engine: Engine) -> Result<(), Error> {
    // A password of nobody, which is looked for only at COMMIT.
    if engine == Engine::Sqlite {
        tx.query("PRAGMA defer_foreign_keys = ON", &[], |_| Ok(()))?;
    }
    let sql = "INSERT INTO credentials (tenant_id, user_id, kind, secret, created_at, updated_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    let (now, nobody) = (tx.now().into(), 999_999_999_i64.into());
    let params = [
        1_i64.into(),
        nobody,
        "password".into(),
        "x".into(),
        tx.now().into(),
        now,
    ];
    tx.execute(sql, &params).map(drop)
}

/// PostgreSQL decides when a constraint is made whether it can wait.
async fn let_constraints_wait(world: &World) {
    if world.engine == Engine::Postgres {
        let name = "SELECT conname::text FROM pg_constraint \
            WHERE conrelid = 'credentials'::regclass AND contype = 'f'";
        for name in texts(&world.directory, name).await {
            let sql = format!(
                "ALTER TABLE credentials ALTER CONSTRAINT {name} DEFERRABLE INITIALLY DEFERRED"
            );
            run(&world.directory, sql).await;
        }
    }
}

async fn a_commit_that_is_refused_leaves_nothing(world: World) {
    let_constraints_wait(&world).await;
    let directory = &world.directory;
    let made = create(directory, &system(), &person("ada@example.org"))
        .await
        .unwrap();
    let (id, engine) = (made.user.id, world.engine);
    let before = contents(&world).await;
    let known = |result: Result<(), Error>| {
        // Known not to be done: never "the outcome is not known".
        let told = matches!(
            result,
            Err(Error::Unavailable(Unavailable::GroupFailed) | Error::Internal(_))
        );
        assert!(told, "{result:?}");
    };
    let result = directory.write(move |tx| {
        let (actor, key) = (system(), idempotent("create"));
        assert_eq!(idempotency::reserve(tx, &actor, &key)?, None);
        let change = person("grace@example.org");
        users::create(tx, &actor, &change, Violations::new(), ALL)?;
        idempotency::keep(tx, &actor, &key, &answer())?;
        refuse_commit(tx, engine)
    });
    known(result.await);
    assert_eq!(contents(&world).await, before);
    let result = directory.write(move |tx| {
        let change = person("countess@example.org");
        let key = UserKey::Id(id);
        users::update(tx, &system(), &key, None, &change, Violations::new(), ALL)?;
        refuse_commit(tx, engine)
    });
    known(result.await);
    assert_eq!(contents(&world).await, before);
    let result = directory.write(move |tx| {
        users::delete(tx, &system(), &UserKey::Id(id), None)?;
        refuse_commit(tx, engine)
    });
    known(result.await);
    assert_eq!(contents(&world).await, before);
}

async fn writes_go_on_after_a_commit_that_was_refused(world: World) {
    let_constraints_wait(&world).await;
    let (directory, engine) = (&world.directory, world.engine);
    let mut ids = BTreeSet::new();
    for round in 0..5 {
        let refused = directory.write(move |tx| {
            let change = person("refused@example.org");
            users::create(tx, &system(), &change, Violations::new(), ALL)?;
            refuse_commit(tx, engine)
        });
        assert!(refused.await.is_err());
        let address = format!("{round}@example.org");
        let made = create(directory, &system(), &person(&address))
            .await
            .unwrap();
        assert!(ids.insert(made.user.id), "{} was given twice", made.user.id);
        if round % 2 == 0 {
            let key = UserKey::Id(made.user.id);
            delete(directory, &system(), key, None).await.unwrap();
        }
    }
    assert_eq!(emails(directory).await.len(), 5);
}
