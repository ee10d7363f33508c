//! How far an import has come is written with its users: whatever breaks it off, it goes on
//! exactly there. And who writes beside one has their turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use directory::import::{self, Outcome, Progress, Refusal};
use directory::password::PasswordHash;
use directory::users::{self, UserChange};
use directory::{Actor, Directory, Error};

use crate::given::{self, create, history, person, system, tenant};
use crate::harness::World;
use crate::import::{Given, record};

on_each_engine!(
    an_import_goes_on_where_it_was_broken_off,
    a_transaction_that_fails_moves_no_mark,
    two_runs_of_one_file_do_not_both_move_the_mark,
    an_import_begins_anew_when_told_so,
    refusals_are_kept_by_line,
    each_tenant_has_its_own_marks,
    a_foreign_hash_becomes_ours_at_the_right_password,
    a_password_set_meanwhile_stays,
    who_writes_beside_an_import_has_their_turn,
);

const FILE: &str = "5d41402abc4b2a76b9719d911017c592";

fn people(from: usize, to: usize) -> Vec<Given> {
    (from..to)
        .map(|number| record(person(&format!("user{number}@example.org"))))
        .collect()
}

async fn begin(directory: &Directory, actor: &Actor, again: bool) -> Progress {
    let actor = actor.clone();
    directory
        .write(move |tx| import::begin(tx, &actor, FILE, again))
        .await
        .unwrap()
}

/// Writes records and moves the mark by as many lines, each of ten bytes.
async fn write(
    directory: &Directory,
    actor: &Actor,
    from: &Progress,
    records: Vec<Given>,
    broken: bool,
) -> Result<Progress, Error> {
    let (actor, from) = (actor.clone(), from.clone());
    directory
        .write(move |tx| {
            let mut to = from.clone();
            for outcome in import::put(tx, &actor, &records)? {
                to.count(&outcome);
                to.line += 1;
                to.position += 10;
            }
            import::advance(tx, &actor, FILE, &from, &to, &[])?;
            if broken {
                return Err(Error::Conflict("broken off"));
            }
            Ok(to)
        })
        .await
}

async fn an_import_goes_on_where_it_was_broken_off(world: World) {
    let start = begin(&world.directory, &system(), false).await;
    assert_eq!(start, Progress::default());
    let done = write(&world.directory, &system(), &start, people(0, 5), false)
        .await
        .unwrap();
    // Another process, which knows nothing of the first.
    let other = world.another().await;
    let found = begin(&other, &system(), false).await;
    assert_eq!(found, done);
    assert_eq!((found.line, found.position, found.created), (5, 50, 5));
    let end = write(&other, &system(), &found, people(5, 8), false).await;
    assert_eq!(end.unwrap().created, 8);
}

async fn a_transaction_that_fails_moves_no_mark(world: World) {
    let start = begin(&world.directory, &system(), false).await;
    let broken = write(&world.directory, &system(), &start, people(0, 5), true).await;
    assert!(matches!(broken, Err(Error::Conflict("broken off"))));
    assert_eq!(begin(&world.directory, &system(), false).await, start);
    let all = given::list(&world.directory, &system(), &Default::default()).await;
    assert!(all.is_empty());
}

async fn two_runs_of_one_file_do_not_both_move_the_mark(world: World) {
    let start = begin(&world.directory, &system(), false).await;
    let first = write(&world.directory, &system(), &start, people(0, 5), false).await;
    let second = write(&world.directory, &system(), &start, people(3, 9), false).await;
    assert!(first.is_ok());
    assert!(matches!(second, Err(Error::Conflict(_))), "{second:?}");
    let all = given::list(&world.directory, &system(), &Default::default()).await;
    assert_eq!(all.len(), 5);
}

async fn an_import_begins_anew_when_told_so(world: World) {
    let start = begin(&world.directory, &system(), false).await;
    let done = write(&world.directory, &system(), &start, people(0, 5), false)
        .await
        .unwrap();
    assert_eq!(begin(&world.directory, &system(), false).await, done);
    assert_eq!(begin(&world.directory, &system(), true).await, start);
}

async fn refusals_are_kept_by_line(world: World) {
    let start = begin(&world.directory, &system(), false).await;
    let refusals: Vec<Refusal> = [3, 4, 9]
        .map(|line| Refusal {
            line,
            reason: format!("[{line}]"),
        })
        .to_vec();
    let (from, kept) = (start.clone(), refusals.clone());
    world
        .directory
        .write(move |tx| {
            let to = Progress {
                position: 90,
                refused: 3,
                finished_at: Some(tx.now()),
                ..from.clone()
            };
            import::advance(tx, &system(), FILE, &from, &to, &kept)
        })
        .await
        .unwrap();
    let read = |after, limit| {
        let directory = world.directory.clone();
        async move {
            directory
                .read(move |tx| import::refusals(tx, &system(), FILE, after, limit))
                .await
                .unwrap()
        }
    };
    assert_eq!(read(0, 2).await, refusals[..2]);
    assert_eq!(read(4, 2).await, refusals[2..]);
    let finished = begin(&world.directory, &system(), false).await;
    assert_eq!(finished.finished_at, Some(world.now()));
    begin(&world.directory, &system(), true).await;
    assert_eq!(read(0, 10).await, []);
}

async fn each_tenant_has_its_own_marks(world: World) {
    let other = tenant(&world.directory, "other").await;
    let start = begin(&world.directory, &system(), false).await;
    let done = write(&world.directory, &system(), &start, people(0, 5), false)
        .await
        .unwrap();
    let theirs = begin(&world.directory, &other, false).await;
    assert_eq!(theirs, Progress::default());
    write(&world.directory, &other, &theirs, people(0, 2), false)
        .await
        .unwrap();
    begin(&world.directory, &other, true).await;
    assert_eq!(begin(&world.directory, &system(), false).await, done);
}

/// bcrypt, of `tide plank ferry é`.
const FOREIGN: &str = "$2b$04$AqW1HvHbU5mOMPjI3MhIJOi4CdwRBOynpaqQCssERD.fEJavwj6ce";

async fn with_foreign_hash(world: &World) -> i64 {
    let change = UserChange {
        password: PasswordHash::import(FOREIGN).ok(),
        ..person("ada@example.org")
    };
    let made = create(&world.directory, &system(), &change).await;
    made.unwrap().user.id
}

async fn stored_hash(world: &World, id: i64) -> PasswordHash {
    world
        .directory
        .read(move |tx| users::password_hash(tx, &system(), id))
        .await
        .unwrap()
        .unwrap()
}

async fn checked(world: &World, id: i64, password: &str) -> bool {
    world
        .directory
        .check_password(&system(), id, password.to_owned().into())
        .await
        .unwrap()
}

async fn a_foreign_hash_becomes_ours_at_the_right_password(world: World) {
    let id = with_foreign_hash(&world).await;
    let foreign = PasswordHash::import(FOREIGN).unwrap();
    for wrong in ["", "tide plank ferry", "tide plank ferry é "] {
        assert!(!checked(&world, id, wrong).await, "{wrong}");
    }
    assert!(stored_hash(&world, id).await == foreign);
    assert!(checked(&world, id, "tide plank ferry é").await);
    let renewed = stored_hash(&world, id).await;
    assert!(renewed.is_current());
    assert!(checked(&world, id, "tide plank ferry é").await);
    assert!(!checked(&world, id, "tide plank ferry").await);
    // Once: a hash of our own is not made again.
    assert!(stored_hash(&world, id).await == renewed);
    let events = history(&world.directory, &system(), "user", id).await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert!(!checked(&world, 999, "tide plank ferry é").await);
}

async fn a_password_set_meanwhile_stays(world: World) {
    let id = with_foreign_hash(&world).await;
    let old = stored_hash(&world, id).await;
    let none = directory::violation::Violations::new();
    let newer = world
        .directory
        .hash_password(Some("orbit tide plank".to_owned().into()), &none)
        .await
        .unwrap();
    let change = UserChange {
        password: newer.clone(),
        ..UserChange::default()
    };
    let key = users::UserKey::Id(id);
    given::update(&world.directory, &system(), key, None, &change)
        .await
        .unwrap();
    let renewed = world
        .directory
        .hash_password(Some("tide plank ferry é".to_owned().into()), &none)
        .await
        .unwrap()
        .unwrap();
    world
        .directory
        .write(move |tx| users::renew_hash(tx, &system(), id, &old, &renewed))
        .await
        .unwrap();
    assert!(Some(stored_hash(&world, id).await) == newer);
}

/// A node of its own on the same file writes one by one while another imports: it is neither
/// refused nor kept waiting to the end.
async fn who_writes_beside_an_import_has_their_turn(world: World) {
    let importer = world.another().await;
    let imported = Arc::new(AtomicBool::new(false));
    let done = Arc::clone(&imported);
    let import = tokio::spawn(async move {
        for part in 0..40 {
            let records = people(part * 250, (part + 1) * 250);
            let outcomes = importer
                .write(move |tx| import::put(tx, &system(), &records))
                .await
                .unwrap();
            assert!(
                outcomes
                    .iter()
                    .all(|each| matches!(each, Outcome::Created(_)))
            );
            tokio::task::yield_now().await;
        }
        done.store(true, Ordering::SeqCst);
    });
    let mut meanwhile = 0;
    while !imported.load(Ordering::SeqCst) {
        let change = person(&format!("beside{meanwhile}@example.org"));
        create(&world.directory, &system(), &change).await.unwrap();
        meanwhile += 1;
    }
    import.await.unwrap();
    assert!(meanwhile >= 20, "only {meanwhile} were written meanwhile");
}
