//! A transaction under way: the statements that a closure runs, on either engine.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use jiff::Timestamp;

use super::ids::{IdKind, Ids};
use super::meter::{Meter, measured};
use super::postgres::{Asked, Session};
use super::sqlite;
use super::{Row, Value};
use crate::clock::Random;
use crate::error::Error;
use crate::forms::Rules;

/// A statement and what is bound to it.
#[derive(Debug)]
pub struct Statement<'a> {
    /// The text.
    pub sql: &'static str,
    /// Its parameters, `$1` first.
    pub params: Vec<Value<'a>>,
}

/// Where a transaction runs.
pub(super) enum On<'a> {
    /// On a connection to the file.
    Sqlite(&'a rusqlite::Connection),
    /// On a connection to the server.
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
    pub(super) caches: Option<&'a CachesEnd>,
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
    /// They do not end yet; `epoch` is moved when they do.
    pub(super) fn new(epoch: Arc<AtomicU64>) -> Self {
        let end = AtomicBool::new(false);
        Self { epoch, end }
    }

    /// The transaction is over, or may be.
    pub(super) fn committed(&self) {
        if self.end.load(Ordering::Acquire) {
            self.epoch.fetch_add(1, Ordering::AcqRel);
        }
    }
}

impl<'a> Tx<'a> {
    /// A transaction that began at `now`, with nothing done in it.
    pub(super) fn new(
        on: On<'a>,
        now: Timestamp,
        ids: &'a Ids,
        random: &'a dyn Random,
        meter: Option<&'a Meter>,
    ) -> Self {
        Self {
            on,
            ids,
            random,
            now,
            taken: RefCell::new(Vec::new()),
            caches: None,
            rules: RefCell::new(None),
            wrote: Cell::new(false),
            failed: Cell::new(false),
            meter,
        }
    }
}

impl Tx<'_> {
    /// Whether a statement that may write was begun (kept for SQLite alone).
    pub(super) fn wrote(&self) -> bool {
        self.wrote.get()
    }

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
    pub(super) fn run<T>(&self, run: &impl Fn(&Self) -> Result<T, Error>) -> Result<T, Error> {
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
