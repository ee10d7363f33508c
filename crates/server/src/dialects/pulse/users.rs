//! `/users` (seed 002, "Create a new user"; contracts, pulse).

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::Error;
use directory::model::UserView;
use directory::permission::Permission;
use directory::store::{Tx, UserKey};
use directory::users::{self, Include};
use directory::violation::{Rule, Violations};
use directory::{Actor, grants, members, roles};

use super::preferences::{self, named_user};
use super::wire::{ChangedUser, NewUser, change_in, named, user_in, user_key, user_out};
use super::{Caller, quirks};
use crate::http::failure::Failure;
use crate::http::{Shared, reply};

pub(super) const INCLUDE: Include = Include {
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
    let limits = preferences::limits(&app);
    let object = quirks::json_object(&app, &headers, body, &limits).await?;
    let new = user_in(&object, caller.account());
    let write = move |tx: &Tx<'_>| Ok(caller.seen(insert(tx, &caller, &new)?));
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
    let kept = preferences::reached(tx, caller, &new.preferences, &mut violations)?;
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
    Ok(reply::json(StatusCode::OK, &user_out(&caller.seen(view))))
}

/// `PATCH /users/{email or id}`: 200 with the user; only what is named changes.
pub(super) async fn update(
    State(app): State<Shared>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let actor = caller.actor();
    actor.require(Permission::UpdateUsers)?;
    actor.require_full_access()?;
    let key = named_user(path)?;
    // Absent and not to be seen are told before the body is judged.
    let (asker, asked) = (Actor::system(actor.tenant, ""), key.clone());
    let asker = asker.within_account(caller.account());
    let find = move |tx: &Tx<'_>| users::get(tx, &asker, &asked, Include::default());
    let user = app.directory.read(find).await?.user.id;
    let limits = preferences::limits(&app);
    let object = quirks::json_object(&app, &headers, body, &limits).await?;
    let changed = change_in(&object, caller.account());
    let write = move |tx: &Tx<'_>| Ok(caller.seen(apply(tx, &caller, user, &changed)?));
    match app.directory.write(write).await {
        Ok(view) => Ok(reply::json(StatusCode::OK, &user_out(&view))),
        Err(Error::Invalid(violations)) => Err(Error::Invalid(named(&violations, &object)).into()),
        Err(cause) => Err(cause.into()),
    }
}

/// Makes the change; roles and preferences by the rules that they have elsewhere. What is wrong is
/// told all at once, so nothing is set before all is known.
fn apply(
    tx: &Tx<'_>,
    caller: &Caller,
    user: i64,
    changed: &ChangedUser,
) -> Result<UserView, Error> {
    let (actor, key) = (caller.actor(), UserKey::Id(user));
    let mut violations = changed.violations.clone();
    let roles = changed.roles.as_deref();
    for grant in roles.unwrap_or_default() {
        if !roles::exists(tx, &actor, &grant.name)? {
            violations.add(grant.path.clone(), Rule::MustExist);
        }
    }
    let preferences = changed.preferences.as_deref();
    let rules = preferences.unwrap_or_default();
    preferences::reached(tx, caller, rules, &mut violations)?;
    if violations.is_empty() {
        if let Some(roles) = roles {
            let names: Vec<String> = roles.iter().map(|grant| grant.name.clone()).collect();
            let none = Violations::new();
            grants::set_roles(tx, &actor, user, Some(caller.account()), &names, none)?;
        }
        if let Some(rules) = preferences {
            let none = Violations::new();
            preferences::set(tx, caller, &key, caller.within(), rules, &none)?;
        }
    }
    users::update(tx, &actor, &key, None, &changed.change, violations, INCLUDE)
}

/// `DELETE /users/{email or id}`: 204; the user leaves the account, and is deleted with the last.
pub(super) async fn delete(
    State(app): State<Shared>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let (actor, account) = (caller.actor(), caller.account());
    actor.require(Permission::DeleteUsers)?;
    let key = named_user(path)?;
    app.directory
        .write(move |tx| members::withdraw(tx, &actor, account, &key))
        .await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
