//! The door to the database: where a closure of the domain runs, and on which engine.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::{Clock, Random};
use crate::error::{Error, Unavailable};

use super::ids::{self, IdKind, Ids};
use super::meter::Meter;
use super::postgres::{Postgres, Session};
use super::sqlite::{Ran, Sqlite};
use super::tx::{CachesEnd, On, Tx};

/// How often a closure runs again after losing to another writer. Of those who meet on a row one
/// wins each time, so this bounds how many may meet.
const RETRIES: u32 = 60;
/// The longest pause before it does: pauses grow from a millisecond, and are drawn at random, so
/// that those who met do not meet again.
const LONGEST_PAUSE_MS: u64 = 32;
/// How often a closure runs again with more ids: blocks grow to 8 192, so that one which is
/// still out of them takes ids without end.
const LEASES: usize = 32;

const WAS_MIGRATED: &str = "SELECT to_regclass('schema_migrations') IS NOT NULL";

/// Where the data is.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// An embedded file.
    Sqlite(PathBuf),
    /// A PostgreSQL server, by URL.
    Postgres(String),
}

/// Hides the URL, which may hold a password.
impl std::fmt::Debug for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => f.debug_tuple("Sqlite").field(path).finish(),
            Self::Postgres(_) => f.write_str("Postgres(…)"),
        }
    }
}

impl Location {
    /// Reads `sqlite:PATH` or `postgres://…` (`postgresql://…` too).
    ///
    /// # Errors
    /// A sentence that says which forms there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if !path.is_empty() {
                return Ok(Self::Sqlite(PathBuf::from(path)));
            }
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        Err("a database is sqlite:FILE or postgres://USER@HOST/NAME".to_owned())
    }
}

/// The database, whichever engine it is.
#[derive(Clone)]
pub struct Db {
    engine: Engine,
    ids: Arc<Ids>,
    leasing: Arc<tokio::sync::Mutex<()>>,
    /// How often this node ended what caches hold.
    epoch: Arc<AtomicU64>,
    /// Told of each transaction that was committed.
    written: Arc<tokio::sync::Notify>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    meter: Option<Arc<Meter>>,
}

#[derive(Clone)]
enum Engine {
    Sqlite(Arc<Sqlite>),
    Postgres(Arc<Postgres>),
}

impl Db {
    /// Opens a database; it is not migrated yet.
    ///
    /// # Errors
    /// [`Error::Unavailable`] or [`Error::Internal`] when the file cannot be opened or the
    /// address cannot be read.
    pub fn open(
        location: &Location,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, Error> {
        let engine = match location {
            Location::Sqlite(path) => Engine::Sqlite(Sqlite::open(path.clone())?),
            Location::Postgres(url) => Engine::Postgres(Postgres::open(url)?),
        };
        Ok(Self::over(engine, clock, random))
    }

    /// Opens a database to look at it, for reads alone; none where its file is not there.
    ///
    /// # Errors
    /// As [`Db::open`].
    pub(crate) fn look(
        location: &Location,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Option<Self>, Error> {
        let engine = match location {
            Location::Sqlite(path) => Sqlite::look(path.clone())?.map(Engine::Sqlite),
            Location::Postgres(url) => Some(Engine::Postgres(Postgres::open(url)?)),
        };
        Ok(engine.map(|engine| Self::over(engine, clock, random)))
    }

    fn over(engine: Engine, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self {
            engine,
            ids: Arc::new(Ids::new()),
            leasing: Arc::default(),
            epoch: Arc::default(),
            written: Arc::default(),
            clock,
            random,
            meter: None,
        }
    }

    /// A handle of the same database whose closures are counted.
    pub(crate) fn metered(&self) -> (Self, Arc<Meter>) {
        let meter = Arc::new(Meter::default());
        let db = Self {
            meter: Some(Arc::clone(&meter)),
            ..self.clone()
        };
        (db, meter)
    }

    /// The clock that its transactions take their time from.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// The source of randomness that its transactions draw from.
    #[must_use]
    pub fn random(&self) -> &dyn Random {
        self.random.as_ref()
    }

    /// Moves whenever a change of this node ends what caches hold.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Whether there is the table that says which migrations ran.
    pub(super) async fn was_migrated(&self) -> Result<bool, Error> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.has_table("schema_migrations"),
            Engine::Postgres(_) => {
                self.read(|tx| tx.query_one(WAS_MIGRATED, &[], |row| row.boolean()))
                    .await
            }
        }
    }

    /// Whether it is PostgreSQL.
    pub(super) fn is_postgres(&self) -> bool {
        matches!(self.engine, Engine::Postgres(_))
    }

    /// Runs a closure of reads.
    ///
    /// # Errors
    /// The closure's own, or [`Error::Unavailable`].
    pub async fn read<T, F>(&self, run: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&Tx<'_>) -> Result<T, Error> + Send + 'static,
    {
        if let Some(meter) = &self.meter {
            meter.runs();
        }
        let db = self.clone();
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.read(|connection| run(&db.tx(On::Sqlite(connection)))),
            Engine::Postgres(postgres) => {
                // It runs again with each answer: at one time, so that it asks the same.
                let now = self.clock.now();
                postgres
                    .read(move |asked| run(&db.tx_at(On::Asked(asked), now)))
                    .await
            }
        }
    }

    /// Runs a closure in one transaction, and again when another writer was faster: it must
    /// do nothing but talk to the database.
    ///
    /// # Errors
    /// The closure's own, or [`Error::Unavailable`]; then nothing was written, except after
    /// [`Unavailable::CommitUnknown`].
    pub async fn write<T, F>(&self, run: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&Tx<'_>) -> Result<T, Error> + Send + Sync + 'static,
    {
        let run = Arc::new(run);
        let (mut lost, mut leased) = (0_u32, 0);
        loop {
            let granted = self.ids.granted();
            match self.write_once(Arc::clone(&run)).await {
                Err(Error::Unavailable(Unavailable::OutOfIds(kind))) if leased < LEASES => {
                    leased += 1;
                    self.lease(kind, granted).await?;
                }
                Err(Error::Unavailable(Unavailable::Contention)) if lost < RETRIES => {
                    lost += 1;
                    tokio::time::sleep(self.pause(lost)).await;
                }
                result => {
                    self.written.notify_one();
                    return result;
                }
            }
        }
    }

    /// Ends when something was, or may have been, written since it was last awaited.
    pub(crate) async fn written(&self) {
        self.written.notified().await;
    }

    fn pause(&self, lost: u32) -> Duration {
        let mut byte = [0];
        self.random.fill(&mut byte);
        let [byte] = byte;
        let longest = 1_u64
            .checked_shl(lost)
            .map_or(LONGEST_PAUSE_MS, |ms| ms.min(LONGEST_PAUSE_MS));
        Duration::from_micros(longest * 1_000 * u64::from(byte) / 256)
    }

    async fn write_once<T, F>(&self, run: Arc<F>) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&Tx<'_>) -> Result<T, Error> + Send + Sync + 'static,
    {
        if let Some(meter) = &self.meter {
            meter.runs();
        }
        let db = self.clone();
        let caches = Arc::new(CachesEnd::new(Arc::clone(&self.epoch)));
        let noted = Arc::clone(&caches);
        match &self.engine {
            Engine::Sqlite(sqlite) => {
                let run = move |connection: &rusqlite::Connection| {
                    let mut tx = db.tx(On::Sqlite(connection));
                    tx.caches = Some(&noted);
                    let result = tx.run(run.as_ref());
                    let wrote = tx.wrote();
                    Ran { result, wrote }
                };
                sqlite.write(run, caches).await
            }
            Engine::Postgres(postgres) => {
                let run = move |session: &Session<'_>| {
                    let mut tx = db.tx(On::Postgres(session));
                    tx.caches = Some(&noted);
                    tx.run(run.as_ref())
                };
                postgres.write(run, caches).await
            }
        }
    }

    /// The block is on disk before its first id is used. Of those who ran out together one
    /// leases, and the others find what it got.
    async fn lease(&self, kind: IdKind, granted: u64) -> Result<(), Error> {
        let _one = self.leasing.lock().await;
        if self.ids.granted() != granted {
            return Ok(());
        }
        let size = self.ids.lease_size(kind)?;
        let end = self
            .write_once(Arc::new(move |tx: &Tx<'_>| ids::lease(tx, kind, size)))
            .await?;
        self.ids.grant(kind, end, size)
    }

    fn tx<'a>(&'a self, on: On<'a>) -> Tx<'a> {
        self.tx_at(on, self.clock.now())
    }

    fn tx_at<'a>(&'a self, on: On<'a>, now: Timestamp) -> Tx<'a> {
        Tx::new(
            on,
            now,
            &self.ids,
            self.random.as_ref(),
            self.meter.as_deref(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_file_or_a_server() {
        let file = Location::Sqlite(PathBuf::from("muster.db"));
        assert_eq!(Location::parse("sqlite:muster.db"), Ok(file.clone()));
        assert_eq!(Location::parse("sqlite://muster.db"), Ok(file));
        let url = "postgres://a@b/c";
        assert_eq!(Location::parse(url), Ok(Location::Postgres(url.to_owned())));
        for bad in ["", "sqlite:", "mysql://x", "muster.db"] {
            assert!(Location::parse(bad).is_err(), "{bad}");
        }
    }
}
