//! `/users` (seed 002, "Create a new user"; contracts, pulse).

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::Error;
use directory::model::UserView;
use directory::permission::Permission;
use directory::store::Tx;
use directory::users::{self, Include};
use directory::violation::Rule;

use super::wire::{NewUser, named, user_in, user_key, user_out};
use super::{Caller, quirks};
use crate::http::failure::Failure;
use crate::http::{Shared, reply};

const INCLUDE: Include = Include {
    accounts: true,
    groups: false,
    badges: false,
    roles: true,
    preferences: true,
    records: false,
};

/// `POST /users`: 201 with the user, a member of the header's account.
pub(super) async fn create(
    State(app): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let actor = caller.actor();
    actor.require(Permission::CreateUsers)?;
    // Whoever sees a pool of workers alone makes no users, through this API either.
    actor.require_full_access()?;
    let object = quirks::json_object(&app, &headers, body).await?;
    let new = user_in(&object, caller.account());
    let write = move |tx: &Tx<'_>| insert(tx, &caller, &new);
    match app.directory.write(write).await {
        Ok(view) => Ok(reply::json(StatusCode::CREATED, &user_out(&view))),
        Err(Error::Invalid(violations)) => Err(Error::Invalid(named(&violations, &object)).into()),
        Err(cause) => Err(cause.into()),
    }
}

/// Makes the user. An account in a preference must be one that the caller has part in; what
/// exists and is not theirs is refused as what does not exist.
fn insert(tx: &Tx<'_>, caller: &Caller, new: &NewUser) -> Result<UserView, Error> {
    let mut change = new.change.clone();
    let mut violations = new.violations.clone();
    let mut kept = Vec::new();
    for each in &new.preferences {
        match each.rule.account_id {
            Some(account) if !caller.reaches(tx, account)? => {
                violations.add(each.path.child("accountId"), Rule::MustExist);
            }
            Some(_) | None => kept.push(each.rule.clone()),
        }
    }
    change.preferences = (!kept.is_empty()).then_some(kept);
    users::create(tx, &caller.actor(), &change, violations, INCLUDE)
}

/// `GET /users/{email or id}`: one member of the header's account.
pub(super) async fn show(
    State(app): State<Shared>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let actor = caller.actor();
    actor.require(Permission::ReadUsers)?;
    let key = path.ok().and_then(|Path(text)| user_key(&text));
    let Some(key) = key else {
        return Err(Error::NotFound.into());
    };
    let account = caller.account();
    let view = app
        .directory
        .read(move |tx| users::get(tx, &actor, &key, INCLUDE))
        .await?;
    // A caller with Public Pool access sees workers who are no members of the account.
    if !view.accounts.iter().any(|each| each.account_id == account) {
        return Err(Error::NotFound.into());
    }
    Ok(reply::json(StatusCode::OK, &user_out(&view)))
}
