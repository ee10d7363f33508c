//! `/v1/accounts`.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use directory::accounts;
use directory::permission::Permission;
use directory::store::Tx;

use super::answer::{created, creation_key, shown};
use super::list::by_number;
use super::wire::{Resource as _, named_in};
use super::{Caller, Id};
use crate::http::failure::Failure;
use crate::http::idempotency::once;
use crate::http::{Shared, body};

const LIST: &str = "/v1/accounts";

/// `POST /v1/accounts`: 201 with `Location`.
pub(super) async fn create(
    State(app): State<Shared>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    actor.require(Permission::CreateAccounts)?;
    actor.require_full_access()?;
    let object = body::json_object(&app, &headers, body).await?;
    let key = creation_key(&headers, &actor, LIST, &object)?;
    let input = named_in(&object, &[], &[]);
    let maker = actor.clone();
    let run = move |tx: &Tx<'_>, (): &()| {
        let made = accounts::create(tx, &maker, &input.name, input.violations.clone())?;
        created(LIST, made.id, made.version, &made.out())
    };
    once(&app, &actor, key, async { Ok(()) }, run).await
}

/// `GET /v1/accounts/{id}`.
pub(super) async fn show(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
) -> Result<Response, Failure> {
    let found = app
        .directory
        .read(move |tx| accounts::get(tx, &actor, id))
        .await?;
    Ok(shown(found.version, &found.out()))
}

/// `GET /v1/accounts`, by number.
pub(super) async fn list(
    State(app): State<Shared>,
    Caller(actor): Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    actor.require(Permission::ReadAccounts)?;
    by_number(&app, actor, LIST, query.as_deref(), accounts::list).await
}
