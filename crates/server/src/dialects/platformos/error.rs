//! Errors in this vendor's shape: lists of words under field names, or under `base` for what
//! is no field's (seed 003, "Error and Status Codes"; contracts, platformos). The words of
//! rules are Rails'.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use directory::Error;
use directory::violation::{FormRule, Rule, Violation, Violations};
use serde_json::{Map, Value, json};

use super::quirks::{CONTENT_TYPE, NOT_AUTHENTICATED};
use crate::http::failure::Failure;
use crate::http::reply;

/// A failure in this dialect's words.
#[must_use]
pub fn render(failure: &Failure) -> Response {
    match failure {
        Failure::Domain(error) => render_domain(error),
        // This vendor has neither 400, 413 nor 415.
        Failure::Unreadable(_) | Failure::TooLarge | Failure::UnsupportedMediaType => {
            based(StatusCode::NOT_ACCEPTABLE, &[failure.to_string()])
        }
        Failure::Parameter { name, rule, .. } => invalid(json!({ name.as_str(): [worded(rule)] })),
        Failure::TooSlow => bare(StatusCode::REQUEST_TIMEOUT),
        Failure::NoRoute => bare(StatusCode::NOT_FOUND),
        Failure::MethodNotAllowed => bare(StatusCode::METHOD_NOT_ALLOWED),
    }
}

fn render_domain(error: &Error) -> Response {
    match error {
        Error::NotFound => bare(StatusCode::NOT_FOUND),
        Error::Invalid(violations) => invalid(by_field(violations)),
        Error::Conflict(text) => invalid(json!({ "base": [text] })),
        Error::Unauthenticated | Error::Forbidden(_) => unauthorized(),
        Error::PreconditionFailed => bare(StatusCode::PRECONDITION_FAILED),
        Error::RateLimited { .. } => bare(StatusCode::TOO_MANY_REQUESTS),
        Error::Unavailable(_) => bare(StatusCode::SERVICE_UNAVAILABLE),
        Error::Internal(_) => bare(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// 406: what is wrong with a request around the fields of its form, each by its name.
pub(super) fn wrong_parameters(wrong: &Violations) -> Response {
    let told = |each: &Violation| format!("{} {}", each.path, worded(&each.rule));
    let told: Vec<String> = wrong.iter().map(told).collect();
    based(StatusCode::NOT_ACCEPTABLE, &told)
}

/// 422 for what is no field's.
pub(super) fn on_base(words: &str) -> Response {
    invalid(json!({ "base": [words] }))
}

fn unauthorized() -> Response {
    let mut response = based(StatusCode::UNAUTHORIZED, &[NOT_AUTHENTICATED.to_owned()]);
    let challenge = HeaderValue::from_static("Token");
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, challenge);
    response
}

/// An answer whose status says all.
fn bare(status: StatusCode) -> Response {
    let reason = status.canonical_reason().unwrap_or_default();
    based(status, &[reason.to_owned()])
}

fn based(status: StatusCode, told: &[String]) -> Response {
    reply::json_as(status, CONTENT_TYPE, &json!({ "errors": { "base": told } }))
}

fn invalid(errors: Value) -> Response {
    let body = json!({ "id": null, "errors": errors });
    reply::json_as(StatusCode::UNPROCESSABLE_ENTITY, CONTENT_TYPE, &body)
}

/// The words under the field that each is about; names inside others are dotted. Two rules
/// that read alike are told once.
fn by_field(violations: &Violations) -> Value {
    let mut fields: Map<String, Value> = Map::new();
    for violation in violations {
        let words = violation.message.clone();
        let words = Value::String(words.unwrap_or_else(|| worded(&violation.rule)));
        let told = fields
            .entry(violation.path.to_string())
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Some(told) = told.as_array_mut().filter(|told| !told.contains(&words)) {
            told.push(words);
        }
    }
    fields.into()
}

/// A rule as Rails words it.
fn worded(rule: &Rule) -> String {
    match rule {
        Rule::Blank => "can't be blank".to_owned(),
        Rule::Taken => "has already been taken".to_owned(),
        Rule::TooShort { min } => format!("is too short (minimum is {})", characters(*min)),
        Rule::TooLong { max } => format!("is too long (maximum is {})", characters(*max)),
        Rule::BadFormat | Rule::WrongType { .. } | Rule::UnknownField => "is invalid".to_owned(),
        Rule::Form(rule) => worded_of_form(rule),
        Rule::NotIncluded { .. } => "is not included in the list".to_owned(),
        Rule::Mismatch { with } => format!("doesn't match {}", humanized(with)),
        Rule::MustExist => "must exist".to_owned(),
        Rule::OutOfRange { min, max } => format!("must be in {min}..{max}"),
        Rule::Guessable => "is too easy to guess".to_owned(),
        Rule::InFuture => "can't be in the future".to_owned(),
        Rule::Immutable => "can't be changed".to_owned(),
    }
}

/// A rule that only forms ask for, as Rails and its validators of dates word it.
fn worded_of_form(rule: &FormRule) -> String {
    match rule {
        FormRule::Unrepeated { field } => format!("doesn't match {}", humanized(field)),
        FormRule::NotANumber => "is not a number".to_owned(),
        FormRule::NotAnInteger => "must be an integer".to_owned(),
        FormRule::Compared { comparison, count } => {
            let compared = comparison.name().replace('_', " ");
            format!("must be {compared} {count}")
        }
        FormRule::Parity { odd: true } => "must be odd".to_owned(),
        FormRule::Parity { odd: false } => "must be even".to_owned(),
        FormRule::WrongLength { is } => {
            format!("is the wrong length (should be {})", characters(*is))
        }
        FormRule::Reserved => "is reserved".to_owned(),
        FormRule::NotADate { time: false } => "is not a valid date".to_owned(),
        FormRule::NotADate { time: true } => "is not a valid datetime".to_owned(),
    }
}

fn characters(count: usize) -> String {
    match count {
        1 => "1 character".to_owned(),
        _ => format!("{count} characters"),
    }
}

/// `first_name` as `First name`.
fn humanized(field: &str) -> String {
    let words = field.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use directory::violation::Path;

    use super::*;

    #[test]
    fn words_stand_under_dotted_names_and_once() {
        let mut violations = Violations::new();
        let bio = Path::field("profiles").child("developer").child("bio");
        violations.add(bio.clone(), Rule::BadFormat);
        violations.add(bio.clone(), Rule::TooLong { max: 1 });
        violations.add(bio.clone(), Rule::UnknownField);
        violations.field("email", Rule::Taken);
        violations.push(Violation {
            path: Path::field("first_name"),
            rule: Rule::Blank,
            message: Some("Tell us your name".to_owned()),
        });
        let expected = json!({
            "profiles.developer.bio": ["is invalid", "is too long (maximum is 1 character)"],
            "email": ["has already been taken"],
            "first_name": ["Tell us your name"],
        });
        assert_eq!(by_field(&violations), expected);
    }

    #[tokio::test]
    async fn a_fault_of_the_server_tells_its_status_and_nothing_more() {
        use axum::http::StatusCode as S;
        use directory::Unavailable;
        let broken = || std::io::Error::other("s3cret");
        let cases: [(Failure, S, &str); 6] = [
            (
                Error::internal(broken()).into(),
                S::INTERNAL_SERVER_ERROR,
                "Internal Server Error",
            ),
            (
                Unavailable::Database(broken().into()).into(),
                S::SERVICE_UNAVAILABLE,
                "Service Unavailable",
            ),
            (
                Unavailable::Hashing.into(),
                S::SERVICE_UNAVAILABLE,
                "Service Unavailable",
            ),
            (Failure::TooSlow, S::REQUEST_TIMEOUT, "Request Timeout"),
            (
                Error::PreconditionFailed.into(),
                S::PRECONDITION_FAILED,
                "Precondition Failed",
            ),
            (
                Error::Forbidden("s3cret").into(),
                S::UNAUTHORIZED,
                "Invalid Authentication",
            ),
        ];
        for (failure, status, words) in cases {
            let response = render(&failure);
            assert_eq!(response.status(), status);
            assert_eq!(response.headers()[header::CONTENT_TYPE], CONTENT_TYPE);
            let body = axum::body::to_bytes(response.into_body(), 1_000).await;
            let told: Value = serde_json::from_slice(&body.unwrap()).unwrap();
            assert_eq!(told, json!({ "errors": { "base": [words] } }));
        }
    }

    #[test]
    fn a_repetition_names_its_field_as_a_person_would() {
        let rule = Rule::Mismatch {
            with: "new_password",
        };
        assert_eq!(worded(&rule), "doesn't match New password");
    }
}
