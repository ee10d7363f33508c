//! What the engines promise beneath the use cases.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};

use directory::store::{IdKind, Location, Statement, Tx};
use directory::users::{self, UserKey};
use directory::violation::Violations;
use directory::{Directory, Error, Unavailable};
use futures_util::FutureExt as _;
use futures_util::future::join_all;

use crate::given::{self, ALL, create, get, person, system};
use crate::harness::World;

mod each {
    use super::*;

    on_each_engine!(
        a_read_sees_what_a_write_acknowledged,
        a_batch_runs_in_its_order_whatever_is_prepared_already,
        a_batch_answers_its_first_failure,
        a_panic_in_a_write_is_that_writes_error,
        a_panic_in_a_read_harms_no_later_read,
        a_fault_of_a_statement_is_internal_and_tells_the_client_nothing,
    );

    async fn a_read_sees_what_a_write_acknowledged(world: World) {
        let directory = &world.directory;
        let other = world.another().await;
        for user in 0..50 {
            let made = create(
                directory,
                &system(),
                &person(&format!("u{user}@example.org")),
            )
            .await
            .unwrap();
            let key = UserKey::Id(made.user.id);
            assert_eq!(get(directory, &system(), key.clone()).await.unwrap(), made);
            assert_eq!(get(&other, &system(), key).await.unwrap(), made);
        }
    }

    const RENAME: &str = "UPDATE accounts SET name = $1 WHERE tenant_id = $2 AND id = $3";
    const COPY: &str = "INSERT INTO accounts (tenant_id, id, name, created_at, updated_at, \
        version) VALUES ($1, $2, $3, $4, $5, $6)";

    fn rename(name: &'static str) -> Statement<'static> {
        let params = vec![name.into(), 1_i64.into(), 77_i64.into()];
        Statement {
            sql: RENAME,
            params,
        }
    }

    async fn a_batch_runs_in_its_order_whatever_is_prepared_already(world: World) {
        let directory = world.another().await;
        directory
            .write(|tx| tx.batch(&[rename("before it is there")]))
            .await
            .unwrap();
        // Now the second statement is known to the connection, the first is not.
        let touched = directory
            .write(|tx| {
                let now = tx.now();
                let params = vec![
                    1_i64.into(),
                    77_i64.into(),
                    "first".into(),
                    now.into(),
                    now.into(),
                    1_i64.into(),
                ];
                tx.batch(&[Statement { sql: COPY, params }, rename("second")])
            })
            .await
            .unwrap();
        assert_eq!(touched, [1, 1]);
        // Many more than are polled together.
        directory
            .write(|tx| {
                let many: Vec<_> = (0..100)
                    .map(|_| rename("third"))
                    .chain([rename("last")])
                    .collect();
                tx.batch(&many)
            })
            .await
            .unwrap();
        let account = directory
            .read(|tx| directory::accounts::get(tx, &system(), 77))
            .await
            .unwrap();
        assert_eq!(account.name, "last");
    }

    async fn a_batch_answers_its_first_failure(world: World) {
        let result = world
            .directory
            .write(|tx| {
                let fails = Statement {
                    sql: "INSERT INTO accounts (tenant_id, id) VALUES ($1, $2)",
                    params: vec![1_i64.into(), 1_i64.into()],
                };
                tx.batch(&[rename("a"), fails, rename("b")])
            })
            .await;
        let Err(Error::Internal(cause)) = result else {
            panic!("{result:?}");
        };
        let cause = directory_error(cause.as_ref());
        assert!(cause.to_lowercase().contains("null"), "{cause}");
    }

    /// An error with its causes, as the log shows it.
    fn directory_error(error: &dyn std::error::Error) -> String {
        match error.source() {
            Some(source) => format!("{error}: {}", directory_error(source)),
            None => error.to_string(),
        }
    }

    async fn a_panic_in_a_write_is_that_writes_error(world: World) {
        let directory = &world.directory;
        let result: Result<(), Error> = directory
            .write(|tx| {
                users::create(
                    tx,
                    &system(),
                    &person("ada@example.org"),
                    Violations::new(),
                    ALL,
                )?;
                panic!("a panic that the test wants");
            })
            .await;
        assert!(matches!(result, Err(Error::Internal(_))), "{result:?}");
        create(directory, &system(), &person("ada@example.org"))
            .await
            .unwrap();
    }

    async fn a_panic_in_a_read_harms_no_later_read(world: World) {
        let directory = world.directory.clone();
        for _ in 0..3 {
            let reading = directory.clone();
            let result = tokio::spawn(async move {
                reading
                    .read::<(), _>(|tx| {
                        let _ = directory::tenants::list(tx)?;
                        panic!("a panic that the test wants");
                    })
                    .await
            });
            if let Ok(result) = result.await {
                assert!(matches!(result, Err(Error::Internal(_))), "{result:?}");
            }
            assert_eq!(
                directory
                    .read(directory::tenants::list)
                    .await
                    .unwrap()
                    .len(),
                1
            );
        }
    }

    async fn a_fault_of_a_statement_is_internal_and_tells_the_client_nothing(world: World) {
        let result = world
            .directory
            .read(|tx| tx.query("SELECT nothing FROM nowhere", &[], |row| row.int()))
            .await;
        let Err(error @ Error::Internal(_)) = result else {
            panic!("{result:?}");
        };
        assert_eq!(error.to_string(), "internal error");
        assert!(std::error::Error::source(&error).is_some());
    }
}

mod embedded {
    use super::*;

    on_sqlite!(
        acknowledged_is_durable,
        one_closures_failure_or_panic_harms_no_other_of_its_group,
        a_full_queue_refuses_and_recovers,
        a_read_has_one_snapshot,
        a_read_cannot_write,
    );

    async fn acknowledged_is_durable(world: World) {
        let (journal, synchronous, keys) = world
            .directory
            .write(|tx| {
                Ok((
                    tx.query_one("PRAGMA journal_mode", &[], |row| row.text())?,
                    tx.query_one("PRAGMA synchronous", &[], |row| row.int())?,
                    tx.query_one("PRAGMA foreign_keys", &[], |row| row.int())?,
                ))
            })
            .await
            .unwrap();
        assert_eq!((journal.as_str(), synchronous, keys), ("wal", 2, 1));
    }

    /// Holds the writer, so that what is written meanwhile becomes its next group; it goes on
    /// when the sender is dropped.
    async fn hold(directory: &Directory) -> (mpsc::Sender<()>, tokio::task::JoinHandle<()>) {
        let (release, wait) = mpsc::channel::<()>();
        let (started, running) = tokio::sync::oneshot::channel();
        let wait = std::sync::Mutex::new((wait, Some(started)));
        let directory = directory.clone();
        let held = tokio::spawn(async move {
            directory
                .write(move |_| {
                    let mut held = wait.lock().unwrap();
                    if let Some(started) = held.1.take() {
                        started.send(()).unwrap();
                    }
                    let _ = held.0.recv();
                    Ok(())
                })
                .await
                .unwrap();
        });
        running.await.unwrap();
        (release, held)
    }

    fn made(tx: &Tx<'_>, address: &str) -> Result<i64, Error> {
        let view = users::create(tx, &system(), &person(address), Violations::new(), ALL)?;
        Ok(view.user.id)
    }

    async fn one_closures_failure_or_panic_harms_no_other_of_its_group(world: World) {
        let directory = &world.directory;
        // Ids enough for all, so that no closure of the group has to run again.
        directory
            .write(|tx| {
                (0..100)
                    .map(|_| tx.new_id(IdKind::Event))
                    .collect::<Result<Vec<_>, _>>()
            })
            .await
            .unwrap();
        directory
            .write(|tx| {
                (0..100)
                    .map(|_| tx.new_id(IdKind::User))
                    .collect::<Result<Vec<_>, _>>()
            })
            .await
            .unwrap();
        let (release, held) = hold(directory).await;
        let first = directory.write(|tx| made(tx, "first@example.org"));
        let panics = directory.write(|tx| {
            made(tx, "panics@example.org")?;
            if tx.now().as_second() > 0 {
                panic!("a panic that the test wants");
            }
            Ok(())
        });
        let second = directory.write(|tx| made(tx, "second@example.org"));
        let fails = directory.write(|tx| {
            made(tx, "fails@example.org")?;
            Err::<(), _>(Error::Conflict("wanted"))
        });
        let fault = directory.write(|tx| {
            made(tx, "fault@example.org")?;
            tx.execute("INSERT INTO accounts (tenant_id, id) VALUES (1, 1)", &[])
        });
        let third = directory.write(|tx| made(tx, "third@example.org"));
        let mut first = Box::pin(first);
        let mut panics = Box::pin(panics);
        let mut second = Box::pin(second);
        let mut fails = Box::pin(fails);
        let mut fault = Box::pin(fault);
        let mut third = Box::pin(third);
        // Polled once, each stands in the queue.
        assert!((&mut first).now_or_never().is_none());
        assert!((&mut panics).now_or_never().is_none());
        assert!((&mut second).now_or_never().is_none());
        assert!((&mut fails).now_or_never().is_none());
        assert!((&mut fault).now_or_never().is_none());
        assert!((&mut third).now_or_never().is_none());
        drop(release);
        held.await.unwrap();
        for id in [
            first.await.unwrap(),
            second.await.unwrap(),
            third.await.unwrap(),
        ] {
            get(directory, &system(), UserKey::Id(id)).await.unwrap();
        }
        assert!(matches!(panics.await, Err(Error::Internal(_))));
        assert!(matches!(fails.await, Err(Error::Conflict("wanted"))));
        assert!(matches!(fault.await, Err(Error::Internal(_))));
        let all = given::list(directory, &system(), &Default::default()).await;
        assert_eq!(all.len(), 3);
        create(directory, &system(), &person("after@example.org"))
            .await
            .unwrap();
    }

    async fn a_full_queue_refuses_and_recovers(world: World) {
        let directory = &world.directory;
        let (release, held) = hold(directory).await;
        let mut waiting = Vec::new();
        let refused = loop {
            let mut write = Box::pin(directory.write(|_| Ok(())));
            match (&mut write).now_or_never() {
                None => waiting.push(write),
                Some(result) => break result,
            }
            assert!(waiting.len() < 100_000, "the queue has no end");
        };
        let full = matches!(refused, Err(Error::Unavailable(Unavailable::QueueFull)));
        assert!(full, "{refused:?}");
        assert!(waiting.len() > 1_000, "{}", waiting.len());
        // Reads go on meanwhile.
        assert_eq!(
            directory
                .read(directory::tenants::list)
                .await
                .unwrap()
                .len(),
            1
        );
        drop(release);
        held.await.unwrap();
        for result in join_all(waiting).await {
            result.unwrap();
        }
        directory.write(|_| Ok(())).await.unwrap();
    }

    async fn a_read_has_one_snapshot(world: World) {
        let directory = world.directory.clone();
        let other = world.another().await;
        let handle = tokio::runtime::Handle::current();
        let counts = tokio::task::spawn_blocking(move || {
            let inner = handle.clone();
            handle.block_on(directory.read(move |tx| {
                let count = || {
                    tx.query_one(
                        "SELECT count(*) FROM users WHERE tenant_id = 1",
                        &[],
                        |row| row.int(),
                    )
                };
                let before = count()?;
                let (node, done) = (other.clone(), mpsc::channel());
                inner.spawn(async move {
                    let made = create(&node, &system(), &person("ada@example.org")).await;
                    done.0.send(made.is_ok()).unwrap();
                });
                assert!(done.1.recv().unwrap());
                Ok((before, count()?))
            }))
        });
        assert_eq!(counts.await.unwrap().unwrap(), (0, 0));
        let seen = given::list(&world.directory, &system(), &Default::default()).await;
        assert_eq!(seen.len(), 1);
    }

    async fn a_read_cannot_write(world: World) {
        let result = world
            .directory
            .read(|tx| tx.execute("DELETE FROM roles WHERE tenant_id = 1", &[]))
            .await;
        assert!(result.is_err(), "{result:?}");
    }
}

mod server {
    use super::*;

    on_postgres!(
        a_deadlocked_write_runs_again_as_a_whole,
        a_write_that_cannot_be_serialised_runs_again_as_a_whole,
        a_lost_answer_to_commit_is_unknown_and_not_tried_again,
        a_server_that_cannot_be_reached_is_unavailable,
    );

    const CITY: &str = "UPDATE users SET state = $1 WHERE tenant_id = $2 AND id = $3";

    async fn two_users(directory: &Directory) -> [i64; 2] {
        let a = create(directory, &system(), &person("a@example.org")).await;
        let b = create(directory, &system(), &person("b@example.org")).await;
        [a.unwrap().user.id, b.unwrap().user.id]
    }

    async fn a_deadlocked_write_runs_again_as_a_whole(world: World) {
        let directory = &world.directory;
        let [a, b] = two_users(directory).await;
        let both_hold_one = Arc::new(Barrier::new(2));
        let runs = Arc::new(AtomicUsize::new(0));
        let write = |first: i64, second: i64, state: &'static str| {
            let (barrier, runs) = (Arc::clone(&both_hold_one), Arc::clone(&runs));
            let mine = AtomicUsize::new(0);
            directory.write(move |tx| {
                runs.fetch_add(1, Ordering::SeqCst);
                tx.execute(CITY, &[state.into(), 1_i64.into(), first.into()])?;
                if mine.fetch_add(1, Ordering::SeqCst) == 0 {
                    barrier.wait();
                }
                tx.execute(CITY, &[state.into(), 1_i64.into(), second.into()])
            })
        };
        let (one, two) = tokio::join!(write(a, b, "one"), write(b, a, "two"));
        assert_eq!((one.unwrap(), two.unwrap()), (1, 1));
        // Who runs again can meet the other once more.
        let runs = runs.load(Ordering::SeqCst);
        assert!(runs >= 3, "neither ran again: {runs} runs");
        let states = given::list(directory, &system(), &Default::default()).await;
        assert_eq!(
            states[0].user.state, states[1].user.state,
            "neither ran in half"
        );
    }

    async fn a_write_that_cannot_be_serialised_runs_again_as_a_whole(world: World) {
        let directory = &world.directory;
        let [a, b] = two_users(directory).await;
        let both_have_read = Arc::new(Barrier::new(2));
        let runs = Arc::new(AtomicUsize::new(0));
        let write = |reads: i64, writes: i64| {
            let (barrier, runs) = (Arc::clone(&both_have_read), Arc::clone(&runs));
            let mine = AtomicUsize::new(0);
            directory.write(move |tx| {
                runs.fetch_add(1, Ordering::SeqCst);
                tx.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", &[])?;
                let read = "SELECT count(*) FROM users \
                    WHERE tenant_id = 1 AND id = $1 AND state = 'taken'";
                let taken = tx.query_one(read, &[reads.into()], |row| row.int())?;
                if mine.fetch_add(1, Ordering::SeqCst) == 0 {
                    barrier.wait();
                }
                if taken == 0 {
                    tx.execute(CITY, &["taken".into(), 1_i64.into(), writes.into()])?;
                }
                Ok(())
            })
        };
        let (one, two) = tokio::join!(write(a, b), write(b, a));
        one.unwrap();
        two.unwrap();
        let runs = runs.load(Ordering::SeqCst);
        assert!(runs >= 3, "neither ran again: {runs} runs");
        let users = given::list(directory, &system(), &Default::default()).await;
        let taken = users
            .iter()
            .filter(|each| each.user.state.is_some())
            .count();
        assert_eq!(taken, 1, "the second run saw what the other wrote");
    }

    /// Passes bytes between a client and the server, and cuts the line instead of passing on
    /// the server's answer to COMMIT.
    async fn cut_at_commit(server: String) -> u16 {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut upstream = tokio::net::TcpStream::connect(&server).await.unwrap();
                tokio::spawn(async move {
                    let (mut to, mut from) = ([0; 65_536], [0; 65_536]);
                    let mut committing = false;
                    loop {
                        tokio::select! {
                            read = client.read(&mut to) => {
                                let read = read.unwrap_or(0);
                                if read == 0 { break }
                                let sent = &to[..read];
                                committing |= sent.windows(6).any(|word| word == b"COMMIT");
                                upstream.write_all(sent).await.unwrap();
                            }
                            read = upstream.read(&mut from) => {
                                let read = read.unwrap_or(0);
                                if read == 0 || committing { break }
                                client.write_all(&from[..read]).await.unwrap();
                            }
                        }
                    }
                });
            }
        });
        port
    }

    /// The host with its port, and the database, of a test's URL.
    fn parts(location: &Location) -> (String, String) {
        let Location::Postgres(url) = location else {
            panic!("not PostgreSQL");
        };
        let (host, name) = url.rsplit_once('/').unwrap();
        (host.rsplit_once('@').unwrap().1.to_owned(), name.to_owned())
    }

    async fn a_lost_answer_to_commit_is_unknown_and_not_tried_again(world: World) {
        let (host, name) = parts(&world.location);
        let port = cut_at_commit(host).await;
        let url = format!("postgres://muster@127.0.0.1:{port}/{name}?sslmode=disable");
        let db = directory::store::Db::open(
            &Location::Postgres(url),
            Arc::<directory::clock::FakeClock>::clone(&world.clock),
            Arc::new(directory::clock::SystemRandom),
        )
        .unwrap();
        let runs = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&runs);
        let result = db
            .write(move |tx| {
                counted.fetch_add(1, Ordering::SeqCst);
                let sql = "INSERT INTO tenants (id, name, created_at) VALUES ($1, $2, $3)";
                tx.execute(sql, &[900_i64.into(), "unknown".into(), tx.now().into()])
            })
            .await;
        let unknown = matches!(
            result,
            Err(Error::Unavailable(Unavailable::CommitUnknown(_)))
        );
        assert!(unknown, "{result:?}");
        assert_eq!(runs.load(Ordering::SeqCst), 1);
    }

    async fn a_server_that_cannot_be_reached_is_unavailable(world: World) {
        let (_, name) = parts(&world.location);
        // A port that was just free, and that nobody listens on.
        let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let location = Location::Postgres(format!("postgres://muster@127.0.0.1:{port}/{name}"));
        let opened = Directory::open(
            &location,
            Arc::<directory::clock::FakeClock>::clone(&world.clock),
            Arc::new(directory::clock::SystemRandom),
        )
        .await;
        let Err(error) = opened else {
            panic!("it was reached");
        };
        let unavailable = matches!(error, Error::Unavailable(Unavailable::Database(_)));
        assert!(unavailable, "{error:?}");
    }
}
