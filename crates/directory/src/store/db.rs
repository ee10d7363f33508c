//! The door to the database: where a closure of the domain runs, and on which engine.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::{Clock, Random};
use crate::error::{Error, Unavailable};
use crate::forms::Rules;

use super::ids::{self, IdKind, Ids};
use super::meter::{Meter, measured};
use super::postgres::{Asked, Postgres, Session};
use super::sqlite::{self, Ran, Sqlite};
use super::{Row, Value};

/// How often a closure runs again after losing to another writer. Of those who meet on a row one
/// wins each time, so this bounds how many may meet.
const RETRIES: u32 = 60;
/// The longest pause before it does: pauses grow from a millisecond, and are drawn at random, so
/// that those who met do not meet again.
const LONGEST_PAUSE_MS: u64 = 32;
/// How often a closure runs again with more ids: blocks grow to 8 192, so that one which is
/// still out of them takes ids without end.
const LEASES: usize = 32;

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

/// A statement and what is bound to it.
#[derive(Debug)]
pub struct Statement<'a> {
    /// The text.
    pub sql: &'static str,
    /// Its parameters, `$1` first.
    pub params: Vec<Value<'a>>,
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
        Ok(Self {
            engine,
            ids: Arc::new(Ids::new()),
            leasing: Arc::default(),
            epoch: Arc::default(),
            written: Arc::default(),
            clock,
            random,
            meter: None,
        })
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
        let caches = Arc::new(CachesEnd {
            epoch: Arc::clone(&self.epoch),
            end: AtomicBool::new(false),
        });
        let noted = Arc::clone(&caches);
        match &self.engine {
            Engine::Sqlite(sqlite) => {
                let run = move |connection: &rusqlite::Connection| {
                    let mut tx = db.tx(On::Sqlite(connection));
                    tx.caches = Some(&noted);
                    let result = tx.run(run.as_ref());
                    let wrote = tx.wrote.get();
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
        Tx {
            on,
            ids: &self.ids,
            random: self.random.as_ref(),
            now,
            taken: RefCell::new(Vec::new()),
            caches: None,
            rules: RefCell::new(None),
            wrote: Cell::new(false),
            failed: Cell::new(false),
            meter: self.meter.as_deref(),
        }
    }
}

enum On<'a> {
    Sqlite(&'a rusqlite::Connection),
    Postgres(&'a Session<'a>),
    /// Reads on PostgreSQL.
    Asked(&'a Asked),
}

/// A transaction under way, with the time at which it began.
pub struct Tx<'a> {
    on: On<'a>,
    ids: &'a Ids,
    random: &'a dyn Random,
    now: Timestamp,
    /// Ids given out to this transaction.
    taken: RefCell<Vec<(IdKind, i64)>>,
    /// Whom to tell that what caches hold ends; nobody in a read.
    caches: Option<&'a CachesEnd>,
    /// Whether a statement that may write was begun (kept for SQLite alone).
    wrote: Cell<bool>,
    /// What forms hold of all users, once it was read.
    rules: RefCell<Option<Arc<Rules>>>,
    /// Whether a statement failed: the transaction cannot be committed after it.
    failed: Cell<bool>,
    meter: Option<&'a Meter>,
}

/// Whether what caches hold ends with a transaction. The writer says when it is over, before
/// anybody has the answer, and also when nobody waits for it any more.
pub(super) struct CachesEnd {
    epoch: Arc<AtomicU64>,
    end: AtomicBool,
}

impl CachesEnd {
    /// The transaction is over, or may be.
    pub(super) fn committed(&self) {
        if self.end.load(Ordering::Acquire) {
            self.epoch.fetch_add(1, Ordering::AcqRel);
        }
    }
}

impl Tx<'_> {
    /// When the transaction began, to the millisecond.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The source of randomness.
    #[must_use]
    pub fn random(&self) -> &dyn Random {
        self.random
    }

    /// A new id.
    ///
    /// # Errors
    /// [`Unavailable::OutOfIds`], upon which [`Db::write`] leases and runs the closure again.
    pub fn new_id(&self, kind: IdKind) -> Result<i64, Error> {
        let id = self.ids.next(kind)?;
        self.taken.borrow_mut().push((kind, id));
        Ok(id)
    }

    /// Notes that what caches hold ends with this transaction.
    pub(super) fn end_caches(&self) {
        if let Some(caches) = self.caches {
            caches.end.store(true, Ordering::Release);
        }
    }

    /// Sees to it that `count` new ids can be had, so that a closure which needs many runs out
    /// before it has done anything.
    ///
    /// # Errors
    /// As [`Tx::new_id`].
    pub(crate) fn reserve(&self, kind: IdKind, count: usize) -> Result<(), Error> {
        self.ids.require(kind, count)
    }

    /// Runs a closure; one that fails gives its ids back, since nobody has seen them. One that
    /// went on after a failed statement fails: PostgreSQL would answer its COMMIT and keep nothing.
    fn run<T>(&self, run: &impl Fn(&Self) -> Result<T, Error>) -> Result<T, Error> {
        let result = run(self).and_then(|value| {
            if self.failed.get() {
                return Err(Error::internal(
                    "a closure went on after a statement failed",
                ));
            }
            Ok(value)
        });
        result.inspect_err(|_| self.ids.give_back(&self.taken.borrow()))
    }

    fn noted<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        result.inspect_err(|_| self.failed.set(true))
    }

    /// Runs a statement; answers the number of rows it touched.
    ///
    /// # Errors
    /// [`Error::Internal`] or [`Error::Unavailable`].
    pub fn execute(&self, sql: &'static str, params: &[Value<'_>]) -> Result<u64, Error> {
        self.sends(1);
        self.noted(match &self.on {
            On::Sqlite(connection) => {
                self.wrote.set(true);
                self.execute_sqlite(connection, sql, params)
            }
            On::Postgres(session) => session.execute(sql, params),
            On::Asked(_) => Err(read_only()),
        })
    }

    /// Runs several statements in order; answers the rows that each touched. PostgreSQL is
    /// sent all of them at once.
    ///
    /// # Errors
    /// The first failure; the transaction cannot go on after it.
    pub fn batch(&self, statements: &[Statement<'_>]) -> Result<Vec<u64>, Error> {
        self.sends(statements.len());
        self.noted(match &self.on {
            On::Sqlite(connection) => {
                self.wrote.set(true);
                statements
                    .iter()
                    .map(|each| self.execute_sqlite(connection, each.sql, &each.params))
                    .collect()
            }
            On::Postgres(session) => session.batch(statements),
            On::Asked(_) => Err(read_only()),
        })
    }

    /// Reads all rows of a SELECT.
    ///
    /// # Errors
    /// [`Error::Internal`], [`Error::Unavailable`], or what `read` says.
    pub fn query<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        read: impl Fn(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        self.noted(match &self.on {
            On::Sqlite(connection) => self.query_sqlite(connection, sql, params, read),
            On::Postgres(session) => {
                self.sends(1);
                session.query(sql, params).and_then(|rows| {
                    let rows = rows.iter();
                    rows.map(|row| read(&Row::postgres(row))).collect()
                })
            }
            On::Asked(asked) => {
                // An answer that is there already costs nothing.
                let rows = asked.rows(sql, params).inspect_err(|_| self.sends(1));
                rows.and_then(|rows| {
                    let rows = rows.iter();
                    rows.map(|row| read(&Row::postgres(row))).collect()
                })
            }
        })
    }

    fn query_sqlite<T>(
        &self,
        connection: &rusqlite::Connection,
        sql: &str,
        params: &[Value<'_>],
        read: impl Fn(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let mut statement = connection.prepare_cached(sql).map_err(sqlite::fault)?;
        if !statement.readonly() {
            self.wrote.set(true);
        }
        self.sends(1);
        measured(self.meter, &mut statement, |statement| {
            let mut rows = statement
                .query(rusqlite::params_from_iter(params))
                .map_err(sqlite::fault)?;
            let mut all = Vec::new();
            while let Some(row) = rows.next().map_err(sqlite::fault)? {
                all.push(read(&Row::sqlite(row))?);
            }
            Ok(all)
        })
    }

    /// Reads rows that this transaction is about to change, and no other is: PostgreSQL passes by
    /// what another holds, SQLite has one writer.
    ///
    /// # Errors
    /// As [`Tx::query`].
    pub(super) fn query_locked<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        read: impl Fn(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        match &self.on {
            On::Sqlite(_) => self.query(sql, params, read),
            On::Postgres(_) | On::Asked(_) => {
                self.query(&format!("{sql} FOR UPDATE SKIP LOCKED"), params, read)
            }
        }
    }

    /// Reads rows that nobody may change until this transaction ends.
    ///
    /// # Errors
    /// As [`Tx::query`].
    pub(super) fn query_shared<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        read: impl Fn(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        match &self.on {
            // SQLite has one writer, and a read writes nothing.
            On::Sqlite(_) | On::Asked(_) => self.query(sql, params, read),
            On::Postgres(_) => self.query(&format!("{sql} FOR SHARE"), params, read),
        }
    }

    /// Whether others may write while this transaction does.
    pub(super) fn shares_rows(&self) -> bool {
        matches!(self.on, On::Postgres(_))
    }

    /// What forms hold of all users, if it was read in this transaction.
    pub(super) fn remembered_rules(&self) -> Option<Arc<Rules>> {
        self.rules.borrow().clone()
    }

    /// Keeps what forms hold of all users until this transaction ends.
    pub(super) fn remember_rules(&self, rules: &Arc<Rules>) {
        *self.rules.borrow_mut() = Some(Arc::clone(rules));
    }

    /// Reads the first row, if there is one.
    ///
    /// # Errors
    /// As [`Tx::query`].
    pub fn query_opt<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        read: impl Fn(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        Ok(self.query(sql, params, read)?.into_iter().next())
    }

    /// Reads the first row of a statement that always answers one.
    ///
    /// # Errors
    /// As [`Tx::query`], and [`Error::Internal`] when no row came.
    pub fn query_one<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        read: impl Fn(&Row<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.query_opt(sql, params, read)?
            .ok_or_else(|| Error::internal("no row came back"))
    }

    fn sends(&self, statements: usize) {
        if let Some(meter) = self.meter {
            meter.sends(statements);
        }
    }

    fn execute_sqlite(
        &self,
        connection: &rusqlite::Connection,
        sql: &str,
        params: &[Value<'_>],
    ) -> Result<u64, Error> {
        let mut statement = connection.prepare_cached(sql).map_err(sqlite::fault)?;
        let rows = measured(self.meter, &mut statement, |statement| {
            statement.execute(rusqlite::params_from_iter(params))
        })
        .map_err(sqlite::fault)?;
        u64::try_from(rows).map_err(Error::internal)
    }

    /// Runs a migration's text.
    pub(super) fn script(&self, sql: &str) -> Result<(), Error> {
        match &self.on {
            On::Sqlite(connection) => {
                self.wrote.set(true);
                connection.execute_batch(sql).map_err(sqlite::fault)
            }
            On::Postgres(session) => session.script(sql),
            On::Asked(_) => Err(read_only()),
        }
    }
}

fn read_only() -> Error {
    Error::internal("a read wrote")
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
