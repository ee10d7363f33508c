//! What is known of a request before its handler: its id and where it comes from. Also the
//! one line of log that it leaves.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use super::failure::{Carried, Failure};
use super::{Shared, metrics};
use crate::dialects::Dialect;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest request id taken from a client.
const MAX_REQUEST_ID: usize = 128;

/// What is known of a request before its handler.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// Its id: the client's own `X-Request-Id`, or a new one.
    pub id: String,
    /// The address of the client, as far as trusted proxies tell; never logged.
    pub address: IpAddr,
    /// The dialect that its path belongs to.
    pub dialect: Dialect,
    /// Its path, for errors that name their resource; never logged.
    pub path: String,
}

impl<S: Send + Sync> FromRequestParts<S> for RequestContext {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let context = parts.extensions.get::<Self>().cloned();
        context.ok_or_else(|| directory::Error::internal("a request without a context").into())
    }
}

/// The outermost layer: gives the request its context, words a failure in the dialect of
/// its path, and logs one line with nothing personal in it.
pub async fn serve(State(app): State<Shared>, mut request: Request, next: Next) -> Response {
    let clock = app.directory.clock();
    let started = clock.monotonic();
    let context = context_of(&app, &request);
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unrouted".to_owned(), |path| path.as_str().to_owned());
    let trace = trace_id(request.headers());
    request.extensions_mut().insert(context.clone());
    let mut response = next.run(request).await;
    if let Some(Carried(failure)) = response.extensions_mut().remove::<Carried>() {
        response = word(&failure, &context, response);
    }
    if let Ok(id) = HeaderValue::from_str(&context.id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let status = response.status().as_u16();
    let elapsed = clock.monotonic().saturating_sub(started);
    metrics::count(context.dialect.name(), &route, &method, status, elapsed);
    tracing::info!(
        request_id = context.id,
        trace_id = trace.as_deref(),
        dialect = context.dialect.name(),
        method = %method,
        route,
        status,
        duration_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
        "request"
    );
    response
}

/// Headers that are set around a handler, and belong to its failure too.
const KEPT: [HeaderName; 4] = [
    header::ALLOW,
    header::VARY,
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
    header::ACCESS_CONTROL_EXPOSE_HEADERS,
];

/// The failure in its dialect's words; headers that the router and its layers set are kept.
fn word(failure: &Failure, context: &RequestContext, bare: Response) -> Response {
    if let Failure::Domain(
        cause @ (directory::Error::Internal(_) | directory::Error::Unavailable(_)),
    ) = failure
    {
        tracing::error!(
            request_id = context.id,
            error = directory::with_causes(cause),
            "a request failed"
        );
    }
    let mut response = context.dialect.render(failure, context);
    if let Some(seconds) = failure.retry_after() {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, seconds.into());
    }
    for kept in KEPT {
        if let Some(value) = bare.headers().get(&kept) {
            response.headers_mut().insert(kept, value.clone());
        }
    }
    response
}

fn context_of(app: &Shared, request: &Request) -> RequestContext {
    let given = request
        .headers()
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| (1..=MAX_REQUEST_ID).contains(&id.len()) && id.bytes().all(plain));
    let id = given.map_or_else(
        || {
            let now = app.directory.clock().now();
            directory::clock::uuid_v7(now, app.directory.random())
        },
        str::to_owned,
    );
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(address)| {
            address.ip()
        });
    let address = app.trusted_proxies.client(peer, request.headers());
    let path = request.uri().path().to_owned();
    RequestContext {
        id,
        address,
        dialect: Dialect::of_path(&path),
        path,
    }
}

/// The trace that the request is part of: the second field of `traceparent` (W3C Trace
/// Context, section 3.2.2.3), 32 lower-case hexadecimal digits that are not all zero.
fn trace_id(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("traceparent")?.to_str().ok()?;
    let id = value.split('-').nth(1)?;
    let hex = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
    let valid = id.len() == 32 && id.bytes().all(hex) && id.bytes().any(|byte| byte != b'0');
    valid.then(|| id.to_owned())
}

fn plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traced(value: &'static str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", HeaderValue::from_static(value));
        trace_id(&headers)
    }

    #[test]
    fn a_trace_is_taken_over_when_it_is_one() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(
            traced(good).as_deref(),
            Some("4bf92f3577b34da6a3ce929d0e0e4736")
        );
        for bad in [
            "",
            "00",
            "00-x-y-01",
            "00-00000000000000000000000000000000-1-01",
        ] {
            assert_eq!(traced(bad), None, "{bad}");
        }
    }
}
