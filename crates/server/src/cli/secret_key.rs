//! The server's secret key: a file of 32 random bytes in hexadecimal, readable by its owner
//! alone. From it come the keys that sign cursors, hash idempotent requests, seal the secrets of
//! webhooks and make the links of messages; it is in no database and no backup.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use directory::clock::Random;
use directory::store::Location;
use secrecy::{ExposeSecret as _, SecretSlice};

use super::Failed;
use super::settings::Settings;

const BYTES: usize = 32;

/// Where the key is, or will be: as configured, else beside the SQLite file.
pub(super) fn path(settings: &Settings) -> Option<PathBuf> {
    settings
        .secret_key_file
        .clone()
        .or_else(|| match &settings.database {
            Location::Sqlite(file) => {
                let mut path = file.clone().into_os_string();
                path.push(".key");
                Some(path.into())
            }
            Location::Postgres(_) => None,
        })
}

/// The key; made first where an SQLite file has none yet.
pub(super) fn load(settings: &Settings, random: &dyn Random) -> Result<SecretSlice<u8>, Failed> {
    let Some(path) = path(settings) else {
        let text = "PostgreSQL needs --secret-key-file, the same file on every node; \
            `openssl rand -hex 32` makes one";
        return Err(Failed::Configuration(text.to_owned()));
    };
    if !path.exists() && matches!(settings.database, Location::Sqlite(_)) {
        make(&path, random)?;
    }
    read(&path)
}

/// Writes the key beside its place and links it there whole: another process that starts now
/// sees all of it or nothing, and the first one's key is the one.
fn make(path: &Path, random: &dyn Random) -> Result<(), Failed> {
    let mut bytes = [0; BYTES];
    random.fill(&mut bytes);
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let made = options
        .open(&beside)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())
                .and_then(|()| file.sync_all())
        })
        .and_then(|()| std::fs::hard_link(&beside, path));
    let _ = std::fs::remove_file(&beside);
    match made {
        Err(cause) if cause.kind() != std::io::ErrorKind::AlreadyExists => Err(Failed::io(
            format!("the secret key {} cannot be made", path.display()),
        )(cause)),
        Err(_) | Ok(()) => Ok(()),
    }
}

fn read(path: &Path) -> Result<SecretSlice<u8>, Failed> {
    let text = std::fs::read_to_string(path).map_err(Failed::io(format!(
        "the secret key {} cannot be read",
        path.display()
    )))?;
    let key = SecretSlice::from(text.trim().as_bytes().to_vec());
    if key.expose_secret().len() < BYTES {
        let text = format!(
            "the secret key {} is shorter than 32 characters",
            path.display()
        );
        return Err(Failed::Configuration(text));
    }
    Ok(key)
}
