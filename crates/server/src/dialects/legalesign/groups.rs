//! `/api/v1/group/`.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::Error;
use directory::groups::{self, Reach, members};
use directory::permission::Permission;
use directory::query::Window;
use directory::store::Tx;

use super::quirks::MAX_LIMIT;
use super::wire::{self, GroupOut, ListQuery, WholeGroupOut};
use super::{Caller, Slug, made};
use crate::http::failure::Failure;
use crate::http::{Shared, body, reply};

/// `GET /api/v1/group/`.
pub(super) async fn list(
    State(app): State<Shared>,
    Caller(actor): Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    actor.require(Permission::ReadGroups)?;
    let parameters = body::query(&app, query.as_deref())?;
    let asked = ListQuery::read("/api/v1/group/", &parameters, false)?;
    let window = asked.window;
    let read = move |tx: &Tx<'_>| {
        let reach = Reach::of(tx, &actor)?;
        groups::window(tx, &actor, reach, window)
    };
    let found = app.directory.read(read).await?;
    let objects: Vec<GroupOut> = found.rows.into_iter().map(GroupOut::of).collect();
    Ok(reply::json(
        StatusCode::OK,
        &asked.page(objects, found.total),
    ))
}

/// `POST /api/v1/group/`: 201 with `Location`.
pub(super) async fn create(
    State(app): State<Shared>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    actor.require(Permission::CreateGroups)?;
    actor.require_full_access()?;
    let object = body::json_object(&app, &headers, body).await?;
    let (new, violations) = wire::group_in(&object);
    let write = move |tx: &Tx<'_>| {
        let reach = Reach::of(tx, &actor)?;
        groups::found(tx, &actor, reach, &new, violations.clone())
    };
    let group = app.directory.write(write).await?;
    made(&wire::group_uri(&group.slug))
}

/// `GET /api/v1/group/{slug}/`.
pub(super) async fn show(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Slug(slug): Slug,
) -> Result<Response, Failure> {
    let read = move |tx: &Tx<'_>| {
        let reach = Reach::of(tx, &actor)?;
        let group = groups::profile(tx, &actor, reach, &slug)?;
        let window = Window {
            offset: 0,
            limit: MAX_LIMIT,
        };
        let listed = match members::list(tx, &actor, reach, Some(group.id), window) {
            Ok(listed) => listed.rows,
            // Who may read groups alone sees one without its members.
            Err(Error::Forbidden(_)) => Vec::new(),
            Err(cause) => return Err(cause),
        };
        Ok((group, listed))
    };
    let (group, members) = app.directory.read(read).await?;
    Ok(reply::json(
        StatusCode::OK,
        &WholeGroupOut::of(group, &members),
    ))
}

/// `PATCH /api/v1/group/{slug}/`: 202 without a body.
pub(super) async fn update(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Slug(slug): Slug,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    actor.require(Permission::UpdateGroups)?;
    actor.require_full_access()?;
    let object = body::json_object(&app, &headers, body).await?;
    let (name, violations) = wire::public_name_in(&object);
    let write = move |tx: &Tx<'_>| {
        let reach = Reach::of(tx, &actor)?;
        groups::rename(tx, &actor, reach, &slug, &name, violations.clone())
    };
    app.directory.write(write).await?;
    Ok(reply::empty(StatusCode::ACCEPTED))
}
