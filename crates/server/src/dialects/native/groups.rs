//! `/v1/groups`.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use directory::groups;
use directory::model::Group;
use directory::permission::Permission;
use directory::store::GroupKey;
use directory::store::Tx;

use super::answer::{created, creation_key, shown};
use super::list::by_number;
use super::wire::{Resource as _, named_in};
use super::{Caller, Id};
use crate::http::failure::Failure;
use crate::http::idempotency::once;
use crate::http::{Shared, body};

const LIST: &str = "/v1/groups";

/// What a group's answer depends on: members come and go without a change of the group itself.
fn state_of(group: &Group) -> String {
    format!("{}-{}", group.version, group.member_count)
}

/// `POST /v1/groups`: 201 with `Location`.
pub(super) async fn create(
    State(app): State<Shared>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    actor.require(Permission::CreateGroups)?;
    actor.require_full_access()?;
    let object = body::json_object(&app, &headers, body).await?;
    let key = creation_key(&headers, &actor, LIST, &object)?;
    let input = named_in(&object, &["public_name"], &[]);
    let maker = actor.clone();
    let run = move |tx: &Tx<'_>, (): &()| {
        let public_name = input.texts.first().and_then(Option::as_deref);
        let violations = input.violations.clone();
        let made = groups::create(tx, &maker, &input.name, public_name, violations)?;
        created(LIST, made.id, state_of(&made), &made.out())
    };
    once(&app, &actor, key, async { Ok(()) }, run).await
}

/// `GET /v1/groups/{id}`.
pub(super) async fn show(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
) -> Result<Response, Failure> {
    let found = app
        .directory
        .read(move |tx| groups::get(tx, &actor, &GroupKey::Id(id)))
        .await?;
    Ok(shown(state_of(&found), &found.out()))
}

/// `GET /v1/groups`, by number.
pub(super) async fn list(
    State(app): State<Shared>,
    Caller(actor): Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    actor.require(Permission::ReadGroups)?;
    by_number(&app, actor, LIST, query.as_deref(), groups::list).await
}
