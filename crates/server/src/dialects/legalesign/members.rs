//! `/api/v1/member/` and `/api/v1/invited/`.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::groups::Reach;
use directory::groups::members::{self, Added, NewMember};
use directory::model::{GroupInvitation, GroupMember};
use directory::password::PasswordRule;
use directory::permission::Permission;
use directory::query::{Window, Windowed};
use directory::store::{GroupKey, Tx};
use directory::violation::{Path, Violations};
use directory::{Actor, Error};
use serde::Serialize;

use super::wire::{self, InvitedOut, ListQuery, MemberIn, MemberOut, NamedGroup};
use super::{Caller, Number, made};
use crate::http::failure::Failure;
use crate::http::{Shared, body, reply};

/// A list of the directory, of one group or of all.
type Lists<T> = fn(&Tx<'_>, &Actor, Reach, Option<i64>, Window) -> Result<Windowed<T>, Error>;

/// Answers a list that can be narrowed to a group.
async fn by_group<T: Send + 'static, O: Serialize>(
    app: &Shared,
    actor: Actor,
    asked: ListQuery,
    lists: Lists<T>,
    out: fn(T) -> O,
) -> Result<Response, Failure> {
    let (group, window) = (asked.group()?, asked.window);
    let read = move |tx: &Tx<'_>| {
        let reach = Reach::of(tx, &actor)?;
        let group = match &group {
            None => None,
            Some(group) => Some(number_of(tx, &actor, reach, group)?),
        };
        lists(tx, &actor, reach, group, window)
    };
    let found = app.directory.read(read).await?;
    let objects: Vec<O> = found.rows.into_iter().map(out).collect();
    Ok(reply::json(
        StatusCode::OK,
        &asked.page(objects, found.total),
    ))
}

/// The number of a group that a list is narrowed to; one that is not there is a wrong choice.
fn number_of(tx: &Tx<'_>, actor: &Actor, reach: Reach, group: &NamedGroup) -> Result<i64, Error> {
    actor.require(Permission::ReadGroups)?;
    match reach.group(tx, actor, &GroupKey::Slug(group.slug.clone())) {
        Err(Error::NotFound) => {
            let mut violations = Violations::new();
            violations.add(Path::field("group"), group.unknown());
            Err(Error::Invalid(violations))
        }
        found => found,
    }
}

/// `GET /api/v1/member/`.
pub(super) async fn list(
    State(app): State<Shared>,
    Caller(actor): Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let parameters = body::query(&app, query.as_deref())?;
    let asked = ListQuery::read("/api/v1/member/", &parameters, true)?;
    let lists: Lists<GroupMember> = members::list;
    by_group(&app, actor, asked, lists, MemberOut::of).await
}

/// `GET /api/v1/invited/`.
pub(super) async fn invited(
    State(app): State<Shared>,
    Caller(actor): Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let parameters = body::query(&app, query.as_deref())?;
    let asked = ListQuery::read("/api/v1/invited/", &parameters, true)?;
    let lists: Lists<GroupInvitation> = members::invited;
    by_group(&app, actor, asked, lists, InvitedOut::of).await
}

/// `GET /api/v1/member/{id}/`.
pub(super) async fn show(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Number(id): Number,
) -> Result<Response, Failure> {
    let read = move |tx: &Tx<'_>| {
        let reach = Reach::of(tx, &actor)?;
        members::get(tx, &actor, reach, id)
    };
    let member = app.directory.read(read).await?;
    Ok(reply::json(StatusCode::OK, &MemberOut::of(member)))
}

/// `POST /api/v1/member/`: 201 with `Location`, of the membership or of the invitation.
pub(super) async fn add(
    State(app): State<Shared>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    actor.require(Permission::UpdateGroups)?;
    actor.require(Permission::CreateUsers)?;
    actor.require_full_access()?;
    let object = body::json_object(&app, &headers, body).await?;
    let asked = wire::member_in(&object);
    let write = move |tx: &Tx<'_>| add_to_group(tx, &actor, &asked);
    match app.directory.write(write).await? {
        Added::Member(id) => made(&wire::member_uri(id)),
        Added::Invited(id) => made(&wire::invited_uri(id)),
    }
}

fn add_to_group(tx: &Tx<'_>, actor: &Actor, asked: &MemberIn) -> Result<Added, Error> {
    let reach = Reach::of(tx, actor)?;
    reach.require_somewhere(tx, actor, Permission::UpdateGroups)?;
    let mut violations = asked.violations.clone();
    let group_id = match &asked.group {
        None => None,
        Some(group) => match reach.group(tx, actor, &GroupKey::Slug(group.slug.clone())) {
            Ok(id) => Some(id),
            Err(Error::NotFound) => {
                violations.add(Path::field("group"), group.unknown());
                None
            }
            Err(cause) => return Err(cause),
        },
    };
    if let Some(group) = group_id {
        reach.require_in(tx, actor, group, Permission::UpdateGroups)?;
    }
    let Some((email, group_id)) = asked.email.clone().zip(group_id) else {
        return Err(Error::Invalid(violations));
    };
    let new = NewMember {
        email,
        group_id,
        permission: asked.permission,
        password_rule: PasswordRule::Composed,
        message: asked.message,
    };
    members::add(tx, actor, reach, &new, violations)
}

/// `DELETE /api/v1/member/{id}/`: 204.
pub(super) async fn remove(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Number(id): Number,
) -> Result<Response, Failure> {
    actor.require(Permission::UpdateGroups)?;
    let write = move |tx: &Tx<'_>| {
        let reach = Reach::of(tx, &actor)?;
        members::remove(tx, &actor, reach, id)
    };
    app.directory.write(write).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// `DELETE /api/v1/invited/{id}/`: 204; the link leads nowhere from then on.
pub(super) async fn withdraw(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Number(id): Number,
) -> Result<Response, Failure> {
    actor.require(Permission::UpdateGroups)?;
    let write = move |tx: &Tx<'_>| {
        let reach = Reach::of(tx, &actor)?;
        members::withdraw(tx, &actor, reach, id)
    };
    app.directory.write(write).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
