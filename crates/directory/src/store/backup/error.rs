//! What can go wrong with a backup.

use std::fs::TryLockError;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::store::migrate;

/// Why a backup was not made, or not put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is nothing to copy.
    #[error("there is no file {}", .0.display())]
    Absent(PathBuf),
    /// It would be overwritten.
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    /// A server or a command works on it; or a restore does, for who would copy it.
    #[error("{} is in use", .0.display())]
    InUse(PathBuf),
    /// Another kind of file.
    #[error("{} is not a database of muster", .0.display())]
    Foreign(PathBuf),
    /// A later version of muster made it, and may mean other things by it.
    #[error("{} has schema {found}, this version knows {} at most", path.display(), migrate::NEWEST)]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema's number.
        found: i64,
    },
    /// What the engine's own check found first.
    #[error("{} is damaged: {fault}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The fault.
        fault: String,
    },
    /// A file could not be made, read, written or named.
    #[error("{} cannot be used", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// The engine failed.
    #[error("{} cannot be used", path.display())]
    Engine {
        /// The file.
        path: PathBuf,
        /// What the engine said.
        #[source]
        cause: rusqlite::Error,
    },
}

pub(super) fn unlocked(path: &Path) -> impl FnOnce(TryLockError) -> BackupError {
    let path = path.to_owned();
    |cause| match cause {
        TryLockError::WouldBlock => BackupError::InUse(path),
        TryLockError::Error(cause) => BackupError::Io { path, cause },
    }
}

pub(super) fn in_use(path: &Path) -> BackupError {
    BackupError::InUse(path.to_owned())
}

pub(super) fn failed(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    |cause| BackupError::Io { path, cause }
}

pub(super) fn broken(path: &Path) -> impl Fn(rusqlite::Error) -> BackupError {
    let path = path.to_owned();
    move |cause| match cause.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => BackupError::Foreign(path.clone()),
        Some(ErrorCode::DatabaseCorrupt) => BackupError::Damaged {
            path: path.clone(),
            fault: cause.to_string(),
        },
        Some(_) | None => BackupError::Engine {
            path: path.clone(),
            cause,
        },
    }
}
