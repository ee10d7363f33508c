//! `/v1/groups`.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use directory::Error;
use directory::groups;
use directory::idempotency::Answer;
use directory::query::Listed;
use directory::store::GroupKey;
use directory::store::Tx;

use super::list::Parameters;
use super::wire::{group_out, named_in};
use super::{Caller, Id};
use crate::http::failure::Failure;
use crate::http::idempotency::{key_of, once};
use crate::http::{Shared, body, reply};

/// `POST /v1/groups`: 201 with `Location`.
pub(super) async fn create(
    State(app): State<Shared>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let object = body::json_object(&app, &headers, body).await?;
    let canonical = serde_json::to_string(&object).map_err(Error::internal)?;
    let key = key_of(&headers, &actor, "POST /v1/groups", &canonical)?;
    let input = named_in(&object, &["public_name"], &[]);
    let maker = actor.clone();
    let run = move |tx: &Tx<'_>, (): &()| {
        let public_name = input.texts.first().and_then(Option::as_deref);
        let violations = input.violations.clone();
        let made = groups::create(tx, &maker, &input.name, public_name, violations)?;
        Ok(Answer {
            status: StatusCode::CREATED.as_u16(),
            location: Some(format!("/v1/groups/{}", made.id)),
            etag: Some(format!("\"{}\"", made.version)),
            body: serde_json::to_string(&group_out(&made)).map_err(Error::internal)?,
        })
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
    let mut response = reply::json(StatusCode::OK, &group_out(&found));
    if let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", found.version)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

/// `GET /v1/groups`, by number.
pub(super) async fn list(
    State(app): State<Shared>,
    Caller(actor): Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let parameters = Parameters::read(&app, "/v1/groups", query.as_deref(), &[])?;
    let limit = parameters.limit()?;
    let after = parameters.after(&app, &actor)?.map(|position| position.id);
    let asker = actor.clone();
    let listed = app
        .directory
        .read(move |tx| groups::list(tx, &asker, after, limit))
        .await?;
    let rows = listed.rows.iter().map(group_out).collect();
    Ok(parameters.page(
        &app,
        &actor,
        Listed {
            rows,
            next: listed.next,
        },
    ))
}
