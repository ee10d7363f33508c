//! The parameters of a request: query and body as one.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use directory::violation::{Expected, Rule};
use serde_json::{Map, Value};

use super::quirks;
use crate::http::body::{self, MediaType};
use crate::http::failure::Failure;
use crate::http::{App, Shared, form, json};

/// All parameters of a request. Where query and body have the same one, the body's counts,
/// whole.
pub(super) struct Params(Map<String, Value>);

impl Params {
    pub(super) fn new(all: Map<String, Value>) -> Self {
        Self(all)
    }

    /// These, and what the body sent over them.
    pub(super) fn joined(mut self, sent: Map<String, Value>) -> Self {
        self.0.extend(sent);
        self
    }

    /// The value of a parameter; none for null and for an empty text.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| match value {
            Value::Null => false,
            Value::String(text) => !text.is_empty(),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => true,
        })
    }

    /// The text of a parameter, unless it is empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.value(name).and_then(Value::as_str)
    }

    /// Their names, without those that mean nothing here.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0
            .keys()
            .map(String::as_str)
            .filter(|name| !quirks::PASSED_OVER.contains(name))
    }

    /// As [`Params::resource`], but one that holds nothing is as if it were missing.
    ///
    /// # Errors
    /// As [`Params::resource`].
    pub(super) fn some_of(
        &self,
        wrapper: &str,
        fields: &[&str],
    ) -> Result<&Map<String, Value>, Failure> {
        let map = self.resource(wrapper, fields)?;
        if map.is_empty() {
            Err(Failure::missing(wrapper))
        } else {
            Ok(map)
        }
    }

    /// The object that a resource's wrapper holds, or all parameters where the resource
    /// came without one (contracts: wrapped or flat).
    ///
    /// # Errors
    /// [`Failure::Parameter`] for a wrapper that is no object, and where there is neither a
    /// wrapper nor any of the resource's own fields. What came is not repeated: it may hold
    /// a password.
    pub(super) fn resource(
        &self,
        wrapper: &str,
        fields: &[&str],
    ) -> Result<&Map<String, Value>, Failure> {
        match self.0.get(wrapper) {
            Some(Value::Object(map)) => Ok(map),
            None | Some(Value::Null) => {
                if self.0.keys().any(|name| fields.contains(&name.as_str())) {
                    Ok(&self.0)
                } else {
                    Err(Failure::missing(wrapper))
                }
            }
            Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
                Err(Failure::Parameter {
                    name: wrapper.to_owned(),
                    value: None,
                    rule: Rule::WrongType {
                        expected: Expected::Object,
                    },
                })
            }
        }
    }
}

impl FromRequest<Shared> for Params {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let query = Self::new(body::query(app, parts.uri.query())?);
        Ok(query.joined(sent(app, &parts.headers, body).await?))
    }
}

/// The parameters in a body: a form's or a JSON object's. An empty body has none, whatever
/// it says it is.
///
/// # Errors
/// [`Failure::Unreadable`], [`Failure::UnsupportedMediaType`] and those of [`body::bytes`].
pub(super) async fn sent(
    app: &App,
    headers: &HeaderMap,
    body: Body,
) -> Result<Map<String, Value>, Failure> {
    let bytes = body::bytes(app, body).await?;
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    match MediaType::of(headers) {
        MediaType::Json => body::object(json::parse(&bytes, &app.limits)?),
        MediaType::Form | MediaType::Unsaid => Ok(form::parse(&bytes, &app.limits)?),
        MediaType::Other => Err(Failure::UnsupportedMediaType),
    }
}
