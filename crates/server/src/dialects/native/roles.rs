//! `/v1/roles`.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::permission::{Permission, PermissionSet};
use directory::roles;
use directory::store::Tx;

use super::answer::{created, creation_key, expected, shown};
use super::list::by_number;
use super::wire::{Resource as _, role_in};
use super::{Caller, Id};
use crate::http::failure::Failure;
use crate::http::idempotency::once;
use crate::http::{Shared, body, reply};

const LIST: &str = "/v1/roles";

/// `GET /v1/roles`, by number.
pub(super) async fn list(
    State(app): State<Shared>,
    Caller(actor): Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    actor.require(Permission::ReadRoles)?;
    by_number(&app, actor, LIST, query.as_deref(), roles::list).await
}

/// `POST /v1/roles` `{"name","permissions"}`: 201 with `Location`.
pub(super) async fn create(
    State(app): State<Shared>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    actor.require(Permission::UpdateRoles)?;
    let object = body::json_object(&app, &headers, body).await?;
    let key = creation_key(&headers, &actor, LIST, &object)?;
    let (name, permissions, violations) = role_in(&object, true);
    let permissions = permissions.unwrap_or(PermissionSet::NONE);
    let maker = actor.clone();
    let run = move |tx: &Tx<'_>, (): &()| {
        let made = roles::create(tx, &maker, &name, permissions, violations.clone())?;
        created(LIST, made.id, made.version, &made.out())
    };
    once(&app, &actor, key, async { Ok(()) }, run).await
}

/// `GET /v1/roles/{id}`.
pub(super) async fn show(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
) -> Result<Response, Failure> {
    let found = app
        .directory
        .read(move |tx| roles::get(tx, &actor, id))
        .await?;
    Ok(shown(found.version, &found.out()))
}

/// `PATCH /v1/roles/{id}` `{"permissions"}`: JSON Merge Patch, `If-Match`.
pub(super) async fn update(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    actor.require(Permission::UpdateRoles)?;
    let object = body::json_object(&app, &headers, body).await?;
    let expected = expected(&headers);
    let (_, permissions, violations) = role_in(&object, false);
    let write = move |tx: &Tx<'_>| {
        let none = violations.clone();
        roles::update(tx, &actor, id, expected.as_deref(), permissions, none)
    };
    let changed = app.directory.write(write).await?;
    Ok(shown(changed.version, &changed.out()))
}

/// `DELETE /v1/roles/{id}`: 204; 409 while somebody has it.
pub(super) async fn delete(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    actor.require(Permission::UpdateRoles)?;
    let expected = expected(&headers);
    app.directory
        .write(move |tx| roles::delete(tx, &actor, id, expected.as_deref()))
        .await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
