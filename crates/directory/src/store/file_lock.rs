//! Who has a database file open: whoever has shares a lock on `FILE.lock`, and a restore takes
//! it alone. The engine's own locks cannot serve: they go with the file that a restore replaces.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::backup::beside;

/// A lock that ends with this value, or with the process however it ends.
#[derive(Debug)]
pub(super) struct FileLock {
    _file: File,
}

impl FileLock {
    /// Beside any number of others; [`TryLockError::WouldBlock`] while a restore replaces the
    /// file.
    pub(super) fn share(database: &Path) -> Result<Self, TryLockError> {
        Self::take(database, File::try_lock_shared)
    }

    /// With no other; [`TryLockError::WouldBlock`] while anybody has the database open.
    pub(super) fn alone(database: &Path) -> Result<Self, TryLockError> {
        Self::take(database, File::try_lock)
    }

    fn take(
        database: &Path,
        lock: impl Fn(&File) -> Result<(), TryLockError>,
    ) -> Result<Self, TryLockError> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let database = resolved(database).map_err(TryLockError::Error)?;
        let file = options
            .open(beside(&database, ".lock"))
            .map_err(TryLockError::Error)?;
        lock(&file)?;
        Ok(Self { _file: file })
    }
}

/// The path without links, so that every name of a database leads to one lock; the file need
/// not be there.
pub(super) fn resolved(path: &Path) -> io::Result<PathBuf> {
    match path.canonicalize() {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
            let name = path.file_name().ok_or(cause)?;
            Ok(folder(path).canonicalize()?.join(name))
        }
        result => result,
    }
}

/// The folder that a file is in.
pub(super) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        Some(_) | None => Path::new("."),
    }
}
