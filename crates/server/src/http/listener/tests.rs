#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use axum::routing::get;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::*;

/// Long enough that only a test that is going to fail waits for it.
const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(50);
const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

async fn start(router: Router, limits: ConnectionLimits) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let shutdown = async { stopped.await.unwrap_or_default() };
    let task = tokio::spawn(serve(listener, router, limits, shutdown));
    Server {
        address,
        stop,
        task,
    }
}

fn limits() -> ConnectionLimits {
    ConnectionLimits {
        header_timeout: LONG,
        write_timeout: LONG,
        linger: SHORT,
        drain: LONG,
        ..ConnectionLimits::default()
    }
}

fn impatient() -> ConnectionLimits {
    ConnectionLimits {
        header_timeout: SHORT,
        ..limits()
    }
}

fn hello() -> Router {
    Router::new().route(
        "/",
        get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() }),
    )
}

/// A route that says when it runs and answers when it is told to.
fn slow() -> (Router, Arc<Notify>, Arc<Notify>) {
    let (running, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (running.clone(), go.clone());
    let handler = move || async move {
        tell.notify_one();
        wait.notified().await;
        "done"
    };
    (Router::new().route("/", get(handler)), running, go)
}

async fn boom() {
    panic!("boom");
}

async fn send(address: SocketAddr, bytes: &[u8]) -> TcpStream {
    let stream = TcpStream::connect(address).await.unwrap();
    write(&stream, bytes).await;
    stream
}

async fn write(stream: &TcpStream, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        stream.writable().await.unwrap();
        match stream.try_write(bytes) {
            Ok(sent) => bytes = &bytes[sent..],
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
        }
    }
}

/// Everything until it ends with `end` or the server closes. A reset is a close, too.
async fn read_until(stream: &TcpStream, end: Option<&str>) -> String {
    let mut text = String::new();
    while !end.is_some_and(|end| text.ends_with(end)) {
        let mut buffer = [0; 1024];
        stream.readable().await.unwrap();
        match stream.try_read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => text.push_str(std::str::from_utf8(&buffer[..read]).unwrap()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => break,
        }
    }
    text
}

async fn rest(stream: &TcpStream) -> String {
    read_until(stream, None).await
}

#[tokio::test]
async fn handlers_learn_the_peer() {
    let server = start(hello(), limits()).await;
    let request = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let stream = send(server.address, request).await;
    let local = stream.local_addr().unwrap().to_string();
    let answer = rest(&stream).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.ends_with(&local), "{answer}");
}

#[tokio::test]
async fn half_a_head_is_closed_after_the_timeout() {
    let server = start(hello(), impatient()).await;
    let stream = send(server.address, b"GET / HTTP/1.1\r\nHos").await;
    assert!(!rest(&stream).await.contains("200"));
    let silent = send(server.address, b"").await;
    assert_eq!(rest(&silent).await, "");
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_the_timeout() {
    let server = start(hello(), impatient()).await;
    let stream = send(server.address, GET).await;
    let answer = rest(&stream).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(!answer.contains("408"), "{answer}");
}

#[tokio::test]
async fn a_head_too_large_is_refused() {
    let server = start(hello(), limits()).await;
    let head = |n: usize| {
        let value = "x".repeat(n);
        format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: {value}\r\n\r\n")
    };
    let fits = send(server.address, head(30 * 1024).as_bytes()).await;
    assert!(rest(&fits).await.starts_with("HTTP/1.1 200"));
    // No byte more than is read: what is left unread turns the close into a reset, which may
    // overtake the answer.
    let open = send(server.address, &head(40 * 1024).as_bytes()[..32 * 1024]).await;
    assert!(rest(&open).await.starts_with("HTTP/1.1 431"));
}

#[tokio::test]
async fn a_running_request_is_answered_at_shutdown() {
    let (router, running, go) = slow();
    let server = start(router, limits()).await;
    let stream = send(server.address, GET).await;
    running.notified().await;
    server.stop.send(()).unwrap();
    // The listener is gone once nobody can connect.
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!server.task.is_finished());
    go.notify_one();
    let answer = rest(&stream).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.ends_with("done"), "{answer}");
    server.task.await.unwrap();
}

#[tokio::test]
async fn a_request_on_a_kept_connection_is_answered_at_shutdown_and_told_of_it() {
    let lingering = ConnectionLimits {
        linger: LONG,
        ..limits()
    };
    let server = start(hello(), lingering).await;
    let stream = send(server.address, GET).await;
    let local = stream.local_addr().unwrap().to_string();
    let before = read_until(&stream, Some(&local)).await;
    assert!(!before.contains("connection: close"), "{before}");
    server.stop.send(()).unwrap();
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    write(&stream, GET).await;
    let last = rest(&stream).await;
    assert!(last.starts_with("HTTP/1.1 200"), "{last}");
    assert!(last.contains("connection: close"), "{last}");
    server.task.await.unwrap();
}

#[tokio::test]
async fn a_connection_made_before_shutdown_is_served() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = send(listener.local_addr().unwrap(), GET).await;
    let lingering = ConnectionLimits {
        linger: LONG,
        ..limits()
    };
    let server = serve(listener, hello(), lingering, std::future::ready(()));
    let (answer, ()) = tokio::join!(rest(&stream), server);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn an_answer_that_nobody_reads_is_given_up() {
    // More than the system keeps for a reader.
    let huge = Router::new().route("/huge", get(async || vec![0; 64 << 20]));
    let one_at_a_time = ConnectionLimits {
        max_connections: 1,
        write_timeout: SHORT,
        ..limits()
    };
    let server = start(huge.merge(hello()), one_at_a_time).await;
    let request = b"GET /huge HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let unread = send(server.address, request).await;
    let second = send(server.address, b"GET / HTTP/1.0\r\n\r\n").await;
    let answer = tokio::time::timeout(LONG, rest(&second)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
    drop(unread);
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_up_shutdown() {
    let server = start(hello(), limits()).await;
    let stream = send(server.address, GET).await;
    let local = stream.local_addr().unwrap().to_string();
    read_until(&stream, Some(&local)).await;
    server.stop.send(()).unwrap();
    server.task.await.unwrap();
    assert_eq!(rest(&stream).await, "");
}

#[tokio::test]
async fn shutdown_waits_no_longer_than_the_drain() {
    let (router, running, _go) = slow();
    let server = start(
        router,
        ConnectionLimits {
            drain: SHORT,
            ..limits()
        },
    )
    .await;
    let stream = send(server.address, GET).await;
    running.notified().await;
    server.stop.send(()).unwrap();
    server.task.await.unwrap();
    assert_eq!(rest(&stream).await, "");
}

#[tokio::test]
async fn at_the_limit_the_next_connection_waits_its_turn() {
    let (router, running, go) = slow();
    let server = start(
        router,
        ConnectionLimits {
            max_connections: 1,
            ..limits()
        },
    )
    .await;
    let first = send(server.address, GET).await;
    running.notified().await;
    let second = send(server.address, GET).await;
    let waits = tokio::time::timeout(SHORT, running.notified()).await;
    assert!(waits.is_err(), "served beyond the limit");
    go.notify_one();
    read_until(&first, Some("done")).await;
    drop(first);
    running.notified().await;
    go.notify_one();
    read_until(&second, Some("done")).await;
}

#[tokio::test]
async fn a_panic_ends_its_own_connection_alone() {
    let router = hello().route("/boom", get(boom));
    let server = start(router, limits()).await;
    let first = send(server.address, b"GET /boom HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(rest(&first).await, "");
    let request = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let second = send(server.address, request).await;
    assert!(rest(&second).await.starts_with("HTTP/1.1 200"));
}
