//! That a batch is one round trip on the wire, too: nothing of it waits for an answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use directory::clock::{FakeClock, SystemRandom};
use directory::store::{Db, Location, Statement};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::World;

on_postgres!(a_batch_and_its_begin_are_sent_before_the_first_answer);

/// How long a client that waits for an answer which does not come is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Statements that passed from the client to the server, and how many must have before an
/// answer passes back; connections that were made, and those that know the statement.
#[derive(Default)]
struct Gate {
    passed: AtomicUsize,
    required: AtomicUsize,
    made: AtomicUsize,
    knowing: AtomicUsize,
}

/// Frontend messages in a stream, from the second on: each is a letter, a length, the rest.
#[derive(Default)]
struct Messages {
    bytes: Vec<u8>,
    started: bool,
}

impl Messages {
    /// How many `Sync` these bytes complete: one ends each prepared statement's run.
    fn syncs(&mut self, read: &[u8]) -> usize {
        self.bytes.extend_from_slice(read);
        let mut syncs = 0;
        loop {
            let letter = usize::from(self.started);
            let Some(length) = self.bytes.get(letter..letter + 4) else {
                return syncs;
            };
            let length = u32::from_be_bytes(length.try_into().unwrap());
            let end = letter + usize::try_from(length).unwrap();
            if self.bytes.len() < end {
                return syncs;
            }
            syncs += usize::from(self.started && self.bytes[0] == b'S');
            self.started = true;
            self.bytes.drain(..end);
        }
    }
}

/// Passes bytes between a client and the server; answers wait at the gate.
async fn gated(server: String, gate: Arc<Gate>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            gate.made.fetch_add(1, Ordering::SeqCst);
            let upstream = TcpStream::connect(&server).await.unwrap();
            tokio::spawn(pass(client, upstream, Arc::clone(&gate)));
        }
    });
    port
}

async fn pass(mut client: TcpStream, mut upstream: TcpStream, gate: Arc<Gate>) {
    let (mut to, mut from) = ([0; 65_536], [0; 65_536]);
    let (mut messages, mut held) = (Messages::default(), Vec::new());
    loop {
        tokio::select! {
            read = client.read(&mut to) => {
                let read = read.unwrap_or(0);
                if read == 0 { break }
                upstream.write_all(&to[..read]).await.unwrap();
                gate.passed.fetch_add(messages.syncs(&to[..read]), Ordering::SeqCst);
            }
            read = upstream.read(&mut from) => {
                let read = read.unwrap_or(0);
                if read == 0 { break }
                held.extend_from_slice(&from[..read]);
            }
        }
        if gate.passed.load(Ordering::SeqCst) >= gate.required.load(Ordering::SeqCst) {
            client.write_all(&held).await.unwrap();
            held.clear();
        }
    }
}

const RENAME: &str = "UPDATE accounts SET name = $1 WHERE tenant_id = $2 AND id = $3";

fn statements(count: usize) -> Vec<Statement<'static>> {
    let rename = |_| Statement {
        sql: RENAME,
        params: vec!["new".into(), 1_i64.into(), 77_i64.into()],
    };
    (0..count).map(rename).collect()
}

async fn a_batch_and_its_begin_are_sent_before_the_first_answer(world: World) {
    let Location::Postgres(url) = &world.location else {
        panic!("not PostgreSQL");
    };
    let (host, name) = url.rsplit_once('/').unwrap();
    let gate = Arc::new(Gate::default());
    let port = gated(
        host.rsplit_once('@').unwrap().1.to_owned(),
        Arc::clone(&gate),
    )
    .await;
    let url = format!("postgres://muster@127.0.0.1:{port}/{name}?sslmode=disable");
    let clock = Arc::<FakeClock>::clone(&world.clock);
    let db = Db::open(&Location::Postgres(url), clock, Arc::new(SystemRandom)).unwrap();
    for count in [1, 2, 8, 40] {
        // A connection that is new prepares the statement first.
        while !sent_at_once(&db, &gate, count).await {}
    }
}

/// Whether a batch was sent through the closed gate: not on a connection that was new.
async fn sent_at_once(db: &Db, gate: &Arc<Gate>, count: usize) -> bool {
    let gate = Arc::clone(gate);
    let writing = db.write(move |tx| {
        let made = gate.made.load(Ordering::SeqCst);
        let knows = gate.knowing.swap(made, Ordering::SeqCst) == made;
        if knows {
            let passed = gate.passed.load(Ordering::SeqCst);
            gate.required.store(passed + count, Ordering::SeqCst);
        }
        assert_eq!(tx.batch(&statements(count))?.len(), count);
        Ok(knows)
    });
    let sent = tokio::time::timeout(PATIENCE, writing).await;
    sent.expect("it waits for an answer before all is sent")
        .unwrap()
}
