//! The server engine: reads share connections, and each write has one, with a thread that
//! runs its closure.
//!
//! The thread drives its own connection while it waits for an answer, so that a round trip
//! costs one write and one read, and no other thread is woken for it.

mod queue;
mod reads;
mod session;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio_postgres::Client;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::{Error, Unavailable};

use super::tx::CachesEnd;
use queue::{Job, Queue};
pub(super) use reads::Asked;
use reads::Readers;
pub(super) use session::Session;
use session::{Connection, Refused, fault};

/// Connections of a node that write, at most.
const POOL: usize = 24;
/// Closures that may wait for one; one more is refused with [`Unavailable::QueueFull`].
const QUEUE: usize = 4_096;
/// How long a closure waits for a connection.
const WAIT: Duration = Duration::from_secs(5);
/// How long a server may leave what was sent to it unacknowledged, and how long a silent
/// connection is believed in.
const SILENCE: Duration = Duration::from_secs(20);
/// What holds on each connection, unless the URL's own `options` say otherwise. The server answers COMMIT when
/// it is on disk (requirement 1), and ends by itself what would hold a connection for ever. Plans
/// are made for tables that were empty a moment ago, and kept: one that reads a table from end to
/// end made the import of 100 000 users take 75 s, and every statement here has its index.
const OPTIONS: &str = "-c synchronous_commit=on -c statement_timeout=60s -c lock_timeout=15s \
    -c idle_in_transaction_session_timeout=60s -c enable_seqscan=off";
/// How long making a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How to connect.
struct Address {
    config: tokio_postgres::Config,
    tls: MakeRustlsConnect,
}

impl Address {
    /// A connection, which the runtime that this is awaited on drives. Its time is bounded as a
    /// whole: the driver's own limit ends with the socket's.
    async fn connect(&self) -> Result<Client, Error> {
        let connecting = self.config.connect(self.tls.clone());
        let (client, connection) = tokio::time::timeout(CONNECT, connecting)
            .await
            .map_err(|late| Unavailable::Database(Box::new(late)))?
            .map_err(fault)?;
        tokio::spawn(async move {
            if let Err(cause) = connection.await {
                tracing::warn!(error = %Refused::from(cause), "a database connection ended");
            }
        });
        Ok(client)
    }
}

/// A database server.
pub(super) struct Postgres {
    queue: Arc<Queue>,
    readers: Readers,
    address: Arc<Address>,
}

impl Postgres {
    /// Reads the address; connections are made when needed.
    pub(super) fn open(url: &str) -> Result<Arc<Self>, Error> {
        let mut config: tokio_postgres::Config = url.parse().map_err(Error::internal)?;
        if config.get_application_name().is_none() {
            config.application_name("muster");
        }
        // The server takes the last of two that set the same.
        let options = config.get_options();
        let options = options.map_or_else(|| OPTIONS.to_owned(), |own| format!("{OPTIONS} {own}"));
        config.options(options);
        config.tcp_user_timeout(SILENCE).keepalives_idle(SILENCE);
        let address = Arc::new(Address {
            config,
            tls: tls()?,
        });
        let queue = Arc::new(Queue::new(QUEUE));
        let readers = Readers::new(Arc::clone(&address));
        Ok(Arc::new(Self {
            queue,
            readers,
            address,
        }))
    }

    /// Runs a closure of reads, each statement on its own snapshot; it may run several times.
    pub(super) async fn read<T>(
        &self,
        run: impl Fn(&Asked) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.readers.run(run).await
    }

    /// Runs a closure in a transaction. An error at COMMIT that is not the server's own
    /// answer leaves the outcome unknown, and says so.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        run: impl FnOnce(&Session<'_>) -> Result<T, Error> + Send + 'static,
        caches: Arc<CachesEnd>,
    ) -> Result<T, Error> {
        self.submit(move |connection| {
            let result = connection.write(run);
            caches.committed();
            result
        })
        .await
    }

    /// Hands a closure to a thread with a connection. One that waited too long for it is not
    /// run; one that runs is waited for.
    async fn submit<T: Send + 'static>(
        &self,
        run: impl FnOnce(&mut Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, mut result) = oneshot::channel();
        let job = Job::new(move |connection| {
            // Who hung up gets no answer; what was committed stands all the same.
            let _ = answer.send(connection.and_then(run));
        });
        self.queue.submit(&job, POOL, || self.start_thread())?;
        let ended = match tokio::time::timeout(WAIT, &mut result).await {
            Ok(ended) => ended,
            Err(_) if job.take().is_some() => return Err(Unavailable::QueueFull.into()),
            Err(_) => result.await,
        };
        ended.map_err(|_| Error::internal("a closure panicked"))?
    }

    /// A thread lives until the last handle of the database is dropped.
    fn start_thread(&self) -> Result<(), Error> {
        let (queue, address) = (Arc::clone(&self.queue), Arc::clone(&self.address));
        let started = std::thread::Builder::new()
            .name("postgres".to_owned())
            .spawn(move || serve(&queue, &address));
        started
            .map(drop)
            .map_err(|cause| Unavailable::Database(Box::new(cause)).into())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// Runs closures one after another. A connection that broke is made anew for the next.
fn serve(queue: &Queue, address: &Address) {
    let mut held: Option<Connection> = None;
    while let Some(job) = queue.next() {
        let Some(run) = job.take() else {
            continue;
        };
        let connection = match held.take().filter(Connection::is_open) {
            Some(open) => Ok(open),
            None => Connection::open(address),
        };
        held = run(connection);
    }
}

fn tls() -> Result<MakeRustlsConnect, Error> {
    let mut roots = rustls::RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(native.certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(Error::internal)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
