//! Errors as `application/problem+json` (RFC 9457), with a stable `code` and all
//! violations at once.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use directory::forms::Fault;
use directory::violation::{Path, Rule, Violation, Violations};
use directory::{Error, idempotency};
use serde_json::{Value, json};

use super::wire::MEMBER_ROLE;
use crate::http::context::RequestContext;
use crate::http::failure::Failure;
use crate::http::reply;

pub(super) const CONTENT_TYPE: &str = "application/problem+json";

/// A failure as a problem.
#[must_use]
pub fn render(failure: &Failure, context: &RequestContext) -> Response {
    let (status, code, errors) = told(failure);
    let mut problem = json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or_default(),
        "status": status.as_u16(),
        "code": code,
        "detail": detail(failure),
        "request_id": context.id,
    });
    if let Some(fields) = problem.as_object_mut().filter(|_| !errors.is_empty()) {
        fields.insert("errors".to_owned(), errors.into());
    }
    let mut response = reply::json_as(status, CONTENT_TYPE, &problem);
    if status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Bearer");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

fn told(failure: &Failure) -> (StatusCode, &'static str, Vec<Value>) {
    let bare = |status, code| (status, code, Vec::new());
    match failure {
        Failure::Domain(error) => told_of_domain(error),
        Failure::Unreadable(_) => bare(StatusCode::BAD_REQUEST, "unreadable"),
        Failure::Parameter { name, rule, .. } => {
            let violation = Violation {
                path: Path::field(name.as_str()),
                rule: rule.clone(),
                message: None,
            };
            let error = of_parameter(name, &violation);
            (StatusCode::BAD_REQUEST, "unreadable", vec![error])
        }
        Failure::TooLarge => bare(StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
        Failure::TooSlow => bare(StatusCode::REQUEST_TIMEOUT, "too_slow"),
        Failure::UnsupportedMediaType => {
            bare(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type")
        }
        Failure::NoRoute => bare(StatusCode::NOT_FOUND, "not_found"),
        Failure::MethodNotAllowed => bare(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
    }
}

fn told_of_domain(error: &Error) -> (StatusCode, &'static str, Vec<Value>) {
    let bare = |status, code| (status, code, Vec::new());
    match error {
        Error::NotFound => bare(StatusCode::NOT_FOUND, "not_found"),
        Error::Invalid(violations) if violations.only_taken() => {
            (StatusCode::CONFLICT, "taken", entries(violations))
        }
        Error::Invalid(violations) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
            entries(violations),
        ),
        Error::Conflict(_) => bare(StatusCode::CONFLICT, "conflict"),
        Error::Unauthenticated => bare(StatusCode::UNAUTHORIZED, "unauthenticated"),
        Error::Forbidden(_) => bare(StatusCode::FORBIDDEN, "forbidden"),
        Error::PreconditionFailed => bare(StatusCode::PRECONDITION_FAILED, "precondition_failed"),
        Error::RateLimited { .. } => bare(StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
        Error::Unavailable(_) => bare(StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        Error::Internal(_) => bare(StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}

fn detail(failure: &Failure) -> String {
    match failure {
        // What Unavailable and Internal print is meant for clients: the cause is their source.
        Failure::Domain(error) => error.to_string(),
        Failure::Unreadable(_)
        | Failure::Parameter { .. }
        | Failure::TooLarge
        | Failure::TooSlow
        | Failure::UnsupportedMediaType
        | Failure::NoRoute
        | Failure::MethodNotAllowed => failure.to_string(),
    }
}

/// 422: what is wrong with a form's configuration, each with its place in the text.
#[must_use]
pub(super) fn faulty(faults: &[Fault], context: &RequestContext) -> Response {
    let errors: Vec<Value> = faults.iter().map(told_of_fault).collect();
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    let problem = json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or_default(),
        "status": status.as_u16(),
        "code": "invalid",
        "detail": "the configuration breaks the rules of forms",
        "request_id": context.id,
        "errors": errors,
    });
    reply::json_as(status, CONTENT_TYPE, &problem)
}

fn told_of_fault(fault: &Fault) -> Value {
    json!({
        "pointer": fault.path.pointer(),
        "line": fault.at.line,
        "column": fault.at.column,
        "code": fault.problem.code(),
        "message": fault.problem.to_string(),
    })
}

/// A violation in words, for the command line: `email: is required`.
#[must_use]
pub fn described(violation: &Violation) -> String {
    format!("{}: {}", violation.path, told_of_rule(violation).1)
}

/// Violations as `errors` of a problem.
pub(super) fn entries(violations: &Violations) -> Vec<Value> {
    violations.iter().map(entry).collect()
}

fn entry(violation: &Violation) -> Value {
    let is_header = violation.path.first() == idempotency::HEADER;
    if is_header && violation.rule != Rule::UnknownField {
        return of_parameter(violation.path.first(), violation);
    }
    let (code, message) = told_of_rule(violation);
    json!({ "pointer": pointer(violation), "code": code, "message": message })
}

/// What is wrong beside the body: a query parameter or a header.
fn of_parameter(name: &str, violation: &Violation) -> Value {
    let (code, message) = told_of_rule(violation);
    json!({ "parameter": name, "code": code, "message": message })
}

fn told_of_rule(violation: &Violation) -> (&'static str, String) {
    let (code, words) = worded(&violation.rule);
    (code, violation.message.clone().unwrap_or(words))
}

/// The pointer to a field as `/v1` names it: what only one kind has stands in its object. An
/// unknown field is told where it came.
fn pointer(violation: &Violation) -> String {
    let inside = match violation.path.first() {
        MEMBER_ROLE => return "/role".to_owned(),
        _ if violation.rule == Rule::UnknownField => "",
        "synced_worker_id"
        | "onboarding_state"
        | "w2_onboarding_status"
        | "w2_employee_id"
        | "drug_tested" => "/worker",
        "customer_id" | "role" => "/employer",
        _ => "",
    };
    format!("{inside}{}", violation.path.pointer())
}

fn worded(rule: &Rule) -> (&'static str, String) {
    match rule {
        Rule::Blank => ("blank", "is required".to_owned()),
        Rule::Taken => ("taken", "is already taken".to_owned()),
        Rule::TooShort { min } => ("too_short", format!("needs at least {min} characters")),
        Rule::TooLong { max } => ("too_long", format!("takes at most {max} characters")),
        Rule::BadFormat => (
            "bad_format",
            "does not have the form that it needs".to_owned(),
        ),
        Rule::Form(_) => ("refused", "cannot be used".to_owned()),
        Rule::WrongType { expected } => ("wrong_type", format!("must be {}", expected.described())),
        Rule::NotIncluded { .. } => ("not_included", "is none of the values allowed".to_owned()),
        Rule::Mismatch { with } => ("mismatch", format!("differs from {with}")),
        Rule::MustExist => ("must_exist", "names nothing that exists".to_owned()),
        Rule::OutOfRange { min, max } => ("out_of_range", format!("must be {min} to {max}")),
        Rule::Guessable => ("guessable", "is easily guessed".to_owned()),
        Rule::InFuture => ("in_future", "lies in the future".to_owned()),
        Rule::Immutable => ("immutable", "cannot be changed".to_owned()),
        Rule::UnknownField => ("unknown_field", "is no field of the resource".to_owned()),
    }
}
