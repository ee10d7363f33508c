//! What a handler answers instead of its result: an error of the domain, or a fault of the
//! request that the domain never sees. The dialect that the path belongs to words it.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use directory::violation::{Expected, Rule};

use super::limits::Unreadable;

/// Why a request was not done.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The domain refused it.
    #[error(transparent)]
    Domain(#[from] directory::Error),
    /// The body, query or path cannot be read; the text says why and echoes nothing.
    #[error("{0}")]
    Unreadable(String),
    /// A parameter beside the resource (paging, a filter, the resource's own wrapper) breaks
    /// a rule.
    #[error("the parameter {name} is refused")]
    Parameter {
        /// Its name.
        name: String,
        /// Its value as it came, when there was one that can be shown.
        value: Option<String>,
        /// The rule it breaks.
        rule: Rule,
    },
    /// A body above the limit.
    #[error("the body is too large")]
    TooLarge,
    /// A body that did not arrive in time.
    #[error("the body took too long to arrive")]
    TooSlow,
    /// A content type that this call does not take.
    #[error("the content type is not one that this call takes")]
    UnsupportedMediaType,
    /// No such path.
    #[error("there is no such path")]
    NoRoute,
    /// The path has no such method.
    #[error("the path does not take this method")]
    MethodNotAllowed,
}

impl Failure {
    /// A parameter that is required and did not come.
    #[must_use]
    pub fn missing(name: &str) -> Self {
        Self::Parameter {
            name: name.to_owned(),
            value: None,
            rule: Rule::Blank,
        }
    }

    /// A parameter of the wrong type.
    #[must_use]
    pub fn mistyped(name: &str, value: &str, expected: Expected) -> Self {
        Self::refused(name, value, Rule::WrongType { expected })
    }

    /// A parameter whose value breaks a rule; the value is cut to 100 characters.
    #[must_use]
    pub fn refused(name: &str, value: &str, rule: Rule) -> Self {
        let value = Some(value.chars().take(100).collect());
        Self::Parameter {
            name: name.chars().take(100).collect(),
            value,
            rule,
        }
    }

    /// Seconds to wait before the next try, where that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Domain(directory::Error::RateLimited { retry_after }) => Some(*retry_after),
            Self::Domain(directory::Error::Unavailable(_)) => Some(1),
            Self::Domain(_)
            | Self::Unreadable(_)
            | Self::Parameter { .. }
            | Self::TooLarge
            | Self::TooSlow
            | Self::UnsupportedMediaType
            | Self::NoRoute
            | Self::MethodNotAllowed => None,
        }
    }
}

impl From<Unreadable> for Failure {
    fn from(cause: Unreadable) -> Self {
        Self::Unreadable(cause.to_string())
    }
}

impl From<directory::Unavailable> for Failure {
    fn from(cause: directory::Unavailable) -> Self {
        Self::Domain(cause.into())
    }
}

/// A failure on its way to the dialect that words it ([`crate::router`]).
#[derive(Clone)]
pub struct Carried(pub Arc<Failure>);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(Carried(Arc::new(self)));
        response
    }
}
