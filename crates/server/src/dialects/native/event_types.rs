//! `/v1/event-types`.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use directory::event;
use directory::permission::Permission;

use super::Caller;
use super::list::by_number;
use crate::http::Shared;
use crate::http::failure::Failure;

/// `GET /v1/event-types`: what can happen, in the catalogue's order.
pub(super) async fn list(
    State(app): State<Shared>,
    Caller(actor): Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    actor.require(Permission::ReadEvents)?;
    by_number(
        &app,
        actor,
        "/v1/event-types",
        query.as_deref(),
        event::types,
    )
    .await
}
