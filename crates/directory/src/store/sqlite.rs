//! The embedded engine: one writer thread that commits closures in groups, and a pool of
//! reading connections used in place.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::oneshot;

use crate::error::{Error, Unavailable};

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

/// A closure's result, of a type that only its sender knows.
type Outcome = Result<Box<dyn Any + Send>, Error>;
type Closure = Box<dyn Fn(&Connection) -> Outcome + Send>;

struct Job {
    run: Closure,
    answer: oneshot::Sender<Outcome>,
}

/// A database file with its writer.
pub(super) struct Sqlite {
    path: PathBuf,
    queue: mpsc::SyncSender<Job>,
    readers: Mutex<Vec<Connection>>,
}

impl Sqlite {
    /// Opens the file, making it when there is none, and starts its writer.
    pub(super) fn open(path: PathBuf) -> Result<Arc<Self>, Error> {
        make_private(&path)?;
        let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        keep_a_log(&connection)?;
        // Acknowledged is durable: a commit returns after its fsync (requirement 1).
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
            .spawn(move || write_groups(&connection, &jobs))
            .map_err(Error::internal)?;
        Ok(Arc::new(Self {
            path,
            queue,
            readers: Mutex::new(Vec::new()),
        }))
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
        run: impl Fn(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, result) = oneshot::channel();
        let run: Closure = Box::new(move |connection| {
            run(connection).map(|value| Box::new(value) as Box<dyn Any + Send>)
        });
        self.queue
            .try_send(Job { run, answer })
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
    connection
        .pragma_update(None, "foreign_keys", true)
        .map_err(fault)?;
    connection
        .pragma_update(None, "cache_size", -65_536)
        .map_err(fault)?;
    connection
        .pragma_update(None, "mmap_size", 1_i64 << 30)
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
        let mut answers = Vec::new();
        let outcome = write_group(connection, first, jobs, &mut answers);
        let lost = outcome.err().map(|cause| {
            tracing::error!(
                error = &cause as &dyn std::error::Error,
                "a group of writes failed"
            );
            if !connection.is_autocommit() {
                let _ = connection.execute_batch("ROLLBACK");
            }
        });
        for (answer, result) in answers {
            // Who hung up gets no answer; the change stands all the same.
            let _ = answer.send(if lost.is_some() {
                Err(Unavailable::GroupFailed.into())
            } else {
                result
            });
        }
    }
}

type Answers = Vec<(oneshot::Sender<Outcome>, Outcome)>;

/// Runs what waits in one transaction. An error is the whole group's: nothing of it stands.
fn write_group(
    connection: &Connection,
    first: Job,
    jobs: &mpsc::Receiver<Job>,
    answers: &mut Answers,
) -> Result<(), Error> {
    if let Err(busy) = execute(connection, "BEGIN IMMEDIATE") {
        // Another process holds the file: whoever waits here is told at once.
        let waiting = std::iter::once(first).chain(jobs.try_iter());
        answers.extend(waiting.map(|job| (job.answer, Err(Unavailable::GroupFailed.into()))));
        return Err(busy);
    }
    let mut next = Some(first);
    while let Some(job) = next {
        let result = in_savepoint(connection, &job.run);
        let (result, lost) = match result {
            Ok(result) => (result, None),
            Err(lost) => (Err(Unavailable::GroupFailed.into()), Some(lost)),
        };
        answers.push((job.answer, result));
        if let Some(lost) = lost {
            return Err(lost);
        }
        next = if answers.len() < GROUP {
            jobs.try_recv().ok()
        } else {
            None
        };
    }
    execute(connection, "COMMIT")
}

/// Runs one closure so that its failure, or panic, undoes itself alone. An error beside its
/// outcome means that the transaction is lost, or that it holds what it should not.
fn in_savepoint(connection: &Connection, run: &Closure) -> Result<Outcome, Error> {
    execute(connection, "SAVEPOINT closure")?;
    let result = catch_unwind(AssertUnwindSafe(|| run(connection)))
        .unwrap_or_else(|_| Err(Error::internal("a write panicked")));
    if connection.is_autocommit() {
        // The engine gave the whole transaction up (a full disk, an I/O error).
        let told = result.err();
        return Err(told.unwrap_or_else(|| Error::internal("the engine rolled back")));
    }
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
