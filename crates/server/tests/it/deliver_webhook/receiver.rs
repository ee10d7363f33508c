//! A receiver on loopback that says exactly what a test wants said.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::{HeaderMap, HeaderName};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// A listener that hands each connection to a function of its own.
pub struct Receiver {
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl Receiver {
    pub async fn start<F, Answering>(answer: F) -> Self
    where
        F: Fn(TcpStream) -> Answering + Send + 'static,
        Answering: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = connections.clone();
        let accepting = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(answer(stream));
            }
        });
        Self {
            address,
            connections,
            accepting,
        }
    }

    /// Answers every request with this text, and closes the connection.
    pub async fn saying(answer: impl Into<Vec<u8>>) -> Self {
        let answer = Arc::new(answer.into());
        Self::start(move |mut stream| {
            let answer = answer.clone();
            async move {
                if read_request(&mut stream).await.is_some() {
                    stream.write_all(&answer).await.unwrap();
                    let _ = stream.shutdown().await;
                }
            }
        })
        .await
    }

    /// Answers requests on kept connections with 204, and passes on what they were.
    pub async fn keeping() -> (Self, mpsc::UnboundedReceiver<Received>) {
        let (sender, received) = mpsc::unbounded_channel();
        let receiver = Self::start(move |mut stream| {
            let sender = sender.clone();
            async move {
                while let Some(request) = read_request(&mut stream).await {
                    sender.send(request).unwrap();
                    let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
                    stream.write_all(answer).await.unwrap();
                }
            }
        })
        .await;
        (receiver, received)
    }

    /// How many connections were made so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// A request as it came.
pub struct Received {
    pub line: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// Reads one request; `None` where the connection ends before it does.
pub async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<Received> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let (line, rest) = head.split_once("\r\n").unwrap();
    let headers: HeaderMap = rest
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (HeaderName::try_from(name).unwrap(), value.parse().unwrap()))
        .collect();
    let length = headers["content-length"].to_str().unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Received {
        line: line.to_owned(),
        headers,
        body,
    })
}
