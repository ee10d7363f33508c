//! `/api/v1/user/`.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::groups::Reach;
use directory::permission::Permission;
use directory::store::{GroupKey, Tx};
use directory::users::{self, GroupGrant, Include, UserKey};
use directory::violation::{Path, Violations};
use directory::{Actor, Error, redirects};

use super::wire::{self, NamedGroup, NewUser, not_included};
use super::{Caller, Username, made};
use crate::http::failure::Failure;
use crate::http::{Shared, body, reply};

/// `POST /api/v1/user/`: 201 without a body (seed 004).
///
/// With a password the user joins the groups at once, and `Location` says where they are.
/// Without one they are sent a link to set it, join the groups by doing so, and there is no
/// `Location`.
pub(super) async fn create(
    State(app): State<Shared>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    actor.require(Permission::CreateUsers)?;
    actor.require_full_access()?;
    require_to_create(&app, &actor).await?;
    let object = body::json_object(&app, &headers, body).await?;
    let NewUser {
        mut change,
        password,
        groups,
        permission,
        redirect_to,
        mut violations,
    } = wire::user_in(&object);
    let (known, unknown) = look_up(&app, &actor, groups, redirect_to).await?;
    violations.extend(unknown);
    change.groups = known
        .into_iter()
        .map(|group_id| GroupGrant {
            path: Path::field("groups"),
            group_id,
            permission,
        })
        .collect();
    change.password = app.directory.hash_password(password, &violations).await?;
    let has_password = change.password.is_some();
    let write = move |tx: &Tx<'_>| {
        let reach = Reach::of(tx, &actor)?;
        reach.require_somewhere(tx, &actor, Permission::CreateUsers)?;
        for grant in &change.groups {
            reach.require_in(tx, &actor, grant.group_id, Permission::CreateUsers)?;
        }
        users::create(tx, &actor, &change, violations.clone(), Include::default())
    };
    let view = app.directory.write(write).await?;
    if has_password {
        made(&wire::user_uri(&view.user.uid))
    } else {
        Ok(reply::empty(StatusCode::CREATED))
    }
}

/// Refuses a caller whose owner administers no group, before the body is judged.
async fn require_to_create(app: &Shared, actor: &Actor) -> Result<(), Error> {
    if actor.email.is_none() {
        return Ok(());
    }
    let actor = actor.clone();
    let look = move |tx: &Tx<'_>| {
        let reach = Reach::of(tx, &actor)?;
        reach.require_somewhere(tx, &actor, Permission::CreateUsers)
    };
    app.directory.read(look).await
}

/// The numbers of the groups that the caller reaches, and what is wrong with the others, and with
/// where the page of the verification is to lead.
async fn look_up(
    app: &Shared,
    actor: &Actor,
    named: Vec<NamedGroup>,
    redirect_to: Option<String>,
) -> Result<(Vec<i64>, Violations), Error> {
    if named.is_empty() && redirect_to.is_none() {
        return Ok((Vec::new(), Violations::new()));
    }
    let actor = actor.clone();
    let find = move |tx: &Tx<'_>| {
        let mut known = Vec::new();
        let mut unknown = Violations::new();
        let reach = Reach::of(tx, &actor)?;
        for group in &named {
            actor.require(Permission::ReadGroups)?;
            match reach.group(tx, &actor, &GroupKey::Slug(group.slug.clone())) {
                Ok(id) => known.push(id),
                Err(Error::NotFound) => unknown.field("groups", group.unknown()),
                Err(cause) => return Err(cause),
            }
        }
        if let Some(uri) = &redirect_to
            && !redirects::is_allowed(tx, actor.tenant, uri)?
        {
            unknown.field("redirect_to", not_included(uri));
        }
        Ok((known, unknown))
    };
    app.directory.read(find).await
}

/// `GET /api/v1/user/{username}/`.
pub(super) async fn show(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Username(username): Username,
) -> Result<Response, Failure> {
    let include = Include {
        groups: true,
        ..Include::default()
    };
    let find = move |tx: &Tx<'_>| {
        let key = UserKey::Uid(username.clone());
        let mut view = users::get(tx, &actor, &key, include)?;
        let reach = Reach::of(tx, &actor)?;
        reach.require_over(tx, &actor, &view.user, Permission::ReadUsers)?;
        reach.retain(tx, &actor, &mut view.groups)?;
        Ok(view)
    };
    let view = app.directory.read(find).await?;
    Ok(reply::json(StatusCode::OK, &wire::user_out(&view)))
}

/// `PATCH /api/v1/user/{username}/`: 202 without a body; names alone change.
pub(super) async fn update(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Username(username): Username,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    actor.require(Permission::UpdateUsers)?;
    actor.require_full_access()?;
    let object = body::json_object(&app, &headers, body).await?;
    let (change, violations) = wire::names_in(&object);
    let write = move |tx: &Tx<'_>| {
        let (key, bare) = (UserKey::Uid(username.clone()), Include::default());
        let reach = Reach::of(tx, &actor)?;
        if reach != Reach::Tenant {
            let user = users::get(tx, &actor, &key, bare)?.user;
            reach.require_over(tx, &actor, &user, Permission::UpdateUsers)?;
        }
        users::update(tx, &actor, &key, None, &change, violations.clone(), bare)
    };
    app.directory.write(write).await?;
    Ok(reply::empty(StatusCode::ACCEPTED))
}
