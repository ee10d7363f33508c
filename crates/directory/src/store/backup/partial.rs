//! A file that gets its name when it is whole and on disk.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::error::{BackupError, failed};
use super::{COMPANIONS, beside};
use crate::store::file_lock::folder;

/// A file that is not whole yet, under a name of its own; dropped, it is removed.
pub(super) struct Partial {
    pub(super) path: PathBuf,
}

impl Partial {
    pub(super) fn make(file: &Path) -> Result<Self, BackupError> {
        let path = beside(file, &format!(".partial-{}", std::process::id()));
        make_private(&path)?;
        Ok(Self { path })
    }

    pub(super) fn sync(&self) -> Result<(), BackupError> {
        sync(&self.path)
    }

    /// Gives it a name that must be free: renaming would overwrite what got it meanwhile.
    pub(super) fn link(self, to: &Path) -> Result<(), BackupError> {
        match std::fs::hard_link(&self.path, to) {
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {
                return Err(BackupError::Exists(to.to_owned()));
            }
            linked => linked.map_err(failed(to))?,
        }
        sync(folder(to)).inspect_err(|_| {
            let _ = std::fs::remove_file(to);
        })
    }

    pub(super) fn rename(self, to: &Path) -> Result<(), BackupError> {
        std::fs::rename(&self.path, to).map_err(failed(to))?;
        sync(folder(to))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
        for ending in COMPANIONS {
            let _ = std::fs::remove_file(beside(&self.path, ending));
        }
    }
}

/// Makes a new file for its owner alone: it will hold people's data.
fn make_private(path: &Path) -> Result<(), BackupError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {
            Err(BackupError::Exists(path.to_owned()))
        }
        Err(cause) => Err(failed(path)(cause)),
    }
}

/// Puts a file, or the names in a folder, on disk.
pub(super) fn sync(path: &Path) -> Result<(), BackupError> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(failed(path))
}
