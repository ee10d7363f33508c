//! `muster backup` and `muster restore`: the SQLite file, copied and put back.

use std::path::{Path, PathBuf};

use clap::Args;
use directory::store::{self, BackupError, Location};
use serde_json::json;

use super::output::Told;
use super::settings::Settings;
use super::{Failed, secret_key};

/// `muster backup`
#[derive(Debug, Args)]
pub(super) struct BackupArguments {
    /// The file to make; one that is there is not overwritten.
    file: PathBuf,
}

/// `muster restore`
#[derive(Debug, Args)]
pub(super) struct RestoreArguments {
    /// What `muster backup` made.
    file: PathBuf,
    /// Replaces the database that is there; it is lost.
    #[arg(long)]
    replace: bool,
    /// How many ids of each kind to pass over: no fewer than may have been given between the
    /// backup and the loss, so that none is given twice.
    #[arg(long, value_name = "COUNT", default_value_t = 1_000_000)]
    skip_ids: u32,
}

/// Copies the database.
pub(super) fn back_up(
    settings: &Settings,
    arguments: &BackupArguments,
    told: Told,
) -> Result<(), Failed> {
    let copied = store::back_up(database(settings)?, &arguments.file)?;
    told.one(&json!({
        "file": arguments.file.display().to_string(),
        "bytes": copied.bytes,
        "schema": copied.schema,
        "secret_key": format!("not in it: keep {} apart", key_shown(settings)),
    }));
    Ok(())
}

/// Puts a backup back.
pub(super) fn restore(
    settings: &Settings,
    arguments: &RestoreArguments,
    told: Told,
) -> Result<(), Failed> {
    let database = database(settings)?;
    let restored = store::restore(
        &arguments.file,
        database,
        arguments.replace,
        arguments.skip_ids,
    );
    let copied = match restored {
        Err(exists @ BackupError::Exists(_)) => {
            return Err(Failed::Unmet(format!(
                "{exists}: --replace puts the backup in its place, and what is there is lost"
            )));
        }
        Err(in_use @ BackupError::InUse(_)) => {
            return Err(Failed::Unmet(format!("{in_use}: stop the server first")));
        }
        restored => restored?,
    };
    told.one(&json!({
        "database": database.display().to_string(),
        "bytes": copied.bytes,
        "schema": copied.schema,
        "ids_skipped": arguments.skip_ids,
        "secret_key": format!("not restored: {}", key_shown(settings)),
    }));
    Ok(())
}

fn database(settings: &Settings) -> Result<&Path, Failed> {
    match &settings.database {
        Location::Sqlite(path) => Ok(path),
        Location::Postgres(_) => Err(Failed::Configuration(
            "PostgreSQL is backed up by its own tools, pg_dump or pg_basebackup: \
             docs/OPERATING.md has the commands"
                .to_owned(),
        )),
    }
}

fn key_shown(settings: &Settings) -> String {
    secret_key::path(settings).map_or_else(String::new, |path| path.display().to_string())
}
