//! `/api/users` (seed 003).

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::forms::{Resource, Submission, check_update, update_user};
use directory::permission::Permission;
use directory::query::UserFilter;
use directory::store::Tx;
use directory::users::{self, Include, UserKey};
use directory::{Actor, Principal, TenantId};

use super::quirks::CONTENT_TYPE;
use super::wire::{FormIn, MadeOut, NoForm, UsersOut, form_in, page_in, user_out};
use super::{Caller, Id, error};
use crate::http::failure::Failure;
use crate::http::{Shared, body, reply};

const INCLUDE: Include = Include {
    accounts: false,
    groups: false,
    badges: false,
    roles: false,
    preferences: false,
    records: true,
};

/// The body's form of a resource, or 406.
pub(super) async fn filled_in(
    app: &Shared,
    tenant: TenantId,
    object: serde_json::Map<String, serde_json::Value>,
    resource: Resource,
) -> Result<Result<FormIn, Response>, Failure> {
    match form_in(app, tenant, object, resource).await {
        Ok(form) => Ok(Ok(form)),
        Err(NoForm::WrongParameters(wrong)) => Ok(Err(error::wrong_parameters(&wrong))),
        Err(NoForm::Failed(failure)) => Err(failure),
    }
}

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
    let FormIn { form, given } = match filled_in(&app, actor.tenant, object, Resource::User).await?
    {
        Ok(form) => form,
        Err(refused) => return Ok(refused),
    };
    let Submission {
        mut change,
        password,
        violations,
    } = Submission::of_user(&form, &given, None);
    change.password = app.directory.hash_password(password, &violations).await?;
    let write = move |tx: &Tx<'_>| {
        users::create(tx, &actor, &change, violations.clone(), Include::default())
            .map_err(|refused| form.reword(refused))
    };
    let made = app.directory.write(write).await?;
    let out = MadeOut::new(made.user.id);
    Ok(reply::json_as(StatusCode::CREATED, CONTENT_TYPE, &out))
}

/// `PUT` and `PATCH /api/users/{id}`: 204.
pub(super) async fn update(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    require_some(&actor)?;
    let object = body::json_object(&app, &headers, body).await?;
    let FormIn { form, given } = match filled_in(&app, actor.tenant, object, Resource::User).await?
    {
        Ok(form) => form,
        Err(refused) => return Ok(refused),
    };
    let (reader, asked, sent) = (actor.clone(), form.clone(), given.clone());
    let checked = app
        .directory
        .read(move |tx| check_update(tx, &reader, &asked, id, &sent))
        .await?;
    let password = checked.submission.password.clone();
    let violations = &checked.submission.violations;
    let hashed = app.directory.hash_password(password, violations).await?;
    let write = move |tx: &Tx<'_>| {
        let password = hashed.as_ref();
        update_user(tx, &actor, &form, id, &given, &checked, password)
    };
    app.directory.write(write).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// Refuses a key that may change nobody, before its body is read. What users may change of
/// themselves, a form says.
pub(super) fn require_some(actor: &Actor) -> Result<(), Failure> {
    if !matches!(actor.principal, Principal::User(_)) {
        actor.require(Permission::UpdateUsers)?;
    }
    Ok(actor.require_full_access()?)
}

/// `GET /api/users/{id}`.
pub(super) async fn show(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
) -> Result<Response, Failure> {
    let view = app
        .directory
        .read(move |tx| users::get(tx, &actor, &UserKey::Id(id), INCLUDE))
        .await?;
    let out = user_out(&view);
    Ok(reply::json_as(StatusCode::OK, CONTENT_TYPE, &out))
}

/// `GET /api/users`: a page by its number, and how many users there are.
pub(super) async fn list(
    State(app): State<Shared>,
    Caller(actor): Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    actor.require(Permission::ReadUsers)?;
    let page = page_in(&app, query.as_deref())?;
    let read = move |tx: &Tx<'_>| {
        let filter = UserFilter::default();
        let views = users::page(tx, &actor, &filter, page, INCLUDE)?;
        Ok((views, users::count(tx, &actor)?))
    };
    let (views, total) = app.directory.read(read).await?;
    let out = UsersOut::new(&views, total);
    Ok(reply::json_as(StatusCode::OK, CONTENT_TYPE, &out))
}
