//! The server engine: a pool of connections, each closure in a transaction of its own on a
//! blocking thread.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime,
};
use tokio::runtime::Handle;
use tokio_postgres::error::SqlState;
use tokio_postgres::{SimpleQueryMessage, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::{Error, Unavailable};

/// Connections of a node at most.
const POOL: usize = 32;
/// How long a request waits for a connection.
const WAIT: Duration = Duration::from_secs(5);
/// How long a server may leave what was sent to it unacknowledged, and how long a silent
/// connection is believed in.
const SILENCE: Duration = Duration::from_secs(20);
/// What holds on each connection, unless the URL says otherwise. The server answers COMMIT when
/// it is on disk (requirement 1), and ends by itself what would hold a connection for ever.
const OPTIONS: &str = "-c synchronous_commit=on -c statement_timeout=60s -c lock_timeout=15s \
    -c idle_in_transaction_session_timeout=60s";
/// How long making a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// A database server.
pub(super) struct Postgres {
    pool: Pool,
}

/// A connection or a transaction: what statements run on.
pub(super) struct Session<'a> {
    client: Client<'a>,
    handle: &'a Handle,
}

enum Client<'a> {
    Plain(&'a deadpool_postgres::Client),
    Transaction(&'a deadpool_postgres::Transaction<'a>),
}

impl Postgres {
    /// Checks the address and readies the pool; connections are made when needed.
    pub(super) fn open(url: &str) -> Result<Arc<Self>, Error> {
        let mut config: tokio_postgres::Config = url.parse().map_err(Error::internal)?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_application_name().is_none() {
            config.application_name("muster");
        }
        if config.get_options().is_none() {
            config.options(OPTIONS);
        }
        config.tcp_user_timeout(SILENCE).keepalives_idle(SILENCE);
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = Manager::from_config(config, tls()?, recycling);
        let pool = Pool::builder(manager)
            .max_size(POOL)
            .post_create(Hook::async_fn(|client, _| Box::pin(assert_durable(client))))
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(CONNECT))
            .build()
            .map_err(Error::internal)?;
        Ok(Arc::new(Self { pool }))
    }

    /// Runs a closure of reads, each statement on its own snapshot.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        run: impl Fn(&Session<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let client = self.pool.get().await.map_err(pool_fault)?;
        blocking(move |handle| {
            run(&Session {
                client: Client::Plain(&client),
                handle,
            })
        })
        .await
    }

    /// Runs a closure in a transaction. An error at COMMIT that is not the server's own
    /// answer leaves the outcome unknown, and says so.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        run: impl Fn(&Session<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let mut client = self.pool.get().await.map_err(pool_fault)?;
        blocking(move |handle| {
            let transaction = handle.block_on(client.transaction()).map_err(fault)?;
            let value = run(&Session {
                client: Client::Transaction(&transaction),
                handle,
            })?;
            handle.block_on(transaction.commit()).map_err(|cause| {
                // Classes 40 (rolled back) and 23 (constraint) alone say that nothing was kept.
                let refused = cause
                    .code()
                    .is_some_and(|state| matches!(state.code().get(..2), Some("40" | "23")));
                if refused {
                    fault(cause)
                } else {
                    Unavailable::CommitUnknown(Box::new(cause)).into()
                }
            })?;
            Ok(value)
        })
        .await
    }
}

/// Refuses a connection on which the server would answer COMMIT before it is on disk, as its
/// URL or the settings of its role may have it.
async fn assert_durable(client: &mut deadpool_postgres::ClientWrapper) -> Result<(), HookError> {
    let shown = client.simple_query("SHOW synchronous_commit").await;
    let told = shown.map_err(HookError::Backend)?;
    let shown = told.iter().find_map(|message| {
        if let SimpleQueryMessage::Row(row) = message {
            row.get(0)
        } else {
            None
        }
    });
    match shown {
        // The latter waits for synchronous standbys to show the change as well.
        Some("on" | "remote_apply") => Ok(()),
        other => Err(HookError::message(format!(
            "synchronous_commit is {}: what is acknowledged could be lost",
            other.unwrap_or("not known")
        ))),
    }
}

/// A dropped transaction rolls back; a panic in the closure ends as that one's error.
async fn blocking<T: Send + 'static>(
    run: impl FnOnce(&Handle) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let handle = Handle::current();
    match tokio::task::spawn_blocking(move || run(&handle)).await {
        Ok(result) => result,
        Err(panic) => Err(Error::internal(panic)),
    }
}

type Params<'a> = Vec<&'a (dyn postgres_types::ToSql + Sync)>;

fn bound<'a>(params: &'a [super::Value<'_>]) -> Params<'a> {
    params
        .iter()
        .map(|value| value as &(dyn postgres_types::ToSql + Sync))
        .collect()
}

/// As [`bound`], for a question. No text of the database holds NUL, and the server refuses
/// one that does: what is asked for by such a text is not there, as by NULL.
fn asked<'a>(params: &'a [super::Value<'_>]) -> Params<'a> {
    use super::Value;
    params
        .iter()
        .map(|value| {
            let nul = matches!(value, Value::Text(text) if text.contains('\0'));
            let value = if nul { &Value::Null } else { value };
            value as &(dyn postgres_types::ToSql + Sync)
        })
        .collect()
}

impl Session<'_> {
    fn wait<F: Future>(&self, future: F) -> F::Output {
        self.handle.block_on(future)
    }

    pub(super) fn execute(&self, sql: &str, params: &[super::Value<'_>]) -> Result<u64, Error> {
        self.wait(async { self.run(&self.prepare(sql).await?, params).await })
    }

    async fn prepare(&self, sql: &str) -> Result<Statement, Error> {
        match &self.client {
            Client::Plain(client) => client.prepare_cached(sql).await,
            Client::Transaction(client) => client.prepare_cached(sql).await,
        }
        .map_err(fault)
    }

    async fn run(&self, statement: &Statement, params: &[super::Value<'_>]) -> Result<u64, Error> {
        let params = bound(params);
        match &self.client {
            Client::Plain(client) => client.execute(statement, &params).await,
            Client::Transaction(client) => client.execute(statement, &params).await,
        }
        .map_err(fault)
    }

    pub(super) fn query(
        &self,
        sql: &str,
        params: &[super::Value<'_>],
    ) -> Result<Vec<tokio_postgres::Row>, Error> {
        let params = asked(params);
        self.wait(async {
            let statement = self.prepare(sql).await?;
            match &self.client {
                Client::Plain(client) => client.query(&statement, &params).await,
                Client::Transaction(client) => client.query(&statement, &params).await,
            }
            .map_err(fault)
        })
    }

    /// Sends all statements before waiting for the first answer. All are prepared before the
    /// first is sent: one that still had to be would run after those that are known already.
    pub(super) fn batch(&self, statements: &[super::Statement<'_>]) -> Result<Vec<u64>, Error> {
        self.wait(async {
            let mut prepared = Vec::with_capacity(statements.len());
            for each in statements {
                prepared.push(self.prepare(each.sql).await?);
            }
            let all = prepared
                .iter()
                .zip(statements)
                .map(|(statement, each)| self.run(statement, &each.params));
            futures_util::future::join_all(all)
                .await
                .into_iter()
                .collect()
        })
    }

    /// Runs a script of several statements without parameters.
    pub(super) fn script(&self, sql: &str) -> Result<(), Error> {
        self.wait(async {
            match &self.client {
                Client::Plain(client) => client.batch_execute(sql).await.map_err(fault),
                Client::Transaction(client) => client.batch_execute(sql).await.map_err(fault),
            }
        })
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

fn pool_fault(cause: PoolError) -> Error {
    Unavailable::Database(Box::new(cause)).into()
}

/// What the server said, as the domain's error. Another's faster change is
/// [`Unavailable::Contention`], which runs the closure again. So is a key that is there
/// already: the closure looked first, and will see it when it looks again.
fn fault(cause: tokio_postgres::Error) -> Error {
    let Some(state) = cause.code() else {
        return Unavailable::Database(Box::new(cause)).into();
    };
    if [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::UNIQUE_VIOLATION,
    ]
    .contains(state)
    {
        return Unavailable::Contention.into();
    }
    // Classes 53 (resources), 57 (operator), 58 (system), 08 (connection), 25006 (read-only).
    let passing = ["53", "57", "58", "08"]
        .iter()
        .any(|class| state.code().starts_with(class));
    if passing || state.code() == "25006" {
        return Unavailable::Database(Box::new(cause)).into();
    }
    Error::internal(Refused::from(cause))
}

/// What a server said of a statement, without the detail: that holds values of rows.
#[derive(Debug, thiserror::Error)]
#[error("{state}: {message}")]
struct Refused {
    state: String,
    message: String,
}

impl From<tokio_postgres::Error> for Refused {
    fn from(cause: tokio_postgres::Error) -> Self {
        let state = cause.code().map_or("", SqlState::code).to_owned();
        let message = cause
            .as_db_error()
            .map_or_else(|| cause.to_string(), |said| said.message().to_owned());
        Self { state, message }
    }
}
