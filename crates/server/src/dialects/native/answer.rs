//! Answers that carry a resource: its version as `ETag`, its place as `Location`.

use std::fmt::Display;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use directory::idempotency::Answer;
use directory::{Actor, Error};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::http::failure::Failure;
use crate::http::idempotency::key_of;
use crate::http::reply;

fn tag(version: impl Display) -> String {
    format!("\"{version}\"")
}

/// 201 with what was made, to be kept under the request's idempotency key.
pub(super) fn created(
    list: &str,
    id: i64,
    version: impl Display,
    out: &impl Serialize,
) -> Result<Answer, Error> {
    Ok(Answer {
        status: StatusCode::CREATED.as_u16(),
        location: Some(format!("{list}/{id}")),
        etag: Some(tag(version)),
        body: serde_json::to_string(out).map_err(Error::internal)?,
    })
}

/// 200 with what was changed, to be kept under the request's idempotency key.
pub(super) fn done(version: i64, out: &impl Serialize) -> Result<Answer, Error> {
    Ok(Answer {
        status: StatusCode::OK.as_u16(),
        location: None,
        etag: Some(tag(version)),
        body: serde_json::to_string(out).map_err(Error::internal)?,
    })
}

/// An answer without a body, to be kept under the request's idempotency key.
pub(super) fn empty(status: StatusCode) -> Answer {
    Answer {
        status: status.as_u16(),
        location: None,
        etag: None,
        body: String::new(),
    }
}

/// 200 with a resource.
pub(super) fn shown(version: impl Display, out: &impl Serialize) -> Response {
    let mut response = reply::json(StatusCode::OK, out);
    if let Ok(tag) = HeaderValue::try_from(tag(version)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// The version that `If-Match` asks for; `*` and no header ask for any.
///
/// # Errors
/// `PreconditionFailed` for a tag that this server never gave out.
pub(super) fn expected(headers: &HeaderMap) -> Result<Option<i64>, Failure> {
    let Some(value) = headers.get(header::IF_MATCH) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let number = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    match number.and_then(|number| number.parse().ok()) {
        Some(version) => Ok(Some(version)),
        None => Err(Error::PreconditionFailed.into()),
    }
}

/// The idempotency key of a creation in this list, if the request names one.
pub(super) fn creation_key(
    headers: &HeaderMap,
    actor: &Actor,
    list: &str,
    body: &Map<String, Value>,
) -> Result<Option<directory::idempotency::IdempotencyKey>, Failure> {
    let canonical = serde_json::to_string(body).map_err(Error::internal)?;
    key_of(headers, actor, &format!("POST {list}"), &canonical)
}
