//! `/v1/jobs`.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::jobs;
use directory::permission::Permission;
use directory::store::Tx;

use super::Caller;
use super::wire::{Resource as _, job_in};
use crate::http::failure::Failure;
use crate::http::{Shared, body, reply};

/// `PUT /v1/jobs/{external_id}`: 201 for a job that was not known, else 200; the name and place of a
/// known one that are not said are forgotten with the next state. A state that it was not in is a
/// transition.
pub(super) async fn put(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(external_id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    actor.require(Permission::UpdateUsers)?;
    actor.require_full_access()?;
    let object = body::json_object(&app, &headers, body).await?;
    let now = app.directory.clock().now();
    let (job, dated, violations) = job_in(&object, external_id, now);
    let put = if dated { jobs::put } else { jobs::put_undated };
    let write = move |tx: &Tx<'_>| put(tx, &actor, &job, violations.clone());
    let reported = app.directory.write(write).await?;
    let status = if reported.created {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok(reply::json(status, &reported.out()))
}
