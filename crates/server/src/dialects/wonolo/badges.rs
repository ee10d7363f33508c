//! `/api_v2/badges`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use directory::badges;
use directory::permission::Permission;
use directory::store::Tx;

use super::wire::{BADGE_FIELDS, badge_answer, badge_in, badges_answer};
use super::{Caller, Id};
use crate::http::failure::Failure;
use crate::http::{Shared, reply};

/// Badges read by one statement.
const CHUNK: usize = 200;

/// `POST /api_v2/badges`: 201 with the badge; 403 for Public Pool access.
pub(super) async fn create(State(app): State<Shared>, caller: Caller) -> Result<Response, Failure> {
    let Caller { actor, params } = caller;
    actor.require_full_access()?;
    actor.require(Permission::CreateBadges)?;
    let (new, violations) = badge_in(params.resource("badge", &BADGE_FIELDS)?);
    let write = move |tx: &Tx<'_>| badges::create(tx, &actor, &new, violations.clone());
    let badge = app.directory.write(write).await?;
    Ok(reply::json(StatusCode::CREATED, &badge_answer(&badge)))
}

/// `GET /api_v2/badges/:id`.
pub(super) async fn show(
    State(app): State<Shared>,
    id: Id,
    caller: Caller,
) -> Result<Response, Failure> {
    let (actor, id) = (caller.actor, id.number()?);
    let badge = app
        .directory
        .read(move |tx| badges::get(tx, &actor, id))
        .await?;
    Ok(reply::json(StatusCode::OK, &badge_answer(&badge)))
}

/// `GET /api_v2/badges`: all of them, by number.
pub(super) async fn list(State(app): State<Shared>, caller: Caller) -> Result<Response, Failure> {
    let actor = caller.actor;
    let read = move |tx: &Tx<'_>| {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let chunk = badges::list(tx, &actor, after, CHUNK)?;
            all.extend(chunk.rows);
            match chunk.next {
                Some(last) => after = Some(last.id),
                None => return Ok(all),
            }
        }
    };
    let all = app.directory.read(read).await?;
    Ok(reply::json(StatusCode::OK, &badges_answer(&all)))
}
