//! `/v1/events`: the feed, and what other systems report.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::Error;
use directory::event::{self, EventType, Report};
use directory::idempotency::Answer;
use directory::permission::Permission;
use directory::query::EventFilter;
use directory::store::Tx;
use directory::violation::{Expected, Rule, Violations};
use serde_json::{Value, json};

use super::list::Parameters;
use super::wire::{moment, report_in};
use super::{Caller, Id};
use crate::http::failure::Failure;
use crate::http::idempotency::{key_of, once};
use crate::http::limits::Limits;
use crate::http::{Shared, body};

const LIST: &str = "/v1/events";
/// Events reported in one request at most.
pub(super) const MAX_REPORTS: usize = 1_000;
/// Members and items that each of them may have, those of all taken together.
const FIELDS_OF_A_REPORT: usize = 32;

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
/// there also when nothing follows yet. A page may be short, or empty, where `has_more` is true.
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
    let read = move |tx: &Tx<'_>| event::feed(tx, &asker, &filter, after, limit);
    let page = app.directory.read(read).await?;
    Ok(parameters.feed_page(&app, &actor, &page.rows, page.next, page.more))
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
    let after = parameters.after(&app, &actor)?;
    let asker = actor.clone();
    let listed = app
        .directory
        .read(move |tx| event::history_page(tx, &asker, id, after.as_ref(), limit))
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
    let limits = Limits {
        fields: MAX_REPORTS * FIELDS_OF_A_REPORT,
        ..app.limits
    };
    let value = body::json_value(&app, &headers, body, &limits).await?;
    let canonical = serde_json::to_string(&value).map_err(Error::internal)?;
    let key = key_of(&headers, &actor, &format!("POST {LIST}"), &canonical)?;
    let (reports, violations) = reports(value)?;
    let reporter = actor.clone();
    let run = move |tx: &Tx<'_>, (): &()| {
        let new = event::report(tx, &reporter, &reports, violations.clone())?;
        Ok(Answer {
            status: StatusCode::ACCEPTED.as_u16(),
            location: None,
            etag: None,
            body: json!({ "accepted": reports.len(), "new": new }).to_string(),
        })
    };
    once(&app, &actor, key, async { Ok(()) }, run).await
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
        return Err(Error::Invalid(violations).into());
    }
    Ok((reports, violations))
}
