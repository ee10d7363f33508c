//! `/v1/accounts/{id}/members`.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::Error;
use directory::idempotency::Answer;
use directory::members;
use directory::permission::Permission;
use directory::store::Tx;

use super::answer::creation_key;
use super::list::Parameters;
use super::wire::{MemberIn, Resource as _, member_in};
use super::{Caller, Id, Ids};
use crate::http::failure::Failure;
use crate::http::idempotency::once;
use crate::http::{Shared, body, reply};

fn place(account: i64) -> String {
    format!("/v1/accounts/{account}/members")
}

/// `GET /v1/accounts/{id}/members`, by the user's number.
pub(super) async fn list(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(account): Id,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let parameters = Parameters::read(&app, place(account), query.as_deref(), &[])?;
    let limit = parameters.limit()?;
    let after = parameters.after(&app, &actor)?.map(|position| position.id);
    let asker = actor.clone();
    let listed = app
        .directory
        .read(move |tx| members::list(tx, &asker, account, after, limit))
        .await?;
    Ok(parameters.page(&app, &actor, &listed))
}

/// `POST /v1/accounts/{id}/members` `{"user_id","role"?,"admin"?,"primary"?}`: 201.
pub(super) async fn add(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(account): Id,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    actor.require(Permission::UpdateAccounts)?;
    let object = body::json_object(&app, &headers, body).await?;
    let list = place(account);
    let key = creation_key(&headers, &actor, &list, &object)?;
    let input = member_in(&object, true);
    let adder = actor.clone();
    let run = move |tx: &Tx<'_>, (): &()| {
        let MemberIn {
            user_id,
            change,
            violations,
        } = &input;
        let member = members::add(tx, &adder, account, *user_id, *change, violations.clone())?;
        Ok(Answer {
            status: StatusCode::CREATED.as_u16(),
            location: Some(format!("{list}/{user_id}")),
            etag: None,
            body: serde_json::to_string(&member.out()).map_err(Error::internal)?,
        })
    };
    once(&app, &actor, key, async { Ok(()) }, run).await
}

/// `GET /v1/accounts/{id}/members/{user_id}`.
pub(super) async fn show(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Ids(account, user): Ids,
) -> Result<Response, Failure> {
    let member = app
        .directory
        .read(move |tx| members::get(tx, &actor, account, user))
        .await?;
    Ok(reply::json(StatusCode::OK, &member.out()))
}

/// `PATCH /v1/accounts/{id}/members/{user_id}`: JSON Merge Patch.
pub(super) async fn change(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Ids(account, user): Ids,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    actor.require(Permission::UpdateAccounts)?;
    let object = body::json_object(&app, &headers, body).await?;
    let input = member_in(&object, false);
    let write = move |tx: &Tx<'_>| {
        let violations = input.violations.clone();
        members::change(tx, &actor, account, user, input.change, violations)
    };
    let member = app.directory.write(write).await?;
    Ok(reply::json(StatusCode::OK, &member.out()))
}

/// `DELETE /v1/accounts/{id}/members/{user_id}`: 204.
pub(super) async fn remove(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Ids(account, user): Ids,
) -> Result<Response, Failure> {
    app.directory
        .write(move |tx| members::remove(tx, &actor, account, user))
        .await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
