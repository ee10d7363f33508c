//! `/v1/events`: the feed, and what other systems report.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::event::{self, EventType, Report};
use directory::permission::Permission;
use directory::query::EventFilter;
use directory::violation::{Expected, Rule, Violations};
use serde_json::{Value, json};

use super::list::Parameters;
use super::wire::{moment, report_in};
use super::{Caller, Id};
use crate::http::failure::Failure;
use crate::http::{Shared, body, reply};

const LIST: &str = "/v1/events";
/// Events reported in one request at most.
const MAX_REPORTS: usize = 1_000;

pub(super) const FILTERS: [&str; 8] = [
    "type",
    "subject_type",
    "subject_id",
    "actor_type",
    "actor_id",
    "account_id",
    "created_after",
    "created_before",
];

/// `GET /v1/events`: the feed by cursor. Whoever follows it keeps the last `next_cursor`, which is
/// there also when nothing follows yet.
pub(super) async fn list(
    State(app): State<Shared>,
    Caller(actor): Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    actor.require(Permission::ReadEvents)?;
    let parameters = Parameters::read(&app, LIST, query.as_deref(), &FILTERS)?;
    let filter = filter(&parameters)?;
    let limit = parameters.limit()?;
    let after = parameters
        .after(&app, &actor)?
        .map_or(0, |position| position.id);
    let asker = actor.clone();
    let read = move |tx: &directory::store::Tx<'_>| event::feed(tx, &asker, &filter, after, limit);
    let (listed, more) = app.directory.read(read).await?;
    Ok(parameters.feed_page(&app, &actor, &listed, after, more))
}

/// The filters of a feed.
pub(super) fn filter(parameters: &Parameters) -> Result<EventFilter, Failure> {
    let named =
        |kind: &'static str, id: &'static str| match (parameters.text(kind), parameters.text(id)) {
            (None, None) => Ok(None),
            (Some(kind), Some(id)) => Ok(Some((kind.to_owned(), id.to_owned()))),
            (Some(_), None) => Err(Failure::missing(id)),
            (None, Some(_)) => Err(Failure::missing(kind)),
        };
    let time = Rule::WrongType {
        expected: Expected::DateTime,
    };
    let unknown = Rule::NotIncluded {
        value: parameters
            .text("type")
            .unwrap_or_default()
            .chars()
            .take(100)
            .collect(),
    };
    let types = parameters.parsed("type", unknown, |text| {
        text.split(',')
            .map(EventType::parse)
            .collect::<Option<Vec<_>>>()
    })?;
    Ok(EventFilter {
        event_type: types.unwrap_or_default(),
        subject: named("subject_type", "subject_id")?,
        actor: named("actor_type", "actor_id")?,
        account_id: parameters.number("account_id")?,
        created_after: parameters.parsed("created_after", time.clone(), moment)?,
        created_before: parameters.parsed("created_before", time, moment)?,
    })
}

/// `GET /v1/users/{id}/events`: what happened to a user, at once.
pub(super) async fn of_user(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    actor.require(Permission::ReadEvents)?;
    let path = format!("/v1/users/{id}/events");
    let parameters = Parameters::read(&app, path, query.as_deref(), &[])?;
    let limit = parameters.limit()?;
    let after = parameters
        .after(&app, &actor)?
        .map_or(0, |position| position.id);
    let asker = actor.clone();
    let listed = app
        .directory
        .read(move |tx| event::history_page(tx, &asker, id, after, limit))
        .await?;
    Ok(parameters.page(&app, &actor, &listed))
}

/// `POST /v1/events`: one event or a list of them, all or nothing. 202 with how many were new.
pub(super) async fn report(
    State(app): State<Shared>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    actor.require(Permission::CreateEvents)?;
    actor.require_full_access()?;
    let (reports, violations) = reports(body::json_value(&app, &headers, body).await?)?;
    let count = reports.len();
    let new = app
        .directory
        .write(move |tx| event::report(tx, &actor, &reports, violations.clone()))
        .await?;
    let answer = json!({ "accepted": count, "new": new });
    Ok(reply::json(StatusCode::ACCEPTED, &answer))
}

fn reports(value: Value) -> Result<(Vec<Report>, Violations), Failure> {
    let list = if let Value::Array(list) = value {
        list
    } else {
        vec![value]
    };
    if list.is_empty() || list.len() > MAX_REPORTS {
        let most = format!("the body is one event or a list of 1 to {MAX_REPORTS}");
        return Err(Failure::Unreadable(most));
    }
    let mut violations = Violations::new();
    let mut reports = Vec::with_capacity(list.len());
    for (place, each) in list.into_iter().enumerate() {
        let map = body::object(each)?;
        reports.extend(report_in(&map, place, &mut violations));
    }
    if !violations.is_empty() {
        return Err(directory::Error::Invalid(violations).into());
    }
    Ok((reports, violations))
}
