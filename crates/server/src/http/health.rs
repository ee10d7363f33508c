//! Whether the server lives, and whether it can serve.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::{Shared, reply};
use crate::deliver::message::Channel;

/// `GET /health/live`: the process answers.
pub async fn live() -> Response {
    reply::json(StatusCode::OK, &json!({ "status": "ok" }))
}

/// `GET /health/ready`: the database answers too; else 503. Tells whether email and SMS leave,
/// which a server can serve without.
pub async fn ready(State(app): State<Shared>) -> Response {
    match app.directory.read(directory::tenants::list).await {
        Ok(_) => {
            let leaves = |channel| {
                let route = app.mailer.as_ref().and_then(|mailer| mailer.route(channel));
                route.unwrap_or("waits: not configured")
            };
            let body = json!({
                "status": "ok",
                "database": "ok",
                "email": leaves(Channel::Email),
                "sms": leaves(Channel::Sms),
            });
            reply::json(StatusCode::OK, &body)
        }
        Err(cause) => {
            tracing::warn!(error = directory::with_causes(&cause), "not ready");
            let body = json!({ "status": "unavailable", "database": "unavailable" });
            reply::json(StatusCode::SERVICE_UNAVAILABLE, &body)
        }
    }
}
