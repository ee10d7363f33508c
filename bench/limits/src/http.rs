//! The key, the answers and the listener.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::setting;

/// The one key there is, as the SHA-256 of its bearer token.
pub struct Key([u8; 32]);

impl Key {
    /// The key whose token is `KEY` in the environment.
    #[must_use]
    pub fn from_environment() -> Self {
        Self(Sha256::digest(setting("KEY")).into())
    }

    /// Whether a request carries it.
    #[must_use]
    pub fn is_in(&self, headers: &HeaderMap) -> bool {
        headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .is_some_and(|token| <[u8; 32]>::from(Sha256::digest(token)) == self.0)
    }
}

/// The parameters of a list: rows whose `id` is greater than `after`, of one last name if said.
#[derive(Deserialize)]
pub struct ListQuery {
    /// The last name, folded.
    pub last_name: Option<String>,
    /// The id that the page starts after.
    #[serde(default)]
    pub after: i64,
    /// Rows at most.
    #[serde(default = "fifty")]
    pub limit: i64,
}

/// The parameters of a page by its place.
#[derive(Deserialize)]
pub struct PageQuery {
    /// Rows before it.
    pub offset: i64,
    /// Rows at most.
    #[serde(default = "fifty")]
    pub limit: i64,
}

fn fifty() -> i64 {
    50
}

/// A JSON answer.
pub fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (status, kind, body.into()).into_response()
}

/// Serves on `LISTEN` of the environment, `/health` beside the routes given, until the process
/// is killed.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn serve(router: Router) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind(setting("LISTEN")).await?;
    let router = router.route("/health", get(|| async { "ok" }));
    axum::serve(listener, router).await
}
