//! `/api_v2/users`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use directory::model::User;
use directory::permission::Permission;
use directory::store::Tx;
use directory::users::{self, Include, UserKey};
use directory::{Actor, jobs};

use super::wire::{
    UPDATE_FIELDS, USER_FIELDS, invite_in, list_in, tracking_answer, update_in, user_answer,
    user_in, users_answer,
};
use super::{Caller, Id, quirks};
use crate::http::failure::Failure;
use crate::http::{Shared, reply};

const INCLUDE: Include = Include {
    accounts: false,
    groups: false,
    badges: true,
    roles: false,
    preferences: false,
    records: false,
};

/// `POST /api_v2/users` (seeds 000 and 001): 201 with the user; 401, then 403 for Public
/// Pool access, then 422. With the parameters of a list alone, it is one.
pub(super) async fn create(app: State<Shared>, caller: Caller) -> Result<Response, Failure> {
    if quirks::asks_for_the_list(&caller.params) {
        return list(app, caller).await;
    }
    let Caller { actor, params } = caller;
    actor.require_full_access()?;
    actor.require(Permission::CreateUsers)?;
    let (mut change, password, violations) = user_in(params.resource("user", &USER_FIELDS)?);
    change.password = app.directory.hash_password(password, &violations).await?;
    let write = move |tx: &Tx<'_>| users::create(tx, &actor, &change, violations.clone(), INCLUDE);
    let view = app.directory.write(write).await?;
    Ok(reply::json(StatusCode::CREATED, &user_answer(&view)))
}

/// `POST /api_v2/users/invite` (seed 001): 201 with the worker, to whom a message is on its way;
/// 401, 403 without the scope, 422. Public Pool access may invite as full access may.
pub(super) async fn invite(State(app): State<Shared>, caller: Caller) -> Result<Response, Failure> {
    let Caller { actor, params } = caller;
    actor.require(Permission::CreateUsers)?;
    let (change, violations) = invite_in(params.resource("user", &USER_FIELDS)?);
    let write = move |tx: &Tx<'_>| users::create(tx, &actor, &change, violations.clone(), INCLUDE);
    let view = app.directory.write(write).await?;
    Ok(reply::json(StatusCode::CREATED, &user_answer(&view)))
}

/// `GET /api_v2/users/:id`: 404 for one that is not there or not the key's to see.
pub(super) async fn show(
    State(app): State<Shared>,
    id: Id,
    caller: Caller,
) -> Result<Response, Failure> {
    let (actor, key) = (caller.actor, UserKey::Id(id.number()?));
    let view = app
        .directory
        .read(move |tx| users::get(tx, &actor, &key, INCLUDE))
        .await?;
    Ok(reply::json(StatusCode::OK, &user_answer(&view)))
}

/// `PATCH` and `PUT /api_v2/users/:id`, partial: 200 with the user; 401, 403 for Public Pool
/// access, 404, then 422.
pub(super) async fn update(
    State(app): State<Shared>,
    id: Id,
    caller: Caller,
) -> Result<Response, Failure> {
    let Caller { actor, params } = caller;
    actor.require_full_access()?;
    actor.require(Permission::UpdateUsers)?;
    let id = id.number()?;
    let stored = stored(&app, &actor, id).await?;
    let (mut change, password, violations) =
        update_in(params.some_of("user", &UPDATE_FIELDS)?, &stored);
    change.password = app.directory.hash_password(password, &violations).await?;
    let write = move |tx: &Tx<'_>| {
        let key = UserKey::Id(id);
        users::update(tx, &actor, &key, None, &change, violations.clone(), INCLUDE)
    };
    let view = app.directory.write(write).await?;
    Ok(reply::json(StatusCode::OK, &user_answer(&view)))
}

/// The user to be changed: what is not there is told before the change is judged.
async fn stored(app: &Shared, actor: &Actor, id: i64) -> Result<User, Failure> {
    let (actor, key) = (actor.clone(), UserKey::Id(id));
    let read = move |tx: &Tx<'_>| users::get(tx, &actor, &key, Include::default());
    Ok(app.directory.read(read).await?.user)
}

/// `GET /api_v2/users/:id/tracking`: a line for each state that the worker's jobs came into,
/// oldest first; 403 for Public Pool access.
pub(super) async fn tracking(
    State(app): State<Shared>,
    id: Id,
    caller: Caller,
) -> Result<Response, Failure> {
    let actor = caller.actor;
    actor.require_full_access()?;
    let id = id.number()?;
    let read = move |tx: &Tx<'_>| jobs::tracking(tx, &actor, id);
    let transitions = app.directory.read(read).await?;
    Ok(reply::json(StatusCode::OK, &tracking_answer(&transitions)))
}

/// `GET /api_v2/users`: by id, `page` from 1, `per` at most 50, and filters. Any other parameter
/// is 422.
pub(super) async fn list(State(app): State<Shared>, caller: Caller) -> Result<Response, Failure> {
    let Caller { actor, params } = caller;
    actor.require(Permission::ReadUsers)?;
    let (filter, page) = list_in(&params)?;
    let views = app
        .directory
        .read(move |tx| users::page(tx, &actor, &filter, page, INCLUDE))
        .await?;
    Ok(reply::json(StatusCode::OK, &users_answer(&views)))
}
