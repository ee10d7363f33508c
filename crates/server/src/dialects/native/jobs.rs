//! `/v1/jobs`.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::jobs;
use directory::permission::Permission;
use directory::query::JobFilter;
use directory::store::Tx;
use directory::violation::Rule;

use super::answer::{expected, shown};
use super::list::Parameters;
use super::wire::{Resource as _, job_in};
use super::{Caller, Name};
use crate::http::failure::Failure;
use crate::http::{Shared, body};

const LIST: &str = "/v1/jobs";

/// `PUT /v1/jobs/{external_id}`: 201 for a job that was not known, else 200; `If-Match`. A state,
/// worker or account that it did not have is a transition. A known job keeps the name that is not
/// said, and the place for as long as nothing else moves. One that says a time before the job came
/// into its state is kept as a transition and changes nothing; one of a time more than ten minutes
/// to come is refused.
pub(super) async fn put(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Name(external_id): Name,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    actor.require(Permission::UpdateUsers)?;
    actor.require_full_access()?;
    let object = body::json_object(&app, &headers, body).await?;
    let expected = expected(&headers);
    let now = app.directory.clock().now();
    let (report, violations) = job_in(&object, external_id, now, expected);
    let write = move |tx: &Tx<'_>| jobs::put(tx, &actor, &report, violations.clone());
    let reported = app.directory.write(write).await?;
    let mut response = shown(reported.stored.version, &reported.stored.out());
    if reported.created {
        *response.status_mut() = StatusCode::CREATED;
    }
    Ok(response)
}

/// `GET /v1/jobs/{external_id}`.
pub(super) async fn show(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Name(external_id): Name,
) -> Result<Response, Failure> {
    let read = move |tx: &Tx<'_>| jobs::get(tx, &actor, &external_id);
    let found = app.directory.read(read).await?;
    Ok(shown(found.version, &found.out()))
}

/// `GET /v1/jobs`, by number; `worker_id`, `account_id`, `state`, `external_id`.
pub(super) async fn list(
    State(app): State<Shared>,
    Caller(actor): Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    actor.require(Permission::ReadUsers)?;
    actor.require_full_access()?;
    let known = ["worker_id", "account_id", "state", "external_id"];
    let parameters = Parameters::read(&app, LIST, query.as_deref(), &known)?;
    let unknown = Rule::NotIncluded {
        value: parameters
            .text("state")
            .unwrap_or_default()
            .chars()
            .take(100)
            .collect(),
    };
    let state = |text: &str| jobs::STATES.contains(&text).then(|| text.to_owned());
    let filter = JobFilter {
        worker_id: parameters.number("worker_id")?,
        account_id: parameters.number("account_id")?,
        state: parameters.parsed("state", unknown, state)?,
        external_id: parameters.text("external_id").map(str::to_owned),
    };
    let limit = parameters.limit()?;
    let after = parameters.after(&app, &actor)?.map(|position| position.id);
    let asker = actor.clone();
    let read = move |tx: &Tx<'_>| jobs::list(tx, &asker, &filter, after, limit);
    let listed = app.directory.read(read).await?;
    Ok(parameters.page(&app, &actor, &listed))
}
