//! The embedded engine: one writer thread that commits closures in groups, and a pool of
//! reading connections used in place.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::oneshot;

use crate::error::{Error, Unavailable};

use super::tx::CachesEnd;

use super::file_lock::FileLock;

/// Writes that may wait; one more is refused with [`Unavailable::QueueFull`].
const QUEUE: usize = 4_096;
/// Closures committed together at most.
const GROUP: usize = 256;
/// How often, and how many times, to look whether another process is done writing (the command
/// line beside a server): for ten seconds. The engine's own wait looks more and more seldom, and
/// would miss the pauses of one that writes all the time (an import).
const BUSY: (Duration, i32) = (Duration::from_millis(1), 10_000);
/// How long to wait before asking for the log again, and how often.
const LOG_BUSY: (Duration, u32) = (Duration::from_millis(20), 500);
/// Pages of the log (4 KiB each) after which they are brought into the file: a page that several
/// transactions changed is brought there once. At the engine's own 1 000, an import writes a
/// fifth more.
const LOG_PAGES: i64 = 8_192;
/// Prepared statements kept a connection.
const STATEMENTS: usize = 256;

/// Pages that a connection keeps, in KiB (negative, as the engine wants it): those that it
/// changes, and those that stand in the log.
const CACHE_KIB: i64 = -16_384;
/// How much of the file is mapped into memory, in bytes. Readers share the system's pages, where
/// a cache of their own is emptied by each commit; docs/decisions/0008-mapped-pages.md.
const MAPPED: i64 = 2_000_000_000;

/// A closure's result, of a type that only its sender knows.
type Outcome = Result<Box<dyn Any + Send>, Error>;
type Closure = Box<dyn Fn(&Connection) -> Ran<Box<dyn Any + Send>> + Send>;

/// What a closure came to, and whether it wrote before it did.
pub(super) struct Ran<T> {
    pub(super) result: Result<T, Error>,
    pub(super) wrote: bool,
}

struct Job {
    run: Closure,
    caches: Arc<CachesEnd>,
    answer: oneshot::Sender<Outcome>,
}

/// A database file with its writer.
pub(super) struct Sqlite {
    path: PathBuf,
    /// Closed before the writer: only a connection that may write takes the log away.
    readers: Mutex<Vec<Connection>>,
    queue: mpsc::SyncSender<Job>,
    /// Held where there is no writer that holds it.
    _shared: Option<FileLock>,
}

impl Sqlite {
    /// Opens the file, making it when there is none, and starts its writer.
    pub(super) fn open(path: PathBuf) -> Result<Arc<Self>, Error> {
        let shared =
            FileLock::share(&path).map_err(|cause| Unavailable::Database(Box::new(cause)))?;
        make_private(&path)?;
        let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        keep_a_log(&connection)?;
        // Acknowledged is durable: a commit returns after its sync (requirement 1).
        connection
            .pragma_update(None, "synchronous", "FULL")
            .map_err(fault)?;
        connection
            .pragma_update(None, "wal_autocheckpoint", LOG_PAGES)
            .map_err(fault)?;
        assert_durable(&connection)?;
        let (queue, jobs) = mpsc::sync_channel(QUEUE);
        std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || {
                // Dropped last: no restore may begin before.
                let _shared = shared;
                let connection = connection;
                write_groups(&connection, &jobs);
            })
            .map_err(Error::internal)?;
        Ok(Arc::new(Self {
            path,
            queue,
            readers: Mutex::new(Vec::new()),
            _shared: None,
        }))
    }

    /// Opens a file to look at it: nothing in it can be changed. None where there is no file. As
    /// whoever closes a file last, this brings a log that was left behind into it.
    pub(super) fn look(path: PathBuf) -> Result<Option<Arc<Self>>, Error> {
        let there = path
            .try_exists()
            .map_err(|cause| Unavailable::Database(Box::new(cause)))?;
        if !there {
            return Ok(None);
        }
        let shared =
            FileLock::share(&path).map_err(|cause| Unavailable::Database(Box::new(cause)))?;
        // One that may not write would leave the log's files behind.
        let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection
            .pragma_update(None, "query_only", true)
            .map_err(fault)?;
        // Nobody takes what is queued: a write is refused.
        let (queue, _) = mpsc::sync_channel(QUEUE);
        Ok(Some(Arc::new(Self {
            path,
            queue,
            readers: Mutex::new(vec![connection]),
            _shared: Some(shared),
        })))
    }

    /// Whether there is a table of this name.
    pub(super) fn has_table(&self, name: &str) -> Result<bool, Error> {
        self.read(|connection| connection.table_exists(None, name).map_err(fault))
    }

    /// Runs a closure on a reading connection, on this thread.
    pub(super) fn read<T>(
        &self,
        run: impl FnOnce(&Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let pooled = self.lock_readers().pop();
        let connection = match pooled {
            Some(connection) => connection,
            None => connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?,
        };
        // One snapshot for all statements of the closure.
        execute(&connection, "BEGIN")?;
        let result = run(&connection);
        execute(&connection, "COMMIT")?;
        self.lock_readers().push(connection);
        result
    }

    fn lock_readers(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.readers
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Queues a closure for the writer; the answer comes after its group is on disk.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        run: impl Fn(&Connection) -> Ran<T> + Send + 'static,
        caches: Arc<CachesEnd>,
    ) -> Result<T, Error> {
        let (answer, result) = oneshot::channel();
        let run: Closure = Box::new(move |connection| {
            let Ran { result, wrote } = run(connection);
            let result = result.map(|value| Box::new(value) as Box<dyn Any + Send>);
            Ran { result, wrote }
        });
        self.queue
            .try_send(Job {
                run,
                caches,
                answer,
            })
            .map_err(|_| Unavailable::QueueFull)?;
        let value = result.await.map_err(|_| Unavailable::GroupFailed)??;
        value
            .downcast()
            .map(|value| *value)
            .map_err(|_| Error::internal("another type came back"))
    }
}

/// Makes a file that is not there, for its owner alone: it will hold people's data. The engine
/// gives its log the same mode.
fn make_private(path: &Path) -> Result<(), Error> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(cause) => Err(Unavailable::Database(Box::new(cause)).into()),
    }
}

fn connect(path: &PathBuf, access: OpenFlags) -> Result<Connection, Error> {
    let mut connection =
        Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .map_err(fault)?;
    connection.busy_handler(Some(wait)).map_err(fault)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Else a statement with `IN` is compiled anew whenever another value is bound.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map_err(fault)?;
    connection
        .pragma_update(None, "foreign_keys", true)
        .map_err(fault)?;
    connection
        .pragma_update(None, "cache_size", CACHE_KIB)
        .map_err(fault)?;
    connection
        .pragma_update(None, "mmap_size", MAPPED)
        .map_err(fault)?;
    // Where pages of a savepoint are kept until it ends.
    connection
        .pragma_update(None, "temp_store", "MEMORY")
        .map_err(fault)?;
    Ok(connection)
}

/// Waits for another process, unless it was waited for too long.
fn wait(tries: i32) -> bool {
    let (pause, most) = BUSY;
    std::thread::sleep(pause);
    tries < most
}

/// Turns the write-ahead log on. While another process does so for the same new file, the
/// engine refuses at once, without the wait that it grants every other statement.
fn keep_a_log(connection: &Connection) -> Result<(), Error> {
    let (pause, tries) = LOG_BUSY;
    let mut left = tries;
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(cause) if left > 0 && is_busy(&cause) => {
                left -= 1;
                std::thread::sleep(pause);
            }
            result => return result.map_err(fault),
        }
    }
}

fn is_busy(cause: &rusqlite::Error) -> bool {
    cause.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
}

fn assert_durable(connection: &Connection) -> Result<(), Error> {
    let journal: String = connection
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .map_err(fault)?;
    let synchronous: i64 = connection
        .pragma_query_value(None, "synchronous", |row| row.get(0))
        .map_err(fault)?;
    if journal == "wal" && synchronous == 2 {
        return Ok(());
    }
    Err(Error::internal(format!(
        "journal_mode is {journal}, synchronous is {synchronous}"
    )))
}

fn execute(connection: &Connection, sql: &str) -> Result<(), Error> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute([]))
        .map_err(fault)?;
    Ok(())
}

/// The writer's life: take what waits, commit it together, answer. Ends with the last sender.
fn write_groups(connection: &Connection, jobs: &mpsc::Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let mut group = Group {
            connection,
            jobs: vec![first],
            outcomes: Vec::new(),
        };
        let lost = group.write(jobs).err().map(|cause| {
            tracing::error!(
                error = crate::error::with_causes(&cause),
                "a group of writes failed"
            );
            if !connection.is_autocommit() {
                let _ = connection.execute_batch("ROLLBACK");
            }
        });
        for job in &group.jobs {
            job.caches.committed();
        }
        let mut outcomes = group.outcomes.into_iter();
        for job in group.jobs {
            let outcome = outcomes.next().filter(|_| lost.is_none());
            // Who hung up gets no answer; the change stands all the same.
            let _ = job
                .answer
                .send(outcome.unwrap_or_else(|| Err(Unavailable::GroupFailed.into())));
        }
    }
}

/// Closures that are committed together, and what became of those that ran.
struct Group<'a> {
    connection: &'a Connection,
    jobs: Vec<Job>,
    outcomes: Vec<Outcome>,
}

impl Group<'_> {
    /// Runs what waits in one transaction. An error is the whole group's: nothing of it stands.
    fn write(&mut self, waiting: &mpsc::Receiver<Job>) -> Result<(), Error> {
        if let Err(busy) = execute(self.connection, "BEGIN IMMEDIATE") {
            // Another process holds the file: whoever waits here is told at once.
            self.jobs.extend(waiting.try_iter());
            return Err(busy);
        }
        if !self.run_plainly(waiting)? {
            execute(self.connection, "ROLLBACK")?;
            execute(self.connection, "BEGIN IMMEDIATE")?;
            self.outcomes.clear();
            for job in &self.jobs {
                let outcome = in_savepoint(self.connection, &job.run)?;
                self.outcomes.push(outcome);
            }
        }
        execute(self.connection, "COMMIT")
    }

    /// Runs closures one after another with nothing between them, as most succeed. Stops and
    /// answers false at one that failed after it wrote: it cannot be undone alone.
    fn run_plainly(&mut self, waiting: &mpsc::Receiver<Job>) -> Result<bool, Error> {
        while let Some(job) = self.jobs.get(self.outcomes.len()) {
            let Ran { result, wrote } = guarded(self.connection, &job.run)?;
            if result.is_err() && wrote {
                return Ok(false);
            }
            self.outcomes.push(result);
            if self.jobs.len() < GROUP {
                self.jobs.extend(waiting.try_recv().ok());
            }
        }
        Ok(true)
    }
}

/// Runs one closure; a panic is its failure. An error beside its outcome means that the
/// transaction is lost.
fn guarded(connection: &Connection, run: &Closure) -> Result<Ran<Box<dyn Any + Send>>, Error> {
    let ran = catch_unwind(AssertUnwindSafe(|| run(connection))).unwrap_or_else(|_| Ran {
        result: Err(Error::internal("a write panicked")),
        wrote: true,
    });
    if connection.is_autocommit() {
        // The engine gave the whole transaction up (a full disk, an I/O error).
        let told = ran.result.err();
        return Err(told.unwrap_or_else(|| Error::internal("the engine rolled back")));
    }
    Ok(ran)
}

/// Runs one closure so that its failure undoes itself alone.
fn in_savepoint(connection: &Connection, run: &Closure) -> Result<Outcome, Error> {
    execute(connection, "SAVEPOINT closure")?;
    let Ran { result, .. } = guarded(connection, run)?;
    if result.is_err() {
        execute(connection, "ROLLBACK TO closure")?;
    }
    execute(connection, "RELEASE closure")?;
    Ok(result)
}

/// What the engine said, as the domain's error.
pub(super) fn fault(cause: rusqlite::Error) -> Error {
    use rusqlite::ErrorCode;
    match cause.sqlite_error_code() {
        Some(
            ErrorCode::DiskFull
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly,
        ) => Unavailable::Database(Box::new(cause)).into(),
        Some(_) | None => Error::internal(cause),
    }
}
