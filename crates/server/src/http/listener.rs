//! Accepts connections and serves HTTP/1.1 on them, under limits that hold before a handler runs.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinError, JoinSet};
use tower::ServiceExt;

use super::timed_writes::TimedWrites;

/// How long to wait after an error of the machine itself, such as no file descriptor left: such an
/// error comes back at once until something is freed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
/// At shutdown, how long to wait for one more connection that was made before: what the system
/// has accepted is seen a moment later here.
const LAST_CALL: Duration = Duration::from_millis(10);
/// hyper refuses to work with a smaller read buffer.
const LEAST_HEADER_BYTES: usize = 8192;

/// What a connection may cost.
///
/// hyper allows 100 header lines; more are answered 431.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// How long a request's head may take from the moment it is waited for. It covers the time
    /// between two requests too, so it also ends an idle keep-alive connection.
    pub header_timeout: Duration,
    /// Connections open at once; while there are as many, further ones wait in the listen queue.
    pub max_connections: usize,
    /// How long a client may take to read an answer, from when it first lets the server wait.
    /// Where the connection is to be kept, `header_timeout` ends it too: it runs from when the
    /// answer is made.
    pub write_timeout: Duration,
    /// How long idle connections stay open at shutdown: a request that comes meanwhile is answered,
    /// and told that the connection ends. Closed at once, they would cut requests on their way.
    pub linger: Duration,
    /// How long requests that run at shutdown may go on, `linger` included.
    pub drain: Duration,
    /// The most bytes of a request's head, request line included; more are answered 431. Less
    /// than 8192 counts as 8192. It is the size of the connection's read buffer.
    pub max_header_bytes: usize,
}

impl Default for ConnectionLimits {
    /// 10 s for a head, 10 000 connections, 30 s for an answer, half a second of idleness and 30 s
    /// of requests at shutdown, 32 KiB.
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(10),
            max_connections: 10_000,
            write_timeout: Duration::from_secs(30),
            linger: Duration::from_millis(500),
            drain: Duration::from_secs(30),
            max_header_bytes: 32 * 1024,
        }
    }
}

/// Serves `router` until `shutdown` completes; then takes the connections that were made before,
/// answers what comes within `limits.linger`, closes idle connections and returns when running
/// requests are answered, or cut after `limits.drain`.
///
/// Handlers find the peer as the extension [`ConnectInfo<SocketAddr>`]. What goes wrong on one
/// connection ends that one alone. How long a request's body may take is not limited here: a
/// handler that reads a body puts a time on it.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    shutdown: impl Future<Output = ()>,
) {
    let mut serving = Serving::new(router, limits);
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(ended) = serving.connections.join_next() => note_panic(ended),
            accepted = accept(&listener), if serving.has_room() => serving.start(accepted),
        }
    }
    serving.ending.store(true, Ordering::Relaxed);
    let last_calls = async {
        while serving.has_room()
            && let Ok(accepted) = tokio::time::timeout(LAST_CALL, accept(&listener)).await
        {
            serving.start(accepted);
        }
    };
    // Clients that go on connecting do not put the end off.
    let _ = tokio::time::timeout(limits.linger, last_calls).await;
    drop(listener);
    serving.end().await;
}

/// The connections, and what each is served with.
struct Serving {
    http: http1::Builder,
    router: Router,
    limits: ConnectionLimits,
    graceful: GracefulShutdown,
    connections: JoinSet<()>,
    /// Whether answers say that their connection ends.
    ending: Arc<AtomicBool>,
}

impl Serving {
    fn new(router: Router, limits: ConnectionLimits) -> Self {
        Self {
            http: builder(&limits),
            router,
            limits,
            graceful: GracefulShutdown::new(),
            connections: JoinSet::new(),
            ending: Arc::default(),
        }
    }

    fn has_room(&self) -> bool {
        self.connections.len() < self.limits.max_connections
    }

    /// Serves one connection to its end, in a task of its own.
    fn start(&mut self, (stream, peer): (TcpStream, SocketAddr)) {
        // Only fails on a connection that is already gone, which serving it will find out.
        let _ = stream.set_nodelay(true);
        let stream = TimedWrites::new(stream, self.limits.write_timeout);
        let (router, ending) = (self.router.clone(), Arc::clone(&self.ending));
        let service =
            service_fn(move |request| answer(router.clone(), peer, Arc::clone(&ending), request));
        let connection = self.http.serve_connection(TokioIo::new(stream), service);
        let served = self.graceful.watch(connection);
        self.connections.spawn(async move {
            if let Err(error) = served.await {
                // Timeouts, resets, bad requests: the peer's doing, and as many as it likes.
                tracing::debug!(%error, "connection ended");
            }
        });
    }

    /// Lets the connections end: by themselves first, then as soon as they are idle.
    async fn end(self) {
        let (graceful, mut connections) = (self.graceful, self.connections);
        let ended = async {
            let by_themselves = all_ended(&mut connections);
            if tokio::time::timeout(self.limits.linger, by_themselves)
                .await
                .is_err()
            {
                tokio::join!(graceful.shutdown(), all_ended(&mut connections));
            }
        };
        if tokio::time::timeout(self.limits.drain, ended)
            .await
            .is_err()
        {
            tracing::warn!(connections = connections.len(), "requests cut at shutdown");
        }
        // What still runs is aborted as the set is dropped.
    }
}

async fn all_ended(connections: &mut JoinSet<()>) {
    while let Some(ended) = connections.join_next().await {
        note_panic(ended);
    }
}

fn builder(limits: &ConnectionLimits) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.max_header_bytes.max(LEAST_HEADER_BYTES));
    http
}

/// The next connection. May be dropped at any point: none is lost.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "cannot accept connections");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Whether only the connection that was to be accepted is gone.
fn is_of_one_connection(error: &io::Error) -> bool {
    [
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::ConnectionReset,
        io::ErrorKind::ConnectionRefused,
    ]
    .contains(&error.kind())
}

async fn answer(
    router: Router,
    peer: SocketAddr,
    ending: Arc<AtomicBool>,
    mut request: Request<Incoming>,
) -> Result<Response, Infallible> {
    request.extensions_mut().insert(ConnectInfo(peer));
    let mut response = router.oneshot(request.map(Body::new)).await?;
    if ending.load(Ordering::Relaxed) {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    Ok(response)
}

fn note_panic(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a connection's task failed");
    }
}

#[cfg(test)]
mod tests {
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
}
