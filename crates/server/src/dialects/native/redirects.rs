//! `/v1/redirects`: where pages may lead to once they are done.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::permission::Permission;
use directory::redirects;
use directory::store::Tx;

use super::answer::{created, creation_key};
use super::list::by_number;
use super::wire::{Resource as _, redirect_in};
use super::{Caller, Id};
use crate::http::failure::Failure;
use crate::http::idempotency::once;
use crate::http::{Shared, body, reply};

const LIST: &str = "/v1/redirects";

/// `POST /v1/redirects` `{"uri"}`: 201.
pub(super) async fn create(
    State(app): State<Shared>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    actor.require(Permission::Administer)?;
    actor.require_full_access()?;
    let object = body::json_object(&app, &headers, body).await?;
    let key = creation_key(&headers, &actor, LIST, &object)?;
    let (uri, violations) = redirect_in(&object);
    let adder = actor.clone();
    let run = move |tx: &Tx<'_>, (): &()| {
        let added = redirects::add(tx, &adder, &uri, violations.clone())?;
        created(LIST, added.id, added.id, &added.out())
    };
    once(&app, &actor, key, async { Ok(()) }, run).await
}

/// `GET /v1/redirects`, by number.
pub(super) async fn list(
    State(app): State<Shared>,
    Caller(actor): Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    actor.require(Permission::Administer)?;
    by_number(&app, actor, LIST, query.as_deref(), redirects::list).await
}

/// `DELETE /v1/redirects/{id}`: 204; no page leads there any more.
pub(super) async fn remove(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
) -> Result<Response, Failure> {
    app.directory
        .write(move |tx| redirects::remove(tx, &actor, id))
        .await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
