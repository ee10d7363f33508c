//! What nobody would guess about this API, each with why and where it is documented.
//!
//! - Notification preferences go in as a list and come out as an object: the seed's schema
//!   `NotificationPreference` is what a client sets, its `User` shows an object (seed 002,
//!   `User.notificationPreferences`). The rules for one account stand under `accounts`; no
//!   event has that name, so the two cannot clash (contracts, pulse, "User, out").
//! - An account's number is text in `accountId` and in the header, a user's and a team's are
//!   integers (seed 002, `User`).
//! - Every field of the user comes out, as null where nothing is set; `token` alone is left
//!   out, as only a login shows it (contracts, pulse).
//! - `x-account-id` of an account that does not exist is 403, as for one that is not the
//!   caller's: 404 would tell which of the two it is (contracts, pulse).

use axum::body::Body;
use axum::http::HeaderMap;
use serde_json::{Map, Value};

use crate::http::body::{self, MediaType};
use crate::http::failure::Failure;
use crate::http::limits::Limits;
use crate::http::{App, json};

/// The object in a request's body. One that names no content type is read as JSON: seed 002
/// requires two headers for the call, and `Content-Type` is neither of them.
///
/// # Errors
/// [`Failure::TooLarge`], [`Failure::TooSlow`], [`Failure::UnsupportedMediaType`] for any
/// other type than JSON, [`Failure::Unreadable`] for what is no JSON object.
pub(super) async fn json_object(
    app: &App,
    headers: &HeaderMap,
    body: Body,
    limits: &Limits,
) -> Result<Map<String, Value>, Failure> {
    body::object(json_value(app, headers, body, limits).await?)
}

/// As [`json_object`], a list.
///
/// # Errors
/// As [`json_object`].
pub(super) async fn json_list(
    app: &App,
    headers: &HeaderMap,
    body: Body,
    limits: &Limits,
) -> Result<Vec<Value>, Failure> {
    match json_value(app, headers, body, limits).await? {
        Value::Array(list) => Ok(list),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            Err(Failure::Unreadable(
                "the body is not a JSON list".to_owned(),
            ))
        }
    }
}

async fn json_value(
    app: &App,
    headers: &HeaderMap,
    body: Body,
    limits: &Limits,
) -> Result<Value, Failure> {
    match MediaType::of(headers) {
        MediaType::Json | MediaType::Unsaid => {}
        MediaType::Form | MediaType::Other => return Err(Failure::UnsupportedMediaType),
    }
    let bytes = body::bytes(app, body).await?;
    Ok(json::parse(&bytes, limits)?)
}
