//! `/users/{email or id}/notifications`: the channel `website` (contracts, pulse).

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use directory::Error;
use directory::notifications::{self, NotificationFilter};
use directory::query::PageNumber;
use directory::store::{Tx, UserKey};
use directory::violation::{Expected, Rule};
use serde_json::{Map, Value};

use super::Caller;
use super::preferences::named_user;
use super::wire::{id_of_digits, notifications_out, user_key};
use crate::http::failure::Failure;
use crate::http::{Shared, body, reply};

/// Rows of a page when it is not said.
pub(super) const PAGE_SIZE: usize = 10;
/// Rows of a page at most.
pub(super) const MAX_PAGE_SIZE: usize = 100;
/// The last page that can be asked for.
pub(super) const MAX_PAGE: usize = 1_000_000;

/// `GET`: newest first, by pages; `unread=true` those that were not read, `false` those that were.
pub(super) async fn list(
    State(app): State<Shared>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let key = named_user(path)?;
    let actor = caller.actor();
    let parameters = body::query(&app, query.as_deref())?;
    let known = |name: &String| matches!(name.as_str(), "page" | "pageSize" | "unread");
    if let Some(unknown) = parameters.keys().find(|name| !known(name)) {
        return Err(Failure::refused(unknown, "", Rule::UnknownField));
    }
    let filter = NotificationFilter {
        within: caller.within(),
        unread: truth(&parameters, "unread")?,
    };
    let page = PageNumber {
        number: number(&parameters, "page", MAX_PAGE)?.unwrap_or(1),
        size: number(&parameters, "pageSize", MAX_PAGE_SIZE)?.unwrap_or(PAGE_SIZE),
    };
    let read = move |tx: &Tx<'_>| notifications::page(tx, &actor, &key, filter, page);
    let found = app.directory.read(read).await?;
    Ok(reply::json(
        StatusCode::OK,
        &notifications_out(&found, page),
    ))
}

/// `POST …/{id}/read`: 204, also for one that was read.
pub(super) async fn read(
    State(app): State<Shared>,
    caller: Caller,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response, Failure> {
    let (key, id) = named_notification(path)?;
    let (actor, within) = (caller.actor(), caller.within());
    let write = move |tx: &Tx<'_>| notifications::read(tx, &actor, &key, within, id);
    app.directory.write(write).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// `POST …/read`: 204 once all that are there are read.
pub(super) async fn read_all(
    State(app): State<Shared>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let key = named_user(path)?;
    loop {
        let (actor, within, key) = (caller.actor(), caller.within(), key.clone());
        let write = move |tx: &Tx<'_>| notifications::read_all(tx, &actor, &key, within, i64::MAX);
        if !app.directory.write(write).await? {
            return Ok(reply::empty(StatusCode::NO_CONTENT));
        }
    }
}

fn named_notification(
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<(UserKey, i64), Failure> {
    let both = path.ok().and_then(|Path((user, id))| {
        let id = id_of_digits(&id)?;
        Some((user_key(&user)?, id))
    });
    both.ok_or_else(|| Error::NotFound.into())
}

pub(super) fn truth(parameters: &Map<String, Value>, name: &str) -> Result<Option<bool>, Failure> {
    match parameters.get(name).map(Value::as_str) {
        None => Ok(None),
        Some(Some("true")) => Ok(Some(true)),
        Some(Some("false")) => Ok(Some(false)),
        Some(other) => {
            let text = other.unwrap_or_default();
            Err(Failure::mistyped(name, text, Expected::Boolean))
        }
    }
}

/// A whole number from 1 to `max`.
pub(super) fn number(
    parameters: &Map<String, Value>,
    name: &str,
    max: usize,
) -> Result<Option<usize>, Failure> {
    let Some(value) = parameters.get(name) else {
        return Ok(None);
    };
    let text = value.as_str().unwrap_or_default();
    let number = id_of_digits(text).and_then(|number| usize::try_from(number).ok());
    match number.filter(|number| *number <= max) {
        Some(number) => Ok(Some(number)),
        None => {
            let range = Rule::OutOfRange {
                min: 1.0,
                max: f64::from(u32::try_from(max).unwrap_or(u32::MAX)),
            };
            Err(Failure::refused(name, text, range))
        }
    }
}
