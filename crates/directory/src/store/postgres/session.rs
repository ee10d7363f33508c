//! A connection, and closures that run on it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;

use futures_util::future::{join, try_join_all};
use tokio::runtime::Runtime;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, SimpleQueryMessage, Statement};

use crate::error::{Error, Unavailable};

use super::{Address, CONNECT};
use crate::store::Value;

/// Prepared statements kept a connection; one more, and all are made anew.
pub(super) const STATEMENTS: usize = 512;
/// Turns of the event loop after which a connection that was closed is known to be.
const TURNS: usize = 3;

/// A connection to the server, driven by the thread that holds it.
pub(super) struct Connection {
    runtime: Runtime,
    client: Client,
    statements: RefCell<HashMap<String, Statement>>,
}

/// What statements of one closure run on.
pub(in crate::store) struct Session<'a> {
    connection: &'a Connection,
    transaction: Cell<Transaction>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Transaction {
    /// BEGIN goes out with the first statement, in the same round trip.
    Due,
    Begun,
}

impl Connection {
    /// Connects.
    pub(super) fn open(address: &Address) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|cause| Unavailable::Database(Box::new(cause)))?;
        let client = runtime.block_on(async {
            let client = address.connect().await?;
            let checked = tokio::time::timeout(CONNECT, assert_durable(&client)).await;
            checked.map_err(|late| Unavailable::Database(Box::new(late)))??;
            Ok::<_, Error>(client)
        })?;
        Ok(Self {
            runtime,
            client,
            statements: RefCell::default(),
        })
    }

    /// Whether it is not known to be closed, having looked.
    pub(super) fn is_open(&self) -> bool {
        self.runtime.block_on(async {
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
        });
        !self.client.is_closed()
    }

    /// Runs a closure in a transaction.
    pub(super) fn write<T>(
        &self,
        run: impl FnOnce(&Session<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let session = Session {
            connection: self,
            transaction: Cell::new(Transaction::Due),
        };
        let result = run(&session);
        if session.transaction.get() == Transaction::Due {
            return result;
        }
        match result {
            Ok(value) => self.commit().map(|()| value),
            Err(error) => {
                // A connection on which this fails is closed, and the server undoes the rest.
                let _ = self.runtime.block_on(self.client.batch_execute("ROLLBACK"));
                Err(error)
            }
        }
    }

    fn commit(&self) -> Result<(), Error> {
        let committed = self.runtime.block_on(self.client.batch_execute("COMMIT"));
        committed.map_err(|cause| {
            // Classes 40 (rolled back) and 23 (constraint) alone say that nothing was kept.
            let refused = cause
                .code()
                .is_some_and(|state| matches!(state.code().get(..2), Some("40" | "23")));
            if refused {
                fault(cause)
            } else {
                Unavailable::CommitUnknown(Box::new(cause)).into()
            }
        })
    }

    async fn prepare(&self, sql: &str) -> Result<Statement, Error> {
        if let Some(known) = self.statements.borrow().get(sql) {
            return Ok(known.clone());
        }
        let statement = self.client.prepare(sql).await.map_err(fault)?;
        let mut statements = self.statements.borrow_mut();
        if statements.len() >= STATEMENTS {
            statements.clear();
        }
        statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

/// Refuses a connection on which the server would answer COMMIT before it is on disk, as its
/// URL or the settings of its role may have it.
async fn assert_durable(client: &Client) -> Result<(), Error> {
    let told = client.simple_query("SHOW synchronous_commit").await;
    let told = told.map_err(fault)?;
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
        other => {
            let shown = other.unwrap_or("not known");
            let cause =
                format!("synchronous_commit is {shown}: what is acknowledged could be lost");
            Err(Unavailable::Database(cause.into()).into())
        }
    }
}

type Params<'a> = Vec<&'a (dyn postgres_types::ToSql + Sync)>;

fn bound<'a>(params: &'a [Value<'_>]) -> Params<'a> {
    params
        .iter()
        .map(|value| value as &(dyn postgres_types::ToSql + Sync))
        .collect()
}

/// As [`bound`], for a question. No text of the database holds NUL, and the server refuses
/// one that does: what is asked for by such a text is not there, as by NULL.
pub(super) fn asked<'a>(params: &'a [Value<'_>]) -> Params<'a> {
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
        self.connection.runtime.block_on(future)
    }

    /// Sends BEGIN, where it is due, and right behind it what `sending` sends.
    async fn begun<T>(
        &self,
        sending: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Error> {
        if self.transaction.get() != Transaction::Due {
            return sending.await.map_err(fault);
        }
        self.transaction.set(Transaction::Begun);
        let begin = self.connection.client.batch_execute("BEGIN");
        // What stands first is sent first.
        let (begun, sent) = join(begin, sending).await;
        begun.map_err(fault)?;
        sent.map_err(fault)
    }

    pub(in crate::store) fn execute(&self, sql: &str, params: &[Value<'_>]) -> Result<u64, Error> {
        self.wait(async {
            let statement = self.connection.prepare(sql).await?;
            let params = bound(params);
            self.begun(self.connection.client.execute(&statement, &params))
                .await
        })
    }

    pub(in crate::store) fn query(
        &self,
        sql: &str,
        params: &[Value<'_>],
    ) -> Result<Vec<tokio_postgres::Row>, Error> {
        self.wait(async {
            let statement = self.connection.prepare(sql).await?;
            let params = asked(params);
            self.begun(self.connection.client.query(&statement, &params))
                .await
        })
    }

    /// Sends all statements before waiting for the first answer. All are prepared before the
    /// first is sent: one that still had to be would run after those that are known already.
    pub(in crate::store) fn batch(
        &self,
        statements: &[crate::store::Statement<'_>],
    ) -> Result<Vec<u64>, Error> {
        self.wait(async {
            let mut prepared = Vec::with_capacity(statements.len());
            for each in statements {
                prepared.push(self.connection.prepare(each.sql).await?);
            }
            let all = prepared
                .iter()
                .zip(statements)
                .map(|(statement, each)| async move {
                    let params = bound(&each.params);
                    self.connection.client.execute(statement, &params).await
                });
            self.begun(try_join_all(all)).await
        })
    }

    /// Runs a script of several statements without parameters.
    pub(in crate::store) fn script(&self, sql: &str) -> Result<(), Error> {
        self.wait(self.begun(self.connection.client.batch_execute(sql)))
    }
}

/// What the server said, as the domain's error. Another's faster change is
/// [`Unavailable::Contention`], which runs the closure again. So is a key that is there
/// already: the closure looked first, and will see it when it looks again.
pub(super) fn fault(cause: tokio_postgres::Error) -> Error {
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
    // 55P03: a lock that was waited for too long.
    if passing || ["25006", "55P03"].contains(&state.code()) {
        return Unavailable::Database(Box::new(cause)).into();
    }
    Error::internal(Refused::from(cause))
}

/// What a server said of a statement, without the detail: that holds values of rows.
#[derive(Debug, thiserror::Error)]
#[error("{state}: {message}")]
pub(super) struct Refused {
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
