//! One attempt to deliver a webhook: the request, and what became of it. Nothing is stored here.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use directory::clock::Clock;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Response, StatusCode, redirect};
use rustls::{ClientConfig, RootCertStore};
use url::Url;

use super::guard::{AllowedNetworks, Guard, GuardedResolver, Transport};
use super::retry::RetryAfter;
use super::signature::{self, WebhookSecret};
use super::tls;

mod outcome;

pub use outcome::{Failure, Outcome, TlsFailure};

/// How long an attempt may take, from its start to the end of the answer.
pub const DEADLINE: Duration = Duration::from_secs(15);
/// How much of an answer is read, so that its connection can serve again.
const MAX_READ: usize = 64 * 1024;
/// How much of an answer is kept.
const MAX_KEPT: usize = 1_024;
/// How long a connection is kept for the next attempt, and how many to one host.
const IDLE: Duration = Duration::from_secs(30);
const IDLE_PER_HOST: usize = 2;
const USER_AGENT: &str = concat!("Muster/", env!("CARGO_PKG_VERSION"));

/// What is sent at one attempt.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Where to; judged again at every attempt.
    pub url: &'a str,
    /// The message's id, the same at every attempt.
    pub id: &'a str,
    /// The time of this attempt, in Unix seconds.
    pub timestamp: i64,
    /// JSON, sent and signed as it is.
    pub body: &'a Bytes,
    /// The secrets in force: one, or more while one is rotated.
    pub secrets: &'a [WebhookSecret],
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// What it means for the delivery.
    pub outcome: Outcome,
    /// The answer's status, where its head arrived.
    pub status: Option<u16>,
    /// How long it took.
    pub duration: Duration,
    /// The first KiB of the answer's body. What is no UTF-8, and control characters but line
    /// breaks and tabs, are U+FFFD; it is a stranger's text all the same, to be escaped when shown.
    pub answer: String,
    /// When the receiver wants the next attempt: of answers that are neither 2xx nor 410.
    pub retry_after: Option<RetryAfter>,
}

/// The sender cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("the sender of webhooks cannot be made")]
pub struct NoSender(#[source] Box<dyn StdError + Send + Sync>);

/// Sends webhooks. One for the whole server: it keeps connections, and is cheap to clone.
#[derive(Clone)]
pub struct WebhookSender {
    guard: Guard,
    secure: Client,
    plain: Client,
    deadline: Duration,
    clock: Arc<dyn Clock>,
}

impl WebhookSender {
    /// A sender to public addresses by https, and to `allowed` networks by https and http. The
    /// certificates that the system trusts are read now.
    ///
    /// # Errors
    /// [`NoSender`] where TLS cannot be set up.
    pub fn new(allowed: AllowedNetworks, clock: Arc<dyn Clock>) -> Result<Self, NoSender> {
        Self::with(allowed, clock, tls::system_roots(), DEADLINE)
    }

    /// A sender that trusts `roots`, and gives an attempt `deadline`.
    ///
    /// # Errors
    /// [`NoSender`] where TLS cannot be set up.
    pub fn with(
        allowed: AllowedNetworks,
        clock: Arc<dyn Clock>,
        roots: RootCertStore,
        deadline: Duration,
    ) -> Result<Self, NoSender> {
        let guard = Guard::new(allowed);
        let tls = tls::trusting(roots).map_err(|cause| NoSender(cause.into()))?;
        Ok(Self {
            secure: client(&guard, Transport::Https, tls.clone(), deadline)?,
            plain: client(&guard, Transport::Http, tls, deadline)?,
            guard,
            deadline,
            clock,
        })
    }

    /// Makes one attempt. It ends within the deadline, whatever the receiver does.
    pub async fn send(&self, request: Request<'_>) -> Attempt {
        let started = self.clock.monotonic();
        let mut answer = Answer::default();
        let exchange = self.exchange(&request, &mut answer);
        let ended = tokio::time::timeout(self.deadline, exchange).await;
        // A head that has come decides, even when the body did not end in time.
        let outcome = match (answer.status, ended) {
            (Some(status), _) => Outcome::of_status(status),
            (None, Ok(Err(outcome))) => outcome,
            (None, Ok(Ok(()))) => Outcome::Failed(Failure::Broken),
            (None, Err(_)) => Outcome::Failed(Failure::TimedOut),
        };
        let retry = !matches!(outcome, Outcome::Delivered | Outcome::Gone);
        Attempt {
            outcome,
            status: answer.status.map(|status| status.as_u16()),
            duration: self.clock.monotonic().saturating_sub(started),
            retry_after: answer.retry_after.filter(|_| retry),
            answer: kept_text(&answer.kept),
        }
    }

    async fn exchange(&self, request: &Request<'_>, answer: &mut Answer) -> Result<(), Outcome> {
        let (url, transport) = self
            .guard
            .check_url(request.url)
            .map_err(Outcome::Forbidden)?;
        let headers = signed(request).ok_or(Outcome::Failed(Failure::Unsigned))?;
        let response = self
            .post(url, transport, headers, request.body.clone())
            .await;
        let mut response = response.map_err(|error| Outcome::of_error(&error))?;
        answer.take_head(&response);
        answer.take_body(&mut response).await;
        Ok(())
    }

    async fn post(
        &self,
        url: Url,
        transport: Transport,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response, reqwest::Error> {
        let client = match transport {
            Transport::Https => &self.secure,
            Transport::Http => &self.plain,
        };
        client.post(url).headers(headers).body(body).send().await
    }
}

impl fmt::Debug for WebhookSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSender")
            .field("guard", &self.guard)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

fn signed(request: &Request<'_>) -> Option<HeaderMap> {
    let Request {
        id,
        timestamp,
        body,
        secrets,
        ..
    } = *request;
    let mut headers = signature::headers(id, timestamp, body, secrets).ok()?;
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Some(headers)
}

/// A client of one transport, for which names have different addresses to connect to.
fn client(
    guard: &Guard,
    transport: Transport,
    tls: ClientConfig,
    deadline: Duration,
) -> Result<Client, NoSender> {
    Client::builder()
        .user_agent(USER_AGENT)
        .tls_backend_preconfigured(tls)
        .https_only(transport == Transport::Https)
        .dns_resolver(Arc::new(GuardedResolver::new(guard.clone(), transport)))
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        // Shared among a name's addresses, so that one which is dead leaves time for another.
        .connect_timeout(deadline.mul_f64(2.0 / 3.0))
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(IDLE_PER_HOST)
        .build()
        .map_err(|cause| NoSender(cause.into()))
}

/// What has come of an answer.
#[derive(Default)]
struct Answer {
    status: Option<StatusCode>,
    retry_after: Option<RetryAfter>,
    kept: Vec<u8>,
}

impl Answer {
    fn take_head(&mut self, response: &Response) {
        self.status = Some(response.status());
        self.retry_after = RetryAfter::of(response.headers());
    }

    /// Reads to the end, or as far as answers are read; a body that breaks off is as long as it is.
    async fn take_body(&mut self, response: &mut Response) {
        let mut read = 0;
        while read < MAX_READ {
            let Ok(Some(chunk)) = response.chunk().await else {
                return;
            };
            read += chunk.len();
            // One byte more than is kept, to know whether a character was cut.
            let room = (MAX_KEPT + 1).saturating_sub(self.kept.len());
            self.kept.extend(chunk.iter().take(room));
        }
    }
}

fn kept_text(bytes: &[u8]) -> String {
    let mut kept = bytes.get(..MAX_KEPT).unwrap_or(bytes);
    if kept.len() < bytes.len() {
        // A character that the cut went through is left out.
        let whole = kept.utf8_chunks().last().filter(|last| {
            let rest = last.invalid();
            !rest.is_empty() && std::str::from_utf8(rest).is_err_and(|e| e.error_len().is_none())
        });
        let cut = whole.map_or(0, |last| last.invalid().len());
        kept = kept.get(..kept.len() - cut).unwrap_or(kept);
    }
    let plain = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    String::from_utf8_lossy(kept)
        .chars()
        .map(|c| {
            if plain(c) {
                c
            } else {
                char::REPLACEMENT_CHARACTER
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_an_answer_is_text_that_any_store_takes() {
        for (bytes, text) in [
            (b"ok\r\n\t!".as_slice(), "ok\r\n\t!"),
            (b"a\0b\x1b[31m\x7f", "a\u{fffd}b\u{fffd}[31m\u{fffd}"),
            (b"caf\xc3\xa9", "café"),
            (b"caf\xe9", "caf\u{fffd}"),
            (b"caf\xc3", "caf\u{fffd}"),
            (b"", ""),
        ] {
            assert_eq!(kept_text(bytes), text, "{bytes:?}");
        }
    }

    #[test]
    fn a_character_that_the_end_of_what_is_kept_cuts_is_left_out() {
        for before in [MAX_KEPT - 1, MAX_KEPT - 2, MAX_KEPT - 3] {
            let long = format!("{}{}", "a".repeat(before), "名前");
            let kept = kept_text(&long.as_bytes()[..=MAX_KEPT]);
            let expected = if before == MAX_KEPT - 3 { "名" } else { "" };
            assert_eq!(kept.trim_start_matches('a'), expected);
            assert_eq!(kept.len(), before + expected.len());
        }
    }
}
