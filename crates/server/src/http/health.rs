//! Whether the server lives, and whether it can serve.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::{Shared, reply};

/// `GET /health/live`: the process answers.
pub async fn live() -> Response {
    reply::json(StatusCode::OK, &json!({ "status": "ok" }))
}

/// `GET /health/ready`: the database answers too; else 503.
pub async fn ready(State(app): State<Shared>) -> Response {
    match app.directory.read(directory::tenants::list).await {
        Ok(_) => reply::json(StatusCode::OK, &json!({ "status": "ok", "database": "ok" })),
        Err(cause) => {
            tracing::warn!(error = directory::with_causes(&cause), "not ready");
            let body = json!({ "status": "unavailable", "database": "unavailable" });
            reply::json(StatusCode::SERVICE_UNAVAILABLE, &body)
        }
    }
}
