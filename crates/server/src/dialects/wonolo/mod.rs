//! Under construction.

pub mod error;

use axum::Router;

use crate::http::Shared;

/// Its routes.
pub fn routes() -> Router<Shared> {
    Router::new()
}
