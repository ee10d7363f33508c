//! Calls from pages of other origins: only those that the operator names, and never with
//! cookies, so that what a browser keeps of its person is of no use there (Fetch Standard,
//! "HTTP extensions").

use std::str::FromStr;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};
use url::Url;

/// How long a browser may keep what it was told.
const KEPT: Duration = Duration::from_secs(600);

/// An origin as browsers write it: `https://app.example.com`, `http://localhost:3000`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedOrigin(HeaderValue);

/// A text that is no origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an origin is SCHEME://HOST or SCHEME://HOST:PORT, such as https://app.example.com")]
pub struct NotAnOrigin;

impl FromStr for AllowedOrigin {
    type Err = NotAnOrigin;

    /// Takes http and https, written exactly as browsers send it. `*` and `null` are none: whose
    /// page it is would not be known.
    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        let url = Url::parse(text).map_err(|_| NotAnOrigin)?;
        let web = matches!(url.scheme(), "http" | "https") && !text.contains('*');
        if !web || url.origin().ascii_serialization() != text {
            return Err(NotAnOrigin);
        }
        HeaderValue::from_str(text)
            .map(Self)
            .map_err(|_| NotAnOrigin)
    }
}

/// The origins that the operator named; by default none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedOrigins(Vec<HeaderValue>);

impl FromIterator<AllowedOrigin> for AllowedOrigins {
    fn from_iter<T: IntoIterator<Item = AllowedOrigin>>(origins: T) -> Self {
        Self(
            origins
                .into_iter()
                .map(|AllowedOrigin(value)| value)
                .collect(),
        )
    }
}

impl AllowedOrigins {
    /// What tells browsers; none where no origin was named.
    #[must_use]
    pub fn layer(&self) -> Option<CorsLayer> {
        if self.0.is_empty() {
            return None;
        }
        let layer = CorsLayer::new()
            .allow_origin(AllowOrigin::list(self.0.clone()))
            .allow_methods([
                Method::GET,
                Method::POST,
                Method::PUT,
                Method::PATCH,
                Method::DELETE,
            ])
            .allow_headers(TAKEN)
            .expose_headers(SHOWN)
            .max_age(KEPT);
        Some(layer)
    }
}

/// The headers that a page may send.
pub const TAKEN: [HeaderName; 10] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("last-event-id"),
    HeaderName::from_static("muster-tenant"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("x-account-id"),
    HeaderName::from_static("x-request-id"),
];

/// The headers that a page may read.
pub const SHOWN: [HeaderName; 9] = [
    header::ALLOW,
    header::ETAG,
    header::LINK,
    header::LOCATION,
    header::RETRY_AFTER,
    header::WWW_AUTHENTICATE,
    HeaderName::from_static("idempotency-replayed"),
    HeaderName::from_static("ratelimit"),
    HeaderName::from_static("x-request-id"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        for good in [
            "https://app.example.com",
            "http://localhost:3000",
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
        ] {
            assert!(good.parse::<AllowedOrigin>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "*",
            "null",
            "app.example.com",
            "https://app.example.com/",
            "https://app.example.com/x",
            "https://app.example.com:443",
            "https://App.example.com",
            "https://*.example.com",
            "https://a:b@example.com",
            "file:///x",
            "ftp://example.com",
            "chrome-extension://x",
        ] {
            assert_eq!(bad.parse::<AllowedOrigin>(), Err(NotAnOrigin), "{bad}");
        }
    }

    #[test]
    fn nothing_is_told_unless_an_origin_is_named() {
        assert!(AllowedOrigins::default().layer().is_none());
    }
}
