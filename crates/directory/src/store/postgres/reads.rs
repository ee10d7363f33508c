//! Reads: their statements share a few connections, each of which has many under way at once.
//!
//! A closure of reads is plain code and does nothing but ask. So it runs where it is called,
//! up to the first question without an answer; the answer is waited for without a thread, and
//! the closure runs again from its start, now with the answers that are there. Most ask once:
//! beside a thread that waits, this took half the time.

use std::cell::RefCell;
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::sync::Mutex;
use tokio_postgres::{Client, Row, Statement};

use crate::error::{Error, Unavailable};
use crate::store::Value;

use super::Address;
use super::session::{STATEMENTS, asked, fault};

/// Connections that reads share, for each core: with more, each has fewer statements under way,
/// and the server more processes to wake. On two cores, four took a fifth less time than eight.
const CONNECTIONS_FOR_A_CORE: usize = 2;
/// And at least and at most.
const CONNECTIONS: std::ops::RangeInclusive<usize> = 4..=16;
/// Statements under way on one of them at most; one more is refused with
/// [`Unavailable::QueueFull`].
const UNDER_WAY: usize = 512;

/// A question to the database.
struct Question {
    sql: String,
    params: Vec<Value<'static>>,
}

/// What a closure of reads asked until now.
#[derive(Default)]
pub(in crate::store) struct Asked {
    answers: Vec<(Arc<Question>, Arc<Vec<Row>>)>,
    next: RefCell<usize>,
    open: RefCell<Option<Question>>,
}

impl Asked {
    /// The answer to the next question, if it was asked before; else the question is noted,
    /// and the closure is to end: whatever it says then does not count.
    pub(in crate::store) fn rows(
        &self,
        sql: &str,
        params: &[Value<'_>],
    ) -> Result<Arc<Vec<Row>>, Error> {
        let mut next = self.next.borrow_mut();
        if let Some((asked, rows)) = self.answers.get(*next) {
            if asked.sql != sql {
                return Err(Error::internal("a closure asked in another order"));
            }
            *next += 1;
            return Ok(Arc::clone(rows));
        }
        self.open.borrow_mut().get_or_insert_with(|| Question {
            sql: sql.to_owned(),
            params: params.iter().map(Value::to_static).collect(),
        });
        Err(Error::internal("the answer is waited for"))
    }
}

/// The connections.
pub(super) struct Readers {
    slots: Vec<Arc<Slot>>,
    address: Arc<Address>,
}

#[derive(Default)]
struct Slot {
    reader: Mutex<Option<Arc<Reader>>>,
    under_way: AtomicUsize,
}

struct Reader {
    client: Client,
    statements: std::sync::Mutex<HashMap<String, Statement>>,
}

impl Readers {
    /// Connections are made when needed.
    pub(super) fn new(address: Arc<Address>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let wanted = cores.saturating_mul(CONNECTIONS_FOR_A_CORE);
        let count = wanted.clamp(*CONNECTIONS.start(), *CONNECTIONS.end());
        let slots = std::iter::repeat_with(Arc::<Slot>::default);
        Self {
            slots: slots.take(count).collect(),
            address,
        }
    }

    /// Runs a closure of reads, each statement on its own snapshot.
    pub(super) async fn run<T>(
        &self,
        run: impl Fn(&Asked) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut asked = Asked::default();
        loop {
            *asked.next.get_mut() = 0;
            let result = run(&asked);
            let Some(question) = asked.open.take() else {
                return result;
            };
            let question = Arc::new(question);
            let rows = self.ask(Arc::clone(&question)).await?;
            asked.answers.push((question, Arc::new(rows)));
        }
    }

    /// Asks on the connection that has least to do, so that one with a slow statement is passed
    /// by as long as another has less. It counts until its answer is there, whoever hangs up.
    async fn ask(&self, question: Arc<Question>) -> Result<Vec<Row>, Error> {
        let least = |slot: &&Arc<Slot>| slot.under_way.load(Ordering::Relaxed);
        let Some(slot) = self.slots.iter().min_by_key(least).cloned() else {
            return Err(Error::internal("no connection is planned"));
        };
        if least(&&slot) >= UNDER_WAY {
            return Err(Unavailable::QueueFull.into());
        }
        slot.under_way.fetch_add(1, Ordering::Relaxed);
        let address = Arc::clone(&self.address);
        let asking = async move {
            let answer = slot.ask(&address, &question).await;
            slot.under_way.fetch_sub(1, Ordering::Relaxed);
            answer
        };
        ToTheEnd(Some(Box::pin(asking))).await
    }
}

type Asking = Pin<Box<dyn Future<Output = Result<Vec<Row>, Error>> + Send>>;

/// Goes on by itself when nobody waits for it any more. A task for each question instead took a
/// tenth of a read's time.
struct ToTheEnd(Option<Asking>);

impl Future for ToTheEnd {
    type Output = Result<Vec<Row>, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(asking) = &mut self.0 else {
            return Poll::Ready(Err(Error::internal("it was answered before")));
        };
        let answer = std::task::ready!(asking.as_mut().poll(context));
        self.0 = None;
        Poll::Ready(answer)
    }
}

impl Drop for ToTheEnd {
    fn drop(&mut self) {
        if let (Some(asking), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current())
        {
            runtime.spawn(asking);
        }
    }
}

impl Slot {
    async fn ask(&self, address: &Address, question: &Question) -> Result<Vec<Row>, Error> {
        let reader = self.reader(address).await?;
        match reader.ask(question).await {
            // The connection broke, and the question changes nothing: it is asked once more.
            Err(_) if reader.client.is_closed() => self.reader(address).await?.ask(question).await,
            answered => answered,
        }
    }

    /// The connection, made anew where there is none that works.
    async fn reader(&self, address: &Address) -> Result<Arc<Reader>, Error> {
        let mut reader = self.reader.lock().await;
        if let Some(open) = reader.as_ref().filter(|known| !known.client.is_closed()) {
            return Ok(Arc::clone(open));
        }
        let client = address.connect().await?;
        let made = Arc::new(Reader {
            client,
            statements: std::sync::Mutex::default(),
        });
        *reader = Some(Arc::clone(&made));
        Ok(made)
    }
}

impl Reader {
    async fn ask(&self, question: &Question) -> Result<Vec<Row>, Error> {
        let statement = self.prepare(&question.sql).await?;
        let params = asked(&question.params);
        let rows = self.client.query(&statement, &params).await;
        rows.map_err(fault)
    }

    async fn prepare(&self, sql: &str) -> Result<Statement, Error> {
        if let Some(known) = self.known().get(sql) {
            return Ok(known.clone());
        }
        let statement = self.client.prepare(sql).await.map_err(fault)?;
        let mut known = self.known();
        if known.len() >= STATEMENTS {
            known.clear();
        }
        known.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, Statement>> {
        self.statements
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
