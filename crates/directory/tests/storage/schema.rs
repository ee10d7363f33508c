//! Migrations, the first tenant, and ids.

use std::collections::BTreeSet;
use std::sync::Arc;

use directory::clock::{FakeClock, SystemRandom};
use directory::model::UserStatus;
use directory::store::{IdKind, Location};
use directory::users::{Change, RoleGrant, UserChange};
use directory::violation::{Path, Rule};
use directory::{Directory, Error, TenantId, Unavailable, tenants};

use crate::given::{self, create, person, system};
use crate::harness::{self, START, TemporaryFile, World};

on_each_engine!(
    migrating_again_changes_nothing,
    the_default_tenant_has_its_four_roles,
    a_tenant_has_a_name_of_its_own,
    ids_are_not_given_again_after_a_restart,
    ids_are_unique_over_writers_and_nodes,
    a_write_leases_as_many_ids_as_it_needs,
    a_write_without_end_is_refused_and_its_ids_are_given_again,
);

const MIGRATIONS: &str = "SELECT number, name, applied_at FROM schema_migrations ORDER BY number";

async fn migrations(directory: &Directory) -> Vec<(i64, String, jiff::Timestamp)> {
    directory
        .read(|tx| {
            tx.query(MIGRATIONS, &[], |row| {
                Ok((row.int()?, row.text()?, row.time()?))
            })
        })
        .await
        .unwrap()
}

async fn migrating_again_changes_nothing(world: World) {
    create(&world.directory, &system(), &person("ada@example.org"))
        .await
        .unwrap();
    let before = migrations(&world.directory).await;
    assert_eq!(before[0].1, "foundation");
    world.clock.advance(std::time::Duration::from_secs(60));
    let again = world.another().await;
    assert_eq!(migrations(&again).await, before);
    assert_eq!(
        given::list(&again, &system(), &Default::default())
            .await
            .len(),
        1
    );
}

/// Opens an empty database by several nodes at once.
async fn open_at_once(location: Location) {
    let clock = Arc::new(FakeClock::new(START.parse().unwrap()));
    let opening = (0..4).map(|_| {
        let (location, clock) = (location.clone(), Arc::clone(&clock));
        tokio::spawn(async move { Directory::open(&location, clock, Arc::new(SystemRandom)).await })
    });
    let opening: Vec<_> = opening.collect();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite");
    let files = std::fs::read_dir(folder).unwrap().count();
    for node in opening {
        let node = node.await.unwrap().unwrap();
        assert_eq!(migrations(&node).await.len(), files);
        let tenants = node.read(tenants::list).await.unwrap();
        assert_eq!(tenants, [(TenantId(1), "default".to_owned())]);
        let roles = node
            .read(|tx| {
                tx.query_one(
                    "SELECT count(*) FROM roles WHERE tenant_id = 1",
                    &[],
                    |row| row.int(),
                )
            })
            .await
            .unwrap();
        assert_eq!(roles, 4);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_together_migrate_once_on_sqlite() {
    for _ in 0..10 {
        let file = TemporaryFile::new();
        open_at_once(Location::Sqlite(file.0.clone())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_together_migrate_once_on_postgres() {
    for _ in 0..10 {
        harness::on_postgres_database(open_at_once).await;
    }
}

async fn the_default_tenant_has_its_four_roles(world: World) {
    let found = world
        .directory
        .read(|tx| tenants::find(tx, "default"))
        .await;
    assert_eq!(found.unwrap(), TenantId(1));
    let grant = |name: &str| RoleGrant {
        path: Path::field("roles"),
        name: name.to_owned(),
        account_id: None,
    };
    let names = ["superAdmin", "accountAdmin", "manager", "viewer"];
    let change = UserChange {
        roles: names.iter().map(|name| grant(name)).collect(),
        ..person("ada@example.org")
    };
    let view = create(&world.directory, &system(), &change).await.unwrap();
    let mut sorted = names;
    sorted.sort_unstable();
    assert_eq!(view.roles, sorted);
    assert_eq!(view.permissions, directory::permission::PermissionSet::ALL);
    assert_eq!(view.user.status(), UserStatus::Active);
    let second = given::tenant(&world.directory, "second").await;
    for actor in [system(), second] {
        let change = UserChange {
            roles: vec![grant("superAdmin")],
            ..person("super@example.org")
        };
        let alone = create(&world.directory, &actor, &change).await.unwrap();
        let all = directory::permission::PermissionSet::ALL;
        assert_eq!(alone.permissions, all, "{:?}", actor.tenant);
    }
    let change = UserChange {
        roles: vec![grant("janitor")],
        ..person("grace@example.org")
    };
    let refused = create(&world.directory, &system(), &change).await;
    assert_eq!(
        given::broken(refused),
        given::rule("roles", Rule::MustExist)
    );
}

async fn a_tenant_has_a_name_of_its_own(world: World) {
    let directory = &world.directory;
    let second = given::tenant(directory, "second").await;
    assert!(second.tenant.0 > 1);
    for (name, expected) in [
        ("second", Rule::Taken),
        ("default", Rule::Taken),
        ("", Rule::Blank),
        ("Second", Rule::BadFormat),
        ("a\0", Rule::BadFormat),
    ] {
        let refused = directory.write(move |tx| tenants::create(tx, name)).await;
        assert_eq!(
            given::broken(refused),
            given::rule("name", expected),
            "{name:?}"
        );
    }
    for name in ["third", "a\0"] {
        let absent = directory.read(move |tx| tenants::find(tx, name)).await;
        assert!(
            matches!(absent, Err(Error::NotFound)),
            "{name:?} {absent:?}"
        );
    }
    assert_eq!(directory.read(tenants::list).await.unwrap().len(), 2);
}

async fn ids_are_not_given_again_after_a_restart(world: World) {
    let mut seen = BTreeSet::new();
    let mut last = 0;
    for start in 0..4 {
        let node = world.another().await;
        for user in 0..3 {
            let address = format!("{start}.{user}@example.org");
            let view = create(&node, &system(), &person(&address)).await.unwrap();
            assert!(
                seen.insert(view.user.id),
                "{} was given twice",
                view.user.id
            );
            assert!(view.user.id > last, "{} after {last}", view.user.id);
            last = view.user.id;
            // Not even that of a user who is deleted.
            let key = directory::users::UserKey::Id(view.user.id);
            given::delete(&node, &system(), key, None).await.unwrap();
        }
    }
}

async fn ids_are_unique_over_writers_and_nodes(world: World) {
    let other = world.another().await;
    let writers = (0..40).map(|writer: usize| {
        let node = [&world.directory, &other][writer % 2].clone();
        tokio::spawn(async move {
            let mut ids = Vec::new();
            for user in 0..5 {
                let change = UserChange {
                    first_name: Change::Set(format!("{writer}-{user}")),
                    ..UserChange::default()
                };
                ids.push(create(&node, &system(), &change).await.unwrap().user.id);
            }
            ids
        })
    });
    let writers: Vec<_> = writers.collect();
    let mut seen = BTreeSet::new();
    for writer in writers {
        for id in writer.await.unwrap() {
            assert!(id > 0 && seen.insert(id), "{id} was given twice");
        }
    }
    assert_eq!(seen.len(), 200);
}

/// Takes this many ids in one write.
async fn take(directory: &Directory, count: usize) -> Result<Vec<i64>, Error> {
    directory
        .write(move |tx| (0..count).map(|_| tx.new_id(IdKind::Job)).collect())
        .await
}

async fn a_write_leases_as_many_ids_as_it_needs(world: World) {
    let first: BTreeSet<i64> = take(&world.directory, 5_000)
        .await
        .unwrap()
        .into_iter()
        .collect();
    assert_eq!(first.len(), 5_000);
    let second = take(&world.directory, 10).await.unwrap();
    assert!(second.iter().all(|id| !first.contains(id)));
}

async fn a_write_without_end_is_refused_and_its_ids_are_given_again(world: World) {
    let refused = take(&world.directory, 10_000_000).await;
    let out = matches!(
        refused,
        Err(Error::Unavailable(Unavailable::OutOfIds(IdKind::Job)))
    );
    assert!(out, "{:?}", refused.map(|ids| ids.len()));
    assert_eq!(take(&world.directory, 1).await.unwrap().len(), 1);
}
