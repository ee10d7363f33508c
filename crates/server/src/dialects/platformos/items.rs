//! `/api/user/transactables` and `/api/user/relationship_users`: what stands around the user who
//! acts.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::forms::{
    Resource, SectionKind, check_item, check_item_update, create_item, delete_item, update_item,
};

use super::quirks::CONTENT_TYPE;
use super::users::{filled_in, require_some};
use super::wire::{FormIn, MadeOut, creator_in};
use super::{Caller, Id, error};
use crate::http::failure::Failure;
use crate::http::{Shared, body, reply};

async fn create(
    app: Shared,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Body,
    resource: Resource,
) -> Result<Response, Failure> {
    require_some(&actor)?;
    let object = body::json_object(&app, &headers, body).await?;
    let creator = match creator_in(&object) {
        Ok(creator) => creator,
        Err(wrong) => return Ok(error::wrong_parameters(&wrong)),
    };
    let FormIn { form, given } = match filled_in(&app, actor.tenant, object, resource).await? {
        Ok(form) => form,
        Err(refused) => return Ok(refused),
    };
    let checked = check_item(&form, &given)?;
    let id = app
        .directory
        .write(move |tx| create_item(tx, &actor, &form, creator, &checked))
        .await?;
    let out = MadeOut::new(id);
    Ok(reply::json_as(StatusCode::CREATED, CONTENT_TYPE, &out))
}

async fn update(
    app: Shared,
    Caller(actor): Caller,
    Id(id): Id,
    headers: HeaderMap,
    body: Body,
    resource: Resource,
) -> Result<Response, Failure> {
    require_some(&actor)?;
    let object = body::json_object(&app, &headers, body).await?;
    let FormIn { form, given } = match filled_in(&app, actor.tenant, object, resource).await? {
        Ok(form) => form,
        Err(refused) => return Ok(refused),
    };
    let (reader, asked, sent) = (actor.clone(), form.clone(), given.clone());
    let checked = app
        .directory
        .read(move |tx| check_item_update(tx, &reader, &asked, id, &sent))
        .await?;
    app.directory
        .write(move |tx| update_item(tx, &actor, &form, id, &given, &checked))
        .await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

async fn delete(
    app: Shared,
    Caller(actor): Caller,
    Id(id): Id,
    kind: SectionKind,
) -> Result<Response, Failure> {
    require_some(&actor)?;
    app.directory
        .write(move |tx| delete_item(tx, &actor, kind, id))
        .await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// `POST /api/user/transactables`: 201 with its number.
pub(super) async fn create_transactable(
    State(app): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    create(app, caller, headers, body, Resource::Transactable).await
}

/// `PUT` and `PATCH /api/user/transactables/{id}`: 204.
pub(super) async fn update_transactable(
    State(app): State<Shared>,
    caller: Caller,
    id: Id,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    update(app, caller, id, headers, body, Resource::Transactable).await
}

/// `DELETE /api/user/transactables/{id}`: 204.
pub(super) async fn delete_transactable(
    State(app): State<Shared>,
    caller: Caller,
    id: Id,
) -> Result<Response, Failure> {
    delete(app, caller, id, SectionKind::Transactables).await
}

/// `POST /api/user/relationship_users`: 201 with its number.
pub(super) async fn create_relationship(
    State(app): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    create(app, caller, headers, body, Resource::RelationshipUser).await
}

/// `PUT` and `PATCH /api/user/relationship_users/{id}`: 204.
pub(super) async fn update_relationship(
    State(app): State<Shared>,
    caller: Caller,
    id: Id,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    update(app, caller, id, headers, body, Resource::RelationshipUser).await
}

/// `DELETE /api/user/relationship_users/{id}`: 204.
pub(super) async fn delete_relationship(
    State(app): State<Shared>,
    caller: Caller,
    id: Id,
) -> Result<Response, Failure> {
    delete(app, caller, id, SectionKind::Relationships).await
}
