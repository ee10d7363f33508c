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
mod tests;
