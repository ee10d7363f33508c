//! `/api/users` (seed 003).

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::forms::Resource;
use directory::permission::Permission;
use directory::users::{self, Include, UserKey};

use super::quirks::CONTENT_TYPE;
use super::wire::{MadeOut, form_in, user_in, user_out};
use super::{Caller, Id, error};
use crate::http::failure::Failure;
use crate::http::{Shared, body, reply};

/// `POST /api/users`: 201 with the number of the new user.
pub(super) async fn create(
    State(app): State<Shared>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    actor.require(Permission::CreateUsers)?;
    actor.require_full_access()?;
    let object = body::json_object(&app, &headers, body).await?;
    let (form, given) = match form_in(&object, Resource::User) {
        Ok(request) => request,
        Err(wrong) => return Ok(error::wrong_parameters(&wrong)),
    };
    let (mut change, password, violations) = user_in(form, given);
    change.password = app.directory.hash_password(password, &violations).await?;
    let write = move |tx: &directory::store::Tx<'_>| {
        users::create(tx, &actor, &change, violations.clone(), Include::default())
            .map_err(|refused| form.reword(refused))
    };
    let made = app.directory.write(write).await?;
    let out = MadeOut::new(made.user.id);
    Ok(reply::json_as(StatusCode::CREATED, CONTENT_TYPE, &out))
}

/// `GET /api/users/{id}`.
pub(super) async fn show(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
) -> Result<Response, Failure> {
    let view = app
        .directory
        .read(move |tx| users::get(tx, &actor, &UserKey::Id(id), Include::default()))
        .await?;
    Ok(reply::json_as(
        StatusCode::OK,
        CONTENT_TYPE,
        &user_out(&view.user),
    ))
}
