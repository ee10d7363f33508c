//! Copies of the embedded engine's file, made beside a running server, and put back.
//!
//! PostgreSQL has its own tools for this (docs/OPERATING.md).

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::file_lock::{FileLock, folder, resolved};
use super::ids::{self, IdKind};
use super::migrate;

mod error;
mod partial;

pub use error::BackupError;
use error::{broken, failed, in_use, unlocked};
use partial::{Partial, sync};

/// Pages copied at once: 256 KiB.
const PAGES: i32 = 64;
/// How long to wait for a server that is just starting or stopping.
const BUSY: Duration = Duration::from_secs(10);
/// What the engine keeps beside a file.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

const LEASES: &str = "SELECT kind, next FROM id_leases";
const MIGRATIONS: &str = "SELECT number, name FROM schema_migrations ORDER BY number";

/// A copy that was made and found whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// Its size.
    pub bytes: u64,
    /// The number of the newest migration in it.
    pub schema: i64,
}

/// Copies a database, which a server may be writing to, into a new file for its owner alone.
/// The copy is the database at one moment after the call: it holds every change that was
/// acknowledged before. It is checked, and on disk, when it gets its name.
///
/// # Errors
/// [`BackupError`]; then nothing has the name `file` that had not before.
pub fn back_up(database: &Path, file: &Path) -> Result<Copied, BackupError> {
    require_file(database)?;
    let _shared = FileLock::share(database).map_err(unlocked(database))?;
    if exists(file) {
        return Err(BackupError::Exists(file.to_owned()));
    }
    let partial = Partial::make(file)?;
    copy(database, &partial.path)?;
    let copied = check(&open_copy(&partial.path)?, database, &partial.path)?;
    partial.sync()?;
    partial.link(file)?;
    Ok(copied)
}

/// Puts a backup in the place of a database, which stays as it is unless `replace` is said.
/// Of every kind `skip` ids are passed over, because as many may have been given after the
/// backup was made, and an id is never given twice; so are those that the replaced database
/// gave, where it can be read. An older schema is migrated when the database is opened.
///
/// # Errors
/// [`BackupError`]; then the database is as it was.
pub fn restore(
    file: &Path,
    database: &Path,
    replace: bool,
    skip: u32,
) -> Result<Copied, BackupError> {
    require_file(file)?;
    let database = &resolved(database).map_err(failed(database))?;
    let _alone = FileLock::alone(database).map_err(unlocked(database))?;
    if !replace && occupied(database) {
        return Err(BackupError::Exists(database.clone()));
    }
    let partial = Partial::make(database)?;
    copy(file, &partial.path)?;
    let connection = open_copy(&partial.path)?;
    let copied = check(&connection, file, &partial.path)?;
    if copied.schema > migrate::NEWEST {
        return Err(BackupError::Newer {
            path: file.to_owned(),
            found: copied.schema,
        });
    }
    skip_ids(&connection, &leased(database), skip.into()).map_err(broken(&partial.path))?;
    connection
        .close()
        .map_err(|(_, cause)| broken(&partial.path)(cause))?;
    partial.sync()?;
    retire(database)?;
    partial.rename(database)?;
    Ok(copied)
}

/// How far each kind of id was leased in a database; nothing when it cannot be read.
fn leased(database: &Path) -> HashMap<String, i64> {
    let read = |connection: Connection| -> rusqlite::Result<_> {
        let mut leases = connection.prepare(LEASES)?;
        let rows = leases.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect()
    };
    connect(database)
        .ok()
        .and_then(|connection| read(connection).ok())
        .unwrap_or_default()
}

fn skip_ids(
    connection: &Connection,
    given: &HashMap<String, i64>,
    skip: i64,
) -> rusqlite::Result<()> {
    for kind in IdKind::ALL {
        let next = ids::skip(connection, kind, skip)?;
        let given = given.get(kind.name()).copied().unwrap_or_default();
        if given > next {
            ids::skip(connection, kind, given - next)?;
        }
    }
    Ok(())
}

/// A path with something appended to its last name.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Copies page by page from one snapshot: writers go on, and the copy never begins anew.
fn copy(from: &Path, to: &Path) -> Result<(), BackupError> {
    // Were it opened for reading alone, the log of a server that does not run would stay behind,
    // and be of whoever ran the command.
    let source = connect(from)?;
    // A transaction's snapshot is taken by its first read.
    source
        .execute_batch("PRAGMA query_only = ON; BEGIN; PRAGMA schema_version")
        .map_err(broken(from))?;
    let mut target = connect(to)?;
    // It is scrap until it is whole, and put on disk then.
    unlogged(&target).map_err(broken(to))?;
    let copy = Backup::new(&source, &mut target).map_err(broken(from))?;
    loop {
        let step = copy.step(PAGES).map_err(broken(from))?;
        if step == StepResult::Done {
            return Ok(());
        }
        if step != StepResult::More {
            return Err(in_use(from));
        }
    }
}

fn unlogged(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "OFF")?;
    connection.pragma_update(None, "synchronous", "OFF")
}

/// Opens a copy and turns it into one file that needs no log beside it.
fn open_copy(path: &Path) -> Result<Connection, BackupError> {
    let connection = connect(path)?;
    connection
        .pragma_update(None, "journal_mode", "DELETE")
        .and_then(|()| unlogged(&connection))
        .map_err(broken(path))?;
    Ok(connection)
}

/// Whether a copy is a database of muster, and whole.
fn check(connection: &Connection, original: &Path, copy: &Path) -> Result<Copied, BackupError> {
    let schema = schema_of(connection, original)?;
    let damaged = |fault| BackupError::Damaged {
        path: original.to_owned(),
        fault,
    };
    let found: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .map_err(broken(original))?;
    if found != "ok" {
        return Err(damaged(found));
    }
    let dangling: Option<String> = connection
        .prepare("PRAGMA foreign_key_check")
        .and_then(|mut check| check.query_map([], |row| row.get(0))?.next().transpose())
        .map_err(broken(original))?;
    if let Some(table) = dangling {
        return Err(damaged(format!(
            "{table} refers to a row that is not there"
        )));
    }
    let bytes = std::fs::metadata(copy).map_err(failed(copy))?.len();
    Ok(Copied { bytes, schema })
}

fn schema_of(connection: &Connection, path: &Path) -> Result<i64, BackupError> {
    let applied = connection.prepare(MIGRATIONS).and_then(|mut applied| {
        let rows = applied.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<rusqlite::Result<Vec<(i64, String)>>>()
    });
    let applied = applied.map_err(|_| BackupError::Foreign(path.to_owned()))?;
    let ours = |(number, name): &(i64, String)| {
        *number > migrate::NEWEST || migrate::is_known(*number, name)
    };
    let newest = applied.last().filter(|_| applied.iter().all(ours));
    newest
        .map(|(number, _)| *number)
        .ok_or_else(|| BackupError::Foreign(path.to_owned()))
}

/// Makes an old database one file again, so that nothing of it is applied to the new one, and
/// shows that no other program has it open: only then does the engine give up its log.
fn retire(database: &Path) -> Result<(), BackupError> {
    if exists(database) {
        let given_up = connect(database).and_then(|old| {
            old.busy_timeout(Duration::ZERO)
                .and_then(|()| {
                    old.pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get(0))
                })
                .map_err(broken(database))
        });
        match given_up {
            Ok::<String, _>(mode) if mode == "delete" => {}
            Ok(_) => return Err(in_use(database)),
            Err(BackupError::Engine { cause, .. }) if is_busy(&cause) => {
                return Err(in_use(database));
            }
            // It cannot be read: that is what backups are for.
            Err(_) => {}
        }
    }
    for ending in COMPANIONS {
        let companion = beside(database, ending);
        match std::fs::remove_file(&companion) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                return Err(failed(&companion)(cause));
            }
            Err(_) | Ok(()) => {}
        }
    }
    sync(folder(database))
}

fn is_busy(cause: &rusqlite::Error) -> bool {
    matches!(
        cause.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

fn connect(path: &Path) -> Result<Connection, BackupError> {
    let access = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, access).map_err(broken(path))?;
    connection
        .busy_timeout(BUSY)
        // What a file's schema says is not run by opening it.
        .and_then(|()| connection.pragma_update(None, "trusted_schema", false))
        .map_err(broken(path))?;
    Ok(connection)
}

fn require_file(path: &Path) -> Result<(), BackupError> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() => Ok(()),
        Ok(_) => Err(BackupError::Foreign(path.to_owned())),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
            Err(BackupError::Absent(path.to_owned()))
        }
        Err(cause) => Err(failed(path)(cause)),
    }
}

/// Whether something has this name, a link that leads nowhere included.
fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Whether there is a database, or what is left of one: a log without its file, say.
fn occupied(database: &Path) -> bool {
    exists(database)
        || COMPANIONS
            .iter()
            .any(|ending| exists(&beside(database, ending)))
}
