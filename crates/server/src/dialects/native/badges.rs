//! `/v1/badges`.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use directory::badges::{self, NewBadge};
use directory::permission::Permission;
use directory::store::Tx;

use super::answer::{created, creation_key, shown};
use super::list::by_number;
use super::wire::{Resource as _, named_in};
use super::{Caller, Id};
use crate::http::failure::Failure;
use crate::http::idempotency::once;
use crate::http::{Shared, body};

const LIST: &str = "/v1/badges";
/// Badges do not change yet.
const FIRST_VERSION: i64 = 1;

/// `POST /v1/badges`: 201 with `Location`.
pub(super) async fn create(
    State(app): State<Shared>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    actor.require(Permission::CreateBadges)?;
    actor.require_full_access()?;
    let object = body::json_object(&app, &headers, body).await?;
    let key = creation_key(&headers, &actor, LIST, &object)?;
    let input = named_in(&object, &["description", "info_url", "icon_url"], &["soft"]);
    let text = |index: usize| input.texts.get(index).cloned().flatten();
    let new = NewBadge {
        name: input.name.clone(),
        description: text(0),
        info_url: text(1),
        icon_url: text(2),
        soft: input.flags.first().copied().unwrap_or(false),
    };
    let maker = actor.clone();
    let run = move |tx: &Tx<'_>, (): &()| {
        let made = badges::create(tx, &maker, &new, input.violations.clone())?;
        created(LIST, made.id, FIRST_VERSION, &made.out())
    };
    once(&app, &actor, key, async { Ok(()) }, run).await
}

/// `GET /v1/badges/{id}`.
pub(super) async fn show(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
) -> Result<Response, Failure> {
    let found = app
        .directory
        .read(move |tx| badges::get(tx, &actor, id))
        .await?;
    Ok(shown(FIRST_VERSION, &found.out()))
}

/// `GET /v1/badges`, by number.
pub(super) async fn list(
    State(app): State<Shared>,
    Caller(actor): Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    actor.require(Permission::ReadBadges)?;
    by_number(&app, actor, LIST, query.as_deref(), badges::list).await
}
