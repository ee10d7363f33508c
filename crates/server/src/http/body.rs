//! Reading bodies: bounded in size and time, and by their content type.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use bytes::BytesMut;
use http_body_util::BodyExt as _;
use serde_json::{Map, Value};

use super::failure::Failure;
use super::limits::Limits;
use super::{App, form, json};

/// What a body says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaType {
    /// No `Content-Type`.
    Unsaid,
    /// `application/json`, or a type ending in `+json`.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// Anything else.
    Other,
}

impl MediaType {
    /// The type that the headers name; parameters (`charset`) are passed over.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let Some(value) = headers.get(header::CONTENT_TYPE) else {
            return Self::Unsaid;
        };
        let text = value.to_str().unwrap_or_default();
        let essence = text
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        match essence.as_str() {
            "" => Self::Unsaid,
            "application/json" => Self::Json,
            // A list of operations (RFC 6902), which nothing here takes.
            "application/json-patch+json" => Self::Other,
            "application/x-www-form-urlencoded" => Self::Form,
            other if other.starts_with("application/") && other.ends_with("+json") => Self::Json,
            _ => Self::Other,
        }
    }
}

/// How many times the limit is read and thrown away of a body that is too large: a client that
/// is still sending could not read the answer if the connection were closed on it.
const DRAINED: usize = 8;

/// The bytes of a body.
///
/// # Errors
/// [`Failure::TooLarge`], [`Failure::TooSlow`], [`Failure::Unreadable`] for a body that breaks
/// off.
pub async fn bytes(app: &App, body: Body) -> Result<Bytes, Failure> {
    bytes_within(app, body, app.max_body).await
}

/// The bytes of a body with a limit of its own.
///
/// # Errors
/// As [`bytes`].
pub async fn bytes_within(app: &App, body: Body, max: usize) -> Result<Bytes, Failure> {
    match tokio::time::timeout(app.body_timeout, collect(body, max)).await {
        Err(_) => Err(Failure::TooSlow),
        Ok(collected) => collected,
    }
}

async fn collect(mut body: Body, max: usize) -> Result<Bytes, Failure> {
    let mut kept = BytesMut::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Failure::Unreadable("the body broke off".to_owned()))?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        length = length.saturating_add(data.len());
        if length <= max {
            kept.extend_from_slice(data);
        } else if length > max.saturating_mul(DRAINED) {
            break;
        }
    }
    if length > max {
        Err(Failure::TooLarge)
    } else {
        Ok(kept.freeze())
    }
}

/// A JSON body of any shape, for calls that take nothing but JSON.
///
/// # Errors
/// As [`bytes`], [`Failure::UnsupportedMediaType`], [`Failure::Unreadable`].
pub async fn json_value(
    app: &App,
    headers: &HeaderMap,
    body: Body,
    limits: &Limits,
) -> Result<Value, Failure> {
    match MediaType::of(headers) {
        MediaType::Json => {}
        MediaType::Unsaid | MediaType::Form | MediaType::Other => {
            return Err(Failure::UnsupportedMediaType);
        }
    }
    let bytes = bytes(app, body).await?;
    Ok(json::parse(&bytes, limits)?)
}

/// A JSON body that is an object, with a limit of its own.
///
/// # Errors
/// As [`json_object`].
pub async fn json_object_within(
    app: &App,
    headers: &HeaderMap,
    body: Body,
    max: usize,
) -> Result<Map<String, Value>, Failure> {
    if MediaType::of(headers) != MediaType::Json {
        return Err(Failure::UnsupportedMediaType);
    }
    let bytes = bytes_within(app, body, max).await?;
    object(json::parse(&bytes, &app.limits)?)
}

/// A JSON body that is an object.
///
/// # Errors
/// As [`json_value`]; [`Failure::Unreadable`] for any other shape.
pub async fn json_object(
    app: &App,
    headers: &HeaderMap,
    body: Body,
) -> Result<Map<String, Value>, Failure> {
    object(json_value(app, headers, body, &app.limits).await?)
}

/// The object that a value is.
///
/// # Errors
/// [`Failure::Unreadable`] for any other shape.
pub fn object(value: Value) -> Result<Map<String, Value>, Failure> {
    match value {
        Value::Object(map) => Ok(map),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(Failure::Unreadable(
                "the body is not a JSON object".to_owned(),
            ))
        }
    }
}

/// The parameters of a query string, nested by their brackets.
///
/// # Errors
/// [`Failure::Unreadable`].
pub fn query(app: &App, query: Option<&str>) -> Result<Map<String, Value>, Failure> {
    Ok(form::parse(
        query.unwrap_or_default().as_bytes(),
        &app.limits,
    )?)
}
