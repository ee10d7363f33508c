//! Copies of an SQLite database made under load, and put back (requirements 11 and 16).

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use directory::clock::{FakeClock, SystemRandom};
use directory::store::{BackupError, Copied, Location, back_up, restore};
use directory::users::{self, UserKey};
use directory::violation::Violations;
use directory::{Directory, Error, Unavailable};

use crate::given::{self, ALL, create, person, system};
use crate::harness::{START, World, unique_name};

/// A folder for the files of one test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(unique_name());
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn names(&self) -> BTreeSet<String> {
        let names = fs::read_dir(&self.0).unwrap();
        names
            .map(|each| each.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn open(path: &Path) -> Directory {
    let clock = Arc::new(FakeClock::new(START.parse().unwrap()));
    Directory::open(
        &Location::Sqlite(path.to_owned()),
        clock,
        Arc::new(SystemRandom),
    )
    .await
    .unwrap()
}

/// The number of the newest migration.
fn migrations() -> i64 {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    let files = fs::read_dir(folder).unwrap();
    let number = |name: String| name.split_once('_').unwrap().0.parse().unwrap();
    let names = files.map(|each| each.unwrap().file_name().into_string().unwrap());
    names.map(number).max().unwrap()
}

/// Closes a database, and waits for the writer's thread, which ends by itself soon after.
fn close(directory: Directory, path: &Path) {
    drop(directory);
    let lock = fs::File::open(path.with_extension("db.lock")).unwrap();
    lock.lock().unwrap();
    assert!(!path.with_extension("db-wal").exists());
}

async fn add(directory: &Directory, address: &str) -> i64 {
    let made = create(directory, &system(), &person(address)).await;
    made.unwrap().user.id
}

async fn emails(directory: &Directory) -> BTreeSet<String> {
    texts(directory, "SELECT email FROM users").await
}

async fn texts(directory: &Directory, sql: &'static str) -> BTreeSet<String> {
    let rows = directory
        .read(move |tx| tx.query(sql, &[], |row| row.text()))
        .await;
    rows.unwrap().into_iter().collect()
}

fn set<const N: usize>(texts: [&str; N]) -> BTreeSet<String> {
    texts.into_iter().map(str::to_owned).collect()
}

/// A closed database with one user, `ada@example.org`.
async fn one_user(path: &Path) {
    let directory = open(path).await;
    add(&directory, "ada@example.org").await;
    close(directory, path);
}

/// As [`one_user`], backed up.
async fn one_users_backup(folder: &Folder) -> PathBuf {
    let (database, backup) = (folder.file("source.db"), folder.file("one.backup"));
    one_user(&database).await;
    back_up(&database, &backup).unwrap();
    backup
}

/// Enough users that a copy takes several steps.
async fn fill(directory: &Directory) {
    for part in 0..8 {
        directory
            .write(move |tx| {
                for user in 0..250 {
                    let change = person(&format!("seed{part}.{user}@example.org"));
                    users::create(tx, &system(), &change, Violations::new(), ALL)?;
                }
                Ok(())
            })
            .await
            .unwrap();
    }
}

/// Users without their claim or their event, and claims and events without their user.
pub(crate) const HALVES: [&str; 4] = [
    "SELECT email FROM users u WHERE NOT EXISTS (SELECT 1 FROM claims c \
     WHERE c.tenant_id = u.tenant_id AND c.value = u.email_key AND c.owner_id = u.id)",
    "SELECT email FROM users u WHERE NOT EXISTS (SELECT 1 FROM events e \
     WHERE e.tenant_id = u.tenant_id AND e.subject_type = 'user' AND e.subject_id = CAST(u.id AS TEXT))",
    "SELECT value FROM claims c WHERE NOT EXISTS (SELECT 1 FROM users u \
     WHERE u.tenant_id = c.tenant_id AND u.id = c.owner_id)",
    "SELECT subject_id FROM events e WHERE NOT EXISTS (SELECT 1 FROM users u \
     WHERE u.tenant_id = e.tenant_id AND e.subject_id = CAST(u.id AS TEXT))",
];

async fn holds(file: &Path, acknowledged: &BTreeSet<String>) {
    let copy = open(file).await;
    let held = emails(&copy).await;
    let lost: Vec<_> = acknowledged.difference(&held).collect();
    assert!(lost.is_empty(), "{lost:?}");
    for halves in HALVES {
        assert_eq!(texts(&copy, halves).await, set([]), "{halves}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_backup_under_load_holds_every_change_acknowledged_before_it_began() {
    let folder = Folder::new();
    let database = folder.file("muster.db");
    let directory = open(&database).await;
    fill(&directory).await;
    let stop = Arc::new(AtomicBool::new(false));
    let acknowledged = Arc::new(std::sync::Mutex::new(BTreeSet::new()));
    let writers: Vec<_> = (0..16)
        .map(|writer| {
            let (directory, stop) = (directory.clone(), Arc::clone(&stop));
            let acknowledged = Arc::clone(&acknowledged);
            tokio::spawn(async move {
                let mut count = 0;
                while !stop.load(Ordering::SeqCst) {
                    let address = format!("writer{writer}.{count}@example.org");
                    add(&directory, &address).await;
                    acknowledged.lock().unwrap().insert(address);
                    count += 1;
                }
            })
        })
        .collect();
    // Three at least, and until writers were seen to go on during one.
    let (mut round, mut went_on) = (0, false);
    while round < 3 || (!went_on && round < 30) {
        round += 1;
        while acknowledged.lock().unwrap().len() < round * 100 {
            tokio::task::yield_now().await;
        }
        let before = acknowledged.lock().unwrap().clone();
        let (from, file) = (database.clone(), folder.file(&format!("{round}.db")));
        let to = file.clone();
        let copied = tokio::task::spawn_blocking(move || back_up(&from, &to)).await;
        copied.unwrap().unwrap();
        went_on |= acknowledged.lock().unwrap().len() > before.len();
        holds(&file, &before).await;
    }
    assert!(went_on, "a backup holds up writers");
    stop.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_one_private_file_and_is_never_written_over() {
    let folder = Folder::new();
    let database = folder.file("muster.db");
    let directory = open(&database).await;
    add(&directory, "ada@example.org").await;
    fs::write(folder.file("muster.db.key"), "the secret key of the server").unwrap();
    let before = folder.names();
    let file = folder.file("backup");
    let copied = back_up(&database, &file).unwrap();
    let metadata = fs::metadata(&file).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    assert_eq!(
        copied,
        Copied {
            bytes: metadata.len(),
            schema: migrations()
        }
    );
    let mut with_backup = before.clone();
    with_backup.insert("backup".to_owned());
    assert_eq!(
        folder.names(),
        with_backup,
        "one file and nothing beside it"
    );
    let bytes = fs::read(&file).unwrap();
    add(&directory, "grace@example.org").await;
    let again = back_up(&database, &file);
    assert!(matches!(again, Err(BackupError::Exists(_))), "{again:?}");
    assert_eq!(fs::read(&file).unwrap(), bytes);
    assert!(
        !contains(&bytes, b"the secret key of the server"),
        "the secret key is apart"
    );
    // A link counts as a file, wherever it leads.
    symlink(folder.file("nowhere"), folder.file("link")).unwrap();
    let linked = back_up(&database, &folder.file("link"));
    assert!(matches!(linked, Err(BackupError::Exists(_))), "{linked:?}");
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_backed_up_leaves_no_file() {
    let folder = Folder::new();
    let absent = back_up(&folder.file("absent.db"), &folder.file("backup"));
    assert!(matches!(absent, Err(BackupError::Absent(_))), "{absent:?}");
    assert_eq!(folder.names(), set([]), "not even an empty database");
    let database = folder.file("muster.db");
    let directory = open(&database).await;
    fill(&directory).await;
    close(directory, &database);
    let before = folder.names();
    let nowhere = back_up(&database, &folder.file("no such folder/backup"));
    assert!(
        matches!(nowhere, Err(BackupError::Io { .. })),
        "{nowhere:?}"
    );
    spoil(&database);
    let damaged = back_up(&database, &folder.file("backup"));
    assert!(
        matches!(damaged, Err(BackupError::Damaged { .. })),
        "{damaged:?}"
    );
    fs::write(folder.file("muster.db"), "x".repeat(100_000)).unwrap();
    let foreign = back_up(&database, &folder.file("backup"));
    assert!(
        matches!(foreign, Err(BackupError::Foreign(_))),
        "{foreign:?}"
    );
    assert_eq!(folder.names(), before);
}

/// Overwrites two pages in the middle of a database.
fn spoil(path: &Path) {
    let mut file = OpenOptions::new().write(true).open(path).unwrap();
    let middle = file.metadata().unwrap().len() / 2 / 4_096 * 4_096;
    file.seek(SeekFrom::Start(middle)).unwrap();
    file.write_all(&[0xab; 8_192]).unwrap();
}

/// The files of a database whose process was killed: they hold its log.
fn killed(database: &Path, copy: &Path) {
    for ending in ["", "-wal", "-shm"] {
        let name = |path: &Path| format!("{}{ending}", path.display());
        fs::copy(name(database), name(copy)).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_the_log_of_a_killed_server_is_backed_up() {
    let folder = Folder::new();
    let directory = open(&folder.file("muster.db")).await;
    add(&directory, "ada@example.org").await;
    let (database, backup) = (folder.file("killed.db"), folder.file("backup.db"));
    killed(&folder.file("muster.db"), &database);
    back_up(&database, &backup).unwrap();
    assert_eq!(emails(&open(&backup).await).await, set(["ada@example.org"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_database_is_the_backup_and_works() {
    let folder = Folder::new();
    let backup = one_users_backup(&folder).await;
    let database = folder.file("muster.db");
    let copied = restore(&backup, &database, false, 0).unwrap();
    let metadata = fs::metadata(&database).unwrap();
    assert_eq!(
        (copied.bytes, copied.schema),
        (metadata.len(), migrations())
    );
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    let directory = open(&database).await;
    assert_eq!(emails(&directory).await, set(["ada@example.org"]));
    add(&directory, "grace@example.org").await;
    let taken = create(&directory, &system(), &person("ada@example.org")).await;
    assert!(matches!(taken, Err(Error::Invalid(_))), "{taken:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_replaced_database_is_applied_to_the_new_one() {
    let folder = Folder::new();
    let backup = one_users_backup(&folder).await;
    let other = open(&folder.file("other.db")).await;
    fill(&other).await;
    let (database, wal) = (folder.file("muster.db"), folder.file("muster.db-wal"));
    // A killed server's, whose log is whole; one that cannot be read; and a log on its own.
    for case in ["killed", "unreadable", "log alone"] {
        killed(&folder.file("other.db"), &database);
        match case {
            "unreadable" => fs::write(&database, "x".repeat(100_000)).unwrap(),
            "log alone" => fs::remove_file(&database).unwrap(),
            _ => {}
        }
        let before = (fs::read(&database).ok(), fs::read(&wal).unwrap());
        let refused = restore(&backup, &database, false, 0);
        assert!(
            matches!(refused, Err(BackupError::Exists(_))),
            "{case}: {refused:?}"
        );
        assert_eq!(
            (fs::read(&database).ok(), fs::read(&wal).unwrap()),
            before,
            "{case}"
        );
        restore(&backup, &database, true, 0).unwrap();
        let names = folder.names();
        for ending in ["-wal", "-shm", "-journal"] {
            assert!(
                !names.contains(&format!("muster.db{ending}")),
                "{case}: {names:?}"
            );
        }
        let directory = open(&database).await;
        assert_eq!(emails(&directory).await, set(["ada@example.org"]), "{case}");
        close(directory, &database);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_anybody_has_open_is_not_replaced() {
    let folder = Folder::new();
    let backup = one_users_backup(&folder).await;
    let database = folder.file("muster.db");
    let directory = open(&database).await;
    add(&directory, "grace@example.org").await;
    let refused = |path: &Path| {
        let restored = restore(&backup, path, true, 0);
        assert!(
            matches!(restored, Err(BackupError::InUse(_))),
            "{restored:?}"
        );
    };
    refused(&database);
    // By another name too.
    symlink(&database, folder.file("link.db")).unwrap();
    refused(&folder.file("link.db"));
    close(directory, &database);
    // By a program that knows nothing of the lock.
    let stranger = rusqlite::Connection::open(&database).unwrap();
    stranger.pragma_update(None, "journal_mode", "WAL").unwrap();
    let count = |from: &rusqlite::Connection| -> i64 {
        from.query_row("SELECT count(*) FROM users", [], |row| row.get(0))
            .unwrap()
    };
    assert_eq!(count(&stranger), 1);
    refused(&database);
    assert_eq!(count(&stranger), 1);
    drop(stranger);
    let directory = open(&database).await;
    assert_eq!(emails(&directory).await, set(["grace@example.org"]));
    close(directory, &database);
    // A link is followed, not replaced.
    restore(&backup, &folder.file("link.db"), true, 0).unwrap();
    assert!(folder.file("link.db").is_symlink());
    assert_eq!(
        emails(&open(&database).await).await,
        set(["ada@example.org"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_not_opened_while_it_is_replaced() {
    let folder = Folder::new();
    let database = folder.file("muster.db");
    one_user(&database).await;
    let restoring = fs::File::open(folder.file("muster.db.lock")).unwrap();
    restoring.lock().unwrap();
    let opened = Directory::open(
        &Location::Sqlite(database.clone()),
        Arc::new(FakeClock::new(START.parse().unwrap())),
        Arc::new(SystemRandom),
    )
    .await;
    let refused = matches!(
        opened.as_ref().err(),
        Some(Error::Unavailable(Unavailable::Database(_)))
    );
    assert!(refused, "{:?}", opened.err());
    let copied = back_up(&database, &folder.file("backup"));
    assert!(matches!(copied, Err(BackupError::InUse(_))), "{copied:?}");
    drop(restoring);
    open(&database).await;
}

/// Changes a closed backup behind the engine's rules.
fn alter(path: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection
        .pragma_update(None, "foreign_keys", false)
        .unwrap();
    connection.execute_batch(sql).unwrap();
}

type Spoiler = Box<dyn Fn()>;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_whole_backup_of_a_known_version_changes_nothing() {
    let folder = Folder::new();
    let (database, bad) = (folder.file("muster.db"), folder.file("bad"));
    one_user(&database).await;
    let source = folder.file("source.db");
    let directory = open(&source).await;
    fill(&directory).await;
    let before = fs::read(&database).unwrap();
    let mut spoilers: Vec<(&str, Spoiler)> = Vec::new();
    let mut case = |name, spoil: Box<dyn Fn()>| spoilers.push((name, spoil));
    let sql = |sql: &'static str| {
        let bad = bad.clone();
        Box::new(move || alter(&bad, sql))
    };
    let path = bad.clone();
    case("Absent", Box::new(move || fs::remove_file(&path).unwrap()));
    let path = bad.clone();
    case("Foreign", Box::new(move || fs::write(&path, "").unwrap()));
    let path = bad.clone();
    case(
        "Foreign",
        Box::new(move || fs::write(&path, "x".repeat(9_000)).unwrap()),
    );
    let path = bad.clone();
    case("Damaged", Box::new(move || spoil(&path)));
    let path = bad.clone();
    let cut = move || {
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(file.metadata().unwrap().len() / 3).unwrap();
    };
    case("Damaged", Box::new(cut));
    case("Foreign", sql("DROP TABLE schema_migrations"));
    case("Foreign", sql("DELETE FROM schema_migrations"));
    case(
        "Foreign",
        sql("UPDATE schema_migrations SET name = 'another'"),
    );
    case(
        "Newer",
        sql("INSERT INTO schema_migrations VALUES (9999, 'later', 0)"),
    );
    case(
        "Damaged",
        sql("INSERT INTO credentials VALUES (1, 777777, 'password', 'x', 0, 0, NULL)"),
    );
    for (expected, spoil) in spoilers {
        let _ = fs::remove_file(&bad);
        back_up(&source, &bad).unwrap();
        spoil();
        let names = folder.names();
        let refused = format!("{:?}", restore(&bad, &database, true, 0).unwrap_err());
        assert!(refused.starts_with(expected), "{expected}: {refused}");
        assert_eq!(fs::read(&database).unwrap(), before, "{expected}");
        assert_eq!(folder.names(), names, "{expected}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_schema_is_migrated_when_it_is_opened() {
    let folder = Folder::new();
    let (old, database) = (folder.file("old"), folder.file("muster.db"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let first = fs::read_to_string(root.join("migrations/sqlite/0001_foundation.sql")).unwrap();
    alter(
        &old,
        &format!(
            "{first}; CREATE TABLE schema_migrations (number INTEGER PRIMARY KEY, \
             name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT; \
             INSERT INTO schema_migrations VALUES (1, 'foundation', 0)"
        ),
    );
    assert_eq!(restore(&old, &database, false, 0).unwrap().schema, 1);
    let directory = open(&database).await;
    let id = add(&directory, "ada@example.org").await;
    given::get(&directory, &system(), UserKey::Id(id))
        .await
        .unwrap();
    close(directory, &database);
    let copied = back_up(&database, &folder.file("new")).unwrap();
    assert_eq!(copied.schema, migrations());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_schema_is_backed_up_and_not_restored() {
    let folder = Folder::new();
    let (database, backup) = (folder.file("muster.db"), folder.file("backup"));
    one_user(&database).await;
    alter(
        &database,
        "INSERT INTO schema_migrations VALUES (9999, 'later', 0)",
    );
    assert_eq!(back_up(&database, &backup).unwrap().schema, 9_999);
    let refused = restore(&backup, &folder.file("new.db"), false, 0);
    assert!(
        matches!(refused, Err(BackupError::Newer { found: 9_999, .. })),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_given_after_the_backup_is_not_given_again() {
    let folder = Folder::new();
    let (database, backup) = (folder.file("muster.db"), folder.file("backup"));
    one_user(&database).await;
    back_up(&database, &backup).unwrap();
    let directory = open(&database).await;
    fill(&directory).await;
    let last = add(&directory, "last@example.org").await;
    // A kind of which there was none when the backup was made.
    let group = given::group(&directory, &system(), "Sales").await.id;
    close(directory, &database);
    // Where the lost database can be read, its ids are known.
    restore(&backup, &database, true, 0).unwrap();
    let directory = open(&database).await;
    let next = add(&directory, "next@example.org").await;
    assert!(next > last, "{next} after {last}");
    let group_again = given::group(&directory, &system(), "Sales").await.id;
    assert!(group_again > group, "{group_again} after {group}");
    // Elsewhere as many are passed over as the operator says.
    let elsewhere = folder.file("elsewhere.db");
    restore(&backup, &elsewhere, false, 1_000_000).unwrap();
    let directory = open(&elsewhere).await;
    let next = add(&directory, "next@example.org").await;
    assert!((1_000_000..2_000_000).contains(&next), "{next}");
    let group = given::group(&directory, &system(), "Sales").await.id;
    assert!((1_000_000..2_000_000).contains(&group), "{group}");
}

on_postgres!(the_command_in_the_guide_passes_over_ids_of_every_kind);

async fn the_command_in_the_guide_passes_over_ids_of_every_kind(world: World) {
    let folder = Folder::new();
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/OPERATING.md");
    let guide = fs::read_to_string(guide).unwrap();
    let (_, from) = guide.split_once("--command=\"").unwrap();
    let sql: &'static str = from.split_once('"').unwrap().0.to_owned().leak();
    let directory = &world.directory;
    let before = add(directory, "before@example.org").await;
    let run = directory.write(move |tx| tx.execute(sql, &[]));
    run.await.unwrap();
    let next = add(&world.another().await, "after@example.org").await;
    assert!(next > before + 1_000_000, "{next}");
    // The same kinds as a restore passes over.
    let backup = one_users_backup(&folder).await;
    let database = folder.file("muster.db");
    restore(&backup, &database, false, 1_000_000).unwrap();
    let kinds = "SELECT kind FROM id_leases WHERE next > 1000000";
    let skipped = texts(&open(&database).await, kinds).await;
    assert_eq!(texts(directory, kinds).await, skipped);
    assert_eq!(skipped.len(), 19);
}
