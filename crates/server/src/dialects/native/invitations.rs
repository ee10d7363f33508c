//! `/v1/invitations`.

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::Error;
use directory::idempotency::Answer;
use directory::invitations;
use directory::model::InvitationState;
use directory::permission::Permission;
use directory::query::{InvitationFilter, Listed};
use directory::store::Tx;
use directory::violation::Rule;

use super::answer::empty;
use super::list::Parameters;
use super::wire::{Resource as _, StandingInvitation};
use super::{Caller, Id};
use crate::http::Shared;
use crate::http::failure::Failure;
use crate::http::idempotency::{key_of, once};

const LIST: &str = "/v1/invitations";

/// `GET /v1/invitations`, by number; `user_id`, `state`.
pub(super) async fn list(
    State(app): State<Shared>,
    Caller(actor): Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    actor.require(Permission::ReadUsers)?;
    let parameters = Parameters::read(&app, LIST, query.as_deref(), &["user_id", "state"])?;
    let value = parameters.text("state").unwrap_or_default();
    let unknown = Rule::NotIncluded {
        value: value.chars().take(100).collect(),
    };
    let filter = InvitationFilter {
        user_id: parameters.number("user_id")?,
        state: parameters.parsed("state", unknown, InvitationState::parse)?,
    };
    let limit = parameters.limit()?;
    let after = parameters.after(&app, &actor)?.map(|position| position.id);
    let asker = actor.clone();
    let read = move |tx: &Tx<'_>| {
        let listed = invitations::list(tx, &asker, &filter, after, limit)?;
        let at = tx.now();
        let standing = |invitation| StandingInvitation { invitation, at };
        Ok(Listed {
            rows: listed.rows.into_iter().map(standing).collect(),
            next: listed.next,
        })
    };
    let listed = app.directory.read(read).await?;
    Ok(parameters.page(&app, &actor, &listed))
}

/// `POST /v1/invitations/{id}/resend`: 202 with the invitation; a new message is on its way, and
/// the link before holds no more.
pub(super) async fn resend(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    actor.require(Permission::CreateUsers)?;
    actor.require_full_access()?;
    let route = "POST /v1/invitations/{id}/resend";
    let key = key_of(&headers, &actor, route, &id.to_string())?;
    let asker = actor.clone();
    let run = move |tx: &Tx<'_>, (): &()| {
        let invitation = invitations::resend(tx, &asker, id)?;
        let at = tx.now();
        let out = StandingInvitation { invitation, at };
        Ok(Answer {
            status: StatusCode::ACCEPTED.as_u16(),
            location: None,
            etag: None,
            body: serde_json::to_string(&out.out()).map_err(Error::internal)?,
        })
    };
    once(&app, &actor, key, async { Ok(()) }, run).await
}

/// `POST /v1/invitations/{id}/revoke`: 204; the link leads nowhere from then on.
pub(super) async fn revoke(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    actor.require(Permission::CreateUsers)?;
    actor.require_full_access()?;
    let route = "POST /v1/invitations/{id}/revoke";
    let key = key_of(&headers, &actor, route, &id.to_string())?;
    let asker = actor.clone();
    let run = move |tx: &Tx<'_>, (): &()| {
        invitations::revoke(tx, &asker, id)?;
        Ok(empty(StatusCode::NO_CONTENT))
    };
    once(&app, &actor, key, async { Ok(()) }, run).await
}
