//! Errors as `{"error", "status", "message"}` (seed 002, `Error`): the reason phrase, its
//! number, and what is wrong. Several faults stand in one message, `field: words` joined by
//! `; ` (contracts, pulse).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use directory::Error;
use directory::violation::{Path, Rule, Violation, Violations};
use serde::Serialize;

use super::wire::wire_name;
use crate::http::failure::Failure;
use crate::http::reply;

#[derive(Serialize)]
struct ErrorOut {
    error: &'static str,
    status: u16,
    message: String,
}

/// A failure in this dialect's words.
#[must_use]
pub fn render(failure: &Failure) -> Response {
    let status = status(failure);
    let body = ErrorOut {
        error: status.canonical_reason().unwrap_or_default(),
        status: status.as_u16(),
        message: message(failure),
    };
    let mut response = reply::json(status, &body);
    if status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Bearer");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

fn status(failure: &Failure) -> StatusCode {
    match failure {
        Failure::Domain(error) => status_of_domain(error),
        Failure::Unreadable(_) | Failure::Parameter { .. } => StatusCode::BAD_REQUEST,
        Failure::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Failure::TooSlow => StatusCode::REQUEST_TIMEOUT,
        Failure::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Failure::NoRoute => StatusCode::NOT_FOUND,
        Failure::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
    }
}

fn status_of_domain(error: &Error) -> StatusCode {
    match error {
        Error::NotFound => StatusCode::NOT_FOUND,
        Error::Invalid(violations) if violations.only_taken() => StatusCode::CONFLICT,
        Error::Invalid(_) => StatusCode::BAD_REQUEST,
        Error::Conflict(_) => StatusCode::CONFLICT,
        Error::Unauthenticated => StatusCode::UNAUTHORIZED,
        Error::Forbidden(_) => StatusCode::FORBIDDEN,
        Error::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        Error::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn message(failure: &Failure) -> String {
    match failure {
        Failure::Domain(Error::Invalid(violations)) => told(violations),
        Failure::Parameter { name, rule, .. } => told_of(&Violation {
            path: Path::field(name.as_str()),
            rule: rule.clone(),
            message: None,
        }),
        // What each of these prints is meant for clients: a cause is in its source alone.
        Failure::Domain(
            Error::NotFound
            | Error::Conflict(_)
            | Error::Unauthenticated
            | Error::Forbidden(_)
            | Error::PreconditionFailed
            | Error::RateLimited { .. }
            | Error::Unavailable(_)
            | Error::Internal(_),
        )
        | Failure::Unreadable(_)
        | Failure::TooLarge
        | Failure::TooSlow
        | Failure::UnsupportedMediaType
        | Failure::NoRoute
        | Failure::MethodNotAllowed => failure.to_string(),
    }
}

fn told(violations: &Violations) -> String {
    let each: Vec<String> = violations.iter().map(told_of).collect();
    each.join("; ")
}

/// `field: words`; what stands inside a field is named from the outside in, with dots.
fn told_of(violation: &Violation) -> String {
    let mut names: Vec<&str> = violation
        .path
        .segments()
        .iter()
        .map(String::as_str)
        .collect();
    if let Some(first) = names.first_mut() {
        *first = wire_name(first);
    }
    let last = names.last().copied().unwrap_or_default();
    let words = match &violation.message {
        Some(message) => message.clone(),
        None => worded(last, &violation.rule),
    };
    format!("{}: {words}", names.join("."))
}

fn worded(field: &str, rule: &Rule) -> String {
    match rule {
        Rule::Blank => "is required".to_owned(),
        Rule::Taken => "is already taken".to_owned(),
        Rule::TooShort { min } => format!("needs at least {min} characters"),
        Rule::TooLong { max } => format!("takes at most {max} characters"),
        Rule::BadFormat => match field {
            "email" => "is not an email address".to_owned(),
            super::ACCOUNT_HEADER | "accountId" => "must be digits".to_owned(),
            _ => "does not have the form that it needs".to_owned(),
        },
        Rule::Form(_) => "cannot be used".to_owned(),
        Rule::WrongType { expected } => format!("must be {}", expected.described()),
        Rule::NotIncluded { value } => format!("{value:?} is none of the values allowed"),
        Rule::Mismatch { with } => format!("differs from {}", wire_name(with)),
        Rule::MustExist => "names nothing that exists".to_owned(),
        Rule::OutOfRange { min, max } => format!("must be {min} to {max}"),
        Rule::Guessable => "is easily guessed".to_owned(),
        Rule::InFuture => "lies in the future".to_owned(),
        Rule::Immutable => "cannot be changed".to_owned(),
        Rule::UnknownField => "is no field of the resource".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use directory::Unavailable;
    use http_body_util::BodyExt as _;
    use serde_json::{Value, json};

    use super::*;

    async fn rendered(failure: Failure) -> Value {
        let response = render(&failure);
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let body: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(body["status"], status);
        body
    }

    #[tokio::test]
    async fn a_fault_of_the_server_has_the_same_shape_and_no_cause_in_it() {
        assert_eq!(
            rendered(Error::internal("a secret cause").into()).await,
            json!({"error": "Internal Server Error", "status": 500, "message": "internal error"})
        );
        let database = Unavailable::Database("a secret cause".into());
        assert_eq!(
            rendered(database.into()).await,
            json!({
                "error": "Service Unavailable", "status": 503,
                "message": "the service cannot do this now",
            })
        );
    }

    #[tokio::test]
    async fn what_this_api_cannot_cause_yet_has_the_same_shape() {
        for (failure, status, error) in [
            (Failure::TooSlow, 408, "Request Timeout"),
            (Error::Conflict("busy").into(), 409, "Conflict"),
            (Error::PreconditionFailed.into(), 412, "Precondition Failed"),
        ] {
            let body = rendered(failure).await;
            assert_eq!(
                (&body["status"], &body["error"]),
                (&json!(status), &json!(error))
            );
            assert!(
                body["message"]
                    .as_str()
                    .is_some_and(|text| !text.is_empty())
            );
        }
    }

    #[tokio::test]
    async fn the_domains_fields_are_told_by_their_names_here() {
        let mut violations = Violations::new();
        violations.field("team_id", Rule::MustExist);
        violations.field("avatar_url", Rule::TooLong { max: 2_048 });
        violations.field("notification_preferences", Rule::MustExist);
        violations.field("email", Rule::Taken);
        let told = rendered(Error::Invalid(violations).into()).await;
        assert_eq!(
            told,
            json!({
                "error": "Bad Request", "status": 400,
                "message": "teamId: names nothing that exists; \
                    imgSrc: takes at most 2048 characters; \
                    notificationPreferences: names nothing that exists; \
                    email: is already taken",
            })
        );
    }
}
