//! The log: one line a request on standard error, written some lines at a time.

use std::io::{IsTerminal as _, Write as _};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// How long a line waits for others at most. Warnings and errors wait for nothing.
const WAIT: Duration = Duration::from_millis(100);
/// Bytes that may wait; with more, whoever logs writes them.
const CAPACITY: usize = 64 * 1024;

/// Sends the log to standard error: as JSON and in batches, unless a person reads it.
/// `MUSTER_LOG` sets the level (`info` unless said). What waits is written when the answer is
/// dropped.
pub(super) fn start() -> Option<Log> {
    let mut filter =
        EnvFilter::try_from_env("MUSTER_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // Whatever the level: below it, the driver logs what is bound to statements.
    if let Ok(quiet) = "tokio_postgres=warn".parse() {
        filter = filter.add_directive(quiet);
    }
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // A line that cannot be written (a full disk) is lost. Told of on standard error, where
        // it cannot be told either, it would be a panic in whoever logs: the writer, say.
        .log_internal_errors(false);
    if std::io::stderr().is_terminal() {
        let _ = builder.try_init();
        return None;
    }
    let log = Log::start(std::io::stderr()).ok()?;
    let lines = log.lines.clone();
    let _ = builder
        .json()
        .flatten_event(true)
        .with_writer(lines)
        .try_init();
    Some(log)
}

/// The log's writing end.
pub(super) struct Log {
    lines: Lines,
}

impl Log {
    fn start(to: impl std::io::Write + Send + 'static) -> std::io::Result<Self> {
        let lines = Lines(Arc::new(Waiting {
            state: Mutex::new(State {
                bytes: Vec::with_capacity(CAPACITY),
                to: Box::new(to),
            }),
            arrived: Condvar::new(),
        }));
        let waiting = Arc::clone(&lines.0);
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || waiting.write_now_and_then())?;
        Ok(Self { lines })
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.lines.0.lock().write();
    }
}

struct State {
    bytes: Vec<u8>,
    to: Box<dyn std::io::Write + Send>,
}

impl State {
    /// What cannot be written is lost.
    fn write(&mut self) {
        let _ = self.to.write_all(&self.bytes);
        let _ = self.to.flush();
        self.bytes.clear();
    }
}

/// Lines that were not yet written.
struct Waiting {
    state: Mutex<State>,
    arrived: Condvar,
}

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps until there is a line, and a little longer for others.
    fn write_now_and_then(&self) {
        loop {
            let mut state = self.lock();
            while state.bytes.is_empty() {
                state = self
                    .arrived
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            drop(state);
            std::thread::sleep(WAIT);
            self.lock().write();
        }
    }
}

/// Where lines are put.
#[derive(Clone)]
struct Lines(Arc<Waiting>);

/// Where one line is put.
struct Line<'a> {
    waiting: &'a Waiting,
    urgent: bool,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line {
            waiting: &self.0,
            urgent: false,
        }
    }

    fn make_writer_for(&'a self, meta: &tracing::Metadata<'_>) -> Line<'a> {
        Line {
            waiting: &self.0,
            urgent: *meta.level() <= tracing::Level::WARN,
        }
    }
}

impl std::io::Write for Line<'_> {
    /// The formatter writes each line at once.
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        let mut state = self.waiting.lock();
        let first = state.bytes.is_empty();
        state.bytes.extend_from_slice(line);
        if self.urgent || state.bytes.len() >= CAPACITY {
            state.write();
        } else if first {
            self.waiting.arrived.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.waiting.lock().write();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Written {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl std::io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn log_of(lines: &Lines) -> impl tracing::Subscriber {
        tracing_subscriber::fmt()
            .json()
            .with_writer(lines.clone())
            .finish()
    }

    #[test]
    fn an_error_is_written_at_once_with_all_lines_before_it() {
        let written = Written::default();
        let log = Log::start(written.clone()).unwrap();
        tracing::subscriber::with_default(log_of(&log.lines), || {
            tracing::info!("first");
            tracing::error!("second");
        });
        let text = written.text();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.find("first").unwrap() < text.find("second").unwrap());
    }

    #[test]
    fn nothing_is_lost_at_the_end() {
        let written = Written::default();
        let log = Log::start(written.clone()).unwrap();
        tracing::subscriber::with_default(log_of(&log.lines), || {
            for _ in 0..5_000 {
                tracing::info!("a line");
            }
        });
        drop(log);
        assert_eq!(written.text().lines().count(), 5_000);
    }
}
