//! Migrations: numbered, forward only, each in a transaction of its own with the record
//! that it ran, so that an interrupted run goes on where it stopped.

use crate::error::Error;

use super::{Db, Tx, Value};

struct Migration {
    number: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

const MIGRATIONS: [Migration; 19] = [
    Migration {
        number: 1,
        name: "foundation",
        sqlite: include_str!("../../migrations/sqlite/0001_foundation.sql"),
        postgres: include_str!("../../migrations/postgres/0001_foundation.sql"),
    },
    Migration {
        number: 2,
        name: "generations",
        sqlite: include_str!("../../migrations/sqlite/0002_generations.sql"),
        postgres: include_str!("../../migrations/postgres/0002_generations.sql"),
    },
    Migration {
        number: 3,
        name: "imports",
        sqlite: include_str!("../../migrations/sqlite/0003_imports.sql"),
        postgres: include_str!("../../migrations/postgres/0003_imports.sql"),
    },
    Migration {
        number: 4,
        name: "parts",
        sqlite: include_str!("../../migrations/sqlite/0004_parts.sql"),
        postgres: include_str!("../../migrations/postgres/0004_parts.sql"),
    },
    Migration {
        number: 5,
        name: "feed",
        sqlite: include_str!("../../migrations/sqlite/0005_feed.sql"),
        postgres: include_str!("../../migrations/postgres/0005_feed.sql"),
    },
    Migration {
        number: 6,
        name: "invitations",
        sqlite: include_str!("../../migrations/sqlite/0006_invitations.sql"),
        postgres: include_str!("../../migrations/postgres/0006_invitations.sql"),
    },
    Migration {
        number: 7,
        name: "jobs",
        sqlite: include_str!("../../migrations/sqlite/0007_jobs.sql"),
        postgres: include_str!("../../migrations/postgres/0007_jobs.sql"),
    },
    Migration {
        number: 8,
        name: "jobs listed",
        sqlite: include_str!("../../migrations/sqlite/0008_jobs_listed.sql"),
        postgres: include_str!("../../migrations/postgres/0008_jobs_listed.sql"),
    },
    Migration {
        number: 9,
        name: "groups",
        sqlite: include_str!("../../migrations/sqlite/0009_groups.sql"),
        postgres: include_str!("../../migrations/postgres/0009_groups.sql"),
    },
    Migration {
        number: 10,
        name: "forms",
        sqlite: include_str!("../../migrations/sqlite/0010_forms.sql"),
        postgres: include_str!("../../migrations/postgres/0010_forms.sql"),
    },
    Migration {
        number: 11,
        name: "records",
        sqlite: include_str!("../../migrations/sqlite/0011_records.sql"),
        postgres: include_str!("../../migrations/postgres/0011_records.sql"),
    },
    Migration {
        number: 12,
        name: "sessions",
        sqlite: include_str!("../../migrations/sqlite/0012_sessions.sql"),
        postgres: include_str!("../../migrations/postgres/0012_sessions.sql"),
    },
    Migration {
        number: 13,
        name: "password_resets",
        sqlite: include_str!("../../migrations/sqlite/0013_password_resets.sql"),
        postgres: include_str!("../../migrations/postgres/0013_password_resets.sql"),
    },
    Migration {
        number: 14,
        name: "notifications",
        sqlite: include_str!("../../migrations/sqlite/0014_notifications.sql"),
        postgres: include_str!("../../migrations/postgres/0014_notifications.sql"),
    },
    Migration {
        number: 15,
        name: "digests",
        sqlite: include_str!("../../migrations/sqlite/0015_digests.sql"),
        postgres: include_str!("../../migrations/postgres/0015_digests.sql"),
    },
    Migration {
        number: 16,
        name: "passkeys",
        sqlite: include_str!("../../migrations/sqlite/0016_passkeys.sql"),
        postgres: include_str!("../../migrations/postgres/0016_passkeys.sql"),
    },
    Migration {
        number: 17,
        name: "key owners",
        sqlite: include_str!("../../migrations/sqlite/0017_key_owners.sql"),
        postgres: include_str!("../../migrations/postgres/0017_key_owners.sql"),
    },
    Migration {
        number: 18,
        name: "sessions of keys",
        sqlite: include_str!("../../migrations/sqlite/0018_sessions_of_keys.sql"),
        postgres: include_str!("../../migrations/postgres/0018_sessions_of_keys.sql"),
    },
    Migration {
        number: 19,
        name: "sign_ups",
        sqlite: include_str!("../../migrations/sqlite/0019_sign_ups.sql"),
        postgres: include_str!("../../migrations/postgres/0019_sign_ups.sql"),
    },
];

const RECORD_SQLITE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations \
    (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT";
const RECORD_POSTGRES: &str = "CREATE TABLE IF NOT EXISTS schema_migrations \
    (number BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_at TIMESTAMPTZ(3) NOT NULL)";
// Two nodes that start together: the second waits here and finds the work done. The lock
// ends with its transaction, so that a node that dies holds nothing.
const LOCK_POSTGRES: &str = "LOCK TABLE schema_migrations IN EXCLUSIVE MODE";

const NO_LIMITS_POSTGRES: &str = "SET LOCAL statement_timeout = 0; \
    SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL lock_timeout = 0";

const APPLIED: &str = "SELECT count(*) FROM schema_migrations WHERE number = $1";
const LATEST: &str = "SELECT max(number) FROM schema_migrations";
const APPLY: &str = "INSERT INTO schema_migrations (number, name, applied_at) VALUES ($1, $2, $3)";

/// The number of the newest migration that this binary knows.
pub const NEWEST: i64 = {
    let [.., newest] = &MIGRATIONS;
    newest.number
};

/// Whether a migration that ran is one of this binary's.
pub(super) fn is_known(number: i64, name: &str) -> bool {
    MIGRATIONS
        .iter()
        .any(|each| each.number == number && each.name == name)
}

impl Db {
    /// The number of the newest migration that ran; 0 for an empty database.
    ///
    /// # Errors
    /// [`Error::Unavailable`] or [`Error::Internal`].
    pub(crate) async fn schema(&self) -> Result<i64, Error> {
        if !self.was_migrated().await? {
            return Ok(0);
        }
        let latest = self.read(|tx| tx.query_one(LATEST, &[], |row| row.opt_int()));
        Ok(latest.await?.unwrap_or(0))
    }

    /// Brings the schema to this binary's version; does nothing when it is there, or newer.
    ///
    /// # Errors
    /// [`Error::Unavailable`] or [`Error::Internal`]; what ran before stays done.
    pub async fn migrate(&self) -> Result<(), Error> {
        let postgres = self.is_postgres();
        let record = if postgres {
            RECORD_POSTGRES
        } else {
            RECORD_SQLITE
        };
        // Two creations at once can clash in PostgreSQL's catalogue although both say IF NOT
        // EXISTS; by the second try the table is there.
        if self.write(move |tx| tx.script(record)).await.is_err() {
            self.write(move |tx| tx.script(record)).await?;
        }
        for migration in &MIGRATIONS {
            self.write(move |tx| apply(tx, migration, postgres)).await?;
        }
        Ok(())
    }
}

fn apply(tx: &Tx<'_>, migration: &Migration, postgres: bool) -> Result<(), Error> {
    if postgres {
        tx.script(LOCK_POSTGRES)?;
    }
    if tx.query_one(APPLIED, &[migration.number.into()], |row| row.int())? > 0 {
        return Ok(());
    }
    if postgres {
        // However long an index takes.
        tx.script(NO_LIMITS_POSTGRES)?;
    }
    tx.script(if postgres {
        migration.postgres
    } else {
        migration.sqlite
    })?;
    let params = [
        migration.number.into(),
        migration.name.into(),
        Value::Time(tx.now()),
    ];
    tx.execute(APPLY, &params)?;
    tracing::info!(number = migration.number, name = migration.name, "migrated");
    Ok(())
}
