//! `/v1/users/{id}/notifications`: what the website shows a user.

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use directory::notifications::{self, NotificationFilter};
use directory::store::{Tx, UserKey};
use directory::violation::{Expected, Rule};
use serde_json::json;

use super::list::Parameters;
use super::{Caller, Id, Ids};
use crate::http::failure::Failure;
use crate::http::{Shared, reply};

/// `GET`: newest first, by cursor; `unread=true` those that were not read, `false` those that were.
pub(super) async fn list(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let path = format!("/v1/users/{id}/notifications");
    let parameters = Parameters::read(&app, path, query.as_deref(), &["unread"])?;
    let boolean = Rule::WrongType {
        expected: Expected::Boolean,
    };
    let unread = parameters.parsed("unread", boolean, |text| text.parse().ok())?;
    let filter = NotificationFilter {
        within: actor.account,
        unread,
    };
    let limit = parameters.limit()?;
    let before = parameters.after(&app, &actor)?.map(|position| position.id);
    let asker = actor.clone();
    let read =
        move |tx: &Tx<'_>| notifications::list(tx, &asker, &UserKey::Id(id), filter, before, limit);
    let listed = app.directory.read(read).await?;
    Ok(parameters.page(&app, &actor, &listed))
}

/// `GET …/unread`: how many were not read.
pub(super) async fn unread(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
) -> Result<Response, Failure> {
    let filter = NotificationFilter {
        within: actor.account,
        unread: Some(true),
    };
    let read = move |tx: &Tx<'_>| notifications::count(tx, &actor, &UserKey::Id(id), filter);
    let unread = app.directory.read(read).await?;
    Ok(reply::json(StatusCode::OK, &json!({ "unread": unread })))
}

/// `POST …/{notification_id}/read`: 204, also for one that was read.
pub(super) async fn read(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Ids(id, notification): Ids,
) -> Result<Response, Failure> {
    let write = move |tx: &Tx<'_>| {
        let within = actor.account;
        notifications::read(tx, &actor, &UserKey::Id(id), within, notification)
    };
    app.directory.write(write).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// `POST …/read`: 204 once all that are there are read.
pub(super) async fn read_all(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
) -> Result<Response, Failure> {
    loop {
        let actor = actor.clone();
        let write = move |tx: &Tx<'_>| {
            let within = actor.account;
            notifications::read_all(tx, &actor, &UserKey::Id(id), within, i64::MAX)
        };
        if !app.directory.write(write).await? {
            return Ok(reply::empty(StatusCode::NO_CONTENT));
        }
    }
}
