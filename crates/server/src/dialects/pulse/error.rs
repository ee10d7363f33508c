//! Under construction.

use axum::http::StatusCode;
use axum::response::Response;

use crate::http::failure::Failure;
use crate::http::reply;

/// A failure in this dialect's words.
#[must_use]
pub fn render(failure: &Failure) -> Response {
    reply::json(StatusCode::INTERNAL_SERVER_ERROR, &failure.to_string())
}
